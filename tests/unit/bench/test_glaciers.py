"""The benchmark of glaciers compares two ways to the same attributes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from trimline.bench.big_inventory import simulate_inventory
from trimline.bench.glaciers import SPACING_M, glacier_by_glacier, measure, write_model
from trimline.glaciers import attributes


def test_the_plain_loop_finds_nearly_the_same_attributes(tmp_path: Path) -> None:
    outlines = simulate_inventory(glaciers=9, periods=1, vertices=60, spacing_m=SPACING_M)
    dem = write_model(outlines, tmp_path / "dem.tif")
    ours, theirs = attributes(outlines, dem), glacier_by_glacier(outlines, dem)
    assert (ours["dem_share"] == 1).all()
    assert ours["area_km2"].to_numpy() == pytest.approx(theirs["area_km2"].to_numpy(), rel=1e-6)
    assert ours["zmean_m"].to_numpy() == pytest.approx(theirs["zmean_m"].to_numpy(), abs=5)
    assert ours["slope_deg"].to_numpy() == pytest.approx(theirs["slope_deg"].to_numpy(), abs=0.5)
    assert np.abs((ours["aspect_deg"] - theirs["aspect_deg"] + 180) % 360 - 180).max() < 5


def test_figures_are_those_the_command_promises() -> None:
    figures = measure(glaciers=6, vertices=50, rounds=1, threads=1)
    assert {"attributes_seconds", "attributes_peer_seconds", "exactextract_seconds", "terminus_seconds"} <= set(figures)
    assert next(iter(figures)) == "ratio_of_loop"
    assert figures["zmean_exactextract_m"] < 0.05
