"""The benchmark of spectra shows what the points have, from the points or from the package's table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from trimline.bench import simulator
from trimline.errors import SimulationError


def test_the_table_of_the_package_stands_in_for_the_points(
    trimline_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIMLINE_DATA", str(trimline_data))
    points = simulator._of_points()
    monkeypatch.delenv("TRIMLINE_DATA")
    table = simulator._of_points()
    assert any(key[0] == "landsat" for key in points)
    for key, value in table.items():
        if key in points and key[2] != "water":  # whose few points lack a band now and then
            assert value == pytest.approx(points[key], rel=0.05, abs=2e-4), key


def test_absent_points_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIMLINE_DATA", str(tmp_path))
    with pytest.raises(SimulationError, match="the points are absent"):
        simulator._of_points()


def test_percentiles_stand_side_by_side() -> None:
    figures = {f"toa / ice / red / p{number} / simulated": number / 100 for number in simulator.SHOWN}
    figures |= {f"toa / ice / red / p{number} / sentinel-2": number / 200 for number in simulator.SHOWN}
    for name in ("cold-dry", "warm-green"):
        figures |= {f"{name} / F1 at {threshold}": 0.95 for threshold in simulator.SCORED}
        figures[f"{name} / best threshold"] = 3.1
    columns, rows = simulator.table(figures)
    (row,) = (row for row in rows if row[:3] == ["toa", "ice", "red"])
    assert len(columns) == len(row)
    assert row[3:] == ["0.100 / 0.500 / 0.900", "0.050 / 0.250 / 0.450", "–"]
    assert rows[-1][3].startswith("best at 3.1; F1 % 95.0 at 1.5, ")


def test_the_best_threshold_parts_ice_from_ground() -> None:
    truth = np.arange(100) < 40
    assert simulator.best_threshold(np.where(truth, 4.05, 2.05), truth) == pytest.approx(2.1)
    assert simulator.f1(truth, truth) == 1.0
