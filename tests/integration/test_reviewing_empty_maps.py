"""Maps on which no glacier was found are reviewed too: the missed ones are drawn on them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import shapely
import yaml
from tests.integration.test_what_is_reviewed import STUDY
from tests.kinds.reviewed import draft
from typer.testing import CliRunner

from trimline.cli.app import app
from trimline.outlines import read_outlines
from trimline.own_files import own_raster
from trimline.project import load_project
from trimline.review import contract
from trimline.review.opened.opening import reviewed_of
from trimline.review.review_desk import ReviewDesk, desk_of
from trimline.study import run_study

NO_ICE: dict[str, Any] = STUDY | {"methods": [{"ratio": 1000.0}], "name": "bare"}


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the project file of a study in whose periods no glacier was found."""
    path = tmp_path_factory.mktemp("bare") / "bare.yaml"
    path.write_text(yaml.safe_dump(NO_ICE))
    run_study(load_project(path), until="timeline")
    return path


def draw_in(desk: ReviewDesk, period: str) -> contract.Saved:
    """Draw a glacier in the middle of what is shown, and save it."""
    west, south, east, north = desk.review().extent
    ice = shapely.box(west, south, east, north).centroid.buffer(300.0, quad_segs=4)
    drafts = (draft("add", "Missed", ice),)
    shown = desk.preview(contract.PreviewRequest(period=period, drafts=drafts))
    assert shown.is_applied == (True,)
    request = contract.SaveRequest(period=period, drafts=drafts, author="Ana", reason="missed", base=shown.base)
    return desk.save(request)


def test_a_missed_glacier_is_drawn_on_a_map_without_outlines(bare: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(next((bare.parent / "out/maps").glob("*/late")), tmp_path / "map")
    assert len(read_outlines(folder / "outlines.gpkg")) == 0
    what = reviewed_of(folder)
    desk = desk_of(what)
    try:
        shown = desk.review()
        with own_raster(folder / "mask.tif") as source:
            assert shown.extent == pytest.approx(tuple(source.bounds))
        assert [(each.glaciers, each.area_km2) for each in shown.periods] == [(0, 0.0)]
        saved = draw_in(desk, what.periods[0].name)
        assert [each.glac_id for each in saved.outlines] == ["Missed"]
    finally:
        desk.close()
    corrected = read_outlines(folder / "corrected.gpkg")
    assert corrected["glac_id"].tolist() == ["Missed"]
    assert corrected["area_km2"].iloc[0] == pytest.approx(shapely.Point(0, 0).buffer(0.3, quad_segs=4).area, rel=0.01)


def test_a_missed_glacier_of_a_project_is_in_its_table_of_areas(bare: Path, tmp_path: Path) -> None:
    path = shutil.copytree(bare.parent, tmp_path / "study") / bare.name
    desk = desk_of(reviewed_of(path))
    try:
        draw_in(desk, "2018")
    finally:
        desk.close()
    run_study(load_project(path), until="change")
    areas = pd.read_csv(path.parent / "out/change/areas.csv", dtype={"period": str})
    ice = areas[areas["area_km2"] > 0]
    assert ice[["period", "glac_id"]].to_numpy().tolist() == [["2018", "Missed"]]


def test_a_layer_of_edits_for_qgis_is_made_of_a_map_without_outlines(bare: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(next((bare.parent / "out/maps").glob("*/late")), tmp_path / "map")
    done = CliRunner().invoke(app, ["edits", str(folder), "--create"])
    assert done.exit_code == 0, done.output
    assert (folder / "edits.qgs").is_file()
