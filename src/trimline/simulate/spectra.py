"""Reflectance of each surface by band.

Hemispherical reflectance at a few wavelengths is interpolated linearly and averaged over the width of a band. The
tables are our own round numbers, compared with published spectra: snow and firn after Wiscombe and Warren (1980,
Journal of the Atmospheric Sciences 37, 2712-2733) and Dozier (1989, Remote Sensing of Environment 28, 9-22); bare and
dirty ice after Hall and others (1989, Remote Sensing of Environment 29, 123-134); rock, soil and vegetation after the
ASTER spectral library (Baldridge and others, 2009, Remote Sensing of Environment 113, 711-715); lakes are our choice,
dark where clear and bright in green where they carry glacial flour.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from trimline.sensors import Band


class Surface(IntEnum):
    """Surface types."""

    ROCK = 0
    SOIL = 1
    VEGETATION = 2
    CLEAR_LAKE = 3
    TURBID_LAKE = 4
    ICE = 5
    FIRN = 6
    SNOW = 7
    DEBRIS = 8
    """Rock debris on ice."""


WAVELENGTHS_UM = (0.40, 0.48, 0.56, 0.66, 0.84, 1.02, 1.25, 1.38, 1.61, 1.80, 2.20, 2.50)
"""Wavelengths of the tables [µm]."""

_REFLECTANCE: Mapping[Surface, tuple[float, ...]] = MappingProxyType(
    {
        Surface.ROCK: (0.09, 0.12, 0.15, 0.18, 0.21, 0.23, 0.25, 0.26, 0.27, 0.27, 0.25, 0.23),
        Surface.SOIL: (0.07, 0.10, 0.15, 0.21, 0.28, 0.33, 0.36, 0.36, 0.38, 0.37, 0.33, 0.29),
        Surface.VEGETATION: (0.03, 0.04, 0.08, 0.05, 0.38, 0.42, 0.38, 0.25, 0.23, 0.18, 0.11, 0.07),
        Surface.CLEAR_LAKE: (0.07, 0.06, 0.05, 0.03, 0.012, 0.008, 0.005, 0.005, 0.004, 0.004, 0.003, 0.003),
        Surface.TURBID_LAKE: (0.13, 0.17, 0.20, 0.15, 0.06, 0.02, 0.01, 0.008, 0.006, 0.005, 0.005, 0.005),
        Surface.ICE: (0.45, 0.48, 0.46, 0.40, 0.26, 0.10, 0.07, 0.04, 0.035, 0.03, 0.025, 0.02),
        Surface.FIRN: (0.76, 0.76, 0.74, 0.70, 0.58, 0.36, 0.25, 0.09, 0.055, 0.06, 0.045, 0.03),
        Surface.SNOW: (0.93, 0.93, 0.91, 0.88, 0.77, 0.55, 0.40, 0.15, 0.085, 0.11, 0.075, 0.04),
        Surface.DEBRIS: (0.08, 0.11, 0.14, 0.17, 0.19, 0.21, 0.22, 0.23, 0.24, 0.24, 0.22, 0.20),
    }
)

WET = frozenset({Surface.ICE, Surface.FIRN, Surface.SNOW})
"""Surfaces that are never warmer than the melting point."""


def band_reflectance(band: Band) -> NDArray[np.float64]:
    """Return the reflectance of every surface in a band, (surfaces,) by the number of the surface."""
    wavelengths = np.linspace(band.lower_um, band.upper_um, 15)
    return np.array([np.interp(wavelengths, WAVELENGTHS_UM, _REFLECTANCE[surface]).mean() for surface in Surface])
