"""The rasters that mapping writes, probability and mask, as numbers in a file and as Cloud Optimized GeoTIFF."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import rasterio
import rasterio.shutil
from numpy.typing import NDArray
from rasterio.errors import RasterioIOError

from trimline.scenes.asset import check_readable

PROBABILITY_SCALE = 1e-4
"""Probability per count."""
PROBABILITY_NODATA = 65535
MASK_NODATA = 255

BLOCK = 512
"""Side of a block in the files [pixels]."""

_CACHE_BYTES = 128 << 20
"""What GDAL may keep of the blocks it has read: those that two strips of a scene as wide as Landsat's share, and no
share of the machine."""


def encode_probability(probability: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Return counts of `PROBABILITY_SCALE`, and `PROBABILITY_NODATA` for NaN."""
    counts = probability / np.float32(PROBABILITY_SCALE)
    np.rint(counts, out=counts)
    counts[np.isnan(counts)] = PROBABILITY_NODATA
    return counts.astype(np.uint16)


def encode_mask(probability: NDArray[np.float32], threshold: float) -> NDArray[np.uint8]:
    """Return 1 where the probability reaches the threshold, 0 below it, and `MASK_NODATA` for NaN."""
    mask = (probability >= threshold).view(np.uint8)
    mask[np.isnan(probability)] = MASK_NODATA
    return mask


def bounded_cache() -> rasterio.Env:
    """Return the environment in which GDAL's block cache is bounded."""
    return rasterio.Env(GDAL_CACHEMAX=_CACHE_BYTES)


def write_cog(
    source: Path, path: Path, *, overviews: Literal["average", "mode", "nearest"] | None = None, sparse: bool = False
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
        How the smaller copies in it are made; None takes those of the source.
    sparse
        Whether blocks without data take no room.

    Raises
    ------
    RasterioError
        It cannot be written, or what was written cannot be read.
    """
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
    # GDAL does not say when the disk is full as it closes a file.
    wrong = check_readable(str(path))
    if wrong is not None:
        raise RasterioIOError(wrong)
