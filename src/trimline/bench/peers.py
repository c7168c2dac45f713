"""What mapping is compared with: the bare network, and the two ways in which whole scenes are usually mapped.

All compute the same network in eager PyTorch, in the arithmetic that mapping takes on this machine. Both peers read the
image whole, keep probabilities whole in memory, and write the outlines as they are traced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

import geopandas as gpd
import numpy as np
import rasterio.features
import torch
from odc.geo.geobox import GeoBox
from shapely.geometry import shape
from torch import Tensor

from trimline.errors import TrimlineError
from trimline.inference import ModelMetadata
from trimline.inference.precision import Arithmetic
from trimline.inference.torch_engine import autocast, ice_probability, in_channels_last
from trimline.inference.torch_files import load_network
from trimline.networks import Network
from trimline.scenes import Scene

TILE = 512
"""Side of the tiles that the peers show to the network [pixels]."""
OVERLAP = 0.25
"""Of MONAI's windows: its default."""


@dataclass(frozen=True)
class Batches:
    """How an image is cut for the bare network."""

    height: int
    """Of a tile [pixels]."""
    width: int
    """Of a tile [pixels]."""
    at_once: int = 1
    """Tiles that the network sees together."""

    def of(self, fed: Tensor) -> list[Tensor]:
        """Return the tiles of (1, channels, h, w), each pixel once; smaller images are one tile."""
        tiles = [tile for strip in torch.split(fed, self.height, -2) for tile in torch.split(strip, self.width, -1)]
        groups = [tiles[start : start + self.at_once] for start in range(0, len(tiles), self.at_once)]
        return [torch.cat(group).contiguous(memory_format=torch.channels_last) for group in groups]


ONE_BY_ONE, FOUR_AT_ONCE = Batches(TILE, TILE), Batches(TILE, TILE, 4)

CUTS = (Batches(256, 256), Batches(256, 256, 4), ONE_BY_ONE, FOUR_AT_ONCE, Batches(512, 1024), Batches(1024, 1024))
"""Ways to cut an image of which the fastest is the ceiling."""

Probability = Callable[[Tensor], Tensor]
"""(1, channels, h, w) as the network is fed becomes (h, w) probability of ice."""


@dataclass(frozen=True)
class Eager:
    """A network as scripts run it: PyTorch, eagerly, channels last, in the arithmetic that trimline maps in."""

    network: Network
    """In evaluation mode, on `device`."""
    metadata: ModelMetadata
    """Of its file."""
    device: torch.device
    """Where it computes."""
    arithmetic: Arithmetic
    """Of its convolutions."""

    @classmethod
    def of(cls, weights: Path, device: torch.device, arithmetic: Arithmetic) -> Self:
        """Load the network of a `.safetensors` file."""
        network, metadata = load_network(weights)
        return cls(in_channels_last(network.to(device)), metadata, device, arithmetic)

    def __call__(self, tiles: Tensor) -> Tensor:
        """Return the probability of ice, (n, 1, h, w), of tiles (n, channels, h, w) on the device."""
        with autocast(self.arithmetic, self.device):
            logits = self.network(tiles.contiguous(memory_format=torch.channels_last))
        return ice_probability(logits).unsqueeze(1)


def read_whole(scene: Scene, region: GeoBox, eager: Eager) -> Tensor:
    """Return (1, channels, h, w): what the network is fed with, on its device."""
    inputs = eager.metadata.inputs
    image = torch.from_numpy(scene.read(inputs.bands, region, units=inputs.units).to_numpy())
    return inputs(image.unsqueeze(0).to(eager.device))


def bare_forward(eager: Eager, batches: list[Tensor]) -> Callable[[], None]:
    """Return a turn of the bare forward pass over batches that lie on the device."""

    @torch.inference_mode()
    def turn() -> None:
        for batch in batches:
            eager(batch)
        if eager.device.type == "cuda":
            torch.cuda.synchronize(eager.device)

    return turn


def check_monai() -> None:
    """Raise `TrimlineError` where MONAI is not installed."""
    if find_spec("monai") is None:
        raise TrimlineError(
            "MONAI, which mapping is compared with, is not installed",
            remedy='install it (pip install "trimline[bench]"), or leave the peers out (--no-peers)',
        )


def by_monai(eager: Eager, at_once: int) -> Probability:
    """Return MONAI's sliding windows, blended by a Gaussian, with so many windows at once."""
    from monai.inferers.utils import sliding_window_inference

    def probability(fed: Tensor) -> Tensor:
        side = _side(eager, fed)
        answer: Any = sliding_window_inference(fed, (side, side), at_once, eager, overlap=OVERLAP, mode="gaussian")
        ice: Tensor = answer[0, 0]
        return ice

    return probability


def by_overlapping_tiles(eager: Eager) -> Probability:
    """Return the mean over tiles that overlap by half, one at a time."""

    def probability(fed: Tensor) -> Tensor:
        side = _side(eager, fed)
        total, count = torch.zeros_like(fed[0, 0]), torch.zeros_like(fed[0, 0])
        for top in _starts(fed.shape[-2], side):
            for left in _starts(fed.shape[-1], side):
                place = slice(top, top + side), slice(left, left + side)
                total[place] += eager(fed[(..., *place)])[0, 0]
                count[place] += 1
        return total / count

    return probability


def map_whole(scene: Scene, region: GeoBox, eager: Eager, probability: Probability, folder: Path) -> Path:
    """Map a region as scripts do, and return the GeoPackage of its outlines.

    Parameters
    ----------
    scene, eager
        What is mapped, and with what.
    region
        A part of the scene's grid.
    probability
        How the network is asked.
    folder
        Gets `outlines.gpkg`.
    """
    with torch.inference_mode():
        ice = probability(read_whole(scene, region, eager)) >= eager.metadata.threshold
    mask = ice.cpu().numpy().astype(np.uint8)
    found = rasterio.features.shapes(mask, mask=mask.astype(bool), transform=region.transform)
    outlines = gpd.GeoDataFrame(geometry=[shape(each) for each, _ in found], crs=str(region.crs))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "outlines.gpkg"
    outlines.to_file(path, driver="GPKG")
    return path


def _side(eager: Eager, fed: Tensor) -> int:
    """Return the side of a tile that fits the image and the network."""
    side: int = min(TILE, *fed.shape[-2:])
    return side // eager.network.stride * eager.network.stride


def _starts(length: int, side: int) -> Iterator[int]:
    """Yield where tiles begin that overlap by half and end with the image."""
    yield from range(0, length - side, side // 2)
    yield length - side
