"""Areas and lengths of outlines: geodesic on the WGS 84 ellipsoid, never in degrees and never in a map projection.

The edges of an outline are straight in its own CRS. They are split until a straight edge and the geodesic between its
ends agree, and the rings are then measured with Karney's algorithm (2013, Journal of Geodesy 87, 43-55). The meridian
along which an outline around a pole is closed in degrees is no border and adds no length.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Geod

from trimline.coordinate_systems import degrees, turn_of
from trimline.errors import OutlineError
from trimline.longitudes import connected, goes_round
from trimline.reprojecting import LONGEST_EDGE_M, transformer, unit_m, without_empty_parts

_GEOD = Geod(ellps="WGS84")


def area_km2(outlines: gpd.GeoDataFrame | gpd.GeoSeries) -> NDArray[np.float64]:
    """Return the geodesic area of each outline on WGS 84, holes left out.

    Parameters
    ----------
    outlines
        Valid polygons and multipolygons with a CRS. The direction of rings does not matter.

    Returns
    -------
    NDArray[np.float64]
        (n,) areas [km2]; 0 for an empty geometry.

    Raises
    ------
    OutlineError
        There is no CRS.

    Examples
    --------
    >>> import trimline
    >>> outlines = trimline.read_outlines("outlines.gpkg")
    >>> trimline.areas(outlines).sum()
    """
    areas, _ = _measure(outlines.geometry)
    return areas / 1e6


def perimeter_km(outlines: gpd.GeoDataFrame | gpd.GeoSeries) -> NDArray[np.float64]:
    """Return the geodesic length of each outline on WGS 84, the outlines of its holes included.

    Parameters
    ----------
    outlines
        As in `area_km2`.

    Returns
    -------
    NDArray[np.float64]
        (n,) lengths [km]; 0 for an empty geometry.

    Raises
    ------
    OutlineError
        There is no CRS.
    """
    _, lengths = _measure(outlines.geometry)
    return lengths / 1e3


def area_and_perimeter_km(
    outlines: gpd.GeoDataFrame | gpd.GeoSeries,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the results of `area_km2` [km2] and `perimeter_km` [km], measured together."""
    areas, lengths = _measure(outlines.geometry)
    return areas / 1e6, lengths / 1e3


def _measure(geometries: gpd.GeoSeries) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return areas [m2] and lengths [m], ring by ring: holes are subtracted whatever their direction."""
    if geometries.crs is None:
        raise OutlineError("the outlines have no CRS", remedy="set one with outlines.set_crs(...)")
    areas, lengths = np.zeros(len(geometries)), np.zeros(len(geometries))
    crs = CRS.from_user_input(geometries.crs)
    turn = turn_of(crs)
    given = geometries.to_numpy()
    polygons, owners = shapely.get_parts(given if turn is None else connected(given, turn)[0], return_index=True)
    polygonal = shapely.get_type_id(polygons) == shapely.GeometryType.POLYGON
    polygons, owners = polygons[polygonal], owners[polygonal]
    fine = shapely.segmentize(without_empty_parts(polygons), LONGEST_EDGE_M / unit_m(crs))
    rings, polygon_of = shapely.get_rings(fine, return_index=True)
    own, ring_of = shapely.get_coordinates(rings, return_index=True)
    coordinates = np.column_stack(transformer(crs, degrees()).transform(own[:, 0], own[:, 1]))
    closed_along_pole = goes_round(polygons, turn) if turn is not None else np.zeros(len(polygons), bool)
    starts = np.searchsorted(ring_of, np.arange(len(rings) + 1))
    for i, polygon in enumerate(polygon_of):
        x, y = coordinates[starts[i] : starts[i + 1]].T
        area, length = _GEOD.polygon_area_perimeter(x, y)
        # The first ring of a polygon is the outer one.
        is_hole = i > 0 and polygon_of[i - 1] == polygon
        areas[owners[polygon]] += -abs(area) if is_hole else abs(area)
        lengths[owners[polygon]] += length
        if closed_along_pole[polygon]:
            seam = _on_seam(own[starts[i] : starts[i + 1]], polygons[polygon])
            lengths[owners[polygon]] -= np.sum(_GEOD.inv(x[:-1][seam], y[:-1][seam], x[1:][seam], y[1:][seam])[2])
    return areas, lengths


def _on_seam(ring: NDArray[np.float64], polygon: shapely.Polygon) -> NDArray[np.bool_]:
    """Return which edges of a ring in degrees lie on the meridian along which an outline around a pole was closed."""
    west, _, east, _ = polygon.bounds
    x = ring[:, 0]
    return np.asarray((x[:-1] == x[1:]) & ((x[:-1] == west) | (x[:-1] == east)))
