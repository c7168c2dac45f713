"""Smoothing of traced outlines: corners are cut, and each polygon keeps its area.

Chaikin (1974, Computer Graphics and Image Processing 3, 346-349) cuts every corner of a polygon at a quarter of the two
edges that meet there, repeatedly. That shrinks convex shapes and fills concave ones. Here the fractions are balanced,
which is our addition: cutting a corner of edges a and b at the fraction f takes the triangle f^2 |a x b| / 2 away where
the polygon is convex, and adds as much where it is concave. With

    f_convex^2 * sum |a x b| over the convex corners = f_concave^2 * sum |a x b| over the concave corners,

the larger f at a quarter, each polygon with its holes keeps its area exactly, in every iteration.

No outline crosses another or itself, for any number of iterations. Edges are first split at one pixel from
their ends. A cut leaves at least half of an edge, so that some point of each pixel edge at a corner always stays on the
line. Between the fixed points P and Q of the two edges at a corner C, the line stays within the triangle PCQ,
which is less than half of one pixel. Two such triangles in one pixel do not meet: at opposite corners they lie on
either side of a diagonal, and at neighbouring corners one line runs along the pixel's edge from the one to the other,
where both end at the same P. Two triangles at one corner, where rings touch, are in opposite pixels.

So a line leaves the edges of its pixels by an eighth of a pixel at most, and a corner of the old outline lies less
than a fifth of a pixel from the new one.
"""

from __future__ import annotations

from typing import Any, TypeVar, cast

import geopandas as gpd
import numpy as np
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from trimline.errors import OutlineError
from trimline.outlines.rings import Rings

Outlines = TypeVar("Outlines", gpd.GeoSeries, NDArray[Any])

_FRACTION = 0.25
"""Largest part of an edge that is cut at either end (Chaikin 1974)."""

_SMALLEST_FRACTION = 1e-3
"""Smallest part; a polygon that would need less is left unchanged, since rounding disturbs vertices so close."""

_SHORTEST_EDGE = 1e-3
"""Corners with a shorter edge are not cut [pixels]."""

_PIECE_VERTICES = 2**16
"""Vertices before smoothing that are processed at a time; bounds the memory."""


def smooth(outlines: Outlines, geobox: GeoBox, iterations: int) -> Outlines:
    """Smooth traced outlines; every polygon keeps its area and its holes, and none crosses another.

    Parameters
    ----------
    outlines
        Polygons from `trace` or `RowTracer`, unsmoothed, in the grid's CRS: a series or an array (n,).
    geobox
        The grid that they were traced on.
    iterations
        Number of times that corners are cut. One removes the stairs, two or three round the outline; each doubles the
        number of vertices.

    Returns
    -------
    GeoSeries or NDArray
        The smoothed polygons, in the same order. A rectangle has no concave corner for the balance, and is
        unchanged.

    Raises
    ------
    OutlineError
        `iterations` is negative, a geometry is no polygon, or does not follow the edges of the grid's pixels.
    """
    require_iterations(iterations)
    if isinstance(outlines, gpd.GeoSeries):
        polygons = smooth(outlines.to_numpy(), geobox, iterations)
        return cast(Outlines, gpd.GeoSeries(polygons, outlines.index, crs=outlines.crs, name=outlines.name))
    return smooth_polygons(Rings.of_polygons(outlines, geobox.transform), geobox.transform, iterations)


def require_iterations(iterations: int) -> None:
    """Raise `OutlineError` for a negative number of iterations."""
    if iterations < 0:
        raise OutlineError(f"outlines are smoothed 0 times or more, not {iterations} times")


def smooth_polygons(rings: Rings, transform: Affine, iterations: int) -> NDArray[Any]:
    """Return smoothed polygons of rings along pixel edges.

    Parameters
    ----------
    rings
        Rings along the edges of pixels, in pixel coordinates.
    transform
        From pixel coordinates to a CRS.
    iterations
        Number of times that corners are cut; 0 leaves the rings unchanged.

    Returns
    -------
    NDArray
        (polygons,) shapely polygons in the CRS.
    """
    pieces = rings.pieces(_PIECE_VERTICES)
    polygons = [(cut_corners(piece, iterations) if iterations else piece).to_polygons(transform) for piece in pieces]
    return np.concatenate(polygons)


def cut_corners(rings: Rings, iterations: int) -> Rings:
    """Cut the corners of rings along pixel edges repeatedly; the equations are those of the module.

    Parameters
    ----------
    rings
        Rings along the edges of pixels, in pixel coordinates.
    iterations
        Number of times.

    Returns
    -------
    Rings
        The smoothed rings, without vertices on straight lines.
    """
    corners = _RingCorners.of(rings)
    for _ in range(iterations):
        corners = corners.cut()
    return corners.rings()


class _RingCorners:
    """Vertices of rings with the sense of their turns: 1 where the polygon is convex, -1 concave, 0 straight on.

    Both corners of a cut have the sense of the old one, so senses are found once, on whole numbers.
    """

    def __init__(self, rings: Rings, senses: NDArray[np.int8]) -> None:
        self._rings = rings
        self._senses = senses
        self._lengths = np.diff(rings.ring_starts)
        polygons = len(rings.polygon_starts) - 1
        self._polygon_of_ring = np.repeat(np.arange(polygons), np.diff(rings.polygon_starts))

    @classmethod
    def of(cls, rings: Rings) -> _RingCorners:
        """Find the corners of rings along pixel edges, and split the edges at one pixel from their ends."""
        ahead, behind = _edges(rings)
        turns = np.sign(_cross(ahead, behind)).astype(np.int8)
        # A ring turns once around: its turns sum to 4 or -4, whichever way it runs.
        senses = np.sign(np.add.reduceat(turns, rings.ring_starts[:-1], dtype=np.int64))
        is_hole = np.ones(len(senses), bool)
        is_hole[rings.polygon_starts[:-1]] = False
        senses[is_hole] *= -1
        turns *= np.repeat(senses, np.diff(rings.ring_starts)).astype(np.int8)

        lengths = np.abs(ahead).sum(axis=1).astype(np.intp)
        counts = np.minimum(lengths, 3)
        places = np.cumsum(counts) - counts
        vertices, senses = np.repeat(rings.vertices, counts, axis=0), np.zeros(counts.sum(), np.int8)
        senses[places] = turns
        step = np.sign(ahead)
        split = counts > 1
        vertices[places[split] + 1] += step[split]
        split = counts > 2
        vertices[places[split] + 2] += step[split] * (lengths[split, np.newaxis] - 1)
        return cls(_refined(rings, vertices, counts), senses)

    def cut(self) -> _RingCorners:
        """Cut each corner once; areas stay."""
        ahead, behind = _edges(self._rings)
        fractions = self._fractions(ahead, behind)
        cut = fractions > 0
        counts = 1 + cut.astype(np.intp)
        places = (np.cumsum(counts) - counts)[cut]
        parts = fractions[cut, np.newaxis]
        vertices = np.repeat(self._rings.vertices, counts, axis=0)
        vertices[places] += parts * behind[cut]
        vertices[places + 1] += parts * ahead[cut]
        return _RingCorners(_refined(self._rings, vertices, counts), np.repeat(self._senses, counts))

    def rings(self) -> Rings:
        """Return the rings without the vertices on straight lines."""
        corner = self._senses != 0
        return _refined(self._rings, self._rings.vertices[corner], corner.astype(np.intp))

    def _fractions(self, ahead: NDArray[np.float64], behind: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (n,) the part of the edges that is cut at each vertex."""
        long = (ahead**2).sum(axis=1) >= _SHORTEST_EDGE**2
        long &= (behind**2).sum(axis=1) >= _SHORTEST_EDGE**2
        twice_area = np.abs(_cross(ahead, behind)) * long
        polygon = np.repeat(self._polygon_of_ring, self._lengths)
        number = len(self._rings.polygon_starts) - 1
        convex = np.bincount(polygon, twice_area * (self._senses > 0), number)
        concave = np.bincount(polygon, twice_area * (self._senses < 0), number)
        larger = np.maximum(convex, concave)
        # The corners with less to cut are cut at the full fraction; the others at the fraction that balances it.
        balance = np.sqrt(np.minimum(convex, concave) / np.where(larger > 0, larger, 1))
        balance[_FRACTION * balance < _SMALLEST_FRACTION] = 0
        at_convex = _FRACTION * np.where(convex > concave, balance, balance > 0)
        at_concave = _FRACTION * np.where(concave > convex, balance, balance > 0)
        fractions = np.where(self._senses > 0, at_convex[polygon], at_concave[polygon])
        return np.where(long & (self._senses != 0), fractions, 0.0)


def _edges(rings: Rings) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (n, 2) the ways from each vertex to the next one and to the one before."""
    following = np.arange(1, len(rings.vertices) + 1)
    following[rings.ring_starts[1:] - 1] = rings.ring_starts[:-1]
    ahead = rings.vertices[following] - rings.vertices
    behind = np.empty_like(ahead)
    behind[following] = -ahead
    return ahead, behind


def _cross(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]


def _refined(rings: Rings, vertices: NDArray[np.float64], counts: NDArray[np.intp]) -> Rings:
    """Return the rings with other vertices, counts[i] in the place of vertex i."""
    starts = np.concatenate([[0], np.cumsum(counts)])[rings.ring_starts]
    return Rings(vertices, starts, rings.polygon_starts)
