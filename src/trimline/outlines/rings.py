"""Rings of many polygons as flat arrays in pixel coordinates, for vectorised operations on vertices.

Pixel coordinates are columns to the right and rows downwards, counted from the grid's upper left corner; pixel edges
have whole numbers. They are transformed to the CRS of the grid when polygons are made, so that operations before
are exact on any grid.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray

from trimline.errors import OutlineError

_OFF_EDGE_PIXELS = 0.01
"""Largest distance of a vertex from a pixel corner [pixels]; others are not of the grid."""


@dataclass(frozen=True)
class Rings:
    """The rings of polygons, one after another; the first ring of a polygon is its outer one, the others its holes."""

    vertices: NDArray[np.float64]
    """(n, 2) column and row of each vertex [pixels]; the first of a ring is not repeated at its end."""
    ring_starts: NDArray[np.intp]
    """(rings + 1,) the first vertex of each ring, and n."""
    polygon_starts: NDArray[np.intp]
    """(polygons + 1,) the first ring of each polygon, and the number of rings."""

    @classmethod
    def of_polygons(cls, polygons: NDArray[Any], transform: Affine) -> Self:
        """Return the rings of polygons that follow the edges of a grid's pixels.

        Parameters
        ----------
        polygons
            (polygons,) shapely polygons in the grid's CRS.
        transform
            From pixel coordinates to the CRS.

        Raises
        ------
        OutlineError
            A geometry is no polygon or is empty, or its vertices do not lie on the corners of pixels.
        """
        if not len(polygons):
            return cls(np.empty((0, 2)), np.zeros(1, np.intp), np.zeros(1, np.intp))
        if (shapely.get_type_id(polygons) != shapely.GeometryType.POLYGON).any() or shapely.is_empty(polygons).any():
            raise OutlineError("only what are polygons, each in one part and not empty, can be smoothed")
        _, coordinates, (ring_ends, polygon_starts) = shapely.to_ragged_array(polygons, include_z=False)
        vertices = _mapped(coordinates, ~transform)
        corners = np.round(vertices)
        steps = np.diff(corners, axis=0)
        steps[ring_ends[1:-1] - 1] = 0
        if (np.abs(vertices - corners) > _OFF_EDGE_PIXELS).any() or steps.all(axis=1).any():
            raise OutlineError(
                "the outlines do not follow the edges of the grid's pixels",
                remedy="smooth outlines as they were traced, with the grid that they were traced on",
            )
        ring_starts = ring_ends - np.arange(len(ring_ends))
        return cls(np.delete(corners, ring_ends[1:] - 1, axis=0), ring_starts, np.asarray(polygon_starts))

    def to_polygons(self, transform: Affine) -> NDArray[Any]:
        """Return (polygons,) shapely polygons in the CRS of `transform`."""
        if len(self.polygon_starts) == 1:
            return np.empty(0, object)
        vertices = _mapped(self.vertices, transform)
        closed = np.insert(vertices, self.ring_starts[1:], vertices[self.ring_starts[:-1]], axis=0)
        ring_ends = self.ring_starts + np.arange(len(self.ring_starts))
        polygons: NDArray[Any] = shapely.from_ragged_array(
            shapely.GeometryType.POLYGON, closed, (ring_ends, self.polygon_starts)
        )
        return polygons

    def pieces(self, size: int) -> Iterator[Rings]:
        """Yield the polygons in batches of about `size` vertices."""
        ends = self.ring_starts[self.polygon_starts[1:]]
        cuts = np.flatnonzero(np.diff(ends // size)) + 1
        for first, last in zip([0, *cuts], [*cuts, len(ends)], strict=True):
            rings = slice(self.polygon_starts[first], self.polygon_starts[last] + 1)
            starts = self.ring_starts[rings]
            polygon_starts = self.polygon_starts[first : last + 1] - rings.start
            yield Rings(self.vertices[starts[0] : starts[-1]], starts - starts[0], polygon_starts)


def _mapped(points: NDArray[np.float64], transform: Affine) -> NDArray[np.float64]:
    x, y = points[:, 0], points[:, 1]
    return np.column_stack(
        [transform.a * x + transform.b * y + transform.c, transform.d * x + transform.e * y + transform.f]
    )
