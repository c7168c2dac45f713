"""Quality bands of the agencies as named flags.

Bit tables of Landsat Collection 2: QA_PIXEL and QA_RADSAT as USGS describes them in LSDS-1618 (Landsat 4-7) and
LSDS-1619 (Landsat 8-9), and for MSS in LSDS-1416. Landsat 4-7 leave the cirrus bit unset, MSS also those of shadow,
snow and water: their bands cannot detect them, so these flags are absent rather than false.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from trimline.sensors import Sensor

PIXEL_BITS: Mapping[str, int] = MappingProxyType(
    {
        "fill": 0,
        "dilated_cloud": 1,
        "cirrus": 2,
        "cloud": 3,
        "cloud_shadow": 4,
        "snow": 5,
        "clear": 6,
        "water": 7,
    }
)
"""Flags of QA_PIXEL and their bits."""

TOLD_BY: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "MSS": ("fill", "cloud"),
        "TM": tuple(flag for flag in PIXEL_BITS if flag != "cirrus"),
        "ETM+": tuple(flag for flag in PIXEL_BITS if flag != "cirrus"),
        "OLI": tuple(PIXEL_BITS),
    }
)
"""The flags that the products of each instrument set."""

_DROPPED_PIXEL_BIT = 9
_TERRAIN_OCCLUSION_BIT = 11


def pixel_flags(values: NDArray[np.uint16], sensor: Sensor) -> dict[str, NDArray[np.bool_]]:
    """Return the flags of QA_PIXEL values that a sensor's products set, by name.

    Parameters
    ----------
    values
        QA_PIXEL, of any shape.
    """
    return {flag: _bit(values, PIXEL_BITS[flag]) for flag in TOLD_BY[sensor.instrument]}


def is_fill(values: NDArray[np.uint16]) -> NDArray[np.bool_]:
    """Return where QA_PIXEL has the fill bit, which all products have."""
    return _bit(values, PIXEL_BITS["fill"])


def saturation_bits(sensor: Sensor) -> dict[str, int]:
    """Return the bit of QA_RADSAT of each band, by common name.

    Bands 1 to 7 have bits 0 to 6 (the low-gain thermal band of ETM+ that of band 6), OLI's cirrus band has bit 8.
    """
    bits = {}
    for band in sensor.bands:
        number = int(band.name.removeprefix("B").split("_")[0])
        if number <= 7:
            bits[band.common] = number - 1
        elif band.common == "cirrus":
            bits[band.common] = 8
    return bits


def saturation_flags(values: NDArray[np.uint16], sensor: Sensor) -> dict[str, NDArray[np.bool_]]:
    """Return the flags of QA_RADSAT values, by name.

    Parameters
    ----------
    values
        QA_RADSAT, of any shape.

    Returns
    -------
    ``saturated`` where any reflective band but cirrus is; ``occluded`` where terrain hides the ground from the
    sensor (Landsat 8-9); ``dropped`` where the downlink lost the pixel (Landsat 1-7).
    """
    bits = (bit for common, bit in saturation_bits(sensor).items() if common not in ("thermal", "cirrus"))
    mask = np.uint16(sum(1 << bit for bit in bits))
    flags = {"saturated": np.asarray((values & mask) != 0)}
    if sensor.instrument == "OLI":
        flags["occluded"] = _bit(values, _TERRAIN_OCCLUSION_BIT)
    else:
        flags["dropped"] = _bit(values, _DROPPED_PIXEL_BIT)
    return flags


def _bit(values: NDArray[np.uint16], bit: int) -> NDArray[np.bool_]:
    return np.asarray((values >> np.uint16(bit)) & np.uint16(1), dtype=np.bool_)
