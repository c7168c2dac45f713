"""The equal-area projection for areas and buffers, centred on the data.

Lambert's azimuthal projection preserves areas and distorts lengths with the distance from its centre: along the radius
they shrink by cos(c / 2), across it they grow by as much, where c is the angular distance (Snyder, 1987, Map
projections: a working manual, USGS Professional Paper 1395, p. 185-186). Perimeters are corrected for this edge by
edge. Buffers are not: 600 km from the centre a buffer is 0.1 % too narrow on sides that face the centre and as much
too wide on the others, which cancels around an outline.
"""

from __future__ import annotations

from functools import cache

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from trimline.errors import OutlineError
from trimline.outlines.area import unit_m

AUTHALIC_RADIUS_M = 6_371_007.181
"""Radius of the sphere that has the area of the WGS 84 ellipsoid [m]."""

_HALF_THE_WORLD = 180.0
"""Longitudes that differ by more are nearer the other way round [degree]."""

_LONGEST_EDGE_M = 1000.0
"""Edges are split to this length before they are projected [m], so that straight edges keep their position."""


def equal_area_crs(outlines: gpd.GeoDataFrame | gpd.GeoSeries) -> CRS:
    """Return Lambert's azimuthal equal-area projection on WGS 84, centred on the bounds of outlines.

    Parameters
    ----------
    outlines
        Geometries with a CRS, at least one of them not empty.
    """
    bounds = outlines.total_bounds
    if CRS.from_user_input(outlines.crs).is_geographic and bounds[2] - bounds[0] > _HALF_THE_WORLD:
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
    longitude, latitude = Transformer.from_crs(crs, 4326, always_xy=True).transform(*middle)
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
    fine = _split(geometries, _LONGEST_EDGE_M / unit_m(crs))
    change = _transformer(crs, plane)
    coordinates = shapely.get_coordinates(fine)
    x, y = change.transform(coordinates[:, 0], coordinates[:, 1])
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise OutlineError(
            f"coordinates of the outlines have no place in '{plane.to_proj4()}'",
            remedy=f"see whether '{crs.name}' is really the CRS of the coordinates",
        )
    moved: NDArray[np.object_] = shapely.set_coordinates(fine, np.column_stack([x, y]))
    return moved


def _split(geometries: NDArray[np.object_], longest: float) -> NDArray[np.object_]:
    """Return a copy with long edges split; most outlines have none."""
    coordinates, owner = shapely.get_coordinates(geometries, return_index=True)
    x, y = coordinates.T
    # A step from one ring to the next counts as an edge too, which is harmless.
    long = (np.hypot(np.diff(x), np.diff(y)) > longest) & (owner[1:] == owner[:-1])
    split = geometries.copy()
    wanted = np.unique(owner[1:][long])
    split[wanted] = shapely.segmentize(geometries[wanted], longest)
    return split


@cache
def _transformer(crs: CRS, plane: CRS) -> Transformer:
    return Transformer.from_crs(crs, plane, always_xy=True)


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
