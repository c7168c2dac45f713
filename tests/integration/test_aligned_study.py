"""Scenes and an inventory that lie off are said in a study, and mapped in place when that is asked for."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import rasterio
from typer.testing import CliRunner

from trimline.cli.app import app
from trimline.errors import ProjectError
from trimline.files import sha256
from trimline.outlines import read_outlines, write_outlines
from trimline.project import Project, SceneEntry, SimulatedRange
from trimline.scenes import open_scene
from trimline.simulate import RangeManifest, write_range
from trimline.study import Study, run_study
from trimline.study.coregistration_steps import compare_scenes, places_of

LANDSAT: dict[str, Any] = {
    "name": "landsat",
    "size": 192,
    "resolution_m": 30,
    "seed": 5,
    "first_year": 1988,
    "scenes": [
        {"date": "1988-08-20", "sensor": "landsat-5-tm"},
        {"date": "2018-08-23", "sensor": "landsat-8-oli", "cloud_fraction": 0.1},
    ],
}


@pytest.fixture(scope="module")
def landsat(tmp_path_factory: pytest.TempPathFactory) -> RangeManifest:
    return write_range(SimulatedRange.model_validate(LANDSAT), tmp_path_factory.mktemp("landsat"), progress=False)


def test_outline_maps_a_scene_where_the_reference_shows_that_it_belongs(landsat: RangeManifest, tmp_path: Path) -> None:
    """The image is 45 m too far east by its files; its map is not."""
    product = _moved_product(landsat, 1, tmp_path / "products", 45.0)
    call = ["outline", str(product), "--method", "band_ratio", "--out", str(tmp_path / "out")]
    reference = str(landsat.folder / landsat.scenes[0].product)
    answer = CliRunner().invoke(app, [*call, "--align", reference])
    assert answer.exit_code == 0, answer.output
    truth = open_scene(landsat.folder / landsat.scenes[1].product).geobox
    with rasterio.open(tmp_path / "out" / "mask.tif") as source:
        assert source.transform.c == pytest.approx(truth.affine.c, abs=3.0)
        east_m, north_m = (float(each) for each in source.tags()["TRIMLINE_MOVED_M"].split())
    assert (east_m, north_m) == pytest.approx((-45.0, 0.0), abs=3.0)


def _moved_product(simulated: RangeManifest, position: int, folder: Path, east_m: float) -> Path:
    """Return a copy of a Landsat product whose files say that it lies further east."""
    source = simulated.folder / simulated.scenes[position].product
    copy = folder / source.name
    copy.mkdir(parents=True)
    for file in source.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    for file in copy.glob("*.TIF"):
        with rasterio.open(file, "r+") as raster:
            raster.transform = rasterio.Affine.translation(east_m, 0) * raster.transform
    return copy


@pytest.fixture
def study_file(landsat: RangeManifest, tmp_path: Path) -> dict[str, Any]:
    """Give a project of two years, the later image 45 m too far east, and an inventory 120 m off."""
    later = _moved_product(landsat, 1, tmp_path / "products", 45.0)
    inventory = read_outlines(landsat.folder / landsat.scenes[0].outlines)
    inventory["geometry"] = inventory.translate(0.0, 120.0)
    write_outlines(inventory, tmp_path / "inventory.gpkg")
    return {
        "name": "aligned",
        "output": str(tmp_path / "out"),
        "inventory": str(tmp_path / "inventory.gpkg"),
        "periods": [{"name": "1988", "first": 1988, "last": 1988}, {"name": "2018", "first": 2018, "last": 2018}],
        "scenes": [
            {"id": "a", "path": str(landsat.folder / landsat.scenes[0].product), "period": "1988"},
            {"id": "b", "path": str(later), "period": "2018"},
        ],
        "methods": ["band_ratio"],
        "bands": ["red", "swir1"],
    }


@pytest.mark.slow
def test_a_study_warns_of_what_lies_off_and_maps_it_in_place_when_asked(
    study_file: dict[str, Any], caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.INFO, "trimline")
    found = run_study(Project.model_validate(study_file), until="timeline").outcome()["coregistration"]
    assert found["b"]["reference"] == "a"
    assert (found["b"]["east_m"], found["b"]["north_m"]) == pytest.approx((45.0, 0.0), abs=3.0)
    assert found["inventory on a"]["north_m"] == pytest.approx(120.0, abs=15.0)
    warned = [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]
    assert any(each.startswith("b lies 4") and "--align" in each for each in warned)
    assert any(each.startswith("the inventory lies") and " north" in each for each in warned)
    table = pd.read_csv(tmp_path / "out" / "coregistration.csv").set_index("scene")
    assert table.loc["b", "east_m"] == pytest.approx(found["b"]["east_m"], abs=0.01)
    assert table["moved"].tolist() == ["no", "no"]
    before = _places(tmp_path)
    assert before["b"] - before["a"] == pytest.approx(45.0)

    aligned = Project.model_validate({**study_file, "map": {"align": True}})
    study = run_study(aligned, until="report")
    after = _places(tmp_path)
    assert after["a"] == before["a"]
    assert after["b"] - after["a"] == pytest.approx(0.0, abs=3.0)
    assert study.ledger.steps["map/a"].skipped, "the reference is not mapped again"
    table = pd.read_csv(tmp_path / "out" / "coregistration.csv").set_index("scene")
    assert table.loc["b", "moved"] == "yes"
    assert "Co-registration" in (tmp_path / "out" / "report" / "index.html").read_text(encoding="utf-8")
    mask = tmp_path / "out" / "maps" / "band_ratio" / "b" / "mask.tif"
    digest = sha256(mask)
    assert run_study(aligned, until="map").ledger.steps["map/b"].skipped
    assert sha256(mask) == digest


def _places(folder: Path) -> dict[str, float]:
    """Return the easting of the left edge of each map [m]."""
    found = {}
    for scene in ("a", "b"):
        with rasterio.open(folder / "out" / "maps" / "band_ratio" / scene / "mask.tif") as source:
            found[scene] = source.transform.c
    return found


def _entries(*given: dict[str, Any]) -> list[SceneEntry]:
    return [SceneEntry.model_validate({"path": f"{each['id']}.tif", **each}) for each in given]


def test_the_reference_is_the_earliest_marked_scene_of_a_place_or_else_the_earliest() -> None:
    entries = _entries(
        {"id": "a", "tile": "139036", "date": "1990"},
        {"id": "b", "tile": "139036", "date": "2001-08-20", "period": "p", "reference": True},
        {"id": "c", "tile": "139036", "date": "1999-08-20", "period": "q", "reference": True},
        {"id": "d", "tile": "138036", "date": "2010"},
        {"id": "e", "tile": "138036", "date": "2009-07-01"},
        {"id": "f", "tile": "138036"},
    )
    found = {reference.id: [each.id for each in others] for reference, others in places_of(entries)}
    assert found == {"c": ["a", "b"], "e": ["d", "f"]}


def test_scenes_that_workers_fetch_are_not_compared_and_never_said_to_be_aligned(tmp_path: Path) -> None:
    """What only the workers of a cluster will have cannot be compared here."""
    (tmp_path / "item.json").write_text("{}")
    content = {
        "name": "far",
        "output": str(tmp_path / "out"),
        "scenes": [
            {"id": name, "path": str(tmp_path / name), "item": str(tmp_path / "item.json"), "tile": "139036"}
            for name in ("a", "b")
        ],
    }
    study = Study(Project.model_validate(content), scheduler="tcp://127.0.0.1:1")
    study.workers_fetch = True
    assert compare_scenes(study, study.project.scenes) == []
    aligned = Study(Project.model_validate({**content, "map": {"align": True}}), scheduler="tcp://127.0.0.1:1")
    aligned.workers_fetch = True
    with pytest.raises(ProjectError, match="cannot be aligned"):
        compare_scenes(aligned, aligned.project.scenes)
