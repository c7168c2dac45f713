"""Window of a scene's rasters that meets a region: one box on the ground for all bands, whatever their pixels.

The box is the bounding box of the region's part in the raster, and a margin. Its sides lie at whole steps from the
raster's upper left corner. A step is a multiple of the sensor's largest pixel, so that bands of 10, 20 and 60 m keep
one grid, and of `ALIGNED_PIXELS` of its smallest, so that networks see the window as they see the whole scene: their
windows start at multiples of their stride from the scene's corner.
"""

from __future__ import annotations

import math

import numpy as np
import shapely
from odc.geo.geobox import GeoBox
from pyproj import CRS
from rasterio.windows import Window

from trimline.coordinate_systems import degrees
from trimline.errors import GridError
from trimline.longitudes import beside
from trimline.reprojecting import moved_geometries, unit_m
from trimline.sensors import Sensor

ALIGNED_PIXELS = 64
"""The strides of all networks, and the cells that maps are made by, divide it [pixels]."""
MARGIN_PIXELS = 192
"""Margin around a region [pixels of the finest band]: the halo of a network (96 for the one that comes along, 112 at
most for those of bounded reach), and the ground around it that is looked at for ice (64)."""

_BEYOND_M = 10_000.0
"""What is kept of a region around a raster before it is brought into the raster's CRS, besides the margin [m]."""
_SAME = 1e-6
"""Part of a pixel, or step, that counts as none."""


def margin_of(sensor: Sensor) -> float:
    """Return the margin around a region for scenes of a sensor [m]."""
    return MARGIN_PIXELS * sensor.gsd_m


def step_of(sensor: Sensor) -> float:
    """Return the step of windows of a sensor's scenes [m]: 1920 for Landsat 4 to 9 and for Sentinel-2."""
    pixels = {round(band.gsd_m) for band in sensor.bands if band.common != "pan"}
    return float(math.lcm(ALIGNED_PIXELS * round(sensor.gsd_m), *pixels))


def window_on(
    grid: GeoBox, region: shapely.Geometry | None, *, margin_m: float, step_m: float, where: object = None
) -> Window | None:
    """Return the window of a raster that meets a region, in whole pixels; None where they do not meet.

    Parameters
    ----------
    grid
        Of the raster: upright.
    region
        In degrees (EPSG:4326), longitudes without a break at the 180th meridian; None means all of the raster.
    margin_m
        Around the region [m].
    step_m
        The window's sides lie at multiples of it from the raster's upper left corner, or at its other sides [m].
    where
        The raster, for messages.

    Raises
    ------
    GridError
        The grid is rotated or has no CRS.
    """
    height, width = grid.shape
    if region is None:
        return Window(0, 0, width, height)
    right, down = grid.affine.a, -grid.affine.e
    if grid.crs is None or grid.affine.b or grid.affine.d or right <= 0 or down <= 0:
        raise GridError(
            "the raster has no upright grid, and no window can be taken of it",
            where=where,
            remedy="fetch whole products (--whole)",
        )
    crs = CRS.from_user_input(grid.crs.proj)
    unit = unit_m(crs)
    left, bottom, east, top = grid.boundingbox.bbox
    bounds = _bounds_in(region, crs, (left, bottom, east, top), margin_m / unit)
    if bounds is None:
        return None
    step = step_m / unit
    columns = _span(bounds[0] - left, bounds[2] - left, step, right, width)
    rows = _span(top - bounds[3], top - bounds[1], step, down, height)
    return Window(columns[0], rows[0], columns[1] - columns[0], rows[1] - rows[0])


def part_of_grid(grid: GeoBox, window: Window) -> GeoBox:
    """Return the grid of a window."""
    start = grid.translate_pix(window.col_off, window.row_off)
    return GeoBox((window.height, window.width), start.affine, grid.crs)


def holds(outer: Window, inner: Window) -> bool:
    """Whether a window lies within another of the same raster."""
    return bool(
        outer.col_off <= inner.col_off
        and outer.row_off <= inner.row_off
        and outer.col_off + outer.width >= inner.col_off + inner.width
        and outer.row_off + outer.height >= inner.row_off + inner.height
    )


def _bounds_in(
    region: shapely.Geometry, crs: CRS, box: tuple[float, float, float, float], margin: float
) -> tuple[float, float, float, float] | None:
    """Return the bounds of what a region and a box share, and a margin, in the box's CRS; None where they share none.

    The region is cut in degrees first: what lies far from a projection's zone has no place in it.
    """
    here = shapely.box(*box)
    beyond = np.array([here.buffer(margin + _BEYOND_M / unit_m(crs), join_style="mitre")], object)
    around = moved_geometries(beyond, crs, degrees())
    west, _, last, _ = shapely.total_bounds(region)
    if not np.isfinite(west + last):
        return None
    around = beside(around, (west + last) / 2, 360.0)
    near = shapely.intersection(shapely.make_valid(region), shapely.make_valid(around[0]))
    if near.is_empty:
        return None
    there = moved_geometries(np.array([near], object), degrees(), crs)[0]
    shared = shapely.intersection(shapely.make_valid(there), here)
    if shared.is_empty:
        return None
    left, bottom, right, top = shared.bounds
    return left - margin, bottom - margin, right + margin, top + margin


def _span(first: float, last: float, step: float, pixel: float, length: int) -> tuple[int, int]:
    """Return the first and last-but-one pixel of an axis, out to whole steps and within the raster."""
    lower = math.floor(first / step + _SAME) * step
    upper = math.ceil(last / step - _SAME) * step
    start = max(0, math.floor(lower / pixel + _SAME))
    stop = min(length, math.ceil(upper / pixel - _SAME))
    return start, stop
