"""Rasters on a grid: written whole or not at all, and read onto another grid."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import rasterio
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.errors import RasterioIOError
from rasterio.warp import Resampling, reproject

from trimline.errors import GridError
from trimline.files import whole_file

_SMALLEST_TILED = 256
"""Side from which on a GeoTIFF is tiled [pixels]."""


def grid_options(geobox: GeoBox) -> dict[str, Any]:
    """Return what rasterio must know of a grid to write on it."""
    crs = geobox.crs.proj.to_wkt() if geobox.crs is not None else None
    return {"height": geobox.height, "width": geobox.width, "crs": crs, "transform": geobox.transform}


def write_raster(
    path: Path,
    values: NDArray[Any],
    geobox: GeoBox,
    *,
    nodata: float | None = None,
    names: Sequence[str] = (),
    driver: Literal["GTiff", "COG"] = "GTiff",
) -> Path:
    """Write a compressed raster and return its path.

    Parameters
    ----------
    path
        The file.
    values
        (h, w) or (band, h, w), of a dtype that GeoTIFF has.
    geobox
        The grid.
    nodata
        What means nothing.
    names
        Descriptions of the bands.
    driver
        A GeoTIFF, or a Cloud Optimized one.
    """
    bands = values[np.newaxis] if values.ndim == 2 else values
    layout = {"tiled": min(bands.shape[-2:]) >= _SMALLEST_TILED} if driver == "GTiff" else {}
    options = grid_options(geobox) | layout | {"compress": "deflate", "nodata": nodata}
    with (
        whole_file(path) as temporary,
        rasterio.open(temporary, "w", driver=driver, count=len(bands), dtype=bands.dtype, **options) as target,
    ):
        target.write(bands)
        for position, name in enumerate(names, start=1):
            target.set_band_description(position, name)
    return path


def read_onto(path: Path, geobox: GeoBox, *, classes: bool = False) -> NDArray[Any]:
    """Return the first band of a raster on another grid.

    Parameters
    ----------
    path
        Any raster with a CRS.
    geobox
        The grid.
    classes
        Whether its values are classes, which keep their dtype and are taken from the nearest pixel, and of which the
        raster's nodata stands for what lies outside; otherwise they are a field such as elevation: float32, bilinear,
        NaN outside its data.

    Raises
    ------
    GridError
        The raster cannot be read or has no CRS.
    """
    try:
        with rasterio.open(path) as source:
            if source.crs is None:
                raise GridError("has no CRS", where=path, remedy="assign one with gdal_edit.py -a_srs")
            outside = source.nodata if classes else np.nan
            values = np.full(geobox.shape, outside, source.dtypes[0] if classes else np.float32)
            reproject(
                rasterio.band(source, 1),
                values,
                dst_crs=grid_options(geobox)["crs"],
                dst_transform=geobox.transform,
                dst_nodata=outside,
                resampling=Resampling.nearest if classes else Resampling.bilinear,
            )
    except RasterioIOError as error:
        raise GridError(f"cannot be read ({error})", where=path) from error
    return values
