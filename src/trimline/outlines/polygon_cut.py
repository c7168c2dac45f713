"""A polygon cut in two by a line, or by the edge of another polygon."""

from __future__ import annotations

import math

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

_BAND = 1e-3
"""Width of the band that separates the left of a line from its right, relative to the square root of the area."""


SLIVER_M = 1e-3
"""Mean width below which ground is rounding of vertices [m]."""


def polygonal(geometry: BaseGeometry) -> BaseGeometry:
    """Return the polygons of a geometry, its points and lines left out; an empty polygon where it has none."""
    if geometry.geom_type == "Polygon":
        return geometry
    parts = shapely.get_parts(shapely.get_parts(geometry))  # a collection may hold multipolygons
    found = [each for each in parts if each.geom_type == "Polygon" and not each.is_empty]
    if len(found) == 1:
        return found[0]
    return shapely.MultiPolygon(found) if found else shapely.Polygon()


def without_slivers(geometry: BaseGeometry, width: float = SLIVER_M) -> BaseGeometry:
    """Return the polygons of a geometry without parts and holes that are rounding of their vertices, and not ground.

    Parameters
    ----------
    geometry
        Any geometry.
    width
        Mean width of what is left out at most, in the unit of its CRS; `SLIVER_M` in metres.
    """
    shape = polygonal(geometry)
    parts = shapely.get_parts(shape)
    rings, part_of = shapely.get_rings(parts, return_index=True)
    is_wide = 2 * shapely.area(shapely.polygons(rings)) > width * shapely.length(rings)
    if is_wide.all():
        return shape
    is_outer = np.append(True, part_of[1:] != part_of[:-1])
    outer, holes = rings[is_outer], [rings[(part_of == i) & ~is_outer & is_wide] for i in range(len(parts))]
    kept = [
        shapely.Polygon(ring, list(inner))
        for ring, inner, wide in zip(outer, holes, is_wide[is_outer], strict=True)
        if wide
    ]
    if len(kept) == 1:
        return kept[0]
    return shapely.MultiPolygon(kept) if kept else shapely.Polygon()


def cut(geometry: BaseGeometry, cutter: BaseGeometry) -> tuple[BaseGeometry, BaseGeometry]:
    """Return the part of a polygon that stays, and the part that is cut off.

    Parameters
    ----------
    geometry
        A valid polygon or multipolygon.
    cutter
        A line: the ground on its right, seen along it, is cut off, and polygons of the multipolygon that it does not
        cut go with the nearest piece. Or a polygon: the ground within it is cut out.

    Returns
    -------
    tuple[BaseGeometry, BaseGeometry]
        Two polygonal geometries that share a border and no ground, and together are the polygon. The second is empty
        where the line does not cross the polygon.
    """
    if cutter.geom_type in ("Polygon", "MultiPolygon"):
        return polygonal(shapely.difference(geometry, cutter)), polygonal(shapely.intersection(geometry, cutter))
    line = shapely.line_merge(cutter, directed=True)
    left: list[BaseGeometry] = []
    right: list[BaseGeometry] = []
    whole: list[BaseGeometry] = []
    for polygon in shapely.get_parts(geometry):
        faces = _faces(polygon, line)
        if len(faces) < 2:
            whole.append(polygon)
            continue
        width = _BAND * math.sqrt(polygon.area)
        bands = [shapely.buffer(line, side * width, single_sided=True) for side in (1, -1)]
        for face in faces:
            on_left, on_right = (shapely.intersection(face, band).area for band in bands)
            (right if on_right > on_left else left).append(face)
    if not left or not right:
        return geometry, shapely.Polygon()
    sides = (shapely.union_all(left), shapely.union_all(right))
    for polygon in whole:
        nearer_right = shapely.distance(polygon, sides[1]) < shapely.distance(polygon, sides[0])
        (right if nearer_right else left).append(polygon)
    return polygonal(shapely.union_all(left)), polygonal(shapely.union_all(right))


def _faces(polygon: BaseGeometry, line: BaseGeometry) -> list[BaseGeometry]:
    """Return the pieces of a polygon cut by a line."""
    if not shapely.intersects(polygon, line):
        return [polygon]
    network = shapely.union_all([shapely.boundary(polygon), line])
    faces = shapely.get_parts(shapely.polygonize(list(shapely.get_parts(network))))
    inside = shapely.contains_properly(polygon, shapely.point_on_surface(faces))
    return list(faces[inside])
