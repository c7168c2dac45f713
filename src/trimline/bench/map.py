"""Mapping: a scene becomes probability, mask and outlines.

The ceiling is the bare forward pass of the same network over the same pixels, each seen once, from memory and to
memory: no product can be mapped faster than that with this network on this machine.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from trimline.bench.turns import median_seconds
from trimline.mapping import map_scene
from trimline.networks import build
from trimline.project import SimulatedRange
from trimline.scenes import open_scene
from trimline.simulate import write_range
from trimline.training import Inputs, WeightsMetadata, load_weights, save_weights

BANDS = ("blue", "green", "red", "nir", "swir1", "swir2")
ARGUMENTS: dict[str, Any] = {"widths": [16, 32, 64], "middle": 128}


def measure(size: int = 512, rounds: int = 3) -> dict[str, float]:
    """Return the share of the ceiling that mapping reaches, and both in megapixels per second."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        looks = [{"date": "1988-08-20"}]
        settings = SimulatedRange.model_validate({"name": "bench", "size": size, "seed": 1, "scenes": looks})
        record = write_range(settings, folder / "range", progress=False).scenes[0]
        scene = open_scene(folder / "range" / record.product)
        weights = folder / "weights.safetensors"
        metadata = WeightsMetadata(network="m_landsnet", arguments=ARGUMENTS, inputs=Inputs(BANDS, "reflectance"))
        save_weights(weights, build("m_landsnet", len(BANDS), **ARGUMENTS), metadata)
        segmenter = load_weights(weights)
        image = np.nan_to_num(scene.read(BANDS).to_numpy())[np.newaxis]
        seconds = median_seconds(
            {
                "ceiling": lambda: segmenter.probability(image),
                "map": lambda: map_scene(scene, segmenter, folder / "map", progress=False),
            },
            rounds,
        )
    megapixels = size * size / 1e6
    return {
        "ratio_of_ceiling": seconds["ceiling"] / seconds["map"],
        "map_mpx_s": megapixels / seconds["map"],
        "ceiling_mpx_s": megapixels / seconds["ceiling"],
    }
