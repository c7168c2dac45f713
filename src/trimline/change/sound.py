"""Overlays that hold for borders as near to each other as one likes.

Where borders run less than a millimetre beside each other, three things go wrong in GEOS. A buffer may cross itself
within the rounding of its coordinates, a valid polygon may become invalid in another projection, and an overlay of
what is invalid may end in an error. An overlay of valid polygons in floating point may even count a polygon twice
without an error, which shows in a result that is invalid. Polygons are therefore made valid, and where an overlay fails
it is made again on a grid, on which no two borders are nearer than a micrometre without being the same.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import shapely
from numpy.typing import NDArray

from trimline.errors import ChangeError

_GRIDS_M = (1e-6, 1e-5, 1e-4, 1e-3)
"""Grids of the coordinates of an overlay that failed, tried in this order [m]."""

_POLYGONAL = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)


def sound(polygons: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return polygons of which none is invalid.

    Parameters
    ----------
    polygons
        (n,) polygons or multipolygons that are valid but for rounding.

    Returns
    -------
    NDArray[np.object_]
        (n,) the same objects where they are valid; else polygons or multipolygons that cover the same ground but for
        the rounding.
    """
    invalid = np.flatnonzero(~shapely.is_valid(polygons))
    if not len(invalid):
        return polygons
    result = polygons.copy()
    for i in invalid:
        result[i] = _valid(polygons[i])
    return result


def sound_one(polygon: shapely.Geometry) -> shapely.Geometry:
    """Return one polygon as `sound` does."""
    return polygon if shapely.is_valid(polygon) else _valid(polygon)


def union(geometries: NDArray[np.object_]) -> shapely.Geometry:
    """Return the union of valid polygons; raise `ChangeError` where GEOS finds none."""
    return _overlaid(lambda grid: shapely.union_all(geometries, grid_size=grid))


def intersection(one: shapely.Geometry, other: shapely.Geometry) -> shapely.Geometry:
    """Return what two valid geometries share; raise `ChangeError` where GEOS finds nothing valid."""
    return _overlaid(lambda grid: shapely.intersection(one, other, grid_size=grid))


def difference(one: shapely.Geometry, other: shapely.Geometry) -> shapely.Geometry:
    """Return what a valid geometry does not share with another; raise `ChangeError` where GEOS finds nothing valid."""
    return _overlaid(lambda grid: shapely.difference(one, other, grid_size=grid))


def _overlaid(overlay: Callable[[float | None], shapely.Geometry]) -> shapely.Geometry:
    why = "its result is invalid"
    for grid in (None, *_GRIDS_M):
        try:
            found = overlay(grid)
        except shapely.errors.GEOSException as error:
            why = str(error)
            continue
        if shapely.is_valid(found):
            return found
    raise ChangeError(
        f"outlines cannot be overlaid: {why}",
        remedy="look at the border there, and draw it again with fewer vertices",
    )


def _valid(polygon: shapely.Geometry) -> shapely.Geometry:
    found = shapely.make_valid(polygon, method="structure", keep_collapsed=False)
    if shapely.get_type_id(found) in _POLYGONAL:
        return found
    parts = shapely.get_parts(shapely.get_parts(found))  # a collection may hold multipolygons
    kept = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
    return shapely.MultiPolygon(list(kept))
