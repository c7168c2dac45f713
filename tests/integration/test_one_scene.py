"""One scene in, its glaciers out: what `predict` and `outlines_of` give is what `map_scene` writes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio

import trimline
from trimline.project import SimulatedRange
from trimline.rasters import encode_probability
from trimline.simulate import write_range


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("range")
    look = {"date": "2019-08-23", "sensor": "landsat-8-oli"}
    write_range(SimulatedRange(name="range", size=192, seed=7, scenes=[look]), folder, progress=False)
    (found,) = folder.glob("LC08_*")
    return found


def test_a_path_is_enough_and_the_weights_that_come_along_map_it(product: Path, tmp_path: Path) -> None:
    written = trimline.map_scene(trimline.open_scene(product), trimline.load_weights(), tmp_path, progress=False)
    outlines = trimline.outlines_of(str(product))
    expected = trimline.read_outlines(written.outlines)
    assert len(outlines) > 0
    assert outlines.drop(columns="geometry").equals(expected.drop(columns="geometry"))
    assert outlines.geometry.geom_equals(expected.geometry).all()
    probability = trimline.predict(product)
    with rasterio.open(written.probability) as source:
        expected_counts = encode_probability(probability.to_numpy(), trimline.load_weights().threshold)
        assert np.array_equal(expected_counts, source.read(1))
    assert probability.dims == ("y", "x")
    assert probability.odc.crs == trimline.open_scene(product).crs


def test_options_scene_and_model_may_be_given_too(product: Path) -> None:
    scene, model = trimline.open_scene(product), trimline.load_weights()
    usual = trimline.outlines_of(scene, model)
    strict = trimline.outlines_of(scene, model, options=trimline.MapOptions(threshold=0.95))
    assert trimline.areas(strict).sum() < trimline.areas(usual).sum()
    part = trimline.predict(scene, model, region=scene.geobox[:50, :60])
    assert part.shape == (50, 60)


def test_a_model_describes_itself() -> None:
    model = trimline.load_weights()
    assert "unet" in repr(model)
    assert len(repr(model).splitlines()) < 10
    assert "<table>" in model._repr_html_()
