"""What is fetched for a study: its bands, its region, and what a person is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
import yaml

from trimline.errors import ProjectError, RemoteError, StageError
from trimline.project import Project, load_project
from trimline.study.archive_scenes import bands_needed, region_of
from trimline.study.dem_fetch import require_elevation
from trimline.study.fetch_progress import shown_progress
from trimline.study.fetch_stage import Fetching, fetch_project
from trimline.study.needs import check_needs, require_fetched_for
from trimline.study.scenes import open_entry
from trimline.study.stages import STAGES


def project(folder: Path, **more: Any) -> Project:
    scene = {"id": "a", "path": "${output}/fetched/a", "item": "${output}/search/a.json", "period": "2018"}
    content = {
        "name": "small",
        "output": "out",
        "scenes": [scene],
        "periods": [{"name": "2018", "first": 2018, "last": 2018}],
        "methods": [{"name": "ratio", "ratio": 2.0}],
        **more,
    }
    path = folder / "project.yaml"
    path.write_text(yaml.safe_dump(content))
    return load_project(path)


def layer(folder: Path, name: str, *shapes: shapely.Geometry, crs: int = 4326) -> str:
    gpd.GeoDataFrame(geometry=list(shapes), crs=crs).to_file(folder / name)
    return name


def test_bands_are_those_of_the_methods_and_of_what_tells_cloud_and_snow(tmp_path: Path) -> None:
    always = {"blue", "green", "red", "nir", "swir1", "swir2"}
    assert set(bands_needed(project(tmp_path, bands=["red", "swir1"]))) == always
    with_thermal = project(tmp_path, methods=[{"name": "learnt", "network": "unet", "bands": ["red", "thermal"]}])
    assert set(bands_needed(with_thermal)) == {*always, "thermal"}
    assert set(bands_needed(project(tmp_path, bands=["rededge1", "red"]))) == {*always, "rededge1"}


def test_region_is_that_of_the_project_in_degrees(tmp_path: Path) -> None:
    square = shapely.box(500_000, 3_000_000, 510_000, 3_010_000)
    region = region_of(project(tmp_path, region=layer(tmp_path, "region.gpkg", square, crs=32646)))
    assert region is not None
    there = gpd.GeoSeries([region], crs=4326).to_crs(32646)
    assert there.area.item() == pytest.approx(square.area, rel=1e-6)


def test_region_of_a_search_without_one_is_the_hull_of_the_inventory(tmp_path: Path) -> None:
    inventory = layer(tmp_path, "rgi.gpkg", shapely.box(93, 28, 93.1, 28.1), shapely.box(93.4, 28, 93.5, 28.1))
    searched = project(tmp_path, inventory=inventory, search={"catalogues": "earth-search"})
    region = region_of(searched)
    assert region is not None
    assert region.bounds == pytest.approx((93, 28, 93.5, 28.1))
    assert region_of(project(tmp_path, inventory=inventory)) is None, "all ground that the scenes cover"


def test_region_across_the_180th_meridian_stays_one_piece_of_its_width(tmp_path: Path) -> None:
    parts = shapely.box(179, 70, 180, 71), shapely.box(-180, 70, -179, 71)
    region = region_of(project(tmp_path, region=layer(tmp_path, "region.gpkg", shapely.MultiPolygon(parts))))
    assert region is not None
    west, _, east, _ = region.bounds
    assert east - west == pytest.approx(2.0)


def test_scene_that_is_not_fetched_is_no_missing_file_of_a_whole_run(tmp_path: Path) -> None:
    elsewhere = [{"id": "a", "path": "products/a", "item": "items/a.json", "period": "2018"}]
    check_needs(project(tmp_path, scenes=elsewhere), frozenset(STAGES) - {"release", "sensors", "glaciers", "change"})


@pytest.mark.parametrize("stage", ["samples", "map", "timeline", "evaluate"])
def test_scene_that_is_not_fetched_is_named_with_the_way_out(stage: str, tmp_path: Path) -> None:
    absent = project(tmp_path)
    with pytest.raises(StageError, match=r"scenes\.a: .*has not been fetched\nrun `trimline fetch`"):
        require_fetched_for(absent, stage)
    with pytest.raises(StageError, match="trimline fetch"):
        open_entry(absent.scenes[0])


@pytest.mark.parametrize("stage", ["fetch", "simulate", "report", "release"])
def test_stages_that_read_no_scene_do_not_need_it(stage: str, tmp_path: Path) -> None:
    require_fetched_for(project(tmp_path), stage)


def test_project_without_items_says_where_they_come_from(tmp_path: Path) -> None:
    by_hand = [{"id": "a", "path": "a.tif", "period": "2018"}]
    with pytest.raises(ProjectError, match=r"no scene has an item[\s\S]*trimline search"):
        fetch_project(project(tmp_path, scenes=by_hand))
    with pytest.raises(ProjectError, match="--scenes"):
        fetch_project(project(tmp_path), scenes=["of-nobody"])


def test_path_with_a_star_is_refused_for_a_scene_that_is_fetched(tmp_path: Path) -> None:
    starred = [{"id": "a", "path": "${output}/*/a", "item": "a.json", "period": "2018"}]
    (tmp_path / "a.json").write_text('{"type": "Feature", "trimline:catalogue": "https://archive.example"}')
    failed = fetch_project(project(tmp_path, scenes=starred)).failed
    assert set(failed) == {"a"}


def test_scenes_that_failed_are_counted_and_the_first_named() -> None:
    failed = {f"scene-{i}": RemoteError(f"reason {i}") for i in range(5)}
    with pytest.raises(StageError) as raised:
        Fetching({}, failed).require_all()
    assert "5 of 5 scenes" in raised.value.what
    assert "scene-2 (reason 2); 2 more" in raised.value.what
    assert "trimline fetch" in (raised.value.remedy or "")
    Fetching({}, {}).require_all()


def test_progress_shows_bytes_and_time_left_on_a_terminal_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with shown_progress(2) as watch:
        watch.planned(10)
        watch.came(10)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("trimline.study.fetch_progress.is_watched", lambda: True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    with shown_progress(2) as watch:
        watch.planned(4_000_000)
        watch.came(1_000_000)
    shown = capsys.readouterr().err
    assert "fetching 2 scenes" in shown
    assert "1.0/4.0 MB" in shown


def test_elevation_of_a_catalogue_is_a_file_of_the_output_and_no_second_model(tmp_path: Path) -> None:
    named = project(tmp_path, dem_catalogue="earth-search")
    assert named.dem == named.output / "dem" / "copernicus_30m.tif"
    assert project(tmp_path).dem is None
    with pytest.raises(ProjectError, match="give one of the two"):
        project(tmp_path, dem_catalogue="earth-search", dem="own.tif")
    with pytest.raises(ProjectError, match="user name or password"):
        project(tmp_path, dem_catalogue="https://me:secret@example.org/stac")
    with pytest.raises(ProjectError, match=r"(?s)dem_catalogue.*has none.*give a region"):
        fetch_project(named)
    with pytest.raises(StageError, match=r"(?s)has not been fetched.*trimline fetch"):
        require_elevation(named)
