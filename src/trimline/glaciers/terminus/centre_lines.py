"""Centre lines from an outline alone: the path through the middle of the ice from the farthest head to the terminus.

Used where no flow line is given. The outline is laid on a grid of some thousand cells, and the path of least cost is
sought whose cost grows towards the margin (the idea of Kienholz and others, 2014, The Cryosphere 8, 503-519, without
their elevation term).
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from rasterio.features import rasterize
from scipy import ndimage
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from shapely.geometry import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from trimline.graphs import graph_of

_CELLS = 4000
"""Cells of the ice: a cell is a sixtieth of the side of a square as large as the glacier."""

_SMALLEST_CELL_M = 2.0

_LEAST_CELLS = 6
"""Radius of the smallest circle around a tip, in cells: smaller ones are all steps of the grid."""

_BOUNDED = 0.55
"""Share of its radius that the ice around a tip is wide on both sides of its middle: below it, the sides bound it."""

_SMOOTHED = 0.06
"""Length of the running mean that takes the steps of the grid out of a path, as a share of its length."""


class IceGrid:
    """A polygon on a grid whose cells know their neighbours and their distance from the margin.

    Parameters
    ----------
    polygon
        One polygon in a metric plane. Where it falls apart on the grid, its largest part counts.
    """

    def __init__(self, polygon: Polygon) -> None:
        self.cell_m = max(float(np.sqrt(polygon.area / _CELLS)), _SMALLEST_CELL_M)
        left, bottom, right, top = polygon.bounds
        self.shape = (int((top - bottom) / self.cell_m) + 3, int((right - left) / self.cell_m) + 3)
        self.affine = Affine(self.cell_m, 0, left - self.cell_m, 0, -self.cell_m, top + self.cell_m)
        ice = self.laid(polygon)
        if not ice.any():
            ice = self.laid(polygon, touched=True)
        bodies, number = ndimage.label(ice, np.ones((3, 3)))
        if number > 1:
            sizes = np.bincount(bodies.ravel())
            sizes[0] = 0
            ice = bodies == sizes.argmax()
        self.ice: NDArray[np.bool_] = ice

    def laid(self, geometry: BaseGeometry, *, touched: bool = False) -> NDArray[np.bool_]:
        """Return (h, w) which cells a geometry covers."""
        if geometry.is_empty:
            return np.zeros(self.shape, bool)
        cells: NDArray[np.bool_] = rasterize(
            [(geometry, 1)], self.shape, transform=self.affine, all_touched=touched
        ).astype(bool)
        return cells

    @cached_property
    def xy(self) -> NDArray[np.float64]:
        """(n, 2) centres of the cells of ice [m]."""
        rows, columns = np.nonzero(self.ice)
        x, y = self.affine.c, self.affine.f
        return np.column_stack([x + (columns + 0.5) * self.cell_m, y - (rows + 0.5) * self.cell_m])

    @cached_property
    def _edges(self) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
        number = np.full(self.shape, -1)
        number[self.ice] = np.arange(self.ice.sum())
        height, width = self.shape
        first, second, lengths = [], [], []
        for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
            a = number[: height - down, max(0, -right) : width - max(0, right)]
            b = number[down:, max(0, right) : width + min(0, right)]
            both = (a >= 0) & (b >= 0)
            first.append(a[both])
            second.append(b[both])
            lengths.append(np.full(int(both.sum()), self.cell_m * np.hypot(down, right)))
        return np.concatenate(first), np.concatenate(second), np.concatenate(lengths)

    def _graph(self, weights: NDArray[np.float64]) -> csr_array:
        first, second, _ = self._edges
        return graph_of(first, second, len(self.xy), weights)

    @cached_property
    def margin_m(self) -> NDArray[np.float64]:
        """(n,) distance of each cell of ice from the margin [m]."""
        distances: NDArray[np.float64] = (ndimage.distance_transform_edt(self.ice) * self.cell_m)[self.ice]
        return distances

    def middle_near(self, tip: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the middle of the ice near a point of the margin: that of the first circle that both sides bound.

        A tip can be a corner of a broad front. The circle around it is widened until the distance from the margin no
        longer grows with it.
        """
        away = np.hypot(*(self.xy - tip).T)
        order = np.argsort(away)
        widest = np.maximum.accumulate(self.margin_m[order])
        radius = np.maximum(away[order], 2 * self.cell_m)
        bounded = np.nonzero((widest < _BOUNDED * radius) & (away[order] > _LEAST_CELLS * self.cell_m))[0]
        last = int(bounded[0]) if len(bounded) else len(order) - 1
        within = order[: last + 1]
        middle: NDArray[np.float64] = self.xy[within[int(np.argmax(self.margin_m[within]))]]
        return middle

    def nearest(self, point: NDArray[np.float64]) -> int:
        """Return the number of the cell of ice nearest to a point."""
        return int(np.argmin(((self.xy - point) ** 2).sum(axis=1)))

    def centre_line(self, tip: NDArray[np.float64], head: NDArray[np.float64] | None = None) -> LineString:
        """Return the centre line from the head, or the cell farthest away through the ice, to a tip."""
        first, second, lengths = self._edges
        end = self.nearest(tip)
        if head is None:
            away = dijkstra(self._graph(lengths), directed=False, indices=end)
            start = int(np.argmax(np.where(np.isfinite(away), away, -1.0)))
        else:
            start = self.nearest(head)
        if start == end:
            centre = self.xy.mean(axis=0)
            return LineString([2 * centre - tip, tip])
        margin = self.margin_m
        between = (margin[first] + margin[second]) / 2
        widest = margin.max()
        cost = 1 + 4 * (1 - between / widest) ** 2 + widest / (2 * between)
        _, previous = dijkstra(self._graph(lengths * cost), directed=False, indices=start, return_predecessors=True)
        path = [end]
        while path[-1] != start and previous[path[-1]] >= 0:
            path.append(int(previous[path[-1]]))
        return _smoothed(np.vstack([self.xy[path[::-1]], tip]))


def _smoothed(path: NDArray[np.float64]) -> LineString:
    """Return a path with the steps of the grid taken out; both ends stay where they are."""
    line = LineString(path)
    number = 100
    points = shapely.get_coordinates(line.interpolate(np.linspace(0, line.length, number)))
    reach = max(1, int(_SMOOTHED * number / 2))
    padded = np.pad(points, ((reach, reach), (0, 0)), mode="reflect", reflect_type="odd")
    mean = ndimage.uniform_filter1d(padded, 2 * reach + 1, axis=0)[reach:-reach]
    mean[0], mean[-1] = points[0], points[-1]
    return LineString(mean)
