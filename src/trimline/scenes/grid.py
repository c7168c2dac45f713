"""Grids of rasters, and the working grid of a scene.

A working grid is projected, in metres, north-up, with pixels that are square or nearly so: areas and distances can
be measured on it. Rasters in degrees (or Web Mercator, or rotated) are given the UTM grid of about their pixel size.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from odc.geo.crs import CRS
from odc.geo.geobox import GeoBox
from pyproj import Transformer

MOST_ANISOTROPY = 1.5
"""Largest ratio of the sides of a nearly square pixel."""
WEB_MERCATOR = 3857
ALIGNMENT_TOLERANCE_PX = 1e-3
"""Tolerance within which the pixels of two grids coincide; coordinates in files are rounded."""


def is_working_grid(geobox: GeoBox) -> bool:
    """Whether areas and distances can be measured on a grid."""
    crs, affine = geobox.crs, geobox.affine
    if crs is None or not crs.projected or crs.epsg == WEB_MERCATOR or not _in_metres(crs):
        return False
    north_up = affine.b == 0 and affine.d == 0 and affine.a > 0 and affine.e < 0
    return north_up and 1 / MOST_ANISOTROPY <= abs(affine.a / affine.e) <= MOST_ANISOTROPY


def working_grid(geobox: GeoBox) -> GeoBox:
    """Return the grid itself where it is a working grid, or else a UTM grid that covers it.

    The UTM pixel is the square of the same area as a pixel at the centre of the raster, its side rounded to whole
    metres (to centimetres below 10 m); pixel edges lie on multiples of it, so that rasters of one place agree.
    """
    if is_working_grid(geobox):
        return geobox
    crs = _utm_of(geobox)
    area_m2 = pixel_area_m2(geobox, crs)
    side_m = math.sqrt(area_m2)
    side_m = float(round(side_m)) if side_m >= 10 else max(round(side_m, 2), 0.01)
    return GeoBox.from_bbox(geobox.footprint(crs).boundingbox, crs, resolution=side_m)


def pixel_area_m2(geobox: GeoBox, crs: CRS) -> float:
    """Return the area of the central pixel of a grid in a projected CRS [m2]."""
    row, column = geobox.shape[0] / 2, geobox.shape[1] / 2
    columns = np.array([column, column + 1, column], dtype=np.float64)
    rows = np.array([row, row, row + 1], dtype=np.float64)
    x, y = _to_world(geobox.affine, columns, rows)
    x, y = transform_points(geobox.crs, crs, x, y)
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
    return _to_world(~source.affine, x, y)


def transform_points(
    from_crs: Any, to_crs: Any, x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Transform coordinates (x east, y north); infinite where the transformation is undefined."""
    if from_crs == to_crs:
        return x, y
    x, y = _transformer(str(from_crs), str(to_crs)).transform(x, y)
    return np.asarray(x), np.asarray(y)


def crs_from(value: Any) -> CRS:
    """Return the odc-geo CRS of a rasterio CRS or a user's text, by its EPSG code where it has one."""
    epsg = value.to_epsg() if hasattr(value, "to_epsg") else None
    return CRS(epsg) if epsg is not None else CRS(value.to_wkt() if hasattr(value, "to_wkt") else value)


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


def _in_metres(crs: CRS) -> bool:
    return all(unit in ("metre", "meter", "m") for unit in crs.units)


def _utm_of(geobox: GeoBox) -> CRS:
    """Return the UTM CRS, WGS 84, at the centre of a grid."""
    longitude, latitude = geobox.footprint("EPSG:4326").centroid.coords[0]
    zone = min(int((longitude + 180) // 6) + 1, 60)
    hemisphere: Literal[32600, 32700] = 32600 if latitude >= 0 else 32700
    return CRS(hemisphere + zone)
