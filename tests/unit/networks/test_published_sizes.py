"""The networks have exactly as many parameters as they should, so that they are the networks they are called."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from trimline.networks import NETWORKS, build, parameter_count
from trimline.networks.blocks import ResBlock
from trimline.networks.deformable import SamplingConvolution

LIGHT = (32, 64, 128, 256, 512)


@pytest.mark.parametrize(
    ("name", "bands", "classes", "arguments", "parameters"),
    [
        ("unet", 7, 2, {}, 31_040_002),
        ("unet", 7, 2, {"batch_norm": False}, 31_034_114),
        ("unet", 7, 2, {"widths": LIGHT}, 7_764_226),
        ("unet", 1, 1, {"widths": LIGHT, "batch_norm": False}, 7_759_521),
        ("unetpp", 7, 2, {}, 9_047_208),
        ("unetpp", 7, 2, {"depth": 1}, 9_047_208),
        ("unetpp", 7, 2, {"batch_norm": False}, 9_043_560),
        ("unetpp", 1, 1, {"batch_norm": False, "heads": 1}, 9_041_601),
        ("glaciernet", 7, 2, {}, 523_202),
        ("saunet", 7, 2, {}, 32_352_003),
        ("unet_cse", 7, 2, {}, 32_789_314),
        ("landsnet", 7, 2, {}, 7_494_856),
        ("m_landsnet", 7, 2, {}, 7_494_856),
        ("dunet", 7, 2, {}, 13_814_626),
        ("dunet", 7, 2, {"modulated": True}, 13_952_146),
        ("dunet", 7, 2, {"mixed": True}, 12_988_762),
        ("dunet", 7, 2, {"mixed": True, "modulated": False}, 12_910_930),
        ("band_ratio", 7, 2, {}, 1),
    ],
)
def test_parameters_are_as_published(
    name: str, bands: int, classes: int, arguments: dict[str, Any], parameters: int
) -> None:
    with torch.device("meta"):
        assert parameter_count(build(name, bands, classes, **arguments)) == parameters


@pytest.mark.parametrize(
    ("name", "billions"),
    [
        ("unet", 48.3),
        ("unetpp", 29.9),
        ("glaciernet", 8.3),
        ("saunet", 48.7),
        ("unet_cse", 48.3),
        ("landsnet", 26.5),
        ("m_landsnet", 26.5),
        ("dunet", 19.6),
    ],
)
def test_multiplications_of_a_tile_of_256_pixels_are_as_documented(name: str, billions: float) -> None:
    """Those of convolutions, which are nearly all: a layer's weights at each pixel of its coarser side."""
    counted = []

    def count(layer: nn.Module, given: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        pixels = min(given[0].shape[-2:].numel(), output.shape[-2:].numel())
        counted.append(layer.get_parameter("weight").numel() * pixels)

    with torch.device("meta"):
        network = build(name, 7)
        for each in network.modules():
            if isinstance(each, nn.Conv2d | nn.ConvTranspose2d | SamplingConvolution):
                each.register_forward_hook(count)
        network.supervised(torch.zeros(1, 7, 256, 256))
    assert sum(counted) / 1e9 == pytest.approx(billions, abs=0.05)


def test_unet_of_five_levels_has_23_convolutions() -> None:
    with torch.device("meta"):
        modules = list(build("unet", 7).modules())
    assert sum(isinstance(each, nn.Conv2d | nn.ConvTranspose2d) for each in modules) == 23


def test_m_landsnet_has_six_residual_blocks() -> None:
    with torch.device("meta"):
        modules = list(build("m_landsnet", 7).modules())
    assert sum(isinstance(each, ResBlock) for each in modules) == 6


def test_receptive_fields_are_as_documented() -> None:
    with torch.device("meta"):
        assert build("unet", 7).receptive_field == 204
        assert build("unetpp", 7).receptive_field == 204
        assert build("glaciernet", 7).receptive_field == 140
        assert build("landsnet", 7).receptive_field == 164
        assert build("m_landsnet", 7).receptive_field == 116
        assert build("dunet", 7).receptive_field == 618


def test_networks_that_depend_on_the_whole_tile_say_so() -> None:
    with torch.device("meta"):
        for name, spec in NETWORKS.items():
            network = build(name, 7)
            assert spec.tile_wide == (network.receptive_field is None) == (network.halo is None), name


def test_every_network_names_its_source() -> None:
    for spec in NETWORKS.values():
        assert spec.title
        assert any(character.isdigit() for character in spec.source)
