"""How a scene is cut: strips from the top to the bottom, and the windows of each that the network is shown.

Everything is counted from the scene's own corner: strips and tiles start there, and what the network sees starts at
multiples of its stride. A network whose reach the halo covers then answers as if it saw the whole scene at once,
whatever the size of the windows and whichever part of the scene is asked for. One whose answer depends on the whole
tile sees overlapping tiles of one size, whose answers are blended.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np
from numpy.typing import NDArray

from trimline.errors import MappingError

CELL = 32
"""Least side of the squares of ground that are shown to the network or not [pixels]."""

MARGIN = 64
"""How far at least ground is shown around what could be ice: debris hides the ice of a glacier's tongue [pixels]."""

STEP = 64
"""Sides of windows, halo left out, are multiples of it where the scene has room: each new shape of what the network is
shown takes time and memory for its code, and leaves gaps in the memory that the features of others took [pixels]."""

_PER_WINDOW = 1 << 14
"""What a window costs besides its pixels [pixels]: some milliseconds."""


@dataclass(frozen=True)
class Tiling:
    """How scenes are cut for a network."""

    window: int
    """Side of a square window, halo left out; of lower windows more columns are kept [pixels]."""
    halo: int
    """What the network sees around a window; of tiles, half of what neighbours share [pixels]."""
    stride: int = 1
    """What the network sees starts at multiples of it."""
    tile: tuple[int, int] | None = None
    """Height and width of what the network must see, where its answer depends on the whole tile."""
    rows: int | None = None
    """Rows of a strip; None means as many as a square window has [pixels]."""

    def __post_init__(self) -> None:
        if self.window < 1 or self.halo < 0 or self.stride < 1:
            raise MappingError(
                f"a scene cannot be cut into windows of {self.window} pixels with a halo of {self.halo}",
                remedy="the window must be at least 1, the halo at least 0",
            )
        if self.tile is not None and min(self.tile) <= 2 * self.halo:
            raise MappingError(
                f"a halo of {self.halo} leaves nothing of the tiles of {self.tile[0]} x {self.tile[1]} pixels that the "
                "network needs",
                remedy=f"give a halo below {min(self.tile) // 2}",
            )

    @classmethod
    def for_tile(cls, tile: tuple[int, int], halo: int | None, stride: int) -> Self:
        """Cut for a network whose answer depends on the whole tile: it sees tiles of the size it was trained on.

        Neighbours share half of what they see unless another halo is given: each place is then seen in four tiles,
        and where one of them ends its weight is zero.
        """
        return cls(min(tile), min(tile) // 4 if halo is None else halo, stride, tile)

    @property
    def cell(self) -> int:
        """Side of the squares of ground that are shown to the network or not [pixels]."""
        return -(-CELL // self.stride) * self.stride

    def widest(self, height: int) -> int:
        """Return the most columns that are kept of a window of some rows: lower windows may be wider [pixels]."""
        seen = (self.window + 2 * self.halo) ** 2
        fits = seen // shown(height, self.halo) - 2 * self.halo
        return max(self.window, fits // STEP * STEP)

    @property
    def margin(self) -> int:
        """How many cells around what could be ice are shown."""
        return -(-MARGIN // self.cell)


@dataclass(frozen=True)
class Extent:
    """Where a scene lies on a region's grid: rows and columns, which may be negative or beyond the region."""

    rows: tuple[int, int]
    columns: tuple[int, int]


@dataclass(frozen=True)
class Cut:
    """A strip or window along one axis, in pixels of the region's grid."""

    kept: slice
    """Pixels of the region that the answer is kept of."""
    seen: tuple[int, int]
    """First and last-but-one pixel that the network sees; they may lie beyond the region."""
    weights: NDArray[np.float32] | None = None
    """Of the answer at each pixel kept; those of all cuts at a pixel add up to 1. None means 1."""

    @property
    def inner(self) -> slice:
        """The pixels kept within what is seen."""
        return slice(self.kept.start - self.seen[0], self.kept.stop - self.seen[0])


@dataclass(frozen=True)
class Strip:
    """What is worked on at a time: full rows of the region."""

    cut: Cut
    """Its rows."""
    complete: slice
    """Rows of the region to which no later strip adds anything, and an earlier one did not complete."""


def plan_strips(length: int, bounds: tuple[int, int], tiling: Tiling) -> list[Strip]:
    """Cut the rows that region and scene share into strips, from the top.

    Parameters
    ----------
    length
        Rows of the region.
    bounds
        Where the scene lies on them.
    tiling
        How to cut.
    """
    cuts = list(cut_axis(length, bounds, tiling, axis=0))
    starts = [*(cut.kept.start for cut in cuts), cuts[-1].kept.stop] if cuts else []
    return [Strip(cut, slice(*rows)) for cut, rows in zip(cuts, pairwise(starts), strict=True)]


def cut_axis(length: int, bounds: tuple[int, int], tiling: Tiling, axis: int) -> Iterator[Cut]:
    """Cut one axis of a region, rows (0) or columns (1), as far as the scene reaches."""
    if tiling.tile is not None:
        return _tiles(length, bounds, tiling.tile[axis], tiling.halo)
    return _windows(length, bounds, tiling, (tiling.rows or tiling.window, tiling.window)[axis])


def even(length: int, most: int) -> int:
    """Return the side of about equal pieces of a length, none larger than `most`: a multiple of `STEP` [pixels]."""
    most = max(1, most // STEP) * STEP
    count = -(-length // most)
    return -(-length // max(1, count) // STEP) * STEP


def shown(kept: int, halo: int) -> int:
    """Return how many pixels the network is shown for some that are kept, along one side and within a scene."""
    return -(-kept // STEP) * STEP + 2 * halo


def reach(start: int, stop: int, bounds: tuple[int, int], tiling: Tiling) -> tuple[int, int]:
    """Return what is seen around pixels to keep: their halo and what makes the shape a usual one, within bounds.

    Counted from the lower bound, it starts at a multiple of the stride, and ends at one or at the upper bound.
    """
    (lower, upper), stride = bounds, tiling.stride
    first, last = max(start - tiling.halo, lower), min(stop + tiling.halo, upper)
    size = last - first + -(stop - start) % STEP
    last = min(lower + -(-(first + size - lower) // stride) * stride, upper)
    first = max(lower, min(first, last - size))
    return lower + (first - lower) // stride * stride, last


def _windows(length: int, bounds: tuple[int, int], tiling: Tiling, side: int) -> Iterator[Cut]:
    lower, upper = bounds
    start, last = max(0, lower), min(length, upper)
    while start < last:
        stop = min(lower + ((start - lower) // side + 1) * side, last)
        yield Cut(slice(start, stop), reach(start, stop, bounds, tiling))
        start = stop


def _tiles(length: int, bounds: tuple[int, int], side: int, halo: int) -> Iterator[Cut]:
    """Yield tiles that share `2 * halo` pixels; the last is moved into the scene where the scene is large enough."""
    lower, upper = bounds
    first, last = max(0, lower), min(length, upper)
    if first >= last:
        return
    furthest = max(lower, upper - side)
    starts = [*range(lower, furthest, side - 2 * halo), furthest]
    there = np.arange(first, last)
    raised = np.stack([_trapezium(there - start, side, 2 * halo) for start in starts])
    raised /= raised.sum(axis=0)
    for start, weights in zip(starts, raised, strict=True):
        kept = slice(max(first, start), min(last, start + side))
        if kept.start < kept.stop:
            yield Cut(kept, (start, start + side), weights[kept.start - first : kept.stop - first])


def _trapezium(position: NDArray[np.intp], side: int, overlap: int) -> NDArray[np.float32]:
    """Return how much a tile counts at positions within it: less and less towards its ends, outside nothing."""
    from_end = np.minimum(position + 0.5, side - position - 0.5).clip(0.0, max(overlap, 0.5))
    return np.asarray(from_end, dtype=np.float32)


def cover(asked: NDArray[np.bool_], cell: int, halo: int) -> list[tuple[slice, slice]]:
    """Return rectangles of cells that hold all cells that are asked for, at little cost.

    A rectangle is cut in two, along the line that saves most, as long as that makes the pixels to be computed fewer,
    halos included.

    Parameters
    ----------
    asked
        (rows, columns) bool.
    cell, halo
        Side of a cell, and what is computed around a rectangle [pixels].

    Returns
    -------
    list
        Rows and columns of cells; no two rectangles share one.
    """
    first = _shrunk(asked, slice(0, asked.shape[0]), slice(0, asked.shape[1]))
    waiting, done = [first] if first is not None else [], []
    while waiting:
        box = waiting.pop()
        whole = _cost(box, cell, halo)
        best, parts = whole, None
        for pair in _halves(asked, box):
            cost = sum(_cost(part, cell, halo) for part in pair)
            if cost < best:
                best, parts = cost, pair
        if parts is None:
            done.append(box)
        else:
            waiting.extend(reversed(parts))
    return done


Box = tuple[slice, slice]


def _halves(asked: NDArray[np.bool_], box: Box) -> Iterator[tuple[Box, ...]]:
    """Yield every way to cut a rectangle in two, without what is asked for nowhere."""
    rows, columns = box
    cuts = [((slice(rows.start, at), columns), (slice(at, rows.stop), columns)) for at in _between(rows)]
    cuts += [((rows, slice(columns.start, at)), (rows, slice(at, columns.stop))) for at in _between(columns)]
    for pair in cuts:
        yield tuple(part for part in (_shrunk(asked, *half) for half in pair) if part is not None)


def _between(axis: slice) -> range:
    return range(axis.start + 1, axis.stop)


def _shrunk(asked: NDArray[np.bool_], rows: slice, columns: slice) -> Box | None:
    inside = asked[rows, columns]
    down, across = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    if not len(down):
        return None
    return (
        slice(rows.start + int(down[0]), rows.start + int(down[-1]) + 1),
        slice(columns.start + int(across[0]), columns.start + int(across[-1]) + 1),
    )


def _cost(box: Box, cell: int, halo: int) -> int:
    height, width = (shown((axis.stop - axis.start) * cell, halo) for axis in box)
    return height * width + _PER_WINDOW
