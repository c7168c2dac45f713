"""Snow off the glaciers of real images and of simulated ranges with little and much of it."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import yaml
from typer.testing import CliRunner

from trimline.cli.app import app
from trimline.errors import OutlineError
from trimline.mapping.snow import SNOW_LIMIT, snow_off_glaciers
from trimline.outlines import read_outlines, trace
from trimline.project import Project, SimulatedRange, load_project
from trimline.rasters import write_raster
from trimline.scenes import Scene, open_scene
from trimline.simulate import write_range
from trimline.study import run_study

CHIP_BANDS = ("blue", "green", "red", "nir", "swir1", "thermal")


def mapped_by_ratio(scene: Scene, folder: Path) -> Path:
    """Map a scene by red / SWIR 1 > 2, which takes all snow for ice."""
    red, swir1 = scene.read(["red", "swir1"]).to_numpy()
    mask = np.where(np.isfinite(red + swir1), red > 2 * swir1, 255).astype(np.uint8)
    return write_raster(folder / "mask.tif", mask, scene.geobox, nodata=255)


@pytest.mark.parametrize("name", ["G007930E46472N", "G008006E46177N", "G008185E46529N"])
def test_the_alps_under_snow_are_warned_of(trimline_data: Path, tmp_path: Path, name: str) -> None:
    scene = open_scene(trimline_data / "landsat_chips" / f"{name}.tif", sensor="landsat-5-tm", bands=CHIP_BANDS)
    inventory = gpd.read_parquet(trimline_data / "swiss_inventory" / "2016.parquet")
    mask = mapped_by_ratio(scene, tmp_path)
    found = snow_off_glaciers(scene, mask, inventory=inventory)
    assert found.reference == "inventory"
    assert found.share > 0.9
    assert found.warning() is not None
    by_height = snow_off_glaciers(scene, mask, dem=trimline_data / "landsat_chips" / "dem" / f"{name}.tif")
    assert by_height.reference == "elevation"
    assert by_height.share > 0.9
    assert snow_off_glaciers(scene, mask).warning() is not None, "all is mapped as ice, and nothing tells snow from it"


@pytest.mark.parametrize("name", ["G071513E38728N", "G086917E27925N", "G098704E28433N", "G286985E49265S"])
def test_chips_of_late_summer_are_not_warned_of(trimline_data: Path, tmp_path: Path, name: str) -> None:
    scene = open_scene(trimline_data / "landsat_chips" / f"{name}.tif", sensor="landsat-5-tm", bands=CHIP_BANDS)
    mask = mapped_by_ratio(scene, tmp_path)
    dem = trimline_data / "landsat_chips" / "dem" / f"{name}.tif"
    for found in (snow_off_glaciers(scene, mask, dem=dem), snow_off_glaciers(scene, mask)):
        assert found.share < 0.05
        assert found.warning() is None


@pytest.mark.parametrize(("year", "offset"), [(2019, 0), (2020, 0), (2022, -1000)])
def test_vinciguerra_is_not_warned_of(trimline_data: Path, tmp_path: Path, year: int, offset: int) -> None:
    folder = trimline_data / "vinciguerra"
    scene = open_scene(folder / f"{year}.tif", sensor="sentinel-2-msi", scale=1e-4, offset=offset, nodata=0)
    with rasterio.open(folder / f"{year}_label.tif") as label:
        inventory = trace(label.read(1) == 1, scene.geobox)
    found = snow_off_glaciers(scene, mapped_by_ratio(scene, tmp_path), inventory=inventory)
    assert found.share < 0.05
    assert found.warning() is None


def test_the_khumbu_has_the_most_snow_in_autumn(trimline_data: Path, tmp_path: Path) -> None:
    folder = trimline_data / "khumbu"
    inventory = read_outlines(folder / "khumbu_rgi6_outlines.geojson")
    shares = {}
    for season in ("spring", "summer", "autumn", "winter"):
        scene = open_scene(folder / f"khumbu_s2_{season}_2024.tif", sensor="sentinel-2-msi")
        shares[season] = snow_off_glaciers(scene, mapped_by_ratio(scene, tmp_path), inventory=inventory).share
    assert max(shares, key=lambda season: shares[season]) == "autumn"
    assert 0.05 < shares["autumn"] < SNOW_LIMIT


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a range on three days that differ in snow, and its outlines."""
    folder = tmp_path_factory.mktemp("range")
    looks = [
        {"date": f"2019-08-{day}", "sensor": "landsat-8-oli", "snow": snow, "cloud_fraction": 0}
        for day, snow in ((21, 300.0), (23, 0.0), (25, 40.0))
    ]
    write_range(SimulatedRange(name="139036", size=192, seed=7, scenes=looks), folder, progress=False)
    return folder


def test_more_snow_is_measured_as_more(simulated: Path, tmp_path: Path) -> None:
    shares: dict[str, dict[str, float]] = {"inventory": {}, "dem": {}}
    for product in sorted(simulated.glob("LC08_*")):
        scene = open_scene(product)
        day = f"{scene.time:%Y%m%d}"
        truth = read_outlines(simulated / f"outlines_{day}.gpkg")
        mask = mapped_by_ratio(scene, tmp_path)
        shares["inventory"][day] = snow_off_glaciers(scene, mask, inventory=truth).share
        shares["dem"][day] = snow_off_glaciers(scene, mask, dem=simulated / "dem.tif").share
    for by_day in shares.values():
        assert by_day["20190823"] < 0.02
        assert by_day["20190823"] < by_day["20190825"] < by_day["20190821"]
    assert shares["inventory"]["20190821"] > SNOW_LIMIT


def study_of(folder: Path, simulated: Path, **changes: Any) -> Project:
    """Return a study that maps the range by a band ratio."""
    days = ("20190821", "20190823", "20190825")
    path = folder / "study.yaml"
    content = {
        "name": "snowy",
        "output": "out",
        "methods": [{"name": "index", "ratio": 2.0}],
        "periods": [{"name": "2019", "first": 2019, "last": 2019}],
        "scenes": [{"id": day, "path": str(next(simulated.glob(f"LC08_*_{day}_*"))), "period": "2019"} for day in days],
        **changes,
    }
    path.write_text(yaml.safe_dump(content))
    return load_project(path)


@pytest.fixture(scope="module")
def studied(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of a study with an inventory, done up to its timeline."""
    folder = tmp_path_factory.mktemp("study")
    inventory = str(simulated / "outlines_20190823.gpkg")
    run_study(study_of(folder, simulated, inventory=inventory), until="timeline")
    return folder


def test_a_study_keeps_the_snow_of_each_map_and_prefers_scenes_with_less(
    studied: Path, simulated: Path, caplog: pytest.LogCaptureFixture
) -> None:
    project = study_of(studied, simulated, inventory=str(simulated / "outlines_20190823.gpkg"))
    with caplog.at_level(logging.INFO):
        study = run_study(project, until="timeline")
    assert "map/20190821: nothing to do" in caplog.text
    warned = [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]
    assert [each[:9] for each in warned if "of the ground off the glaciers" in each] == ["20190821:"]
    snow = study.outcome()["snow"]
    assert snow["20190823"]["share"] < snow["20190825"]["share"] < snow["20190821"]["share"]
    kept = json.loads((studied / "out/maps/index/20190821/snow.json").read_text())
    assert kept["share"] == snow["20190821"]["share"]
    assert (kept["reference"], kept["inventory"]) == ("inventory", "outlines_20190823.gpkg")
    listed = json.loads((studied / "out/timeline/2019/sources.json").read_text())
    assert [each["scene_id"] for each in listed] == ["20190823", "20190825", "20190821"]
    assert {each["snow_by"] for each in listed} == {"inventory"}
    assert listed[2]["snow"] == snow["20190821"]["share"]


def test_another_limit_or_dem_maps_nothing_again(
    studied: Path, simulated: Path, caplog: pytest.LogCaptureFixture
) -> None:
    inventory, dem = str(simulated / "outlines_20190823.gpkg"), str(simulated / "dem.tif")
    project = study_of(studied, simulated, inventory=inventory, dem=dem, map={"snow_limit": 1.0})
    with caplog.at_level(logging.INFO):
        run_study(project, until="map")
    assert "map/20190821: nothing to do" in caplog.text
    assert "snow/20190821: starting again: inputs changed: dem" in caplog.text
    assert not any("is snow, more than" in each.getMessage() for each in caplog.records)


def test_outline_prints_the_snow_and_warns_of_it(simulated: Path, tmp_path: Path) -> None:
    (product,) = simulated.glob("LC08_*_20190821_*")
    command = ["outline", str(product), "--method", "band_ratio", "-o", str(tmp_path)]
    inventory = ["--inventory", str(simulated / "outlines_20190821.gpkg")]
    result = CliRunner().invoke(app, [*command, *inventory, "--json"])
    assert result.exit_code == 0, result.output
    snow = json.loads(result.stdout)["snow"]
    assert snow["reference"] == "inventory"
    assert snow["share"] > SNOW_LIMIT
    assert json.loads((tmp_path / "snow.json").read_text())["share"] == snow["share"]
    table = CliRunner().invoke(app, [*command, *inventory])
    assert f"snow off the glaciers: {100 * snow['share']:.1f} % of the ground more than 500 m" in table.stdout
    assert "more than 20 %" in table.stderr
    raised = CliRunner().invoke(app, [*command, *inventory, "--snow-limit", "0.99"])
    assert "is snow, more than" not in raised.stderr
    absent = CliRunner().invoke(app, [*command, "--inventory", str(tmp_path / "absent.gpkg")])
    assert isinstance(absent.exception, OutlineError)
