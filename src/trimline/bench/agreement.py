"""Whether a fast map is the right one: its mask beside that of the network as it is stored, in single precision."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rasterio
import torch
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from torch.nn import functional

from trimline.mapping import map_scene, predict_array
from trimline.networks import Network
from trimline.scenes import Scene
from trimline.training import Segmenter, WeightsMetadata
from trimline.training.weights import load_network

_CORE = 512
"""Side of what is kept of a tile [pixels]; the network sees as much beyond it as it says that it needs."""


def outline_iou(scene: Scene, segmenter: Segmenter, weights: Path, folder: Path, side: int) -> float:
    """Return how well the outlines of a corner of a scene agree with those of single precision: IoU of the masks.

    Parameters
    ----------
    scene
        What is mapped.
    segmenter, weights
        A network as mapping computes it, and the file that it was read from.
    folder
        Gets the maps.
    side
        Of the upper left corner that is compared [pixels].

    Returns
    -------
    0 to 1; NaN where neither finds ice.
    """
    corner = scene.geobox[:side, :side]
    mapped = map_scene(scene, segmenter, folder, region=corner, progress=False)
    with rasterio.open(mapped.mask) as source:
        fast = source.read(1) == 1
    network, metadata = load_network(weights)
    exact = _exactly(scene, network.to(segmenter.device), metadata, segmenter.device, corner) >= metadata.threshold
    either = np.count_nonzero(fast | exact)
    return np.count_nonzero(fast & exact) / either if either else float("nan")


def _exactly(
    scene: Scene, network: Network, metadata: WeightsMetadata, device: torch.device, corner: GeoBox
) -> NDArray[np.float32]:
    """Return (h, w) probability of ice in single precision, without any short cut; NaN without data."""
    halo = network.halo
    if halo is None:
        # What the network answers depends on the tile, so that it has to be shown the same ones.
        return predict_array(scene, Segmenter(network, metadata, device, "fp32"), corner)
    answer = np.full(corner.shape, np.nan, np.float32)
    for top in range(0, corner.height, _CORE):
        for left in range(0, corner.width, _CORE):
            above, before = max(0, top - halo), max(0, left - halo)
            seen = scene.geobox[above : top + _CORE + halo, before : left + _CORE + halo]
            whole = _probability(scene, network, metadata, device, seen)
            kept = answer[top : top + _CORE, left : left + _CORE]
            kept[:] = whole[top - above :, left - before :][: kept.shape[0], : kept.shape[1]]
    return answer


@torch.inference_mode()
def _probability(
    scene: Scene, network: Network, metadata: WeightsMetadata, device: torch.device, seen: GeoBox
) -> NDArray[np.float32]:
    inputs = metadata.inputs
    image = torch.from_numpy(scene.read(inputs.bands, seen, units=inputs.units).to_numpy()).unsqueeze(0).to(device)
    height, width = seen.shape
    fed = functional.pad(inputs(image), (0, -width % network.stride, 0, -height % network.stride))
    ice = network(fed).softmax(dim=1)[0, 1, :height, :width]
    answer: NDArray[np.float32] = ice.masked_fill(~torch.isfinite(image[0]).all(dim=0), torch.nan).cpu().numpy()
    return answer
