"""Folding batch norm changes how a network is computed, and not what it answers."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from trimline.networks import NETWORKS, Network, build
from trimline.networks.deformable import DeformableConvolution
from trimline.networks.folding import fold_batch_norm

ARGUMENTS: dict[str, list[dict[str, Any]]] = {
    "unet": [{"widths": (4, 6, 8)}, {"widths": (4, 6), "batch_norm": False}],
    "unetpp": [{"widths": (4, 6, 8)}, {"widths": (4, 6, 8), "depth": 1}],
    "glaciernet": [{"widths": (4, 6)}],
    "saunet": [{"widths": (4, 6, 8)}],
    "unet_cse": [{"widths": (4, 6, 8)}],
    "landsnet": [{"widths": (4, 6), "middle": 8}],
    "m_landsnet": [{"widths": (4, 6), "middle": 8}],
    "dunet": [{"widths": (4, 6, 8)}, {"widths": (4, 6, 8), "mixed": True, "offset_limit": 2}],
    "band_ratio": [{}],
}
CASES = [(name, arguments) for name in NETWORKS for arguments in ARGUMENTS[name]]


def lived_in(name: str, arguments: dict[str, Any]) -> Network:
    """Return a network whose norms hold random statistics, weights and shifts, and whose taps are moved."""
    torch.manual_seed(4)
    network = build(name, 3, **arguments).eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.2, 3.0)
            nn.init.uniform_(module.weight, -2.0, 2.0)
            nn.init.normal_(module.bias)
        if isinstance(module, DeformableConvolution):
            nn.init.normal_(module.offsets.weight, std=0.1)
    return network


@pytest.mark.parametrize(("name", "arguments"), CASES)
@torch.inference_mode()
def test_a_folded_network_gives_the_same_logits(name: str, arguments: dict[str, Any]) -> None:
    network, images = lived_in(name, arguments), torch.rand(2, 3, 16, 24)
    expected = network(images)
    folded = fold_batch_norm(network)
    scale = float(expected.abs().max())
    torch.testing.assert_close(folded(images), expected, rtol=1e-4, atol=1e-5 * scale)
    assert type(folded) is type(network)
    assert (folded.stride, folded.halo) == (network.stride, network.halo)


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_every_norm_of_the_registrys_networks_is_folded(name: str, arguments: dict[str, Any]) -> None:
    folded = fold_batch_norm(lived_in(name, arguments))
    assert not [each for each in folded.modules() if isinstance(each, nn.BatchNorm2d)]
    assert not folded.training


def test_the_network_itself_stays_as_it_was() -> None:
    network = lived_in("m_landsnet", {"widths": (4, 6), "middle": 8}).train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    fold_batch_norm(network)
    assert network.training
    assert all(parameter.requires_grad for parameter in network.parameters())
    torch.testing.assert_close(dict(network.state_dict()), before, rtol=0, atol=0)


class Other(Network):
    """A network whose norms cannot be folded: one comes first, one keeps no statistics, one serves a transposed one."""

    def __init__(self) -> None:
        super().__init__(3, 2, stride=1, reach=None)
        self.layers = nn.Sequential(
            nn.BatchNorm2d(3),
            nn.Conv2d(3, 4, 1),
            nn.BatchNorm2d(4, track_running_stats=False),
            nn.ConvTranspose2d(4, 2, 1, groups=2),
            nn.BatchNorm2d(2),
        )

    def segment(self, images: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.layers(images)
        return logits


@torch.inference_mode()
def test_a_norm_that_cannot_be_folded_stays() -> None:
    network, images = Other().eval(), torch.rand(2, 3, 4, 4)
    folded = fold_batch_norm(network)
    assert len([each for each in folded.modules() if isinstance(each, nn.BatchNorm2d)]) == 3
    torch.testing.assert_close(folded(images), network(images))


@torch.inference_mode()
def test_a_transposed_convolution_takes_its_norm() -> None:
    torch.manual_seed(5)
    network = Other()
    network.layers = nn.Sequential(nn.ConvTranspose2d(3, 2, 2, stride=2), nn.BatchNorm2d(2)).eval()
    nn.init.normal_(network.layers[1].running_mean)
    nn.init.uniform_(network.layers[1].weight)
    images = torch.rand(1, 3, 4, 4)
    folded = fold_batch_norm(network)
    assert isinstance(folded.get_submodule("layers.1"), nn.Identity)
    torch.testing.assert_close(folded(images), network(images))
