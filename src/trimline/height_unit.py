"""The unit in which a raster declares its heights, of its band or of the vertical part of its CRS; its scale too."""

from __future__ import annotations

import logging
import math
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pyproj
from numpy.typing import NDArray

from trimline.errors import GridError
from trimline.foreign import foreign_errors

_LOG = logging.getLogger(__name__)

# A list of our own, because PROJ gives the decimetre as 0.01 m.
_METRES = {
    0.001: ("mm", "millimetre", "millimeter"),
    0.01: ("cm", "centimetre", "centimeter"),
    0.1: ("dm", "decimetre", "decimeter"),
    1.0: ("m", "metre", "meter", "mtr"),
    1000.0: ("km", "kilometre", "kilometer"),
    0.0254: ("in", "inch"),
    0.3048: ("ft", "foot", "feet", "international foot", "international feet", "foot international"),
    1200 / 3937: (
        "us-ft", "ftus", "ft us", "us ft", "sft", "us survey foot", "us survey feet", "survey foot", "survey feet",
        "foot us", "feet us", "foot us survey", "us foot", "us feet", "us survey ft",
    ),
    0.9144: ("yd", "yard"),
    1.8288: ("fathom", "fath"),
}  # fmt: skip
"""Units of length [m], and their names in small letters without points, brackets and underscores."""

_FACTORS = {name: metres for metres, names in _METRES.items() for name in names}

_ABOVE = re.compile(
    r"\s+(above|over|asl|amsl|a s l|a m s l|msl|ellips\w*|orthom\w*|egm\w*|wgs\w*|navd\w*|evrs\w*)\b.*$"
)
"""What may follow a unit: the surface from which heights are counted."""

_LOWEST_CODE = -9998.0
"""Numbers of small units below this are codes of voids, as -9999 and -32768, rather than heights."""


@dataclass(frozen=True)
class HeightUnit:
    """A unit of heights."""

    name: str
    """As it was declared; empty where nothing is."""
    metres: float
    """What a number counts [m]: the unit's length, times the scale of the band."""
    zero_m: float = 0.0
    """Height that the number 0 stands for [m]: the offset of the band."""

    def in_metres(self, numbers: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return numbers of a raster as heights [m]."""
        if (self.metres, self.zero_m) == (1, 0):
            return numbers
        return numbers * np.float32(self.metres) + np.float32(self.zero_m)

    def numbers(self, lowest_m: float, highest_m: float, dtype: Any) -> tuple[float, float]:
        """Return the least and largest number of a raster that is a height between two [m].

        In units other than the metre a code of voids may lie between the two: the ends of a type of integers are none
        of the heights, and neither is -9999.
        """
        low, high = sorted(((lowest_m - self.zero_m) / self.metres, (highest_m - self.zero_m) / self.metres))
        if self.metres != 1:
            low = max(low, _LOWEST_CODE) if abs(self.metres) < 1 else low
            if np.issubdtype(np.dtype(dtype), np.integer):
                ends = np.iinfo(dtype)
                low, high = max(low, float(ends.min) + (ends.min < 0)), min(high, float(ends.max) - 1)
        return low, high


def height_unit(raster: Any) -> HeightUnit:
    """Return the unit of the heights in the first band of an open raster; one that is no metre is logged once.

    The unit of the band counts, then that of a vertical axis of the CRS. Heights without either are in metres.

    Raises
    ------
    GridError
        The unit that is declared is no known unit of length, or the scale or offset of the band cannot be.
    """
    declared = str(raster.units[0] or "").strip() if raster.units else ""
    unit = HeightUnit(declared, _length_of(declared, raster.name)) if declared else _of_crs(raster)
    scale, offset = raster.scales[0], raster.offsets[0]
    if not math.isfinite(scale) or not math.isfinite(offset) or scale == 0:
        raise GridError(
            f"the heights have a scale of {scale:g} and an offset of {offset:g}, which cannot be",
            where=raster.name,
            remedy="mend them, for instance with gdal_edit.py -scale 1 -offset 0",
        )
    unit = HeightUnit(unit.name, unit.metres * scale, unit.metres * offset)
    if (unit.metres, unit.zero_m) != (1, 0):
        _say(raster.name, unit)
    return unit


def _length_of(declared: str, where: object) -> float:
    plain = " ".join(re.sub(r"[\[\](){}._,;\"']+", " ", declared.lower()).split())
    for name in (plain, _ABOVE.sub("", plain)):
        for each in (name, name.removesuffix("s"), name.removesuffix("es")):
            if each in _FACTORS:
                return _FACTORS[each]
    raise GridError(
        f"the heights are declared in '{declared}', which is no unit of length that is known",
        where=where,
        remedy="convert them to metres, or declare the right unit in the raster",
    )


def _of_crs(raster: Any) -> HeightUnit:
    if raster.crs is None:
        return HeightUnit("", 1.0)
    with foreign_errors(GridError, raster.name, what="its CRS cannot be read", remedy="assign the right one"):
        axes = pyproj.CRS.from_user_input(raster.crs.to_wkt()).axis_info
    if len(axes) < 3 or not axes[2].unit_conversion_factor > 0:
        return HeightUnit("", 1.0)
    return HeightUnit(axes[2].unit_name, float(axes[2].unit_conversion_factor))


@cache
def _say(where: str, unit: HeightUnit) -> None:
    shift = f" {unit.zero_m:+.7g}" if unit.zero_m else ""
    declared = f"'{unit.name}'" if unit.name else "numbers with a scale"
    _LOG.info("%s: heights are declared in %s and converted to metres (x %.7g%s)", where, declared, unit.metres, shift)
