"""Rasters on a grid: written whole or not at all, read onto another grid, and probabilities encoded as counts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import rasterio
import rasterio.shutil
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.warp import Resampling, reproject

from trimline.errors import DiskError, GridError
from trimline.files import StrPath, whole_file
from trimline.foreign import foreign_errors
from trimline.scenes.asset import raster_grid
from trimline.scenes.raster_opening import open_user_raster

PROBABILITY_SCALE = 1e-4
"""Probability of ice per count, in the rasters that hold it."""
PROBABILITY_NODATA = 65535
"""Count of a pixel without a probability."""
MASK_NODATA = 255
"""Value of a pixel that is neither ice nor ground in a mask."""

BLOCK = 512
"""Side of a block in the files [pixels]."""

_CACHE_BYTES = 128 << 20
"""Limit of GDAL's block cache: the blocks that two strips of a scene as wide as Landsat's share."""

NOT_WRITTEN = "cannot be written: the disk is full, or fails"
ROOM = "see that the disk has room and works, and run again: it goes on there"
"""What is said of a raster that GDAL could not write, and what to do."""

_SMALLEST_TILED = 256
"""Side from which on a GeoTIFF is tiled [pixels]."""


def grid_options(geobox: GeoBox) -> dict[str, Any]:
    """Return the options with which rasterio writes on a grid."""
    crs = geobox.crs.proj.to_wkt() if geobox.crs is not None else None
    return {"height": geobox.height, "width": geobox.width, "crs": crs, "transform": geobox.transform}


def write_raster(
    path: StrPath,
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
        The nodata value.
    names
        Descriptions of the bands.
    driver
        A GeoTIFF, or a Cloud Optimized one.

    Raises
    ------
    DiskError
        It cannot be written.
    """
    path = Path(path)
    bands = values[np.newaxis] if values.ndim == 2 else values
    layout = {"tiled": min(bands.shape[-2:]) >= _SMALLEST_TILED} if driver == "GTiff" else {}
    options = grid_options(geobox) | layout | {"compress": "deflate", "nodata": nodata}
    with (
        whole_file(path) as temporary,
        foreign_errors(DiskError, path, what=NOT_WRITTEN, remedy=ROOM),
        rasterio.open(temporary, "w", driver=driver, count=len(bands), dtype=bands.dtype, **options) as target,
    ):
        target.write(bands)
        for position, name in enumerate(names, start=1):
            target.set_band_description(position, name)
    return path


def read_onto(path: StrPath, geobox: GeoBox, *, classes: bool = False) -> NDArray[Any]:
    """Return the first band of a raster on another grid.

    Parameters
    ----------
    path
        Any raster with a CRS.
    geobox
        The grid.
    classes
        Whether its values are classes, which keep their dtype and are taken from the nearest pixel, and with the
        raster's nodata outside it; otherwise they are a field such as elevation: float32, bilinear,
        NaN outside its data.

    Raises
    ------
    GridError
        The raster cannot be read or placed, or its classes have no value for what is missing.
    """
    path = Path(path)
    with open_user_raster(path, GridError) as source:
        raster_grid(source)
        if classes and source.nodata is None:
            raise GridError(
                "the raster of classes says no value of missing data",
                where=path,
                remedy="write one, for instance with gdal_edit.py -a_nodata 255",
            )
        outside = source.nodata if classes else np.nan
        values = np.full(geobox.shape, outside, source.dtypes[0] if classes else np.float32)
        with foreign_errors(GridError, path):
            reproject(
                rasterio.band(source, 1),
                values,
                dst_crs=grid_options(geobox)["crs"],
                dst_transform=geobox.transform,
                dst_nodata=outside,
                resampling=Resampling.nearest if classes else Resampling.bilinear,
            )
    return values


def encode_probability(probability: NDArray[np.float32], threshold: float | None = None) -> NDArray[np.uint16]:
    """Return counts of `PROBABILITY_SCALE`, and `PROBABILITY_NODATA` for NaN.

    With a threshold, counts reach it where the probability does and nowhere else: rounding moves no pixel across it.
    """
    counts = probability / np.float32(PROBABILITY_SCALE)
    np.rint(counts, out=counts)
    if threshold is not None:
        least = least_count(threshold)
        reached = probability >= threshold
        np.maximum(counts, least, out=counts, where=reached)
        np.minimum(counts, least - 1, out=counts, where=~reached)
    counts[np.isnan(counts)] = PROBABILITY_NODATA
    return counts.astype(np.uint16)


def least_count(threshold: float) -> int:
    """Return the count from which on a probability reaches a threshold."""
    return math.ceil(round(threshold / PROBABILITY_SCALE, 6))


def encode_mask(probability: NDArray[np.float32], threshold: float) -> NDArray[np.uint8]:
    """Return 1 where the probability reaches the threshold, 0 below it, and `MASK_NODATA` for NaN."""
    mask = (probability >= threshold).view(np.uint8)
    mask[np.isnan(probability)] = MASK_NODATA
    return mask


def bounded_cache() -> rasterio.Env:
    """Return a rasterio environment with a bounded block cache."""
    return rasterio.Env(GDAL_CACHEMAX=_CACHE_BYTES)


def write_cog(
    source: StrPath,
    path: StrPath,
    *,
    overviews: Literal["average", "mode", "nearest"] | None = None,
    sparse: bool = False,
) -> None:
    """Copy a raster to a Cloud Optimized GeoTIFF, in bounded memory.

    The same pixels and tags give the same bytes.

    Parameters
    ----------
    source
        Any raster that GDAL reads.
    path
        The file.
    overviews
        Resampling of the overviews; None copies those of the source.
    sparse
        Whether blocks without data are left out.

    Raises
    ------
    DiskError
        It cannot be written. That it is whole is checked by `trimline.files.whole_file`.
    """
    source, path = Path(source), Path(path)
    with foreign_errors(DiskError, path.name, what=NOT_WRITTEN, remedy=ROOM):
        rasterio.shutil.copy(
            source,
            path,
            driver="COG",
            compress="deflate",
            predictor="yes",
            blocksize=BLOCK,
            **({"overviews": "force_use_existing"} if overviews is None else {"overview_resampling": overviews}),
            bigtiff="if_safer",
            num_threads="all_cpus",
            sparse_ok=sparse,
        )
