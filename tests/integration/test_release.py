"""The stage `release` on a small study: from what lies in the output to a folder that stands by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
import yaml

from trimline.errors import EditError, ReleaseError, StageError
from trimline.files import sha256
from trimline.outlines import append_edits, read_edits, read_outlines
from trimline.project import Project, load_project
from trimline.study import Study, release_stage, run_study
from trimline.study.adding_edits import revert
from trimline.study.corrected import corrected_project

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
    "map": {"scenes": ["1986-1988", "2016-2018"]},
    "methods": ["band_ratio"],
}


@pytest.fixture(scope="module")
def project_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("release") / "small.yaml"
    path.write_text(yaml.safe_dump(STUDY))
    return path


@pytest.fixture(scope="module")
def study(project_file: Path) -> Study:
    """Return a study whose first two periods have outlines, the first corrected by hand."""
    project = load_project(project_file)
    run_study(project, until="timeline")
    largest = outlines(project, "1986-1988").sort_values("area_km2").iloc[-1]
    half = shapely.box(*largest.geometry.bounds).intersection(
        shapely.affinity.translate(shapely.box(*largest.geometry.bounds), 600)
    )
    rows = [
        {"operation": "remove", "period": "1986-1988", "glac_id": largest["glac_id"], "geometry": half},
        {"operation": "remove", "period": "1986-1988", "glac_id": "gone", "geometry": half},
    ]
    drawn = gpd.GeoDataFrame([{"author": "Ana", "time": "2024-05-31", **each} for each in rows], crs=32646)
    append_edits(project.edits_file, drawn)
    study = Study(project)
    study.bring_up("timeline")
    study.bring_up("evaluate")
    return study


def outlines(project: Project, period: str) -> gpd.GeoDataFrame:
    return read_outlines(project.output / "timeline" / period / "outlines.gpkg")


def test_outlines_of_a_period_are_the_automatic_ones_with_its_edits(study: Study) -> None:
    project, said = study.project, study.done["timeline"].result["timeline"]["periods"]
    automatic = read_outlines(project.output / "timeline" / "1986-1988" / "automatic.gpkg")
    final = outlines(project, "1986-1988")
    applied, lost = read_edits(project.edits_file)["edit_id"]
    assert final["edit_ids"].dropna().tolist() == [applied]
    assert final["area_km2"].sum() < automatic["area_km2"].sum() - 0.05
    assert said["1986-1988"]["edits_not_applied"] == [lost]
    assert said["1986-1988"]["area_km2"] == pytest.approx(final["area_km2"].sum())
    assert (said["2016-2018"]["edits"], said["2016-2018"]["edits_not_applied"]) == (0, [])


def test_edits_that_did_not_change_are_not_replayed_again(study: Study) -> None:
    again = Study(study.project)
    assert again.bring_up("timeline").skipped
    path = study.project.edits_file
    before, kept = sha256(study.project.output / "timeline" / "1986-1988" / "outlines.gpkg"), path.read_bytes()
    first = read_edits(path)["edit_id"][0]
    revert(corrected_project(study.project), first, author="Ben", reason="it was ice")
    assert not Study(study.project).bring_up("timeline").skipped
    assert outlines(study.project, "1986-1988")["edit_ids"].isna().all()
    path.write_bytes(kept)
    Study(study.project).bring_up("timeline")
    assert sha256(study.project.output / "timeline" / "1986-1988" / "outlines.gpkg") == before


def test_a_wrong_edit_stops_the_timeline_before_anything_is_written(study: Study) -> None:
    path = study.project.edits_file
    kept = path.read_bytes()
    append_edits(path, gpd.GeoDataFrame({"operation": ["ad"], "edit_id": ["e9"]}, geometry=[None], crs=32646))
    with pytest.raises(EditError, match=r"edits\.gpkg: edit e9"):
        Study(study.project).bring_up("timeline")
    path.write_bytes(kept)


def test_a_study_becomes_a_folder_that_stands_by_itself(study: Study) -> None:
    done = release_stage.run(study)
    folder = study.project.output / done.result["release"]["folder"]
    assert folder.name == "small-1.0"
    assert done.result["release"]["missing"] == ["2019-2021"]
    text = (folder / "README.md").read_text()
    for expected in (
        "No outlines were made for 2019-2021.",
        "| S1988 | LT05_L1TP_139036_19880820_20200917_02_T1 | 1988-08-20 | landsat-5-tm | 139036 |",
        "has 2 rows (2 × remove)",
        "1 × applied, 1 × not applied",
        "by the rule reference",
        "band_ratio",
        "SHA-256",
    ):
        assert expected in text, expected
    for path in folder.rglob("*"):
        assert not path.is_file() or str(study.project.output.parent).encode() not in path.read_bytes()
    assert (folder / "tables" / "scores.csv").exists()
    settings = yaml.safe_load((folder / "project.yaml").read_text())
    assert settings["scenes"][0]["path"].startswith("${output}/simulated/range/")
    assert settings["map"]["minimum_area_km2"] == 0.01, "defaults are written out"
    digest = study.identities.of(study.project.scenes[0])
    assert f"| {digest} |" in text
    assert "Where it was judged" in text


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
