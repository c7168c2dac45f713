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
        cut go with the nearest piece. A line that cuts none of them, but passes between them, parts them where it
        leaves no doubt: extended straight at its ends it must meet none. Or a polygon: the ground within it is cut out.

    Returns
    -------
    tuple[BaseGeometry, BaseGeometry]
        Two polygonal geometries that share a border and no ground, and together are the polygon. The second is empty
        where the line does not cut the polygon.
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
    if not left and not right:
        return _parted(geometry, line)
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


def _parted(geometry: BaseGeometry, line: BaseGeometry) -> tuple[BaseGeometry, BaseGeometry]:
    """Return the polygons of a multipolygon on the left and on the right of a line between them, as `cut` does."""
    uncut = geometry, shapely.Polygon()
    parts = shapely.get_parts(geometry)
    is_between = len(parts) > 1 and shapely.intersects(shapely.convex_hull(geometry), line)
    if not is_between or line.geom_type != "LineString" or line.is_ring or not shapely.is_simple(line):
        return uncut
    bounds = shapely.total_bounds(np.array([geometry, line], dtype=object))
    size = math.hypot(bounds[2] - bounds[0], bounds[3] - bounds[1])
    extended = _extended(line, 4 * size)
    if shapely.intersects(geometry, extended):
        return uncut
    frame = shapely.boundary(shapely.buffer(shapely.box(*bounds), size, join_style="mitre"))
    sides = shapely.get_parts(shapely.polygonize(list(shapely.get_parts(shapely.union_all([frame, extended])))))
    if len(sides) != 2:
        return uncut
    band = shapely.buffer(line, -_BAND * size, single_sided=True)
    is_right = shapely.area(shapely.intersection(sides, band))
    right_side = sides[int(is_right[1] > is_right[0])]
    on_right = shapely.intersects(parts, right_side)
    if on_right.all() or not on_right.any():
        return uncut
    return polygonal(shapely.union_all(parts[~on_right])), polygonal(shapely.union_all(parts[on_right]))


def _extended(line: BaseGeometry, length: float) -> BaseGeometry:
    """Return a line with a straight piece of some length added at both ends."""
    vertices = shapely.get_coordinates(line)
    before, after = vertices[0] - vertices[1], vertices[-1] - vertices[-2]
    before, after = (each * (length / math.hypot(*each)) for each in (before, after))
    return shapely.LineString(np.vstack([vertices[0] + before, vertices, vertices[-1] + after]))
