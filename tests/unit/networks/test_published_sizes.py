"""The networks have exactly as many parameters as they should, so that they are the networks they are called."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from trimline.networks import NETWORKS, build, parameter_count
from trimline.networks.blocks import ResBlock

LIGHT = (32, 64, 128, 256, 512)


@pytest.mark.parametrize(
    ("name", "bands", "classes", "arguments", "parameters"),
    [
        ("unet", 7, 2, {}, 31_040_002),
        ("unet", 7, 2, {"batch_norm": False}, 31_034_114),
        ("unet", 7, 2, {"widths": LIGHT}, 7_764_226),
        ("unet", 1, 1, {"widths": LIGHT, "batch_norm": False}, 7_759_521),
        ("m_landsnet", 7, 2, {}, 7_494_856),
        ("band_ratio", 7, 2, {}, 1),
    ],
)
def test_parameters_are_as_published(
    name: str, bands: int, classes: int, arguments: dict[str, Any], parameters: int
) -> None:
    with torch.device("meta"):
        assert parameter_count(build(name, bands, classes, **arguments)) == parameters


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
        assert build("m_landsnet", 7).receptive_field == 116
        assert build("m_landsnet", 7, dilations=(2, 4, 6)).receptive_field == 164


def test_every_network_names_its_source() -> None:
    for spec in NETWORKS.values():
        assert spec.title
        assert any(character.isdigit() for character in spec.source)
