"""What `trimline review` shows of a project, of the folder of one map, and of outlines that one has already."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
import yaml
from tests.kinds.reviewed import draft, shape_of
from typer.testing import CliRunner

from trimline.cli.app import app
from trimline.errors import ProductError, ProjectError, StageError
from trimline.outlines import area_km2, read_outlines, write_outlines
from trimline.own_files import own_raster
from trimline.project import load_project
from trimline.review import contract
from trimline.review.contract import COMBINATIONS
from trimline.review.opened.opening import reviewed_of
from trimline.review.pictures.browser_rasters import raster_obstacle
from trimline.review.pictures.overlays import Overlays
from trimline.review.pictures.rasters import Rasters
from trimline.review.pictures.scene_pictures import Pictures
from trimline.review.review_desk import ReviewDesk, desk_of
from trimline.study import run_study

STUDY: dict[str, Any] = {
    "name": "range",
    "title": "A small range",
    "output": "out",
    "seed": 3,
    "periods": [{"name": "1988", "first": 1988}, {"name": "2018", "first": 2018}],
    "simulate": [
        {
            "name": "range",
            "size": 128,
            "seed": 7,
            "rise_m_per_a": 8,
            "scenes": [
                {"date": "1988-08-20", "sensor": "landsat-5-tm", "cloud_fraction": 0.1},
                {"date": "2018-08-23", "sensor": "landsat-8-oli", "cloud_fraction": 0},
            ],
        }
    ],
    "scenes": [
        {"id": "early", "path": "${output}/simulated/range/LT05_L1TP_*", "period": "1988", "reference": True},
        {"id": "late", "path": "${output}/simulated/range/LC08_L1TP_*", "period": "2018", "reference": True},
    ],
    "dem": "${output}/simulated/range/dem.tif",
    "methods": [{"ratio": 2.0}],
}


def written(folder: Path, **changes: Any) -> Path:
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(STUDY | changes))
    return path


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the project file of a study whose periods are mapped."""
    folder = tmp_path_factory.mktemp("reviewed")
    path = written(folder)
    run_study(load_project(path), until="timeline")
    return path


def test_a_project_gives_its_periods_its_scenes_and_its_rasters(study: Path) -> None:
    found = reviewed_of(study)
    assert (found.name, found.title, found.kind) == ("range", "A small range", "project")
    assert [(each.name, each.first, each.last) for each in found.periods] == [
        ("1988", 1988, 1988),
        ("2018", 2018, 2018),
    ]
    early, late = found.periods
    assert len(read_outlines(early.automatic))
    assert found.crs == str(read_outlines(late.automatic).crs.to_string())
    assert early.pixel_m == 30.0
    assert late.threshold == pytest.approx(0.5)
    for path in (early.probability, early.uncertain, early.unseen):
        assert path is not None
        assert path.exists()
    assert [(each.id, each.periods, each.reference) for each in found.scenes] == [
        ("early", ("1988",), True),
        ("late", ("2018",), True),
    ]
    scene = found.scenes[1].open()
    assert scene.sensor.id == found.scenes[1].sensor == "landsat-8-oli"
    assert found.scenes[0].identity is not None
    assert found.scenes[1].identity is not None
    assert found.scenes[0].identity() != found.scenes[1].identity()
    assert found.dem is not None


def test_rasters_of_the_periods_are_overlays_that_a_browser_reads(study: Path) -> None:
    rasters = Rasters()
    overlays = Overlays(reviewed_of(study), rasters)
    found = {each.id: each for each in overlays.all() if each.kind != "hillshade"}
    overlays.close()
    assert set(found) == {f"{kind}/{year}" for kind in ("probability", "uncertain") for year in (1988, 2018)}
    probability = found["probability/2018"]
    assert (probability.scale, probability.nodata, probability.threshold) == (1e-4, 65535, 0.5)
    for each in found.values():
        path = rasters[each.source.rpartition("/")[2]]
        assert path.parent.name == each.period
        with own_raster(path) as source:
            assert raster_obstacle(source) is None


def test_scenes_of_a_simulated_range_are_shown_as_they_are(study: Path) -> None:
    pictures = Pictures(reviewed_of(study), Rasters())
    try:
        found = pictures.all(30.0)
    finally:
        pictures.close()
    assert [(each.id, each.state, each.sensor) for each in found] == [
        ("early", "ready", "landsat-5-tm"),
        ("late", "ready", "landsat-8-oli"),
    ]
    assert all(len(each.bands) == 6 and each.combinations == tuple(COMBINATIONS) for each in found)


def test_a_project_that_was_not_run_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="not been mapped yet") as error:
        reviewed_of(written(tmp_path))
    assert "--until timeline" in str(error.value.remedy)


def test_a_project_without_periods_says_what_it_lacks(study: Path, tmp_path: Path) -> None:
    plain = [{key: value for key, value in each.items() if key in ("id", "path")} for each in STUDY["scenes"]]
    path = written(tmp_path, periods=[], scenes=plain, output=str(study.parent / "out"))
    with pytest.raises(ProjectError, match="no periods") as error:
        reviewed_of(path)
    assert "maps/" in str(error.value.remedy)


def test_a_map_within_a_project_finds_its_scene(study: Path) -> None:
    folder = next((study.parent / "out/maps").glob("*/late"))
    found = reviewed_of(folder)
    (period,) = found.periods
    assert (found.kind, period.name, period.first) == ("folder", "2018-08-23", 2018)
    assert read_outlines(period.automatic)["glac_id"].is_unique
    assert found.scenes[0].open().id == "late"


@pytest.fixture(scope="module")
def outlined(study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of one map."""
    (product,) = (study.parent / "out/simulated/range").glob("LC08*")
    folder = tmp_path_factory.mktemp("outlined") / "map"
    done = CliRunner().invoke(app, ["outline", str(product), "-o", str(folder), "--method", "band_ratio"])
    assert done.exit_code == 0, done.output
    return folder


def test_the_folder_of_one_map_finds_its_product_again(outlined: Path, study: Path) -> None:
    found = reviewed_of(outlined)
    (period,) = found.periods
    assert (found.kind, period.name, period.first, period.pixel_m) == ("folder", "2018-08-23", 2018, 30.0)
    assert period.classes is not None
    assert period.unseen is not None
    assert str(period.unseen).endswith("|layer=not_seen")
    scene = found.scenes[0].open()
    assert scene.source.name == next((study.parent / "out/simulated/range").glob("LC08*")).name
    with pytest.raises(ProjectError, match="no keys to set"):
        reviewed_of(outlined, ["seed=3"])


def test_a_scene_that_is_gone_is_said_when_it_is_opened(outlined: Path, tmp_path: Path) -> None:
    record = outlined / "scene.json"
    before = record.read_text()
    try:
        record.write_text('{"product": "/nowhere/LC08", "said": {}}')
        gone = reviewed_of(outlined).scenes[0]
        with pytest.raises(ProductError, match="not there any more"):
            gone.open()
        record.unlink()
        with pytest.raises(StageError, match="does not say which product"):
            reviewed_of(outlined).scenes[0].open()
    finally:
        record.write_text(before)


def test_another_product_in_the_place_of_the_mapped_one_is_refused(outlined: Path, study: Path) -> None:
    (other,) = (study.parent / "out/simulated/range").glob("LT05*")
    record = outlined / "scene.json"
    before = record.read_text()
    try:
        record.write_text(f'{{"product": "{other}", "said": {{}}}}')
        with pytest.raises(ProductError, match="another one"):
            reviewed_of(outlined).scenes[0].open()
    finally:
        record.write_text(before)


def test_outlines_that_one_has_already_are_reviewed_with_the_ids_of_the_change(tmp_path: Path) -> None:
    for year, side in ((1990, 0.02), (2020, 0.01)):
        frame = gpd.GeoDataFrame(
            {"name": ["a"]}, geometry=[shapely.box(94.0, 35.0, 94.0 + side, 35.0 + side)], crs=4326
        )
        write_outlines(frame, tmp_path / f"{year}.gpkg")
    path = tmp_path / "study.yaml"
    periods = [{"name": str(year), "first": year, "outlines": f"{year}.gpkg", "pixel_m": 20} for year in (1990, 2020)]
    path.write_text(yaml.safe_dump({"name": "own", "output": "out", "periods": periods}))
    found = reviewed_of(path)
    assert [each.name for each in found.periods] == ["1990", "2020"]
    assert found.crs == "EPSG:32646"
    assert found.periods[0].pixel_m == 20.0
    early, late = (read_outlines(each.automatic) for each in found.periods)
    assert early["glac_id"].tolist() == late["glac_id"].tolist(), "one glacier"
    assert early["area_km2"].iloc[0] == pytest.approx(float(area_km2(read_outlines(tmp_path / "1990.gpkg"))[0]))
    first = found.periods[0].automatic
    was = first.stat().st_mtime_ns
    assert reviewed_of(path).periods[0].automatic.stat().st_mtime_ns == was, "nothing has changed"
    write_outlines(read_outlines(tmp_path / "2020.gpkg"), tmp_path / "1990.gpkg")
    reviewed_of(path)
    assert first.stat().st_mtime_ns != was


def hole_in(desk: ReviewDesk, period: str) -> tuple[str, contract.Saved, contract.Measure]:
    """Cut a hole into the largest glacier of a period; return its id, the answer and its measure."""
    largest = desk.glaciers(period, order="area", state=None, limit=1, offset=0).glaciers[0].glac_id
    before = desk.glacier(period, largest)
    assert before.outline is not None
    inside = shape_of(before.outline).representative_point().buffer(60.0, quad_segs=2)
    drafts = (draft("remove", largest, inside),)
    shown = desk.preview(contract.PreviewRequest(period=period, drafts=drafts))
    saved = desk.save(contract.SaveRequest(period=period, drafts=drafts, author="Ana", reason="rock", base=shown.base))
    return largest, saved, shown.measures[0]


def test_the_tables_of_the_next_run_have_the_areas_of_the_page(study: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(study.parent, tmp_path / "study")
    desk = desk_of(reviewed_of(folder / study.name))
    try:
        glac_id, _, measure = hole_in(desk, "2018")
    finally:
        desk.close()
    run_study(load_project(folder / study.name), until="change")
    areas = pd.read_csv(folder / "out/change/areas.csv", dtype={"period": str}).set_index(["period", "glac_id"])
    row = areas.loc[("2018", glac_id)]
    assert measure.area_km2 == pytest.approx(row["area_km2"], rel=1e-6)
    assert measure.uncertainty_km2 == pytest.approx(row["uncertainty_km2"], rel=1e-5)


def test_the_corrected_outlines_of_one_map_are_written_when_its_review_ends(outlined: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(outlined, tmp_path / "map")
    what = reviewed_of(folder)
    desk = desk_of(what)
    glac_id, saved, _ = hole_in(desk, what.periods[0].name)
    desk.close()
    corrected = read_outlines(folder / "corrected.gpkg").set_index("glac_id")
    assert corrected.loc[glac_id].geometry.equals(shape_of(saved.outlines[0]))
    assert corrected.loc[glac_id, "edit_ids"] == saved.edits[0].edit_id
