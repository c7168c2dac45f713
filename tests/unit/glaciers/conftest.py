"""What the tests of glaciers share: planes of known slope and aspect on the ground, in any CRS."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from pyproj import CRS, Transformer

from trimline.rasters import write_raster


def grid(crs: CRS, longitude: float, latitude: float, pixel_m: float, pixels: int) -> GeoBox:
    """Return a square grid centred on a place, with pixels about so wide on the ground."""
    x, y = Transformer.from_crs(4326, crs, always_xy=True).transform(longitude, latitude)
    size = pixel_m / 111_320.0 if crs.is_geographic else pixel_m
    half = size * pixels / 2
    return GeoBox((pixels, pixels), Affine(size, 0, x - half, 0, -size, y + half), crs)


def local_metres(geobox: GeoBox, longitude: float, latitude: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how far the middles of pixels lie east and north of a place [m]."""
    height, width = geobox.shape
    columns, rows = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    x, y = geobox.affine * (columns, rows)
    plane = CRS.from_proj4(f"+proj=aeqd +lat_0={latitude} +lon_0={longitude} +datum=WGS84 +units=m")
    east, north = Transformer.from_crs(geobox.crs.proj, plane, always_xy=True).transform(x, y)
    return np.asarray(east), np.asarray(north)


def plane(
    geobox: GeoBox, longitude: float, latitude: float, slope_deg: float, aspect_deg: float, height_m: float = 3000.0
) -> NDArray[np.float32]:
    """Return a tilted plane that has a height at a place [m]."""
    east, north = local_metres(geobox, longitude, latitude)
    facing = np.radians(aspect_deg)
    fall = np.tan(np.radians(slope_deg)) * (east * np.sin(facing) + north * np.cos(facing))
    return (height_m - fall).astype(np.float32)


def write_model(path: Path, heights: NDArray[np.float32], geobox: GeoBox, nodata: float | None = None) -> Path:
    """Write heights as a GeoTIFF."""
    return write_raster(path, heights, geobox, nodata=nodata)


@pytest.fixture(scope="session")
def ground() -> SimpleNamespace:
    """Give the makers of elevation models: `grid`, `local_metres`, `plane` and `write_model`."""
    return SimpleNamespace(grid=grid, local_metres=local_metres, plane=plane, write_model=write_model)
