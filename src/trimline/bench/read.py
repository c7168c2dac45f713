"""Benchmark of reading: reflectance of a Landsat Level-1 product.

The peer is the usual loop of scripts: each band read whole with rasterio, scaled with NumPy in double precision,
masked and stacked.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import rasterio

from trimline.bench.turns import median_seconds
from trimline.project import SimulatedRange
from trimline.scenes import Scene, open_scene
from trimline.simulate import write_range

BANDS = ("blue", "green", "red", "nir", "swir1", "swir2")


def measure(size: int = 512, rounds: int = 5) -> dict[str, float]:
    """Return the megapixels (of all bands) read per second, by us and by the peer, and their ratio."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        looks = [{"date": "1988-08-20"}]
        settings = SimulatedRange.model_validate({"name": "bench", "size": size, "seed": 1, "scenes": looks})
        written = write_range(settings, folder / "range", progress=False)
        scene = open_scene(folder / "range" / written.scenes[0].product)
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
