"""`trimline networks` lists what can be trained."""

from __future__ import annotations

import json

import pytest

from trimline.cli.networks import networks
from trimline.errors import NetworkError


def test_json_gives_the_published_sizes(capsys: pytest.CaptureFixture[str]) -> None:
    networks(json=True)
    listed = json.loads(capsys.readouterr().out)
    assert listed["unet"]["parameters"] == 31_040_002
    assert listed["m_landsnet"]["parameters"] == 7_494_856
    assert listed["m_landsnet"]["receptive_field_px"] == 116
    assert listed["band_ratio"]["parameters"] == 1


def test_the_table_names_titles_and_sources(capsys: pytest.CaptureFixture[str]) -> None:
    networks()
    printed = capsys.readouterr().out
    for expected in ("M-LandsNet", "7,494,856", "116 px", "Ronneberger"):
        assert expected in printed


def test_a_name_shows_the_layers(capsys: pytest.CaptureFixture[str]) -> None:
    networks("m_landsnet")
    printed = capsys.readouterr().out
    assert "dilated.2.0" in printed
    assert "dilation=(3, 3)" in printed


def test_a_wrong_name_names_the_nearest() -> None:
    with pytest.raises(NetworkError, match="did you mean 'unet'"):
        networks("unets")
