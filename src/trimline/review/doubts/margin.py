"""Mean uncertainty of a map along outlines, sampled every half pixel from its raster of probability.

The uncertainty of a pixel with probability p is 4 p (1 - p): 1 at even odds, 0 where the map is certain. It is computed
before it is interpolated, because between certain ice and certain ground the probability passes even odds as well.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from trimline.own_files import own_raster
from trimline.rasters import PROBABILITY_SCALE
from trimline.review.doubts.outline_edges import Floats, Shapes, edges_of

_BLOCK = 1024
"""Side of the parts in which the raster is read [pixels]."""
_MOST_BLOCKS = 16
"""Parts that are kept in memory, 4 MB each."""
_MOST_POINTS = 400_000
"""Points that are sampled at a time."""


def margin(outlines: Shapes, probability: Path, *, stopped: Callable[[], bool] = lambda: False) -> Floats:
    """Return the mean uncertainty along each outline.

    Parameters
    ----------
    outlines
        (n,) polygons in the CRS of the raster.
    probability
        Raster of the probability of ice in counts of 0.0001, as trimline writes it.
    stopped
        Asked between parts of the work: whether to give up, with NaN for the rest.

    Returns
    -------
    NDArray[np.float64]
        (n,) between 0 and 1; NaN where nothing along the outline is known.

    Raises
    ------
    StageError
        The raster is damaged.
    """
    found = np.full(len(outlines), np.nan)
    with own_raster(probability) as source:
        blocks = _Blocks(source)
        spacing = abs(source.transform.a) / 2
        counts = shapely.length(outlines) / spacing
        order = _in_space(outlines, _BLOCK * abs(source.transform.a))
        for part in np.split(order, _cuts(counts[order])):
            if stopped():
                break
            if len(part):
                found[part] = _mean_along(outlines[part], blocks, ~source.transform, spacing)
    return found


def points_along(outlines: Shapes, spacing: float) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Return points along the rings of outlines, at the middles of pieces no longer than a spacing.

    Returns
    -------
    tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]
        (m, 2) x and y, (m,) the length of the piece of each, and (m,) the position of its outline.
    """
    begin, end, of = edges_of(outlines)
    along = end - begin
    length = np.hypot(along[:, 0], along[:, 1])
    pieces = np.maximum(1, np.ceil(length / spacing)).astype(np.int64)
    edge = np.repeat(np.arange(len(of)), pieces)
    number = np.arange(len(edge)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    share = (number + 0.5) / pieces[edge]
    points = begin[edge] + share[:, np.newaxis] * along[edge]
    return points, (length / pieces)[edge], of[edge]


def _mean_along(outlines: Shapes, blocks: _Blocks, to_pixels: Any, spacing: float) -> Floats:
    points, lengths, of = points_along(outlines, spacing)
    columns = to_pixels.a * points[:, 0] + to_pixels.b * points[:, 1] + to_pixels.c
    rows = to_pixels.d * points[:, 0] + to_pixels.e * points[:, 1] + to_pixels.f
    values = blocks.at(rows, columns)
    known = np.isfinite(values)
    sampled = np.bincount(of[known], weights=lengths[known], minlength=len(outlines))
    total = np.bincount(of[known], weights=(values * lengths)[known], minlength=len(outlines))
    mean: Floats = np.divide(total, sampled, out=np.full(len(outlines), np.nan), where=sampled > 0)
    return mean


class _Blocks:
    """The uncertainty of a raster, read in blocks with a rim of one pixel, of which the last ones are kept."""

    def __init__(self, source: Any) -> None:
        self._source = source
        self._kept: OrderedDict[tuple[int, int], NDArray[np.float32]] = OrderedDict()

    def at(self, rows: Floats, columns: Floats) -> Floats:
        """Return the uncertainty at places, bilinear over the pixels that have data; NaN where none has."""
        height, width = self._source.shape
        found = np.full(len(rows), np.nan)
        inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
        block = np.where(inside, (rows // _BLOCK) * (width // _BLOCK + 1) + columns // _BLOCK, -1).astype(np.int64)
        for number in np.unique(block[inside]):
            here = np.flatnonzero(block == number)
            row, column = divmod(int(number), width // _BLOCK + 1)
            values = self._read(row, column)
            # Places in the block with its rim: the middle of its first pixel lies at (1, 1).
            found[here] = _bilinear(values, rows[here] - row * _BLOCK + 0.5, columns[here] - column * _BLOCK + 0.5)
        return found

    def _read(self, row: int, column: int) -> NDArray[np.float32]:
        key = row, column
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        height, width = self._source.shape
        top, left = row * _BLOCK - 1, column * _BLOCK - 1
        bottom, right = top + _BLOCK + 2, left + _BLOCK + 2
        values = np.full((_BLOCK + 2, _BLOCK + 2), np.nan, np.float32)
        window = (max(0, top), min(height, bottom)), (max(0, left), min(width, right))
        counts = self._source.read(1, window=window)
        probability = counts.astype(np.float32) * np.float32(PROBABILITY_SCALE)
        probability[counts == self._source.nodata] = np.nan
        rows, columns = (slice(a - offset, b - offset) for (a, b), offset in zip(window, (top, left), strict=True))
        values[rows, columns] = 4 * probability * (1 - probability)
        self._kept[key] = values
        if len(self._kept) > _MOST_BLOCKS:
            self._kept.popitem(last=False)
        return values


def _bilinear(values: NDArray[np.float32], rows: Floats, columns: Floats) -> Floats:
    """Return values between pixels, whose middles are whole numbers; pixels without data do not count."""
    top, left = np.floor(rows).astype(np.int64), np.floor(columns).astype(np.int64)
    down, across = rows - top, columns - left
    total, weight = np.zeros(len(rows)), np.zeros(len(rows))
    for row_step, row_share in ((0, 1 - down), (1, down)):
        for column_step, column_share in ((0, 1 - across), (1, across)):
            value = values[top + row_step, left + column_step].astype(np.float64)
            share = np.where(np.isnan(value), 0.0, row_share * column_share)
            total += np.where(np.isnan(value), 0.0, value) * share
            weight += share
    found: Floats = np.divide(total, weight, out=np.full(len(rows), np.nan), where=weight > 1e-9)
    return found


def _in_space(outlines: Shapes, side: float) -> NDArray[np.int64]:
    """Return an order of outlines in which neighbours follow one another: by squares of a side, row by row."""
    bounds = shapely.bounds(outlines)
    across, down = (np.nan_to_num((bounds[:, i] + bounds[:, i + 2]) / 2 // side) for i in (0, 1))
    return np.lexsort((across, down)).astype(np.int64)


def _cuts(counts: Floats) -> NDArray[np.int64]:
    """Return where a list of outlines is cut so that no part has many more points than are sampled at a time."""
    part = (np.cumsum(counts) // _MOST_POINTS).astype(np.int64)
    return np.flatnonzero(np.diff(part)) + 1
