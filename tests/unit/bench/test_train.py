"""The benchmark of training gives its figures; how large they are is no test's affair."""

from __future__ import annotations

import json

import pytest

from trimline.bench.train import measure
from trimline.bench.turns import Turns

KEYS = ("tiles_per_s", "ceiling_tiles_per_s", "pipeline_tiles_per_s", "dataloader_tiles_per_s")


pytestmark = pytest.mark.usefixtures("one_thread")


def test_a_tiny_run_gives_every_figure_ratios_first() -> None:
    figures = measure(tile=16, batch=8, device="cpu", rounds=1, steps=1, arguments={"widths": (2, 4)})
    assert list(figures)[:2] == ["ratio_of_ceiling", "ratio_of_dataloader"]
    assert set(KEYS) < set(figures)
    assert all(value > 0 for name, value in figures.items() if name != "dataloader_workers")
    assert figures["ratio_of_ceiling"] == figures["tiles_per_s"] / figures["ceiling_tiles_per_s"]
    assert figures["ratio_of_dataloader"] == figures["pipeline_tiles_per_s"] / figures["dataloader_tiles_per_s"]
    assert json.loads(json.dumps(figures)) == figures


def test_the_first_turn_is_a_warm_up() -> None:
    turns = Turns()
    for seconds in (100.0, 3.0, 1.0, 2.0):
        turns.add("work", seconds)
    assert turns.medians() == {"work": 2.0}
