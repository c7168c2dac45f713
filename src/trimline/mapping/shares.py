"""Shares of a mask: how much of a scene is ice, and how much of it was not seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trimline.files import StrPath
from trimline.own_files import own_raster
from trimline.rasters import MASK_NODATA


@dataclass(frozen=True)
class MaskShares:
    """Shares of the pixels of a mask."""

    ice: float
    """Ice, of the pixels that are ice or ground; NaN where there are none."""
    not_seen: float
    """Pixels that are neither ice nor ground, of all pixels."""


def mask_shares(path: StrPath) -> MaskShares:
    """Return the shares of a ``mask.tif`` that `map_scene` wrote; it is read in strips.

    Parameters
    ----------
    path
        A raster of uint8: 1 ice, 0 ground, 255 not seen.
    """
    counts = np.zeros(256, np.int64)
    with own_raster(path) as source:
        for _, window in source.block_windows(1):
            counts += np.bincount(source.read(1, window=window).ravel(), minlength=256)
    ice, unseen, pixels = int(counts[1]), int(counts[MASK_NODATA]), int(counts.sum())
    known = pixels - unseen
    return MaskShares(ice / known if known else float("nan"), unseen / pixels if pixels else float("nan"))
