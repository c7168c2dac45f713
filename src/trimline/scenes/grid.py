"""Grids of rasters, and the working grid of a scene.

A working grid is projected, in metres, true to scale where it lies (`coordinate_systems.LARGEST_SCALE_ERROR`),
north-up, with pixels that are square or nearly so: areas and distances can be measured on it. Rasters in degrees,
in Mercator far from the equator, or rotated, are given the UTM grid of about their pixel size; beyond 84 degrees north
and 80 degrees south, where UTM ends, the universal polar stereographic grid. Longitudes may be counted from any
meridian: a raster from 0 to 360 degrees, or one across 180, lies where its twin from -180 to 180 lies.
"""

from __future__ import annotations

import logging
import math
from functools import lru_cache
from typing import Any

import numpy as np
import pyproj
from affine import Affine
from numpy.typing import NDArray
from odc.geo.crs import CRS
from odc.geo.geobox import GeoBox
from odc.geo.geom import Geometry
from pyproj import Transformer

from trimline.coordinate_systems import LARGEST_SCALE_ERROR, degrees, horizontal, is_in_metres, scale_error, turn_of
from trimline.errors import GridError
from trimline.foreign import foreign_errors
from trimline.reprojecting import moved_geometries, unit_m

_LOG = logging.getLogger(__name__)

MOST_ANISOTROPY = 1.5
"""Largest ratio of the sides of a nearly square pixel."""
ALIGNMENT_TOLERANCE_PX = 1e-3
"""Tolerance within which the pixels of two grids coincide; coordinates in files are rounded."""


_MOST_GROWTH = 8.0
"""Pixels of a working grid per pixel of the raster, at most. A grid that is turned has twice as many."""

_POINTS = 5
"""Places along each side of a grid, and across it, at which its scale is looked at."""

_EDGE_PIXELS = 16.0
"""Longest edge of a footprint before it is brought into degrees [pixels]."""

_EDGE_POINTS = 33
"""Places along each side of a grid at which its bounds are looked for."""

_UTM_NORTH, _UTM_SOUTH = 84.0, -80.0
"""Latitudes between which UTM is defined [degree]."""


def is_working_grid(geobox: GeoBox) -> bool:
    """Whether areas and distances can be measured on a grid."""
    return flaw_of(geobox) is None


def flaw_of(geobox: GeoBox) -> str | None:
    """Return why a grid is no working grid, in words; None where it is one."""
    if geobox.crs is None:
        return "no CRS"
    crs, affine = _proj(geobox), geobox.affine
    if crs.is_geographic:
        return "longitudes and latitudes"
    if not is_in_metres(crs):
        return "not in metres"
    if not (affine.b == 0 and affine.d == 0 and affine.a > 0 and affine.e < 0):
        return "not north-up"
    if not 1 / MOST_ANISOTROPY <= abs(affine.a / affine.e) <= MOST_ANISOTROPY:
        return "oblong pixels"
    error = scale_error_on(geobox)
    if error > LARGEST_SCALE_ERROR:
        amount = f"by {100 * error:.0f} %" if math.isfinite(error) else "without bound"
        return f"lengths are off {amount} in '{crs.name}' there"
    return None


def scale_error_on(geobox: GeoBox) -> float:
    """Return the largest relative error of lengths in the plane of a grid in metres, over its extent."""
    return _scale_error_of(_proj(geobox), geobox)


def _scale_error_of(plane: pyproj.CRS, geobox: GeoBox) -> float:
    """Return the largest relative error of lengths in a plane in metres, over the extent of a grid in any CRS."""
    x, y = _lattice(geobox, _POINTS)
    longitude, latitude = transform_points(geobox.crs, degrees(), x, y)
    # Corners of a raster may lie beyond the edge of the world, as those of the full disc around a pole.
    known = np.isfinite(longitude) & np.isfinite(latitude)
    return scale_error(plane, longitude[known], latitude[known]) if known.any() else math.inf


def working_grid(geobox: GeoBox, where: object = None) -> GeoBox:
    """Return `grid_in_metres`; the log says it where that is not the grid itself.

    Parameters
    ----------
    geobox
        The grid of a raster.
    where
        The raster, for messages.

    Raises
    ------
    GridError
        As `grid_in_metres`.
    """
    grid = grid_in_metres(geobox, where)
    if grid is not geobox:
        level = logging.WARNING if geobox.crs is not None and geobox.crs.projected else logging.INFO
        name = f"{where}: " if where is not None else ""
        _LOG.log(level, "%s%s: worked on as %s", name, flaw_of(geobox), in_words(grid))
    return grid


def grid_in_metres(geobox: GeoBox, where: object = None) -> GeoBox:
    """Return the grid itself where it is a working grid, or else a UTM grid that covers it.

    The UTM pixel is the square of the same area as a pixel at the centre of the raster, its side rounded to whole
    metres (to centimetres below 10 m); pixel edges lie on multiples of it, so that rasters of one place agree.

    Raises
    ------
    GridError
        The grid has no place on the Earth, or covers too much of it for one UTM grid.
    """
    if is_working_grid(geobox):
        return geobox
    crs = _utm_of(geobox, where)
    too_large = GridError(
        "the raster covers more of the Earth than one grid in metres can show",
        where=where,
        remedy="cut the region that you need out of it (gdalwarp -te), or warp it to a projection in metres",
    )
    area_m2 = pixel_area_m2(geobox, crs)
    if not (math.isfinite(area_m2) and area_m2 > 0 and _scale_error_of(crs.proj, geobox) <= LARGEST_SCALE_ERROR):
        raise too_large
    side_m = math.sqrt(area_m2)
    side_m = float(round(side_m)) if side_m >= 10 else max(round(side_m, 2), 0.01)
    with foreign_errors(GridError, where, what="its grid cannot be brought into metres", remedy=too_large.remedy):
        box = geobox.footprint(crs).boundingbox
    pixels = (box.right - box.left) * (box.top - box.bottom) / side_m**2
    if not pixels <= _MOST_GROWTH * (geobox.shape[0] + 2) * (geobox.shape[1] + 2):
        raise too_large
    return GeoBox.from_bbox(box, crs, resolution=side_m)


def in_words(grid: GeoBox) -> str:
    """Return the size, the pixel and the CRS of a working grid."""
    return f"{grid.shape[1]} x {grid.shape[0]} pixels of {grid.resolution.x:g} m in {grid.crs}"


def footprint_in_degrees(geobox: GeoBox) -> Geometry:
    """Return the ground of a grid in WGS 84; longitudes go on above 180 where it lies across the 180th meridian."""
    ground = geobox.footprint("EPSG:4326")
    if ground.boundingbox.span_x <= 180.0:
        return ground
    longest_m = _EDGE_PIXELS * abs(float(geobox.resolution.x)) * unit_m(_proj(geobox))
    moved = moved_geometries(np.array([geobox.extent.geom]), _proj(geobox), degrees(), longest_m)
    return Geometry(moved[0], "EPSG:4326")


def bounds_in_degrees(geobox: GeoBox) -> tuple[float, float, float, float] | None:
    """Return west, south, east and north of a grid [degree]; None where it has no place on the Earth.

    West is from -180 up to 180, and east above 180 where the grid lies across the 180th meridian.
    """
    x, y = _lattice(geobox, _EDGE_POINTS)
    longitude, latitude = transform_points(geobox.crs, degrees(), x, y)
    known = np.isfinite(longitude) & np.isfinite(latitude)
    if not known.any():
        return None
    longitude, latitude = longitude[known], latitude[known]
    if np.abs(latitude).max() > 90.0 + 1e-6:
        return None
    if _holds_pole(geobox):
        south, north = float(latitude.min()), float(latitude.max())
        return (-180.0, south, 180.0, 90.0) if north > 0 else (-180.0, -90.0, 180.0, north)
    middle = np.degrees(np.arctan2(np.sin(np.radians(longitude)).mean(), np.cos(np.radians(longitude)).mean()))
    turned = geobox.crs is not None and geobox.crs.geographic
    if turned:
        west, east = float(longitude.min()), float(longitude.max())
    else:
        around = middle + (longitude - middle + 180.0) % 360.0 - 180.0
        west, east = float(around.min()), float(around.max())
    moved = 360.0 * math.floor((west + 180.0) / 360.0)
    return west - moved, float(latitude.min()), east - moved, float(latitude.max())


def centre_in_degrees(geobox: GeoBox, where: object = None) -> tuple[float, float]:
    """Return longitude, from -180 up to 180, and latitude of the middle of a grid.

    Raises
    ------
    GridError
        It has no place on the Earth.
    """
    x, y = _to_world(geobox.affine, np.array([geobox.shape[1] / 2]), np.array([geobox.shape[0] / 2]))
    with foreign_errors(GridError, where, what="its CRS cannot be brought to longitude and latitude"):
        longitude, latitude = (float(each[0]) for each in transform_points(geobox.crs, degrees(), x, y))
    if not (math.isfinite(longitude) and abs(latitude) <= 90.0 + 1e-6):
        raise GridError(
            "the raster has no place on the Earth: its coordinates and its CRS do not agree",
            where=where,
            remedy="assign the right CRS, for instance with `gdal_edit.py -a_srs EPSG:32646 FILE`",
        )
    return (longitude + 180.0) % 360.0 - 180.0, max(min(latitude, 90.0), -90.0)


def pixel_area_m2(geobox: GeoBox, crs: CRS) -> float:
    """Return the area of the central pixel of a grid in a projected CRS [m2]."""
    row, column = geobox.shape[0] / 2, geobox.shape[1] / 2
    columns = np.array([column, column + 1, column], dtype=np.float64)
    rows = np.array([row, row, row + 1], dtype=np.float64)
    x, y = _to_world(geobox.affine, columns, rows)
    x, y = transform_points(geobox.crs, crs, x, y)
    with np.errstate(invalid="ignore"):
        return float(abs((x[1] - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (y[1] - y[0])))


def offset_between(inner: GeoBox, outer: GeoBox) -> tuple[int, int] | None:
    """Return the row and column of `outer` at which `inner` starts, or None where their pixels do not coincide."""
    if inner.crs != outer.crs:
        return None
    affine = ~outer.affine * inner.affine
    longest = max(*inner.shape, 1)
    straight = max(abs(affine.a - 1), abs(affine.e - 1), abs(affine.b), abs(affine.d)) * longest
    row, column = round(affine.f), round(affine.c)
    shift = max(abs(affine.f - row), abs(affine.c - column))
    if straight > ALIGNMENT_TOLERANCE_PX or shift > ALIGNMENT_TOLERANCE_PX:
        return None
    return row, column


def is_along_axes(one: GeoBox, other: GeoBox) -> bool:
    """Whether the rows and columns of two grids run in the same directions, in one CRS."""
    if one.crs != other.crs:
        return False
    affine = ~other.affine * one.affine
    longest = max(*one.shape, 1)
    return bool(max(abs(affine.b), abs(affine.d)) * longest < ALIGNMENT_TOLERANCE_PX and affine.a > 0 and affine.e > 0)


def pixel_ratio(target: GeoBox, source: GeoBox) -> float:
    """Return the length of a target pixel in source pixels, at the target's centre."""
    row, column = target.shape[0] / 2, target.shape[1] / 2
    corners = (np.array([column, column + 1, column]), np.array([row, row, row + 1]))
    columns, rows = positions_in(source, target, *corners)
    along = math.hypot(columns[1] - columns[0], rows[1] - rows[0])
    across = math.hypot(columns[2] - columns[0], rows[2] - rows[0])
    ratio = max(along, across)
    return ratio if math.isfinite(ratio) else 1.0


def positions_in(
    source: GeoBox, target: GeoBox, columns: NDArray[np.float64], rows: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Transform pixel-edge coordinates (column, row) of one grid to another, point by point and exactly."""
    x, y = _to_world(target.affine, columns, rows)
    x, y = transform_points(target.crs, source.crs, x, y)
    return _to_world(~source.affine, longitudes_beside(x, source), y)


def longitudes_beside(x: NDArray[np.float64], grid: GeoBox) -> NDArray[np.float64]:
    """Return longitudes counted as those of a grid in degrees are; x of any other grid as they are."""
    turn = turn_of(_proj(grid)) if grid.crs is not None and grid.crs.geographic else None
    if turn is None:
        return x
    middle = float((grid.affine * (grid.shape[1] / 2, grid.shape[0] / 2))[0])
    far = np.isfinite(x) & (np.abs(x - middle) > turn / 2)
    return np.where(far, middle + (np.where(far, x, middle) - middle + turn / 2) % turn - turn / 2, x)


def transform_points(
    from_crs: Any, to_crs: Any, x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Transform coordinates (x east, y north); infinite where the transformation is undefined."""
    if from_crs == to_crs:
        return x, y
    x, y = _transformer(str(from_crs), str(to_crs)).transform(x, y)
    return np.asarray(x), np.asarray(y)


def crs_from(value: Any, where: object = None) -> CRS:
    """Return the odc-geo CRS of a rasterio CRS or a user's text, by its EPSG code where it has one.

    Of a compound CRS the horizontal part counts.

    Raises
    ------
    GridError
        It cannot be read, or is local, geocentric or vertical.
    """
    with foreign_errors(GridError, where, what="its CRS cannot be read", remedy="assign the right one"):
        text = value.to_wkt() if hasattr(value, "to_wkt") else value
        crs = pyproj.CRS.from_user_input(text)
        epsg = value.to_epsg() if hasattr(value, "to_epsg") else None
    plane = horizontal(crs, where)
    if plane is not crs:
        return CRS(plane.to_epsg() or plane)
    return CRS(epsg) if epsg is not None else CRS(text)


@lru_cache(maxsize=64)
def _transformer(from_crs: str, to_crs: str) -> Transformer:
    return Transformer.from_crs(from_crs, to_crs, always_xy=True)


def _to_world(
    affine: Affine, columns: NDArray[np.float64], rows: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return (
        affine.a * columns + affine.b * rows + affine.c,
        affine.d * columns + affine.e * rows + affine.f,
    )


def _lattice(geobox: GeoBox, points: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the coordinates of points that are evenly spread over a grid, its edges included."""
    columns, rows = np.meshgrid(np.linspace(0, geobox.shape[1], points), np.linspace(0, geobox.shape[0], points))
    return _to_world(geobox.affine, columns.ravel(), rows.ravel())


def _holds_pole(geobox: GeoBox) -> bool:
    if geobox.crs is None or geobox.crs.geographic:
        return False
    x, y = transform_points(degrees(), geobox.crs, np.zeros(2), np.array([90.0, -90.0]))
    columns, rows = _to_world(~geobox.affine, x, y)
    with np.errstate(invalid="ignore"):
        inside = (columns >= 0) & (columns <= geobox.shape[1]) & (rows >= 0) & (rows <= geobox.shape[0])
    return bool(inside.any())


def _proj(geobox: GeoBox) -> pyproj.CRS:
    return pyproj.CRS.from_user_input(geobox.crs.proj) if geobox.crs is not None else degrees()


def _utm_of(geobox: GeoBox, where: object = None) -> CRS:
    """Return the UTM CRS, WGS 84, at the centre of a grid; the polar stereographic one beyond UTM."""
    longitude, latitude = centre_in_degrees(geobox, where)
    if latitude > _UTM_NORTH:
        return CRS(5041)
    if latitude < _UTM_SOUTH:
        return CRS(5042)
    zone = int((longitude + 180) // 6) + 1
    return CRS((32600 if latitude >= 0 else 32700) + zone)
