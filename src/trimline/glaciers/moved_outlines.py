"""Ground within the error of an outline, so that its height and aspect can be found.

The area of an outline errs by half of what lies between it moved outwards and moved inwards by half a pixel, see
`trimline.change.one_sided`. The same ground is kept here as polygons with weights: summed over all pixels it is
the uncertainty of the area, summed over the pixels of a band it is that of the band. Borders between neighbours do
not move, and ground within reach of two glaciers is shared between them, as there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from trimline.change.moving import moved_one
from trimline.change.one_sided import near_pairs, neighbour_lists, without_slivers
from trimline.change.sound import difference, intersection, union


@dataclass(frozen=True)
class Fringe:
    """Ground within the error of one outline: half of outer minus inner."""

    polygons: NDArray[np.object_]
    """(n,) polygons in the equal-area plane."""
    weights: tuple[float, ...]
    """n weights; the weighted sum of what the polygons cover of a pixel is the error there, and never negative."""
    reach: shapely.Geometry
    """Polygon within which all of them lie."""

    def area_m2(self) -> float:
        """Return the error of the area [m2]."""
        return float(np.dot(shapely.area(self.polygons), self.weights))


def neighbours_of(
    outlines: NDArray[np.object_], distances_m: NDArray[np.float64], periods: NDArray[np.object_]
) -> list[NDArray[np.intp]]:
    """Return for each outline the positions of those of its period that lie within twice its distance.

    Parameters
    ----------
    outlines
        (n,) polygons in an equal-area plane [m].
    distances_m
        (n,) distances, the same within a period [m].
    periods
        (n,) names of periods.
    """
    first, second = [np.empty(0, np.intp)], [np.empty(0, np.intp)]
    for period in dict.fromkeys(periods):
        rows = np.flatnonzero(periods == period)
        one, other = near_pairs(outlines[rows], float(distances_m[rows[0]]))
        first.append(rows[one])
        second.append(rows[other])
    return neighbour_lists(len(outlines), np.concatenate(first), np.concatenate(second))


def fringe(outlines: NDArray[np.object_], i: int, distance_m: float, neighbours: NDArray[np.intp]) -> Fringe:
    """Return the ground within the error of one outline.

    Parameters
    ----------
    outlines
        (n,) polygons of one date in an equal-area plane [m].
    i
        Which of them.
    distance_m
        Distance by which the border between ice and ground may move [m].
    neighbours
        Positions of those within twice the distance.
    """
    own = outlines[i]
    outer = moved_one(own, distance_m)
    if not len(neighbours):
        inner = moved_one(own, -distance_m)
        return Fringe(np.array([outer, inner]), (0.5, -0.5), outer)
    others = outlines[neighbours]
    ice = without_slivers(union(np.append(others, own)))
    inner = intersection(own, moved_one(ice, -distance_m))
    ring = difference(outer, union(np.append(others, own)))
    polygons, weights = [own, inner, ring], [0.5, -0.5, 0.5]
    for some in (others[neighbours < i], others[neighbours > i]):
        if len(some):
            theirs = moved_one(union(some), distance_m)
            polygons.append(intersection(ring, theirs))
            weights.append(-0.25)
    return Fringe(_polygonal(polygons), tuple(weights), outer)


def _polygonal(geometries: list[shapely.Geometry]) -> NDArray[np.object_]:
    """Return geometries without the points and lines that intersections leave."""
    kept = np.empty(len(geometries), dtype=object)
    for i, geometry in enumerate(geometries):
        parts = shapely.get_parts(geometry)
        polygons = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
        kept[i] = shapely.MultiPolygon(list(polygons))
    return kept
