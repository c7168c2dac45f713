"""Polygons moved inwards or outwards by a distance, in a time that grows linearly with their vertices.

GEOS buffers a polygon by one offset curve around each ring. Where many vertices stand within the distance of each
other, as along a noisy outline, each edge of that curve crosses all others within reach, and the time grows with the
square of the vertices. The same ground is found in pieces: a polygon grown by a distance is the polygon and all ground
within the distance of its boundary, and a polygon shrunk is what is left without that ground. The band is the union of
the bands of short pieces of the boundary, none of which has many crossings.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from trimline.change.sound import difference, sound, union

QUAD_SEGS = 16
"""Segments of a quarter circle around corners, the default of GeoPandas."""

_CROWDED_VERTICES = 500
"""Polygons with fewer vertices are moved in one piece, which is quick however they look."""

_CROWDED = 3.0
"""Boundaries with more corners than this in each square of the distance that they touch are cut into pieces."""

_STRAIGHT = 0.02
"""Vertices that lie within this share of the distance from a straight line are no corners: GEOS drops them too."""

_PIECE = 16
"""Edges of a piece."""


def moved(polygons: NDArray[np.object_], distance_m: NDArray[np.float64] | float) -> NDArray[np.object_]:
    """Return polygons with their boundary moved outwards, or inwards where the distance is negative.

    Parameters
    ----------
    polygons
        (n,) valid polygons or multipolygons in a plane [m].
    distance_m
        (n,) distances or one for all [m].

    Returns
    -------
    NDArray[np.object_]
        (n,) valid polygons; empty where nothing is left.
    """
    distances = np.broadcast_to(np.asarray(distance_m, np.float64), polygons.shape)
    result = np.empty(polygons.shape, dtype=object)
    crowded = (shapely.get_num_coordinates(polygons) > _CROWDED_VERTICES) & (distances != 0)
    for i in np.flatnonzero(crowded):
        crowded[i] = _corners_per_square(polygons[i], abs(float(distances[i]))) > _CROWDED
    result[~crowded] = sound(shapely.buffer(polygons[~crowded], distances[~crowded], quad_segs=QUAD_SEGS))
    for i in np.flatnonzero(crowded):
        band = _band(polygons[i], abs(float(distances[i])))
        result[i] = union(np.array([polygons[i], band])) if distances[i] > 0 else difference(polygons[i], band)
    return result


def moved_one(polygon: shapely.Geometry, distance_m: float) -> shapely.Geometry:
    """Return one polygon, moved as `moved` does."""
    one = np.empty(1, dtype=object)
    one[0] = polygon
    return moved(one, distance_m)[0]


def _corners_per_square(polygon: shapely.Geometry, distance: float) -> float:
    """Return the mean number of corners of a boundary in the squares of a grid that hold any."""
    corners = shapely.get_coordinates(shapely.simplify(polygon, _STRAIGHT * distance, preserve_topology=False))
    if not len(corners):
        return 0.0
    columns, rows = np.floor(corners / distance).astype(np.int64).T
    squares = np.unique((columns - columns.min()) * (np.ptp(rows) + 1) + rows - rows.min())
    return len(columns) / len(squares)


def _band(polygon: shapely.Geometry, distance: float) -> shapely.Geometry:
    """Return the ground within a distance of the boundary of a polygon."""
    pieces = [_pieces(ring) for ring in shapely.get_rings(shapely.get_parts(polygon))]
    return union(sound(shapely.buffer(np.concatenate(pieces), distance, quad_segs=QUAD_SEGS)))


def _pieces(ring: shapely.Geometry) -> NDArray[np.object_]:
    """Return a ring as lines of a few edges each; neighbouring lines share a vertex."""
    corners = shapely.get_coordinates(ring)
    starts = np.arange(0, len(corners) - 1, _PIECE)
    counts = np.minimum(starts + _PIECE, len(corners) - 1) - starts + 1
    owner = np.repeat(np.arange(len(starts)), counts)
    first = np.repeat(np.cumsum(counts) - counts, counts)
    within = np.arange(counts.sum()) - first
    lines: NDArray[np.object_] = shapely.linestrings(corners[np.repeat(starts, counts) + within], indices=owner)
    return lines
