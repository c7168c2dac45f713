"""The band ratio's threshold is searched on the training samples, as the paper does, and beyond where it must."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from trimline.errors import TrainingError
from trimline.inference import load_weights, read_metadata
from trimline.inference.torch_files import load_network
from trimline.project.recipe import Recipe
from trimline.report.written_tables import WRITTEN
from trimline.samples import IGNORE, Samples
from trimline.training import train
from trimline.training.search import PAPER_GRID

RECIPE = Recipe.preset("strong")


def with_ratios(ice: float, ground: float, count: int = 3) -> Samples:
    """Return tiles whose left half is ice; ratios are spread around the given values."""
    generator = np.random.default_rng(0)
    masks = np.zeros((count, 32, 32), np.uint8)
    masks[:, :, :16] = 1
    ratio = np.where(masks == 1, ice, ground) * generator.normal(1, 0.05, masks.shape)
    swir1 = np.full(masks.shape, 0.1)
    return Samples(np.stack((swir1, ratio * swir1), axis=1).astype(np.float32), masks, ("swir1", "red"), "reflectance")


def threshold_in(weights: Path) -> float:
    return float(load_network(weights)[0].get_parameter("threshold"))


def test_the_papers_grid_is_1_5_to_3_7_by_0_2() -> None:
    assert PAPER_GRID == (1.5, 1.7, 1.9, 2.1, 2.3, 2.5, 2.7, 2.9, 3.1, 3.3, 3.5, 3.7)


def test_it_finds_a_threshold_between_ice_and_ground(tmp_path: Path) -> None:
    samples = with_ratios(ice=3.4, ground=1.8)
    path = train("band_ratio", samples, samples, RECIPE, tmp_path)
    assert 1.8 < threshold_in(path) < 3.4
    model = load_weights(path, device="cpu")
    assert model.bands == ("red", "swir1")
    assert model.threshold == 0.5
    assert model.metadata.halo == model.halo == model.metadata.largest_halo == 8
    assert model.metadata.scores["f1"] == 1.0
    mapped = model.predict(samples.images[:, ::-1]) >= model.threshold
    np.testing.assert_array_equal(mapped, samples.masks == 1)


def test_the_table_has_the_papers_thresholds_and_scores(tmp_path: Path) -> None:
    samples = with_ratios(ice=3.4, ground=1.8)
    train("band_ratio", samples, samples, RECIPE, tmp_path, arguments={"opening": 1, "closing": 1})
    table = pd.read_csv(tmp_path / "thresholds.csv")
    assert tuple(table["threshold"]) == PAPER_GRID
    (described,) = (each for each in WRITTEN if each.path == "training/<method>/thresholds.csv")
    assert tuple(table.columns) == described.columns
    assert table["selected"].sum() == 1
    assert table["precision"].is_monotonic_increasing
    assert table["recall"].is_monotonic_decreasing


@pytest.mark.parametrize(("ice", "ground"), [(9.0, 5.0), (1.0, 0.5)])
def test_it_looks_farther_where_the_papers_grid_ends_too_soon(tmp_path: Path, ice: float, ground: float) -> None:
    samples = with_ratios(ice, ground)
    path = train("band_ratio", samples, samples, RECIPE, tmp_path)
    assert ground < threshold_in(path) < ice
    table = pd.read_csv(tmp_path / "thresholds.csv")
    assert table["threshold"].min() == 0.3
    assert table["threshold"].max() == 10.0


def test_validation_has_no_say_in_the_threshold(tmp_path: Path) -> None:
    samples, other = with_ratios(3.4, 1.8), with_ratios(2.0, 0.5)
    first = train("band_ratio", samples, samples, RECIPE, tmp_path / "a")
    second = train("band_ratio", samples, other, RECIPE, tmp_path / "b")
    assert threshold_in(first) == threshold_in(second)
    assert read_metadata(second).scores["f1"] != read_metadata(first).scores["f1"]


def test_unlabelled_pixels_have_no_say_either(tmp_path: Path) -> None:
    samples = with_ratios(3.4, 1.8)
    masks = samples.masks.copy()
    images = samples.images.copy()
    images[:, :, 20:], masks[:, 20:] = 0.7, IGNORE
    part = dataclasses.replace(samples, images=images, masks=masks)
    arguments = {"opening": 1, "closing": 1}
    train("band_ratio", part, part, RECIPE, tmp_path / "a", arguments=arguments)
    images[:, :, 20:] = np.nan
    train("band_ratio", part, part, RECIPE, tmp_path / "b", arguments=arguments)
    assert (tmp_path / "a/thresholds.csv").read_text() == (tmp_path / "b/thresholds.csv").read_text()


def test_a_missing_band_is_named(tmp_path: Path) -> None:
    samples = with_ratios(3.4, 1.8)
    without = dataclasses.replace(samples, bands=("nir", "red"))
    with pytest.raises(TrainingError, match="needs the band swir1"):
        train("band_ratio", without, without, RECIPE, tmp_path)


def test_blue_joins_where_it_has_a_threshold(tmp_path: Path, glacier: Callable[..., Samples]) -> None:
    samples = glacier()
    path = train("band_ratio", samples, samples, RECIPE, tmp_path, arguments={"blue_threshold": 0.05})
    model = load_weights(path, device="cpu")
    assert model.bands == ("red", "swir1", "blue")
    assert model.metadata.scores["f1"] > 0.9
