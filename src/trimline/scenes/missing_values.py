"""Values of missing data that nobody declared, as numbers no reflectance can be.

A value that stands for missing data is known by convention (-9999, the least float), or shows by itself: one number
outside the range of reflectance in every band of several pixels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trimline.errors import ProductError
from trimline.scenes.asset import Asset

LEAST, LARGEST = -0.2, 2.0
"""Range of reflectance. Atmospheric correction gives shadow down to -0.2, the least that Landsat's surface reflectance
can hold; snow, cloud and glint on slopes that face a low sun lie above 1."""
KNOWN_VALUES = (-999.0, -9999.0, -99999.0, -32767.0, -32768.0)
"""Values of missing data by convention of many programs; no digital number and no temperature is one of them."""
HUGE = 1e10
"""From here on, above and below 0, a number is a value of missing data: the extremes of floats, netCDF's 9.97e36."""
FEW_PIXELS = 3
"""Pixels that may hold any number."""


def outside(reflectance: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return which values lie outside the range of reflectance, beyond rounding; NaN does not."""
    found: NDArray[np.bool_] = (reflectance < LEAST - 1e-6) | (reflectance > LARGEST + 1e-6)
    return found


def refuse_undeclared(numbers: NDArray[np.float32], assets: Sequence[Asset], where: object) -> None:
    """Raise an error where bands of one raster hold a value of missing data.

    Parameters
    ----------
    numbers
        (bands, ...) as stored; NaN where data are missing as declared.
    assets
        The bands. Those that are not checked are left out.
    where
        The raster, for the message.

    Raises
    ------
    ProductError
        The remedy names the option.
    """
    chosen = [position for position, asset in enumerate(assets) if asset.is_checked]
    if not chosen:
        return
    some = numbers if len(chosen) == len(assets) else numbers[chosen]
    refuse_known_values(some, where)
    refuse_repeated_values(some, [assets[position] for position in chosen], where)


def refuse_known_values(numbers: NDArray[np.float32], where: object) -> None:
    """Raise an error where a band holds a value that stands for missing data by convention, in a single pixel too."""
    for band in numbers:
        for value in (float(np.fmin.reduce(band, axis=None)), float(np.fmax.reduce(band, axis=None))):
            if value in KNOWN_VALUES or abs(value) >= HUGE:
                raise undeclared(value, int((band == np.float32(value)).sum()), int((~np.isnan(band)).sum()), where)


def refuse_repeated_values(numbers: NDArray[np.float32], assets: Sequence[Asset], where: object) -> None:
    """Raise an error where several pixels hold one number in all bands, and it cannot be reflectance."""
    bands = [position for position, asset in enumerate(assets) if asset.holds_reflectance]
    if len(bands) < 2:
        return
    first, calibration = numbers[bands[0]], assets[bands[0]].calibration
    extremes = np.array([np.fmin.reduce(first, axis=None), np.fmax.reduce(first, axis=None)], np.float32)
    if not outside(calibration(extremes)).any():
        return
    alike = outside(calibration(first))
    for position in bands[1:]:
        alike &= numbers[position] == first
    values, counts = np.unique(first[alike], return_counts=True)
    if values.size and counts.max() > FEW_PIXELS:
        total = int((~np.isnan(first)).sum())
        raise undeclared(float(values[counts.argmax()]), int(counts.max()), total, where)


def undeclared(value: float, count: int, total: int, where: object) -> ProductError:
    """Return the error of a value of missing data that is not declared."""
    text = f"{value:.0f}" if value.is_integer() and abs(value) < HUGE else repr(value)
    return ProductError(
        f"{text} stands in {count} of {total} pixels, which is no reflectance and not declared as missing data",
        where=where,
        remedy=f"if it means missing data, give --nodata {text} (nodata of the scene in a project file or sidecar)",
    )
