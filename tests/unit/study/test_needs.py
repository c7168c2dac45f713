"""What a late stage needs is asked for before anything is computed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import yaml
from odc.geo.geobox import GeoBox
from rasterio.transform import from_origin

from trimline.errors import ChangeError, GridError, ProjectError, ReleaseError, TrimlineError
from trimline.project import load_project
from trimline.rasters import write_raster
from trimline.study import run_study
from trimline.study.needs import check_needs

PERIODS = [{"name": "1990", "first": 1990}, {"name": "2005", "first": 2005}]


def write(folder: Path, **changes: Any) -> Path:
    """Write a study of two stacks without a sensor, and return the project file."""
    for name in ("a.tif", "b.tif"):
        with rasterio.open(
            folder / name, "w", driver="GTiff", count=2, height=8, width=8, dtype="float32", crs="EPSG:32646",
            transform=from_origin(500_010, 3_800_040, 30, 30),
        ) as target:  # fmt: skip
            target.write(np.full((2, 8, 8), 0.3, np.float32))
            target.descriptions = ("red", "swir1")
    project = {
        "name": "p",
        "output": "out",
        "bands": ["red", "swir1"],
        "methods": [{"ratio": 2.0}],
        "scenes": [
            {"id": "a", "path": "a.tif", "date": "1990-08-01", "period": "1990"},
            {"id": "b", "path": "b.tif", "date": "2005-08-01", "period": "2005", "sensor": "landsat-5-tm"},
        ],
        "periods": PERIODS,
    }
    path = folder / "p.yaml"
    path.write_text(yaml.safe_dump({**project, **changes}))
    return path


KNOWN = ["scenes.a.sensor=landsat-5-tm"]


@pytest.mark.parametrize(
    ("changes", "sets", "until", "kind", "where", "said"),
    [
        ({}, [], "report", ProjectError, "scenes.a.sensor", "the sensor of a.tif is not known"),
        ({}, [], "change", ProjectError, "scenes.a.sensor", "the sensor of a.tif is not known"),
        ({}, KNOWN, "release", ReleaseError, "p: authors", "names no authors"),
        ({"authors": [{"name": "The Survey"}]}, KNOWN, "release", ReleaseError, "p: license", "under which licence"),
        ({"dem": "dem.tif"}, KNOWN, "report", ProjectError, "dem", "does not exist"),
        ({"inventory": "rgi.gpkg"}, KNOWN, "map", ProjectError, "inventory", "does not exist"),
        (
            {"periods": [*PERIODS, {"name": "2015", "first": 2015}, {"name": "2020", "first": 2020}]},
            KNOWN,
            "report",
            ProjectError,
            "periods",
            "'2015', '2020' have no scene",
        ),
        ({"region": "r.gpkg"}, KNOWN, "timeline", ProjectError, "region", "does not exist"),
        ({"glaciers": {"band_m": 100}}, KNOWN, "report", ProjectError, "glaciers", "needs elevation"),
        ({"map": {"minimum_elevation_m": 3000}}, KNOWN, "map", ProjectError, "map.minimum_elevation_m", "elevation"),
        ({"map": {"within_m": 500}}, KNOWN, "map", ProjectError, "map.within_m", "distance from an inventory"),
        ({"map": {"method": "unet"}}, KNOWN, "map", ProjectError, "p", "'unet' is none of the methods"),
        ({"change": {"published": "p.csv"}}, KNOWN, "report", ProjectError, "change.published", "does not exist"),
        ({"methods": ["band_ratio"]}, KNOWN, "map", ProjectError, "scenes", "no scene has a truth to train"),
        ({"methods": [{"weights": "w.onnx"}]}, KNOWN, "map", ProjectError, "methods.w.weights", "does not exist"),
        ({}, ["scenes.a.sensor=landsat-5-tm", "scenes.b.path=c.tif"], "map", ProjectError, "scenes.b.path", "exist"),
        (
            {"areas": [{"name": "west", "outline": "w.gpkg"}]},
            KNOWN,
            "timeline",
            ProjectError,
            "areas.west.outline",
            "does not exist",
        ),
    ],
)
def test_it_is_named_by_its_key(
    tmp_path: Path,
    changes: dict[str, Any],
    sets: list[str],
    until: str,
    kind: type[TrimlineError],
    where: str,
    said: str,
) -> None:
    project = load_project(write(tmp_path, **changes), sets)
    with pytest.raises(kind, match=said) as refused:
        run_study(project, until=until)
    assert str(refused.value.where) == where
    assert refused.value.remedy
    assert not (tmp_path / "out").exists(), "nothing was begun"


def test_a_published_table_that_cannot_be_read_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("region,year\nall,1990\n")
    with pytest.raises(ChangeError, match="area_km2"):
        run_study(load_project(write(tmp_path, change={"published": "p.csv"}), KNOWN))
    assert not (tmp_path / "out").exists()


def test_elevation_of_another_place_is_refused_before_anything_is_computed(tmp_path: Path) -> None:
    path = write(tmp_path, dem="dem.tif")
    for east_m, is_there in ((90_000, False), (0, True)):
        grid = GeoBox((8, 8), from_origin(500_010 + east_m, 3_800_040, 30, 30), "EPSG:32646")
        write_raster(tmp_path / "dem.tif", np.full(grid.shape, 4000, np.float32), grid)
        if is_there:
            assert "map" in run_study(load_project(path), until="map").done
            continue
        with pytest.raises(GridError, match=r"dem.tif: the elevation model has no heights where the image lies"):
            run_study(load_project(path), until="map")
        assert not (tmp_path / "out").exists()


def test_elevation_of_some_scenes_is_enough_to_begin(tmp_path: Path) -> None:
    path = write(tmp_path, dem="dem.tif")
    with rasterio.open(tmp_path / "b.tif", "r+") as target:
        target.transform = from_origin(590_010, 3_800_040, 30, 30)
    grid = GeoBox((8, 8), from_origin(590_010, 3_800_040, 30, 30), "EPSG:32646")
    write_raster(tmp_path / "dem.tif", np.full(grid.shape, 4000, np.float32), grid)
    check_needs(load_project(path), frozenset({"map"}))
    with pytest.raises(GridError, match="no heights"):
        check_needs(load_project(path, ["map.scenes=[a]"]), frozenset({"map"}))


def test_what_only_a_later_stage_needs_stops_no_earlier_one(tmp_path: Path) -> None:
    study = run_study(load_project(write(tmp_path, region="r.gpkg")), until="train")
    assert "train" in study.done


def test_what_trains_is_missed_before_anything_is_computed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trimline.extras.find_spec", lambda name: None)
    scenes = [{"id": "a", "path": "a.tif", "date": "1990-08-01", "sensor": "landsat-5-tm", "truth": "a.tif"}]
    project = load_project(write(tmp_path, scenes=scenes, periods=[], methods=["band_ratio"]))
    with pytest.raises(TrimlineError, match=r"training band_ratio needs torch.*\n.*trimline\[train\]"):
        run_study(project, until="evaluate")
    assert not (tmp_path / "out").exists()
    (tmp_path / "out/samples").mkdir(parents=True)
    check_needs(project, frozenset({"samples", "train"}))  # all of it may be there already, trained elsewhere
