"""A network of several classes, seen as ice against the rest, says of ice what it says itself."""

from __future__ import annotations

import pytest
import torch

from trimline.networks import build
from trimline.training.two_classes import IceAgainstGround


@pytest.mark.parametrize(("classes", "ice"), [(3, 0), (5, 2), (4, 3)])
def test_the_probability_of_ice_stays(classes: int, ice: int) -> None:
    torch.manual_seed(1)
    network = build("unet", 4, classes, widths=[4, 8, 8, 8, 8]).eval()
    two = IceAgainstGround(network, ice).eval()
    images = torch.randn(2, 4, 32, 48)
    with torch.no_grad():
        expected = network(images).softmax(dim=1)[:, ice]
        assert torch.allclose(two(images).softmax(dim=1)[:, 1], expected, atol=1e-6)
        assert torch.allclose(two.supervised(images)[0].softmax(dim=1)[:, 1], expected, atol=1e-6)
    assert (two.classes, two.bands, two.stride, two.halo) == (2, 4, network.stride, network.halo)


def test_learning_ice_moves_the_network_within() -> None:
    torch.manual_seed(1)
    network = build("unet", 4, 5, widths=[4, 8, 8, 8, 8])
    two = IceAgainstGround(network, 2)
    two(torch.randn(1, 4, 32, 32)).square().mean().backward()
    head = [each.grad for name, each in network.named_parameters() if name.startswith("head")]
    assert head
    assert all(
        bool((each.abs().flatten(1).sum(dim=1) > 0).all()) for each in head if each is not None and each.ndim > 1
    )
