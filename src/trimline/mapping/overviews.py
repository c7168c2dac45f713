"""Smaller copies of a raster, for whoever looks from afar: each has half the sides of the one before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_ROWS_AT_A_TIME = 1024
"""Bounds the memory that halving a file takes."""


def sides_of_overviews(shape: tuple[int, int], block: int) -> list[tuple[int, int]]:
    """Return height and width of each copy, until one fits a block [pixels]."""
    sides = []
    height, width = shape
    while max(height, width) > block:
        height, width = -(-height // 2), -(-width // 2)
        sides.append((height, width))
    return sides


def halved(values: NDArray[Any], nodata: int) -> NDArray[Any]:
    """Return the mean of each square of four pixels, of those that have data, rounded half up.

    Parameters
    ----------
    values
        (h, w) unsigned integers, of at most 16 bits.
    nodata
        Where there are no data.

    Returns
    -------
    NDArray
        (ceil(h / 2), ceil(w / 2)), `nodata` where none of the four has data. Of 0 and 1 it is what two or more say.
    """
    height, width = values.shape
    if height % 2 or width % 2:
        values = np.pad(values, ((0, height % 2), (0, width % 2)), constant_values=nodata)
    absent = values == nodata
    mean: NDArray[Any]
    if not absent.any():
        mean = (_sum_of_four(values) + 2) >> 2
    else:
        count = _sum_of_four(~absent)
        mean = (_sum_of_four(np.where(absent, 0, values)) + count // 2) // np.maximum(count, 1)
        mean[count == 0] = nodata
    return mean.astype(values.dtype)


def halve_file(source: Path, path: Path, shape: tuple[int, int], dtype: np.dtype[Any], nodata: int) -> None:
    """Write the next smaller copy of a raster whose rows lie in a file one after the other, as plain numbers."""
    whole = np.memmap(source, dtype, "r", shape=shape)
    with path.open("wb") as stream:
        for start in range(0, shape[0], _ROWS_AT_A_TIME):
            stream.write(np.ascontiguousarray(halved(whole[start : start + _ROWS_AT_A_TIME], nodata)).data)


def _sum_of_four(values: NDArray[Any]) -> NDArray[np.uint32]:
    two = np.add(values[::2], values[1::2], dtype=np.uint32)
    four: NDArray[np.uint32] = two[:, ::2] + two[:, 1::2]
    return four
