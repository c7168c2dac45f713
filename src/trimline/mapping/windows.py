"""How a scene is cut: strips from the top to the bottom, and windows of one shape along each.

Everything is counted from the scene's own corner: what the network sees starts at multiples of its stride. A network
whose reach the halo covers then predicts as if it saw the whole scene at once, whatever the size of the windows and
whichever part of the scene is asked for. One whose predictions depend on the whole tile sees overlapping tiles of one
size, whose predictions are blended.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from trimline.errors import MappingError


@dataclass(frozen=True)
class Extent:
    """Where a scene lies on a region's grid: rows and columns, which may be negative or beyond the region."""

    rows: tuple[int, int]
    columns: tuple[int, int]


@dataclass(frozen=True)
class Cut:
    """A strip or window along one axis, in pixels of the region's grid."""

    kept: slice
    """Pixels of the region whose prediction is kept."""
    seen: tuple[int, int]
    """First and last-but-one pixel that the network sees; they may lie beyond the region."""
    weights: NDArray[np.float32] | None = None
    """Of the prediction at each pixel kept; those of all cuts at a pixel add up to 1. None means 1."""

    @property
    def inner(self) -> slice:
        """The pixels kept within what is seen."""
        return moved(self.kept, -self.seen[0])


@dataclass(frozen=True)
class Strip:
    """What is worked on at a time: full rows of the region."""

    cut: Cut
    """Its rows."""
    complete: slice
    """Rows of the region to which no later strip adds anything, and an earlier one did not complete."""


@dataclass(frozen=True)
class Axis:
    """Rows or columns of a region, and how they are cut into windows of one side."""

    kept: slice
    """Pixels that region and scene share."""
    seen: tuple[int, int]
    """First and last-but-one pixel that the network may see: the halo around them, as far as the scene reaches, out to
    multiples of the stride from the scene's edge."""
    side: int
    """Of a window, halo included [pixels]."""
    halo: int
    """Half of what neighbouring windows share [pixels]."""
    stride: int
    """Windows start at multiples of it from the scene's edge [pixels]."""
    origin: int
    """The scene's edge."""
    blended: bool = False
    """Whether windows are tiles whose predictions are added up by weight."""

    def cuts(self, wanted: NDArray[np.bool_] | None = None) -> Iterator[Cut]:
        """Yield windows that keep each pixel once.

        Parameters
        ----------
        wanted
            (pixels,) which of the pixels kept must be predicted; None means all. Windows that would keep none of them
            are left out, and none starts before the first that is wanted.
        """
        if self.kept.start >= self.kept.stop:
            return
        if self.blended:
            yield from _tiles(self, wanted)
            return
        positions = (
            np.arange(self.kept.start, self.kept.stop) if wanted is None else self.kept.start + np.flatnonzero(wanted)
        )
        at = 0
        while at < len(positions):
            cut = self._window_from(int(positions[at]))
            yield cut
            at = int(np.searchsorted(positions, cut.kept.stop))

    def _window_from(self, start: int) -> Cut:
        """Return the window that keeps pixels from `start` on, as many as its halo allows."""
        first, last = self.seen
        aligned = self.origin + (start - self.halo - self.origin) // self.stride * self.stride
        lower = max(first, min(aligned, last - self.side))
        upper = lower + self.side
        return Cut(slice(start, self.kept.stop if upper >= last else upper - self.halo), (lower, upper))


def plan_axis(
    length: int, bounds: tuple[int, int], most: int, halo: int, stride: int, *, tile: int | None = None
) -> Axis:
    """Plan the windows along one axis of a region.

    Parameters
    ----------
    length
        Of the region [pixels].
    bounds
        Where the scene lies on it.
    most
        Largest side of a window, halo included [pixels]; it is made large enough to keep something.
    halo, stride
        Of the network [pixels].
    tile
        Side of the tiles that the network must see, where its predictions depend on the whole tile; `halo` is then half
        of what neighbours share.

    Returns
    -------
    Axis
        With windows of equal side, as few as `most` allows and no larger than so many need to be.
    """
    lower, upper = bounds
    kept = slice(max(0, lower), min(length, upper))
    if tile is not None:
        return Axis(kept, (lower, upper), tile, halo, stride, lower, blended=True)
    first = lower + (max(kept.start - halo, lower) - lower) // stride * stride
    last = lower + -(-(min(kept.stop + halo, upper) - lower) // stride) * stride
    side = last - first
    most = max(most // stride * stride, 2 * halo + 2 * stride)
    if side > most:
        new = side - 2 * halo
        count = -(-new // (most - 2 * halo))
        side = -(-(-(-new // count) + 2 * halo) // stride) * stride
    return Axis(kept, (first, last), side, halo, stride, lower)


def check_tile(tile: tuple[int, int], halo: int) -> None:
    """Raise `MappingError` where neighbouring tiles would share all of a tile."""
    if min(tile) <= 2 * halo:
        raise MappingError(
            f"a halo of {halo} leaves nothing of the tiles of {tile[0]} x {tile[1]} pixels that the network needs",
            remedy=f"give a halo below {min(tile) // 2}",
        )


def plan_strips(rows: Axis) -> list[Strip]:
    """Cut the rows that region and scene share into strips, from the top."""
    cuts = list(rows.cuts())
    starts = [*(cut.kept.start for cut in cuts), cuts[-1].kept.stop] if cuts else []
    return [Strip(cut, slice(*complete)) for cut, complete in zip(cuts, pairwise(starts), strict=True)]


def moved(axis: slice, by: int) -> slice:
    """Return a slice that starts and stops so much later."""
    return slice(axis.start + by, axis.stop + by)


def _tiles(axis: Axis, wanted: NDArray[np.bool_] | None) -> Iterator[Cut]:
    """Yield tiles that share `2 * halo` pixels; the last is moved into the scene where the scene is large enough."""
    (lower, upper), side, halo = axis.seen, axis.side, axis.halo
    first, last = axis.kept.start, axis.kept.stop
    furthest = max(lower, upper - side)
    starts = [*range(lower, furthest, side - 2 * halo), furthest]
    there = np.arange(first, last)
    raised = np.stack([_trapezium(there - start, side, 2 * halo) for start in starts])
    raised /= raised.sum(axis=0)
    for start, weights in zip(starts, raised, strict=True):
        kept = slice(max(first, start), min(last, start + side))
        if kept.start < kept.stop and (wanted is None or wanted[moved(kept, -first)].any()):
            yield Cut(kept, (start, start + side), weights[moved(kept, -first)])


def _trapezium(position: NDArray[np.intp], side: int, overlap: int) -> NDArray[np.float32]:
    """Return how much a tile counts at positions within it: less and less towards its ends, outside nothing."""
    from_end = np.minimum(position + 0.5, side - position - 0.5).clip(0.0, max(overlap, 0.5))
    return np.asarray(from_end, dtype=np.float32)
