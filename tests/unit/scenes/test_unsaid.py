"""Options that describe several products at once hold where a product does not say itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trimline.errors import BandError, ProductError
from trimline.scenes import open_scene, open_unsaid

INTEGERS = np.arange(1, 2 * 20 * 30 + 1, dtype=np.uint16).reshape(2, 20, 30)
OPTIONS: dict[str, Any] = {
    "sensor": "sentinel-2-msi",
    "bands": ("red", "nir"),
    "scale": 1e-4,
    "offset": -1,
    "nodata": 1200,
}


def values_of(path: Path) -> np.ndarray:
    return open_unsaid(path, **OPTIONS).read(["red", "nir"]).to_numpy()


def test_a_stack_that_says_nothing_takes_all(make: Any) -> None:
    path = make.stack("s.tif", INTEGERS)
    scene = open_unsaid(path, **OPTIONS)
    assert scene.sensor.id == "sentinel-2-msi"
    wanted = (INTEGERS - 1.0) * 1e-4
    wanted[1, -1, -1] = np.nan
    np.testing.assert_allclose(scene.read(["red", "nir"]).to_numpy(), wanted, atol=1e-7)


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ({"scale": 2e-4, "offset": -3, "nodata": 0}, (INTEGERS - 3.0) * 2e-4),
        ({"scale": 2e-4, "nodata": 0}, INTEGERS * 2e-4),
        ({"bands": ["nir", "red"], "nodata": 0}, (INTEGERS[::-1] - 1.0) * 1e-4),
        ({"sensor": "sentinel-2-msi", "scale": 2e-4, "offset": 0, "nodata": 0}, INTEGERS * 2e-4),
    ],
)
def test_what_a_sidecar_says_stands(make: Any, said: dict[str, Any], wanted: np.ndarray) -> None:
    path = make.stack("s.tif", INTEGERS)
    path.with_suffix(".json").write_text(json.dumps(said))
    np.testing.assert_allclose(values_of(path), wanted, atol=1e-7)


def test_what_the_raster_says_stands(make: Any) -> None:
    path = make.stack("s.tif", INTEGERS, descriptions=("B8", "B4"), nodata=0)
    np.testing.assert_allclose(values_of(path), (INTEGERS[::-1] - 1.0) * 1e-4, atol=1e-7)
    floats = make.stack("f.tif", (INTEGERS / 2000).astype(np.float32), nodata=-1)
    np.testing.assert_allclose(values_of(floats), INTEGERS / 2000, atol=1e-7)


def test_options_of_another_sensor_are_none_of_its(make: Any) -> None:
    path = make.stack("s.tif", INTEGERS, descriptions=("red", "nir"))
    path.with_suffix(".json").write_text(json.dumps({"sensor": "landsat-8-oli"}))
    scene = open_unsaid(path, **OPTIONS)
    assert scene.sensor.id == "landsat-8-oli"
    with pytest.raises(BandError, match="nothing says how they become reflectance"):
        scene.read("red")


def test_a_product_of_an_agency_says_all_itself(make: Any) -> None:
    product = make.product()
    with pytest.raises(ProductError, match="a Landsat product says so itself"):
        open_scene(product, **OPTIONS)
    scene = open_unsaid(product, **OPTIONS)
    assert scene.sensor.id == "landsat-8-oli"
    np.testing.assert_array_equal(scene.read("red").to_numpy(), open_scene(product).read("red").to_numpy())
    with pytest.raises(ProductError, match="unknown sensor"):
        open_unsaid(product, sensor="lansat-8")
