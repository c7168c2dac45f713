"""Two sensors on the same ground and dates: each at its own resolution, compared on the finer grid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from trimline.errors import ProjectError
from trimline.project import load_project
from trimline.study import run_study

STUDY: dict[str, Any] = {
    "name": "sensors",
    "output": "out",
    "seed": 3,
    "dem": "${output}/simulated/range/dem.tif",
    "simulate": [
        {
            "name": "range",
            "size": 384,
            "resolution_m": 10,
            "seed": 2,
            "scenes": [
                {"date": "2018-08-23", "sensor": "landsat-8-oli"},
                {"date": "2018-08-23", "sensor": "sentinel-2-msi"},
            ],
        }
    ],
    "scenes": [
        {
            "id": "S2",
            "path": "${output}/simulated/range/S2_20180823.tif",
            "truth": "${output}/simulated/range/outlines_20180823.gpkg",
        },
        {
            "id": "LC08",
            "path": "${output}/simulated/range/LC08_*_20180823_*",
            "truth": "${output}/simulated/range/outlines_20180823.gpkg",
            "sensor": "landsat-8-oli",
        },
    ],
    "samples": {"tile": 48},
    "split": {"by": "blocks", "validation": 0},
    "methods": ["band_ratio"],
    "experiments": [
        {"name": "fine", "scenes": ["S2"], "split": {"by": "blocks", "test": 0.5, "validation": 0}},
        {
            "name": "coarse",
            "scenes": ["LC08"],
            "samples": {"tile": 16},
            "split": {"by": "blocks", "test": 0.5, "validation": 0},
        },
    ],
    "sensors": {"experiments": ["fine", "coarse"], "method": "band_ratio", "near_termini_m": 300},
}


@pytest.fixture
def study(tmp_path: Path) -> Path:
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump(STUDY))
    return path


@pytest.mark.slow
def test_both_sensors_are_judged_on_the_same_ground_in_every_zone(study: Path) -> None:
    run_study(load_project(study), until="sensors")
    folder = study.parent
    table = pd.read_csv(folder / "out/sensors/sensors.csv").set_index(["experiment", "zone"])
    for name in ("fine", "coarse"):
        for score in ("precision", "recall", "oa"):
            zones = [table.loc[(name, zone), score] for zone in ("near termini", "elsewhere")]
            assert min(zones) <= table.loc[(name, "all"), score] <= max(zones), "pooled lies between its parts"
    # Where a coarse pixel is half ice, no map of coarse pixels is right: seen from the fine truth it errs more.
    own = pd.read_csv(folder / "out/experiments/coarse/evaluation/scores.csv").set_index("scene")
    assert table.loc[("coarse", "all"), "oa"] < own.loc["LC08", "oa"]


def test_what_is_compared_must_exist(study: Path) -> None:
    with pytest.raises(ProjectError, match="'finer' is no experiment; did you mean 'fine'"):
        load_project(study, ["sensors.experiments=[finer, coarse]"])
    with pytest.raises(ProjectError, match="give a dem"):
        run_study(load_project(study, ["dem=null"]), until="sensors")
