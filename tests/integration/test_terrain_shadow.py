"""Terrain shadow in a study and on the command line: told apart beside the map, and nothing mapped again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import yaml
from typer.testing import CliRunner

from trimline.cli.app import app
from trimline.files import sha256
from trimline.project import load_project
from trimline.rasters import write_raster
from trimline.scenes import open_scene
from trimline.scenes.asset import raster_grid
from trimline.simulate.illumination import direct_light
from trimline.simulate.terrain import enlarge, reduce
from trimline.study import run_study
from trimline.terrain import quality_with_shadow

PRODUCT = "LC08_L1TP_139036_20180823_20200917_02_T1"
STUDY: dict[str, Any] = {
    "name": "shaded",
    "output": "out",
    "simulate": [
        {
            "name": "range",
            "environment": "warm-green",
            "size": 192,
            "seed": 7,
            "first_year": 2018,
            "rise_m_per_a": 8,
            "scenes": [{"date": "2018-08-23", "sensor": "landsat-8-oli", "cloud_fraction": 0}],
        }
    ],
    "scenes": [{"id": "2018", "path": f"${{output}}/simulated/range/{PRODUCT}"}],
    "methods": [{"name": "ratio", "ratio": 2.0}],
    "dem": "${output}/simulated/range/dem.tif",
}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shaded")
    (folder / "project.yaml").write_text(yaml.safe_dump(STUDY))
    run_study(load_project(folder / "project.yaml"), until="map")
    return folder


def test_shadow_of_a_landsat_scene_is_that_of_the_simulator(study: Path) -> None:
    """With the sun of the product's metadata; the simulator shades ground of 15 m."""
    simulated = study / "out" / "simulated" / "range"
    scene = open_scene(simulated / PRODUCT)
    flags = quality_with_shadow(scene, simulated / "dem.tif")
    assert scene.sun_azimuth is not None
    assert scene.sun_elevation is not None
    with rasterio.open(simulated / "dem.tif") as source:
        fine = enlarge(source.read(1).astype(float), 2)
    truth = reduce((direct_light(fine, 15.0, scene.sun_azimuth, scene.sun_elevation) == 0).astype(float), 2) >= 0.5
    found = flags["terrain_shadow"].to_numpy()
    assert truth.mean() > 0.05
    assert 2 * (truth & found).sum() / (truth.sum() + found.sum()) >= 0.95


def test_mapped_ice_in_shadow_is_told_apart_and_a_new_model_maps_nothing_again(study: Path) -> None:
    folder = study / "out" / "maps" / "ratio" / "2018"
    content = json.loads((folder / "shadow.json").read_text())
    with rasterio.open(folder / "mask.tif") as mask, rasterio.open(folder / "shadow.tif") as shadow:
        ice, kinds = mask.read(1) == 1, shadow.read(1)
        grid = raster_grid(shadow)
    assert content["ice_km2"] == pytest.approx(ice.sum() * 0.0009)
    assert content["cast_km2"] == pytest.approx((ice & (kinds == 1)).sum() * 0.0009)
    assert content["cast_km2"] + content["self_km2"] > 0
    before = {name: sha256(folder / name) for name in ("mask.tif", "outlines.gpkg", "shadow.tif")}
    level = write_raster(study / "level.tif", np.full(grid.shape, 3000, np.float32), grid)
    done = run_study(load_project(study / "project.yaml", [f"dem={level}"]), until="map")
    assert done.ledger.steps["map/2018"].skipped
    assert {name: sha256(folder / name) == was for name, was in before.items()} == {
        "mask.tif": True,
        "outlines.gpkg": True,
        "shadow.tif": False,
    }
    assert done.done["map"].result["shadow"]["2018"]["cast_km2"] == 0


def test_the_command_prints_ice_in_shadow_only_with_a_model(study: Path, tmp_path: Path) -> None:
    simulated = study / "out" / "simulated" / "range"
    given = ["outline", str(simulated / PRODUCT), "--method", "band_ratio"]
    runner = CliRunner()
    plain = runner.invoke(app, [*given, "-o", str(tmp_path / "plain")], catch_exceptions=False)
    shaded = runner.invoke(
        app, [*given, "-o", str(tmp_path / "shaded"), "--dem", str(simulated / "dem.tif")], catch_exceptions=False
    )
    assert plain.exit_code == shaded.exit_code == 0
    assert "terrain shadow" not in plain.stdout
    assert shaded.output.count("lie in cast shadow") == 1
    for name in (
        "outlines.gpkg",
        "mask.tif",
        "classes.tif",
        "probability.tif",
        "snow.json",
        "shadow.tif",
        "shadow.json",
    ):
        assert f"{tmp_path / 'shaded' / name}\n" in shaded.stdout
    names = {each.name for each in (tmp_path / "shaded").iterdir()} - {
        each.name for each in (tmp_path / "plain").iterdir()
    }
    assert names == {"shadow.tif", "shadow.json"}
    for name in ("mask.tif", "classes.tif", "outlines.gpkg"):
        assert (tmp_path / "plain" / name).read_bytes() == (tmp_path / "shaded" / name).read_bytes()
