"""The rasters that mapping writes: probability and mask, first as scratch in any order, then as COG.

A Cloud Optimized GeoTIFF holds its overviews before its tiles and cannot be written window by window, so windows go to
a plain tiled GeoTIFF, whose blocks take no room until they are written, and GDAL copies that in bounded memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import rasterio
import rasterio.shutil
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from trimline.rasters import grid_options

PROBABILITY_SCALE = 1e-4
"""Probability per count."""
PROBABILITY_NODATA = 65535
MASK_NODATA = 255

BLOCK = 512
"""Side of a block in the files [pixels]."""

_CACHE_BYTES = 256 << 20
"""What GDAL may keep of the blocks it has read: strips of a scene as wide as Landsat's, and no share of the machine."""


def encode_probability(probability: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Return counts of `PROBABILITY_SCALE`, and `PROBABILITY_NODATA` for NaN."""
    known = np.isfinite(probability)
    counts = np.full(probability.shape, PROBABILITY_NODATA, np.uint16)
    counts[known] = np.rint(probability[known] / PROBABILITY_SCALE).astype(np.uint16)
    return counts


def encode_mask(probability: NDArray[np.float32], threshold: float) -> NDArray[np.uint8]:
    """Return 1 where the probability reaches the threshold, 0 below it, and `MASK_NODATA` for NaN."""
    mask = (probability >= threshold).astype(np.uint8)
    mask[~np.isfinite(probability)] = MASK_NODATA
    return mask


def bounded_cache() -> rasterio.Env:
    """Return the environment in which GDAL's block cache is bounded."""
    return rasterio.Env(GDAL_CACHEMAX=_CACHE_BYTES)


def create_scratch(path: Path, geobox: GeoBox, dtype: Literal["uint8", "uint16"], nodata: int | None) -> Any:
    """Open a tiled GeoTIFF for writing; blocks never written hold `nodata`, or 0."""
    return rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=1,
        dtype=dtype,
        nodata=nodata,
        tiled=True,
        blockxsize=BLOCK,
        blockysize=BLOCK,
        sparse_ok=True,
        bigtiff="if_safer",
        **grid_options(geobox),
    )


def write_cog(
    scratch: Path, path: Path, *, description: str, tags: Mapping[str, str], overviews: Literal["average", "mode"]
) -> None:
    """Copy a scratch raster to a Cloud Optimized GeoTIFF, with a description of its band and tags.

    The same pixels and tags give the same bytes.
    """
    with rasterio.open(scratch, "r+") as dataset:
        dataset.set_band_description(1, description)
        dataset.update_tags(**tags)
        if dataset.dtypes[0] == "uint16":
            dataset.scales = (PROBABILITY_SCALE,)
    rasterio.shutil.copy(
        scratch,
        path,
        driver="COG",
        compress="deflate",
        predictor="yes",
        blocksize=BLOCK,
        overview_resampling=overviews,
        bigtiff="if_safer",
        num_threads="all_cpus",
    )
