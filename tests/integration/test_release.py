"""The stage `release` on a small study: from what lies in the output to a folder that stands by itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from trimline.errors import ReleaseError, StageError
from trimline.files import sha256
from trimline.outlines import read_outlines, write_outlines
from trimline.project import load_project
from trimline.study import Study, release_stage, run_study
from trimline.study.map_stage import map_folder

STUDY: dict[str, Any] = {
    "name": "small",
    "title": "A small range",
    "output": "out",
    "seed": 3,
    "authors": [{"family-names": "Chen", "given-names": "Jia"}],
    "license": "CC-BY-4.0",
    "periods": [
        {"name": "1986-1988", "first": 1986, "last": 1988},
        {"name": "2016-2018", "first": 2016, "last": 2018},
        {"name": "2019-2021", "first": 2019, "last": 2021},
    ],
    "simulate": [
        {
            "name": "range",
            "size": 160,
            "seed": 7,
            "scenes": [
                {"date": "1988-08-20", "sensor": "landsat-5-tm"},
                {"date": "2018-08-23", "sensor": "landsat-8-oli"},
                {"date": "2021-08-15", "sensor": "landsat-8-oli"},
            ],
        }
    ],
    "scenes": [
        {
            "id": f"S{date[:4]}",
            "path": f"${{output}}/simulated/range/{sensor}_L1TP_139036_{date}_20200917_02_T1",
            "truth": f"${{output}}/simulated/range/outlines_{date}.gpkg",
            "period": period,
            "reference": True,
        }
        for sensor, date, period in (
            ("LT05", "19880820", "1986-1988"),
            ("LC08", "20180823", "2016-2018"),
            ("LC08", "20210815", "2019-2021"),
        )
    ],
    "samples": {"tile": 32},
    "methods": ["band_ratio"],
}


@pytest.fixture(scope="module")
def project_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("release") / "small.yaml"
    path.write_text(yaml.safe_dump(STUDY))
    return path


@pytest.fixture(scope="module")
def study(project_file: Path) -> Study:
    """Return a study whose first two periods have outlines, those of their scenes."""
    study = run_study(load_project(project_file), until="map")
    study.bring_up("evaluate")
    for entry in study.project.scenes[:2]:
        frame = read_outlines(map_folder(study.project, entry.id) / "outlines.gpkg")
        frame["glac_id"], frame["period"] = [f"small-{i:04d}" for i in range(len(frame))], entry.period
        folder = study.project.output / "timeline" / str(entry.period)
        write_outlines(frame, folder / "outlines.gpkg")
        listed = [{"index": 1, "scene_id": entry.id, "date": entry.date, "sensor": entry.sensor, "pixels": 25600}]
        (folder / "sources.json").write_text(json.dumps(listed))
    return study


def test_a_study_becomes_a_folder_that_stands_by_itself(study: Study) -> None:
    done = release_stage.run(study)
    folder = study.project.output / done.result["release"]["folder"]
    assert folder.name == "small-1.0"
    assert done.result["release"]["missing"] == ["2019-2021"]
    text = (folder / "README.md").read_text()
    for expected in (
        "No outlines were made for 2019-2021.",
        "| S1988 | LT05_L1TP_139036_19880820_20200917_02_T1 | 1988-08-20 | landsat-5-tm | 139036 |",
        "25600",
        "band_ratio",
        "SHA-256",
    ):
        assert expected in text, expected
    for path in folder.rglob("*"):
        assert not path.is_file() or str(study.project.output.parent).encode() not in path.read_bytes()
    assert (folder / "tables" / "scores.csv").exists()


def test_a_release_whose_inputs_did_not_change_is_not_made_again(study: Study) -> None:
    release_stage.run(study)
    folder = study.project.output / "release" / "small-1.0"
    before = sha256(folder)
    assert release_stage.run(study).skipped
    (study.project.output / "change").mkdir()
    (study.project.output / "change" / "areas.csv").write_text("period,area_km2\n1986-1988,3\n")
    assert not release_stage.run(study).skipped
    assert (folder / "tables" / "areas.csv").exists()
    (study.project.output / "change" / "areas.csv").unlink()
    release_stage.run(study)
    assert sha256(folder) == before


def test_a_study_without_outlines_has_nothing_to_release(tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    path.write_text(yaml.safe_dump(STUDY))
    with pytest.raises(StageError, match="no outlines to release"):
        release_stage.run(Study(load_project(path)))


def test_a_study_without_authors_is_told_so(project_file: Path) -> None:
    with pytest.raises(ReleaseError, match="names no authors"):
        release_stage.run(Study(load_project(project_file, ["authors=[]"])))
