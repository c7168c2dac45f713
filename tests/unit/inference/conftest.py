"""Small networks that have been trained a little, in files and in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from trimline.inference import Inputs, ModelMetadata
from trimline.inference.torch_files import save_weights, with_geometry
from trimline.networks import Network, build
from trimline.networks.attention import SelfAttention
from trimline.networks.deformable import DeformableConvolution

BANDS = ("red", "swir1", "green")
INPUTS = Inputs(BANDS, "reflectance", ("ndsi",), mean=(0.3, 0.2, 0.3, 0.1), std=(0.1, 0.1, 0.1, 0.5))

SMALL: dict[str, dict[str, Any]] = {
    "unet": {"widths": (4, 6, 8)},
    "unet without norm": {"widths": (4, 6), "batch_norm": False},
    "unetpp": {"widths": (4, 6, 8)},
    "unetpp shallow": {"widths": (4, 6, 8), "depth": 1},
    "glaciernet": {"widths": (4, 6)},
    "saunet": {"widths": (4, 6, 8)},
    "unet_cse": {"widths": (4, 6, 8)},
    "landsnet": {"widths": (4, 6), "middle": 8},
    "m_landsnet": {"widths": (4, 6), "middle": 8},
    "dunet": {"widths": (4, 6, 8)},
    "dunet modulated": {"widths": (4, 6, 8), "modulated": True, "offset_limit": 2},
    "dunet mixed": {"widths": (4, 6, 8), "mixed": True},
    "band_ratio": {},
    "band_ratio blue": {"blue": 2, "blue_threshold": 0.2},
}
"""Every network of the registry, and variants; the first word is the network's name."""

Write = Callable[..., Path]


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    """Compute on one thread: tiny convolutions on many threads mostly wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def inputs_of(name: str) -> Inputs:
    """Return what a network is fed with: reflectance itself where it is the band ratio."""
    return Inputs(BANDS, "reflectance") if name.startswith("band_ratio") else INPUTS


def small(name: str) -> Network:
    """Build a small network whose norms have seen something, whose attention attends and whose offsets are not 0."""
    torch.manual_seed(7)
    channels = inputs_of(name).channels
    network = build(name.split()[0], channels, **SMALL[name])
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, SelfAttention):
                nn.init.constant_(module.gamma, 0.5)
            if isinstance(module, DeformableConvolution):
                nn.init.normal_(module.offsets.weight, std=0.1)
        for _ in range(3):
            network(torch.rand(4, channels, 16, 16))
    return network.requires_grad_(False).eval()


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes the weights of a small network, with other metadata where some are given."""

    def written(name: str = "unet", **changes: Any) -> Path:
        network = small(name)
        known = {"network": name.split()[0], "arguments": SMALL[name], "inputs": inputs_of(name), "threshold": 0.42}
        metadata = with_geometry(ModelMetadata.model_validate(known), network).model_copy(update=changes)
        return save_weights(tmp_path / f"{name.replace(' ', '_')}.safetensors", network, metadata)

    return written


def images(*shape: int, seed: int = 0) -> NDArray[np.float32]:
    """Return reflectance (n, 3, h, w) with a pixel that lacks a band and a corner without data."""
    drawn = np.random.default_rng(seed).uniform(0.05, 0.9, shape).astype(np.float32)
    drawn[0, 1, 4, 5] = np.nan
    drawn[-1, :, :3, :3] = np.nan
    return drawn
