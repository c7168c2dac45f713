"""Errors of a terminus change from the size of pixels, in both readings of one published formula.

The paper on Yilian Habirga gives sqrt((a / 2)^2 + (b / 2)^2) / Y, with the width a and the length b of a pixel and Y
years, and prints 2.36 m/a for six years of Sentinel-2: which is sqrt(a^2 + b^2) / Y. Half pixels give 1.18 m/a.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from trimline.errors import ChangeError


@dataclass(frozen=True)
class PixelError:
    """Error of the change of a terminus, in both readings."""

    half_pixel_m: float
    """The formula as it stands: half a pixel either way [m]."""
    whole_pixel_m: float
    """The numbers that were printed with it: a whole pixel either way [m]."""

    def per_year(self, years: float) -> tuple[float, float]:
        """Return both per year [m/a]; NaN without years."""
        if not (math.isfinite(years) and years > 0):
            return math.nan, math.nan
        return self.half_pixel_m / years, self.whole_pixel_m / years


def pixel_error(pixel_m: float | Sequence[float] | None) -> PixelError:
    """Return the error from the size of a pixel.

    Parameters
    ----------
    pixel_m
        Its side, or its width and length [m]; None means that it is not known.

    Raises
    ------
    ChangeError
        It is not positive, or not one number or two.
    """
    if pixel_m is None:
        return PixelError(math.nan, math.nan)
    sides = (float(pixel_m),) * 2 if isinstance(pixel_m, int | float) else tuple(float(side) for side in pixel_m)
    if len(sides) != 2 or not all(side > 0 and math.isfinite(side) for side in sides):
        raise ChangeError(f"a pixel of {pixel_m} m", remedy="give its side, or its width and length, in metres")
    whole = math.hypot(*sides)
    return PixelError(whole / 2, whole)
