"""The benchmark of fetching: contenders read the same pixels, and the figures are those that the command promises."""

from __future__ import annotations

import pytest
from rasterio.windows import Window

from trimline.bench import fetch
from trimline.errors import TrimlineError


def test_a_tiny_run_gives_every_figure_ratios_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "LATENCY_S", 0.005)
    figures = fetch.measure(size=704, windows=2, rounds=1, side=128, seed=1)
    assert list(figures)[:4] == [
        "ratio_of_odc_stac",
        "ratio_of_sequential",
        "bytes_of_ours_per_window_bytes",
        "equal_windows",
    ]
    assert figures["equal_windows"] == 1
    assert figures["ours_at_once"] <= fetch.AT_ONCE
    assert figures["sequential_at_once"] == 1
    assert figures["sequential_requests"] > 1.5 * figures["ours_requests"]
    assert 1 <= figures["bytes_of_ours_per_window_bytes"] < 1.5
    assert all(value > 0 for value in figures.values())


def test_blocks_make_up_the_window() -> None:
    window = Window(250, 300, 20, 250)
    blocks = [each.flatten() for each in fetch._blocks(window, (256, 256))]
    assert blocks == [(250, 300, 6, 212), (256, 300, 14, 212), (250, 512, 6, 38), (256, 512, 14, 38)]


def test_without_odc_stac_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "find_spec", lambda _: None)
    with pytest.raises(TrimlineError, match="odc-stac") as caught:
        fetch.measure(quick=True)
    assert "trimline[bench]" in str(caught.value.remedy)
