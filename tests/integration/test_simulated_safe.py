"""One simulated ground as SAFE products of every baseline: the reader gives one reflectance, and finds the clouds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from trimline.project import SimulatedRange
from trimline.scenes import Scene, open_scene, product_info
from trimline.simulate import write_range

BANDS = ["coastal", "blue", "green", "red", "rededge1", "rededge2", "rededge3", "nir", "nir08", "swir1", "swir2"]
PRODUCTS = [
    (level, baseline, form)
    for level in ("L1C", "L2A")
    for baseline, form in (("02.08", "safe"), ("04.00", "zip"), ("05.00", "safe"))
]


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Scene]:
    folder = tmp_path_factory.mktemp("ranges")
    return {
        (level, baseline): open_scene(_write(folder / f"{level}_{baseline}", level, baseline, form))
        for level, baseline, form in PRODUCTS
    }


def _write(folder: Path, level: str, baseline: str, form: str) -> Path:
    look = {"date": "2018-08-20", "sensor": "sentinel-2-msi", "format": form, "level": level, "baseline": baseline}
    content: dict[str, Any] = {"name": "ground", "environment": "cloudy", "size": 96, "resolution_m": 10, "seed": 3}
    settings = SimulatedRange.model_validate(content | {"first_year": 2018, "scenes": [look]})
    manifest = write_range(settings, folder, progress=False)
    return folder / manifest.scenes[0].product


@pytest.mark.parametrize("level", ["L1C", "L2A"])
def test_reflectance_does_not_depend_on_the_baseline(level: str, scenes: dict[tuple[str, str], Scene]) -> None:
    one, *others = (scenes[level, baseline].read(BANDS).to_numpy() for baseline in ("02.08", "04.00", "05.00"))
    assert np.isfinite(one).all()
    assert 0.05 < one.mean() < 0.9
    for other in others:
        assert np.abs(other - one).max() < 1e-4


def test_reflectance_is_that_of_the_numbers(tmp_path: Path) -> None:
    product = _write(tmp_path, "L1C", "05.00", "safe")
    (path,) = product.rglob("T*_B04.jp2")
    with rasterio.open(path) as source:
        numbers = source.read(1).astype(np.float64)
    (red,) = open_scene(product).read(["red"]).to_numpy()
    np.testing.assert_allclose(red, (numbers - 1000) / 10_000, atol=1e-6)


def test_products_are_complete_and_say_when_and_where(scenes: dict[tuple[str, str], Scene], tmp_path: Path) -> None:
    assert product_info(_write(tmp_path, "L2A", "04.00", "safe")).is_complete
    for scene in scenes.values():
        assert scene.sensor.id == "sentinel-2-msi"
        assert scene.date == "2018-08-20"
        assert scene.geobox.shape == (96, 96)
        assert scene.geobox.crs.to_epsg() == 32646
        assert 50 < scene.sun_elevation < 65


def test_clouds_are_flagged_in_products_of_every_kind(scenes: dict[tuple[str, str], Scene]) -> None:
    clouds = {key: scene.quality()["cloud"].to_numpy() for key, scene in scenes.items()}
    exact = clouds["L2A", "04.00"]
    assert 0.05 < exact.mean() < 0.6
    for key, cloud in clouds.items():
        assert (cloud != exact).mean() < 0.1, key
