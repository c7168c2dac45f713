"""Calibrations from digital numbers to physical values: one small class per kind.

Reflectance is the share of the incoming light that is reflected, thermal values are kelvin. A band with an unknown
conversion has a `NoCalibration`, which raises an error when physical values are requested.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from trimline.errors import BandError


class Calibration(Protocol):
    """A conversion from digital numbers to physical values."""

    def __call__(self, dn: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return physical values of the same shape; NaN stays NaN."""
        ...


@dataclass(frozen=True)
class Linear:
    """``value = scale * DN + offset``."""

    scale: float
    """Reflectance or kelvin per digital number."""
    offset: float = 0.0
    """Reflectance or kelvin at a digital number of 0."""

    def __call__(self, dn: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return reflectance (or kelvin)."""
        value: NDArray[np.float32] = dn * np.float32(self.scale)
        value += np.float32(self.offset)
        return value


IDENTITY = Linear(1.0)
"""Calibration of rasters that hold physical values."""


@dataclass(frozen=True)
class BrightnessTemperature:
    """At-sensor temperature of a Level-1 thermal band: ``T = K2 / ln(K1 / L + 1)`` with ``L = gain * DN + bias``.

    Source: Chander, Markham and Helder (2009), Remote Sensing of Environment 113, 893-903, section 5.3.
    """

    gain: float
    """Radiance per digital number [W m-2 sr-1 µm-1]."""
    bias: float
    """Radiance at a digital number of 0 [W m-2 sr-1 µm-1]."""
    k1: float
    """[W m-2 sr-1 µm-1]"""
    k2: float
    """[K]"""

    def __call__(self, dn: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return kelvin; NaN where the radiance is not positive."""
        radiance = dn * np.float32(self.gain) + np.float32(self.bias)
        radiance = np.where(radiance > 0, radiance, np.float32(np.nan))
        kelvin: NDArray[np.float32] = np.float32(self.k2) / np.log(np.float32(self.k1) / radiance + 1)
        return kelvin


@dataclass(frozen=True)
class NoCalibration:
    """Calibration of a band whose conversion is unknown."""

    reason: str
    """The missing information, in one sentence without a full stop."""
    remedy: str
    """The remedy."""

    def __call__(self, dn: NDArray[np.float32]) -> NDArray[np.float32]:
        """Raise `BandError`, since the conversion is unknown."""
        raise BandError(self.reason, remedy=self.remedy)
