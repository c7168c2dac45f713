"""`trimline run --until` and `--only`: every stage is reached by its name, alone or with all that it needs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from trimline.cli.app import app
from trimline.errors import StageError
from trimline.project import load_project
from trimline.study import STAGES, run_study
from trimline.study.stages import stages_before

PROJECT: dict[str, Any] = {
    "name": "single",
    "output": "out",
    "seed": 3,
    "simulate": [
        {
            "name": "range",
            "size": 128,
            "seed": 7,
            "first_year": 1988,
            "rise_m_per_a": 8,
            "scenes": [{"date": "2018-08-23", "sensor": "landsat-8-oli"}],
        }
    ],
    "scenes": [
        {
            "id": "2018",
            "path": "${output}/simulated/range/LC08_L1TP_139036_20180823_20200917_02_T1",
            "truth": "${output}/simulated/range/outlines_20180823.gpkg",
        }
    ],
    "samples": {"tile": 32},
    "methods": ["band_ratio"],
    "thresholds": [1.5, 2.5],
}


@pytest.fixture(scope="module")
def project_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project whose stages up to `thresholds` are done."""
    path = tmp_path_factory.mktemp("single") / "single.yaml"
    path.write_text(yaml.safe_dump(PROJECT))
    run_study(load_project(path), until="thresholds")
    return path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["run", *arguments])


def test_until_stops_after_the_stage_and_what_it_needs(project_file: Path) -> None:
    assert {path.stem for path in (project_file.parent / "out/stages").glob("*.json")} >= {"samples", "thresholds"}
    assert not (project_file.parent / "out/training").exists()
    result = run(str(project_file), "--until", "thresholds", "--json")
    assert result.exit_code == 0, result.output
    assert set(json.loads(result.stdout)) == {"samples", "thresholds"}


def test_only_does_one_stage_where_what_it_needs_is_up_to_date(
    project_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "trimline")
    study = run_study(load_project(project_file), only="thresholds", force=True)
    assert {name: done.skipped for name, done in study.done.items()} == {
        "simulate": True,
        "fetch": True,
        "samples": True,
        "thresholds": False,
    }
    assert [line for line in caplog.messages if "starting" in line] == ["thresholds: starting again: it is forced"]


def written(folder: Path) -> dict[Path, int]:
    """Return when each file of a study was written; the lock, which every run takes, aside."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file() and "lock" not in path.name}


@pytest.mark.parametrize(
    ("only", "changes", "missing"),
    [("evaluate", [], "train"), ("thresholds", ["samples.tile=16"], "samples"), ("report", [], "train")],
)
def test_only_names_the_first_stage_that_is_missing_or_out_of_date(
    project_file: Path, only: str, changes: list[str], missing: str
) -> None:
    before = written(project_file.parent / "out")
    with pytest.raises(StageError, match=f"needs '{missing}', which is missing or out of date") as caught:
        run_study(load_project(project_file, changes), only=only)
    assert caught.value.remedy is not None
    assert f"--until {missing}" in caught.value.remedy
    assert written(project_file.parent / "out") == before, "nothing was done"


def test_an_unknown_stage_is_answered_with_the_nearest(project_file: Path) -> None:
    for option in ("--until", "--only"):
        result = run(str(project_file), option, "treshold")
        assert isinstance(result.exception, StageError)
        assert result.exception.remedy == "did you mean 'thresholds'?"
    with pytest.raises(StageError, match="no stage 'sensor'"):
        run_study(load_project(project_file), until="sensor")


def test_until_and_only_exclude_each_other(project_file: Path) -> None:
    assert run(str(project_file), "--until", "map", "--only", "map").exit_code == 2


def test_the_stages_before_one_are_those_that_it_needs_directly_or_not() -> None:
    assert stages_before("simulate") == []
    assert stages_before("thresholds") == ["simulate", "fetch", "samples"]
    for name in STAGES:
        before = stages_before(name)
        assert name not in before
        assert set(STAGES[name].needs) <= set(before)
        assert before == [each for each in STAGES if each in before], "in the order of a run"
