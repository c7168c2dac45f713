"""The equal-area projection for areas and buffers, centred on the data.

Lambert's azimuthal projection preserves areas and distorts lengths with the distance from its centre: along the radius
they shrink by cos(c / 2), across it they grow by as much, where c is the angular distance (Snyder, 1987, Map
projections: a working manual, USGS Professional Paper 1395, p. 185-186). Perimeters are corrected for this edge by
edge. Buffers are not: 600 km from the centre a buffer is 0.1 % too narrow on sides that face the centre and as much
too wide on the others, which cancels around an outline.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from trimline.coordinate_systems import degrees, turn_of
from trimline.longitudes import wrapped
from trimline.reprojecting import moved_geometries, transformer

AUTHALIC_RADIUS_M = 6_371_007.181
"""Radius of the sphere that has the area of the WGS 84 ellipsoid [m]."""


def equal_area_crs(outlines: gpd.GeoDataFrame | gpd.GeoSeries) -> CRS:
    """Return Lambert's azimuthal equal-area projection on WGS 84, centred on the bounds of outlines.

    Parameters
    ----------
    outlines
        Geometries with a CRS, at least one of them not empty.
    """
    bounds = outlines.total_bounds
    turn = turn_of(CRS.from_user_input(outlines.crs))
    if turn is not None and bounds[2] - bounds[0] > turn / 2:
        bounds = _around_the_mean(outlines)
    return centred_on(bounds, outlines.crs)


def _around_the_mean(outlines: gpd.GeoDataFrame | gpd.GeoSeries) -> NDArray[np.float64]:
    """Return bounds around the mean direction of outlines in degrees.

    Those on both sides of the 180th meridian are neighbours, though their longitudes are not.
    """
    west, south, east, north = outlines.bounds.dropna().to_numpy().T
    longitude = np.radians((west + east) / 2)
    middle = np.degrees(np.arctan2(np.sin(longitude).mean(), np.cos(longitude).mean()))
    return np.array([middle, south.min(), middle, north.max()])


def centred_on(bounds: NDArray[np.float64], crs: CRS) -> CRS:
    """Return the projection centred on (west, south, east, north) in some CRS, to a thousandth of a degree."""
    bounds = np.nan_to_num(bounds)  # without bounds any plane will do
    middle = (bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2
    longitude, latitude = transformer(CRS.from_user_input(crs), degrees()).transform(*middle)
    longitude = wrapped(longitude)
    return CRS.from_proj4(
        f"+proj=laea +lat_0={latitude:.3f} +lon_0={longitude:.3f} +datum=WGS84 +units=m +no_defs +type=crs"
    )


def projected(geometries: NDArray[np.object_], crs: CRS, plane: CRS) -> NDArray[np.object_]:
    """Return geometries in the plane [m], with long edges split first, so that they stay straight on the ground.

    Raises
    ------
    OutlineError
        A coordinate is outside the domain of the projection.
    """
    return moved_geometries(geometries, crs, plane)


def lengths_m(geometries: NDArray[np.object_]) -> NDArray[np.float64]:
    """Return the length of lines, or of the outlines of polygons, on the ground.

    Parameters
    ----------
    geometries
        (n,) polygons or lines in the plane of `equal_area_crs`.

    Returns
    -------
    NDArray[np.float64]
        (n,) lengths [m], outlines of holes included.
    """
    polygonal = np.isin(
        shapely.get_type_id(geometries), (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
    )
    lines = geometries.copy()
    lines[polygonal] = shapely.boundary(geometries[polygonal])
    parts, owner_of_part = shapely.get_parts(lines, return_index=True)
    coordinates, part_of = shapely.get_coordinates(parts, return_index=True)
    if len(coordinates) < 2:
        return np.zeros(len(geometries))
    x, y = coordinates.T
    same_part = part_of[1:] == part_of[:-1]
    # Per edge: its extent, and its middle, from the centre of the projection.
    dx, dy, mx, my = np.diff(x), np.diff(y), (x[1:] + x[:-1]) / 2, (y[1:] + y[:-1]) / 2
    squared_distance = np.maximum(mx**2 + my**2, 1e-12)
    shrinking = 1 - squared_distance / (2 * AUTHALIC_RADIUS_M) ** 2  # cos(c / 2) squared
    along = (dx * mx + dy * my) ** 2 / squared_distance
    across = dx**2 + dy**2 - along
    edges = np.sqrt(along / shrinking + np.maximum(across, 0.0) * shrinking)
    owner = owner_of_part[part_of[:-1][same_part]]
    return np.bincount(owner, edges[same_part], len(geometries)).astype(np.float64)
