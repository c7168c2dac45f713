"""Agreement of a fast map with the reference: its mask beside that of PyTorch in single precision."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray

from trimline.inference import Model, load_weights
from trimline.mapping import MapOptions, map_scene
from trimline.scenes import Scene


def outline_iou(scene: Scene, model: Model, weights: Path, folder: Path, side: int, device: str | None) -> float:
    """Return how well the mask of a corner of a scene agrees with that of the reference engine: their IoU.

    Parameters
    ----------
    scene
        What is mapped.
    model
        As mapping computes it.
    weights
        The `.safetensors` file that it comes from.
    folder
        Gets the maps.
    side
        Of the upper left corner that is compared [pixels].
    device
        Where the reference is computed, as for `load_weights`.

    Returns
    -------
    float
        0 to 1; NaN where neither finds ice.
    """
    reference = load_weights(weights, engine="torch", precision="fp32", device=device)
    fast, exact = (_mask(scene, each, folder, side) for each in (model, reference))
    either = np.count_nonzero(fast | exact)
    return np.count_nonzero(fast & exact) / either if either else float("nan")


def _mask(scene: Scene, model: Model, folder: Path, side: int) -> NDArray[np.bool_]:
    options = MapOptions(clouds="keep")
    mapped = map_scene(scene, model, folder, region=scene.geobox[:side, :side], options=options, progress=False)
    with rasterio.open(mapped.mask) as source:
        mask: NDArray[np.bool_] = source.read(1) == 1
    return mask
