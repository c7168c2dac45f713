"""Tracing of masks of any size: rows are added in blocks, and only the corners of the outlines are kept.

An outline is defined by the pixel corners at which it turns: along a row of corners, the first and the second are the
ends of one edge, the third and the fourth of the next; the same holds down a column. Outlines are therefore not joined
across blocks of rows, and there are no seams: blocks are searched for corners, and the corners of the whole mask are
linked once, in whole pixels, by sorting.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, depth_first_order

from trimline.errors import GridError
from trimline.outlines.check import grid_crs
from trimline.outlines.rings import Rings
from trimline.outlines.smoothing import require_iterations, smooth_polygons
from trimline.reprojecting import unit_m

_NORTH_WEST, _NORTH_EAST, _SOUTH_WEST, _SOUTH_EAST = 1, 2, 4, 8
"""Bits of the four pixels that meet in a corner, set where they are ice."""

_FALLING, _RISING = _NORTH_WEST | _SOUTH_EAST, _NORTH_EAST | _SOUTH_WEST
"""Two pixels of ice that touch only in the corner."""

_ROWS_AT_A_TIME = 256
"""Rows searched for corners at a time; bounds the memory."""

_SMALLEST_AROUND_A_HOLE = 8
"""Smallest number of pixels within an outer ring with a hole: a square of nine without a corner."""


class RowTracer:
    """Trace a mask whose rows come from the top, few or many at a time, as polygons along the exact edges of pixels.

    The polygons do not depend on the blocks of rows, to the last bit. Pixels that touch only at a corner are
    separate outlines. Memory grows with the corners of the outlines, not with the mask.

    Parameters
    ----------
    geobox
        The grid that the whole mask lies on; it may be rotated.
    minimum_area_m2
        Smaller polygons are left out [m2], by their area in the grid's CRS as it is written: holes taken out, but
        not those that were filled.
    minimum_hole_m2
        Smaller holes are filled [m2], and ice within them becomes part of the polygon.
    smoothing
        Number of times that corners are cut, see `smooth`; 0 keeps the edges of the pixels.

    Raises
    ------
    GridError
        The grid has no CRS.
    OutlineError
        `smoothing` is negative.
    """

    def __init__(
        self, geobox: GeoBox, *, minimum_area_m2: float = 0.0, minimum_hole_m2: float = 0.0, smoothing: int = 0
    ) -> None:
        require_iterations(smoothing)
        self._crs = grid_crs(geobox)
        self._transform: Affine = geobox.transform
        self._height, self._width = (int(side) for side in geobox.shape)
        self._minimum_area_m2 = minimum_area_m2
        self._minimum_hole_m2 = minimum_hole_m2
        self._smoothing = smoothing
        self._rows = 0
        # A frame of pixels without ice closes the outlines at the edges of the grid.
        self._last_row = np.zeros((1, self._width + 2), np.uint8)
        self._corners: list[_Corners] = []

    def add(self, mask: NDArray[Any]) -> None:
        """Add the next rows.

        Parameters
        ----------
        mask
            (rows, w) bool or integer: ice where it is not 0.

        Raises
        ------
        GridError
            The rows have another width than the grid, or are more than it has left.
        """
        if mask.ndim != 2 or mask.shape[1] != self._width:
            raise GridError(f"rows of shape {mask.shape} do not lie on a grid that is {self._width} wide")
        if self._rows + len(mask) > self._height:
            raise GridError(f"{self._rows + len(mask)} rows are too many for a grid of {self._height}")
        for first in range(0, len(mask), _ROWS_AT_A_TIME):
            rows = mask[first : first + _ROWS_AT_A_TIME]
            framed = np.zeros((1 + len(rows), self._width + 2), np.uint8)
            framed[0] = self._last_row
            np.not_equal(rows, 0, out=framed[1:, 1:-1].view(bool))
            corners = _Corners.between(framed, self._rows)
            if len(corners.column):  # most rows of many masks have none
                self._corners.append(corners)
            self._last_row = framed[-1:]
            self._rows += len(rows)

    def finish(self) -> gpd.GeoDataFrame:
        """Return the outlines once all rows are in.

        Returns
        -------
        GeoDataFrame
            One valid polygon per connected patch, in the grid's CRS, without columns; ordered by the first
            row, then from the left.

        Raises
        ------
        GridError
            Rows are missing.
        """
        if self._rows < self._height:
            raise GridError(f"a grid of {self._height} rows cannot be traced from {self._rows}")
        frame = np.zeros_like(self._last_row)
        bottom = _Corners.between(np.concatenate([self._last_row, frame]), self._rows)
        loops = _linked(_Corners.joined([*self._corners, bottom]))
        pixel_m2 = abs(self._transform.determinant) * unit_m(self._crs) ** 2
        rings = _assembled(loops, self._minimum_area_m2 / pixel_m2, self._minimum_hole_m2 / pixel_m2)
        polygons = smooth_polygons(rings, self._transform, self._smoothing)
        return gpd.GeoDataFrame(geometry=gpd.GeoSeries(polygons, crs=self._crs))


@dataclass(frozen=True)
class _Corners:
    """Corners of pixels at which outlines turn, row by row from the top and each row from the left."""

    column: NDArray[np.int32]
    """(n,) number of pixels left of the corner."""
    row: NDArray[np.int32]
    """(n,) number of pixels above it."""
    pixels: NDArray[np.uint8]
    """(n,) pixels of ice around it, a sum of `_NORTH_WEST` and the other bits."""

    @classmethod
    def between(cls, framed: NDArray[np.uint8], first: int) -> _Corners:
        """Find the corners between rows of 0 and 1, the first of which lies above row `first` of the grid."""
        above, below = framed[:-1], framed[1:]
        along = above ^ below
        turns = along[:, :-1] ^ along[:, 1:]
        turns |= along[:, :-1] & along[:, 1:] & (below[:, :-1] ^ below[:, 1:])
        row, column = (place.astype(np.int32) for place in np.nonzero(turns.view(bool)))
        pixels = _NORTH_WEST * above[row, column]
        pixels += _NORTH_EAST * above[row, column + 1]
        pixels += _SOUTH_WEST * below[row, column]
        pixels += _SOUTH_EAST * below[row, column + 1]
        return cls(column, row + np.int32(first), pixels)

    @classmethod
    def joined(cls, corners: Sequence[_Corners]) -> _Corners:
        """Join corners of blocks of rows, from the top."""
        return cls(
            np.concatenate([block.column for block in corners]),
            np.concatenate([block.row for block in corners]),
            np.concatenate([block.pixels for block in corners]),
        )

    def repeated(self, times: NDArray[np.integer[Any]]) -> _Corners:
        """Return each corner repeated."""
        return _Corners(np.repeat(self.column, times), np.repeat(self.row, times), np.repeat(self.pixels, times))


@dataclass(frozen=True)
class _Loops:
    """Closed outlines, none of which touches itself, ordered by their first row, then column."""

    vertices: NDArray[np.int32]
    """(n, 2) column and row of each vertex, ice on the left."""
    starts: NDArray[np.intp]
    """(loops + 1,) the first vertex of each loop, and n."""
    areas: NDArray[np.int64]
    """(loops,) number of pixels within each; negative for a hole."""
    on_ice: NDArray[np.float64]
    """(loops, 2) the centre of a pixel of ice at the loop."""

    def chosen(self, loops: NDArray[np.intp], polygon_starts: NDArray[np.intp] | None = None) -> Rings:
        """Return these loops as the rings of polygons, by default each its own polygon."""
        lengths = np.diff(self.starts)[loops]
        starts = np.concatenate([[0], np.cumsum(lengths)])
        source = np.arange(starts[-1]) + np.repeat(self.starts[loops] - starts[:-1], lengths)
        if polygon_starts is None:
            polygon_starts = np.arange(len(loops) + 1)
        return Rings(self.vertices[source].astype(np.float64), starts, polygon_starts)


def _linked(corners: _Corners) -> _Loops:
    """Link corners to loops.

    Where two pixels of ice touch in a corner, two lines turn there, the western and the eastern. Those of two
    patches each go around their own. Those of one patch would be one line that touches itself; they go around the
    ground, and the patch gets a hole that touches its outer ring or another hole.
    """
    double = (corners.pixels == _FALLING) | (corners.pixels == _RISING)
    ends = corners.repeated(1 + double)
    # Ends 2k and 2k + 1 are the western and the eastern end of edge k. With ice on the left, it leads west above ice.
    head = np.arange(0, len(ends.column), 2)
    head += (ends.pixels[head] & _SOUTH_EAST) == 0
    western = np.flatnonzero(double) + np.arange(np.count_nonzero(double))

    place = np.empty(len(ends.column), np.intp)
    place[_by_column(ends.column)] = np.arange(len(place))
    # Down a column, the end of the line from above comes before that of the line to below.
    rising = ends.pixels[western] == _RISING
    following = _following(head, place, western[rising])
    if len(western):
        of_loop = _loop_of_each(following)
        one_patch = of_loop[western // 2] == of_loop[(western + 1) // 2]
        following = _following(head, place, western[rising != one_patch])
    order, starts = _in_turn(following)

    tail_then_head = np.column_stack([head[order] ^ 1, head[order]]).ravel()
    vertices = np.column_stack([ends.column[tail_then_head], ends.row[tail_then_head]])
    row = ends.row[head[order]].astype(np.int64)
    eastward = ends.column[head[order]] - ends.column[head[order] ^ 1]
    areas = np.add.reduceat(eastward * row, starts[:-1]) if len(order) else np.empty(0, np.int64)
    first = 2 * order[starts[:-1]]
    half_a_row = np.where(areas > 0, 0.5, -0.5)
    on_ice = np.column_stack([ends.column[first] + 0.5, ends.row[first] + half_a_row])
    return _Loops(vertices, 2 * starts, areas, on_ice)


def _by_column(column: NDArray[np.int32]) -> NDArray[np.intp]:
    """Return the order by columns, from the top in each."""
    # numpy sorts numbers of two bytes in linear time.
    narrow = len(column) and column.max() < 2**16
    return np.argsort(column.astype(np.uint16) if narrow else column, kind="stable")


def _following(head: NDArray[np.intp], place: NDArray[np.intp], exchanged: NDArray[np.intp]) -> NDArray[np.int32]:
    """Return (edges,) which edge along a row follows each, over the line down or up from its head.

    `place` is each end's place down the columns; those of the ends `exchanged` and of the ends after them change.
    """
    place = place.copy()
    place[exchanged] += 1
    place[exchanged + 1] -= 1
    end = np.empty_like(place)
    end[place] = np.arange(len(place))
    following: NDArray[np.int32] = (end[place[head] ^ 1] // 2).astype(np.int32)
    return following


def _loop_of_each(following: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return (edges,) the number of the loop that each edge is on."""
    loop: NDArray[np.int32]
    _, loop = connected_components(_graph(following), connection="strong")
    return loop


def _in_turn(following: NDArray[np.int32]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the edges loop by loop, each loop from its first edge, and where each starts, closed by their number."""
    number = len(following)
    if not number:
        return np.empty(0, np.intp), np.zeros(1, np.intp)
    loop = _loop_of_each(following)
    # The last assignment holds: the first edge of each loop.
    first = np.empty(loop.max() + 1, np.intp)
    first[loop[::-1]] = np.arange(number)[::-1]
    first.sort()
    # The last edge of each loop is linked to the next loop, so that one walk visits all.
    before = np.empty(number, np.intp)
    before[following] = np.arange(number)
    walk = following.copy()
    walk[before[first]] = np.roll(first, -1)
    order = depth_first_order(_graph(walk), first[0], return_predecessors=False)
    is_first = np.zeros(number, bool)
    is_first[first] = True
    return order, np.append(np.flatnonzero(is_first[order]), number)


def _graph(following: NDArray[np.int32]) -> csr_array:
    number = len(following)
    return csr_array((np.ones(number), following, np.arange(number + 1, dtype=np.int32)), shape=(number, number))


def _assembled(loops: _Loops, minimum_area: float, minimum_hole: float) -> Rings:
    """Assign each hole to its outer ring, and remove holes and polygons by their size [pixels]."""
    outer = loops.areas > 0
    polygon = _polygon_of_each(loops)
    filled = ~outer & (-loops.areas < minimum_hole)
    within_filled = _on_ground_of(loops, np.flatnonzero(filled), np.flatnonzero(outer))[1]
    net = np.bincount(polygon, np.where(filled, 0, loops.areas), len(outer))
    written = outer & (net >= minimum_area)
    written[within_filled] = False
    kept = np.flatnonzero(written[polygon] & ~filled)
    # An outer ring begins above its holes, so it is the first ring of its polygon.
    kept = kept[np.argsort(polygon[kept], kind="stable")]
    return loops.chosen(kept, np.append(np.flatnonzero(outer[kept]), len(kept)))


def _polygon_of_each(loops: _Loops) -> NDArray[np.intp]:
    """Return (loops,) the outer ring that each loop belongs to: the smallest around its ice."""
    polygon = np.arange(len(loops.areas))
    wide = np.flatnonzero(loops.areas >= _SMALLEST_AROUND_A_HOLE)
    around, hole = _on_ground_of(loops, wide, np.flatnonzero(loops.areas < 0))
    order = np.argsort(-loops.areas[around], kind="stable")
    # The last assignment holds.
    polygon[hole[order]] = around[order]
    return polygon


def _on_ground_of(
    loops: _Loops, around: NDArray[np.intp], inner: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the pairs of a loop of `around` and one of `inner` whose ice it surrounds."""
    if not len(around) or not len(inner):
        return np.empty(0, np.intp), np.empty(0, np.intp)
    ground = loops.chosen(around).to_polygons(Affine.identity())
    surrounding, surrounded = shapely.STRtree(shapely.points(loops.on_ice[inner])).query(ground, predicate="contains")
    return around[surrounding], inner[surrounded]
