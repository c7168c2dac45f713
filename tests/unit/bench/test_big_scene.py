"""The scene that mapping is measured on: large, continuous, little of it glacier, and a product like any other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st

from trimline.bench.big_scene import BELT, BigScene, fold, simulate_big_scene, walk
from trimline.bench.quick_network import BANDS, corner_tiles
from trimline.errors import SimulationError
from trimline.files import sha256
from trimline.scenes import open_scene, product_info


@given(length=st.integers(1, 500), side=st.integers(1, 90))
def test_a_fold_goes_to_and_fro_over_the_whole_side(length: int, side: int) -> None:
    positions = fold(length, side)
    assert len(positions) == length
    assert np.abs(np.diff(positions)).max(initial=0) <= 1
    assert set(positions) == set(range(min(side, length)))


@given(
    above=st.lists(st.floats(0, 1), max_size=40),
    plain=st.integers(16, 60),
    below=st.lists(st.floats(0, 1), max_size=40),
    length=st.integers(1, BELT + 300),
    most=st.floats(0, 0.5),
    marked=st.integers(0, 140),
)
def test_a_walk_is_continuous_and_shows_no_more_glacier_than_allowed(
    above: list[float], plain: int, below: list[float], length: int, most: float, marked: int
) -> None:
    glacier = np.array([*above, *[0.0] * plain, *below])
    rows = walk(glacier, np.arange(len(glacier)) < marked, length, most)
    assert rows.shape == (length,)
    assert rows.min() >= 0
    assert rows.max() < len(glacier)
    assert (np.abs(np.diff(rows)) == 1).all()
    assert glacier[rows].sum() <= most * length + 1e-9


def test_every_belt_of_a_walk_holds_as_much_glacier() -> None:
    glacier = np.concatenate([np.zeros(60), np.full(40, 0.5)])
    belts = glacier[walk(glacier, np.zeros(100, bool), 3 * BELT, 0.1)].reshape(3, BELT).mean(axis=1)
    assert belts == pytest.approx(0.1, abs=0.001)


def test_a_range_without_a_plain_is_refused() -> None:
    with pytest.raises(SimulationError, match="no 16 rows together"):
        walk(np.tile([0.0, 0.1], 50), np.zeros(100, bool), 200, 0.1)


def test_a_quarter_of_the_plains_has_lakes() -> None:
    glacier, lake = np.concatenate([np.zeros(60), np.full(40, 0.5)]), np.arange(100) < 20
    rows = walk(glacier, lake, BELT, 0.1)
    left_the_mountains = np.flatnonzero(glacier[rows])[-1] + 1
    saw_a_lake = np.flatnonzero(lake[rows])[-1] + 1
    assert (saw_a_lake - left_the_mountains) / (BELT - left_the_mountains) == pytest.approx(0.25, abs=0.05)


def test_the_scene_is_a_whole_landsat_product_of_the_size_asked_for(big: BigScene) -> None:
    scene = open_scene(big.product)
    assert scene.geobox.shape == (320, 320)
    assert product_info(big.product).is_complete
    image = scene.read(BANDS)
    assert np.isfinite(image).all()
    assert float(image.min()) > -0.01
    assert float(image.max()) < 1.5
    assert not scene.quality()["fill"].any()
    with rasterio.open(scene.assets["red"].href) as band:
        assert band.block_shapes == [(256, 256)]
        assert band.compression.name == "deflate"


def test_metadata_agree_with_the_rasters(big: BigScene) -> None:
    (metadata,) = big.product.glob("*_MTL.txt")
    text = metadata.read_text()
    assert "REFLECTIVE_LINES = 320" in text
    assert "REFLECTIVE_SAMPLES = 320" in text
    small = open_scene(big.product.parent / "range" / big.product.name)
    scene = open_scene(big.product)
    assert scene.time == small.time
    assert scene.geobox.affine == small.geobox.affine
    for band in BANDS:
        assert scene.assets[band].calibration == small.assets[band].calibration


def test_at_most_a_tenth_is_glacier_and_the_truth_says_where(big: BigScene) -> None:
    with rasterio.open(big.truth) as source:
        truth = source.read(1)
    assert set(np.unique(truth)) == {0, 1}
    assert truth.mean() == pytest.approx(big.glacier_fraction)
    assert 0.05 < big.glacier_fraction <= 0.1
    assert big.glacier_windows == 1.0
    image = open_scene(big.product).read(("green", "swir1")).to_numpy()
    snow_index = (image[0] - image[1]) / (image[0] + image[1])
    assert snow_index[truth == 1].mean() > 0.4 > snow_index[truth == 0].mean() + 0.2


def test_every_pixel_pair_of_the_scene_is_one_of_the_range(big: BigScene) -> None:
    small = open_scene(big.product.parent / "range" / big.product.name)
    pairs = []
    for scene in (small, open_scene(big.product)):
        with rasterio.open(scene.assets["nir"].href) as band:
            numbers = band.read(1).astype(int)
        steps = [np.stack([numbers[:-1], numbers[1:]]), np.stack([numbers[:, :-1], numbers[:, 1:]])]
        pairs.append([set(map(tuple, np.sort(each.reshape(2, -1), axis=0).T)) for each in steps])
    # A column is repeated where columns turn.
    repeated = {(each, each) for each in range(256)}
    assert all(of_scene <= of_range | repeated for of_range, of_scene in zip(*pairs, strict=True))


def test_the_same_arguments_give_the_same_product(big: BigScene, tmp_path: Path) -> None:
    again = simulate_big_scene(tmp_path, 320, side=128, seed=1)
    assert again.glacier_fraction == big.glacier_fraction
    assert sha256(again.product) == sha256(big.product)
    assert sha256(again.truth) == sha256(big.truth)


def test_training_tiles_come_from_the_corner_and_hold_ice(big: BigScene) -> None:
    tiles = corner_tiles(big)
    assert tiles.images.shape == (4, len(BANDS), 128, 128)
    assert 0 < tiles.ice_fraction < 1
    assert np.isfinite(tiles.images).all()
