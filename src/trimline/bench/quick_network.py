"""A network trained for a minute, enough to map outlines.

A network with random weights maps noise, which takes longer to trace and write than any glacier.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.windows import Window

from trimline.bench.big_scene import BigScene
from trimline.project import Recipe
from trimline.samples import Samples
from trimline.scenes import open_scene
from trimline.training import train

BANDS = ("blue", "green", "red", "nir", "swir1", "swir2")

TILE, BATCH = 128, 4
"""Side of the tiles [pixels], and how many make up a step."""
STEPS = 40
"""Of training: what U-Net with its published widths does in a minute on two cores."""

_GROUND = 1024
"""Side of the corner of the scene that tiles are cut from [pixels]: a range begins there."""


def train_quickly(
    big: BigScene, network: str, folder: Path, arguments: Mapping[str, Any] | None = None, steps: int = STEPS
) -> Path:
    """Train a network on a corner of a simulated scene and return its weights.

    Parameters
    ----------
    big
        What is trained on.
    network
        A name from the registry.
    folder
        Gets the weights.
    arguments
        The network's own.
    steps
        How long.
    """
    recipe = Recipe.preset(
        "strong", epochs=1, batches_per_epoch=steps, batch_size=BATCH, ema=None, select="last", threshold="half"
    )
    tiles = corner_tiles(big)
    nothing = Samples(tiles.images[:0], tiles.masks[:0], tiles.bands, tiles.units)
    return train(network, tiles, nothing, recipe, folder, arguments=arguments, progress=False)


def corner_tiles(big: BigScene) -> Samples:
    """Return the tiles of the scene's upper left corner, labelled with the truth."""
    scene = open_scene(big.product)
    side = min(scene.geobox.height, _GROUND)
    tile = min(side, TILE)
    image = scene.read(BANDS, scene.geobox[:side, :side]).to_numpy()
    with rasterio.open(big.truth) as source:
        mask = source.read(1, window=Window(0, 0, side, side))
    starts = range(0, side - tile + 1, tile)
    places = [np.s_[..., top : top + tile, left : left + tile] for top in starts for left in starts]
    images, masks = (np.stack([values[place] for place in places]) for values in (image, mask))
    return Samples(images, masks, BANDS, "reflectance")
