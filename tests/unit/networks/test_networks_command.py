"""`trimline networks` lists what can be trained."""

from __future__ import annotations

import json

import pytest
import torch

from trimline.cli.networks import _layers, networks
from trimline.errors import NetworkError
from trimline.networks import NETWORKS, build, parameter_count


def test_json_gives_the_published_sizes(capsys: pytest.CaptureFixture[str]) -> None:
    networks(json=True)
    listed = json.loads(capsys.readouterr().out)
    assert listed["unet"]["parameters"] == 31_040_002
    assert listed["dunet"]["parameters"] == 13_814_626
    assert listed["saunet"]["receptive_field_px"] is None
    assert listed["m_landsnet"]["parameters"] == 7_494_856
    assert listed["m_landsnet"]["receptive_field_px"] == 116
    assert listed["band_ratio"]["parameters"] == 1


def test_the_table_names_titles_and_sources(capsys: pytest.CaptureFixture[str]) -> None:
    networks()
    printed = capsys.readouterr().out
    for expected in ("M-LandsNet", "7,494,856", "116 px", "Ronneberger", "U-Net+cSE", "whole tile"):
        assert expected in printed


def test_a_name_shows_the_layers(capsys: pytest.CaptureFixture[str]) -> None:
    networks("m_landsnet")
    printed = capsys.readouterr().out
    assert "dilated.2.0" in printed
    assert "dilation=(3, 3)" in printed


@pytest.mark.parametrize("name", NETWORKS)
def test_the_layers_hold_all_parameters(name: str) -> None:
    with torch.device("meta"):
        network = build(name, 7)
    layers = _layers(network)
    assert sum(count for *_, count in layers) == parameter_count(network)
    assert len({layer for layer, *_ in layers}) == len(layers)


def test_outputs_of_the_layers_are_shown() -> None:
    with torch.device("meta"):
        shapes = {layer: shape for layer, _, shape, _ in _layers(build("saunet", 7))}
    assert shapes["encoder.0.0.0"] == "64 x 256 x 256"
    assert shapes["encoder.4.1.h"] == "1024 x 16 x 16"
    assert shapes["encoder.4.1.gamma"] == ""
    assert shapes["head"] == "2 x 256 x 256"


def test_a_wrong_name_names_the_nearest() -> None:
    with pytest.raises(NetworkError, match="did you mean 'unet'"):
        networks("unets")
