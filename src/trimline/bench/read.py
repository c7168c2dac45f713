"""Benchmark of reading: reflectance of a Landsat Level-1 product, and of a Sentinel-2 tile.

The peer for Landsat is the usual loop of scripts: each band read whole with rasterio, scaled with NumPy in double
precision, masked and stacked. For Sentinel-2 it is rasterio that only decodes the same JPEG 2000 files, without scaling
them or bringing the bands of 20 m onto the 10 m grid.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import rasterio

from trimline.bench import jpeg2000_tile
from trimline.bench.big_scene import simulate_big_scene
from trimline.bench.figures import Figure
from trimline.bench.turns import median_seconds
from trimline.scenes import Scene, open_scene
from trimline.scenes.decoded_blocks import BLOCKS

BANDS = ("blue", "green", "red", "nir", "swir1", "swir2")


FIGURES: Mapping[str, Figure] = {
    "ratio": Figure("Landsat: speed against rasterio and NumPy in double precision", "more"),
    "max_difference": Figure("Landsat: largest difference of reflectance from theirs"),
    "size": Figure("Landsat: side of the scene [pixels]"),
    "tile_times_as_long_as_decoding": Figure("Sentinel-2: times as long as decoding alone takes", "less", 1.5),
    "tile_size": Figure("Sentinel-2: side of the tile [pixels]"),
}

QUICK, TILE_QUICK = 1024, 2048
"""Sides of the Landsat scene [pixels of 30 m] and of the Sentinel-2 tile [pixels of 10 m] in the small form."""


def measure(
    size: int = 4096, rounds: int = 5, quick: bool = False, tile_size: int = jpeg2000_tile.FULL_SIZE
) -> dict[str, float]:
    """Return the megapixels (of all bands) read per second, by us and by the peer, and their ratios.

    Parameters
    ----------
    size, rounds
        Side of the Landsat scene [pixels], and how often it is read.
    quick
        Whether scene and tile are small.
    tile_size
        Side of the Sentinel-2 tile [pixels of 10 m].
    """
    landsat = _landsat(min(size, QUICK) if quick else size, rounds)
    return {**landsat, **_tile(TILE_QUICK if quick else tile_size, 3 if quick else 1)}


def _tile(size: int, rounds: int) -> dict[str, float]:
    """Return what a tile takes, us and rasterio alone [s], and how many times as long we take."""
    with tempfile.TemporaryDirectory() as name:
        scene = jpeg2000_tile.write_tile(Path(name) / "tile", size)
        seconds = median_seconds(
            {"trimline": lambda: _read_anew(scene), "rasterio": lambda: jpeg2000_tile.decode(scene)}, rounds
        )
    return {
        "tile_times_as_long_as_decoding": seconds["trimline"] / seconds["rasterio"],
        "tile_trimline_s": seconds["trimline"],
        "tile_decoding_s": seconds["rasterio"],
        "tile_size": size,
    }


def _read_anew(scene: Scene) -> np.ndarray:
    """Read a scene of which nothing is decoded yet."""
    BLOCKS.clear()
    return scene.read(BANDS).to_numpy()


def _landsat(size: int, rounds: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as name:
        scene = open_scene(simulate_big_scene(Path(name), size).product)
        seconds = median_seconds(
            {"trimline": lambda: scene.read(BANDS).to_numpy(), "plain": lambda: _plain(scene)}, rounds
        )
        difference = np.nanmax(np.abs(scene.read(BANDS).to_numpy() - _plain(scene)))
    megapixels = len(BANDS) * size * size / 1e6
    return {
        "ratio": seconds["plain"] / seconds["trimline"],
        "trimline_mpx_s": megapixels / seconds["trimline"],
        "plain_mpx_s": megapixels / seconds["plain"],
        "max_difference": float(difference),
        "size": size,
    }


def _plain(scene: Scene) -> np.ndarray:
    stack = []
    for band in BANDS:
        asset = scene.assets[band]
        with rasterio.open(asset.href) as source:
            values = source.read(asset.index).astype(np.float64)
        reflectance = values * asset.scale + asset.offset
        reflectance[values == 0] = np.nan
        stack.append(reflectance)
    return np.stack(stack)
