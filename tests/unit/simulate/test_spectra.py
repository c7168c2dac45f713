"""Simulated spectra have the percentiles, the correlation and the texture of hand-classed points of real images."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from trimline.bench.simulator import BANDS, Scene, best_threshold, f1, scenes
from trimline.mapping.screen import SCREEN_BANDS, could_be_ice
from trimline.sensors import SENSORS
from trimline.simulate import spectral_points
from trimline.simulate.spectra import (
    Level,
    Surface,
    band_reflectance,
    drawn,
    factor_count,
    percentiles,
    real_percentiles,
)

MSI = SENSORS["sentinel-2-msi"].by_common_name


@pytest.fixture(scope="module")
def scene() -> Scene:
    """Return a range of the interior plateau in the morning sun, without cloud and noise."""
    return next(scenes(384))


@pytest.mark.parametrize("level", ["toa", "surface"])
@pytest.mark.parametrize(
    ("kind", "middle", "ends"), [("ice", 0.2, 0.3), ("snow", 0.1, 0.45), ("rock or debris", 0.1, 0.2)]
)
def test_simulated_percentiles_are_those_of_the_points(
    level: Level, kind: str, middle: float, ends: float, scene: Scene
) -> None:
    place, real = scene.where(kind), real_percentiles(level, kind)
    for band in BANDS:
        seen = np.percentile(scene.seen(band, level)[place], (10, 50, 90))
        wanted = [real[band][percentiles().index(number)] for number in (10, 50, 90)]
        apart = np.log(seen / wanted)
        assert abs(apart[1]) < middle, (band, seen, wanted)
        assert np.abs(apart[[0, 2]]).max() < ends, (band, seen, wanted)


def test_ice_is_dark_in_swir_1_and_shadowed_snow_is_not_black(scene: Scene) -> None:
    assert 0.013 < np.median(scene.seen("swir1", "toa")[scene.where("ice")]) < 0.019
    shadow = scene.where("shadowed snow")
    real = real_percentiles("toa", "shadowed snow")
    for band in ("blue", "red", "nir", "swir1"):
        assert np.median(scene.seen(band, "toa")[shadow]) == pytest.approx(real[band][4], rel=0.3), band


def test_the_best_band_ratio_is_near_that_of_the_papers() -> None:
    # Chen and others (2022) take 3.1; a threshold of 2 is the usual one.
    best: list[float] = []
    at: dict[float, list[float]] = {1.5: [], 2.0: [], 3.1: []}
    for scene in scenes(384):
        ratio, truth = scene.seen("red", "toa") / scene.seen("swir1", "toa"), scene.truth()
        best.append(best_threshold(ratio, truth))
        for threshold, scores in at.items():
            scores.append(f1(ratio > threshold, truth))
        assert at[3.1][-1] > f1(ratio > best[-1], truth) - 0.005
    assert 2.4 < min(best) <= max(best) < 4.5
    assert np.mean(best) == pytest.approx(3.1, abs=0.3)
    assert np.mean(at[1.5]) < np.mean(at[3.1]) - 0.1
    assert np.mean(at[2.0]) < np.mean(at[3.1]) - 0.03


@pytest.mark.parametrize(("one", "other"), [("green", "red"), ("red", "swir1"), ("blue", "nir"), ("swir1", "swir2")])
@pytest.mark.parametrize("kind", ["ice", "snow", "rock or debris"])
def test_bands_are_as_correlated_as_in_the_points(kind: str, one: str, other: str, trimline_data: Path) -> None:
    surface = {"ice": Surface.ICE, "snow": Surface.SNOW, "rock or debris": Surface.DEBRIS}[kind]
    factors = np.random.default_rng(5).standard_normal((factor_count(), 4000)).astype(np.float32)
    everywhere = np.full(4000, surface, np.uint8)
    ours = [drawn(everywhere, factors, MSI[name], "surface") for name in (one, other)]
    points = spectral_points.read_points(trimline_data, *spectral_points.FILES["surface"])
    theirs = points[points["class"] == kind]
    assert stats.spearmanr(*ours)[0] == pytest.approx(stats.spearmanr(theirs[one], theirs[other])[0], abs=0.15)


def test_the_table_is_made_of_the_points(trimline_data: Path) -> None:
    made = spectral_points.derive(trimline_data)
    kept = json.loads(Path(spectral_points.__file__).with_name("spectra.json").read_text())
    for level in ("toa", "surface"):
        for kind in (*spectral_points.CLASSES, spectral_points.BARE):
            assert kept[level][kind]["points"] == made[level][kind]["points"]
            for band, each in made[level][kind]["bands"].items():
                held = kept[level][kind]["bands"][band]
                np.testing.assert_allclose(held["percentiles"], each["percentiles"], rtol=1e-3)
                np.testing.assert_allclose(held["loadings"], each["loadings"], atol=2e-3)


@pytest.mark.parametrize(("level", "most"), [("toa", 1e-5), ("surface", 2e-3)])
def test_open_ground_does_not_look_like_ice(level: Level, most: float) -> None:
    factors = np.random.default_rng(6).standard_normal((factor_count(), 200_000)).astype(np.float32)
    for surface in (Surface.ROCK, Surface.SOIL, Surface.VEGETATION):
        everywhere = np.full(factors.shape[1], surface, np.uint8)
        bands = [drawn(everywhere, factors, MSI[band], level).astype(np.float32) for band in SCREEN_BANDS]
        assert could_be_ice(*bands).mean() <= most, surface


def test_no_spectrum_stands_under_two_classes_or_twice(trimline_data: Path) -> None:
    for file, names in (*spectral_points.FILES.values(), spectral_points.LANDSAT):
        points = spectral_points.read_points(trimline_data, file, names)
        assert len(points) > 4000
        assert not points.duplicated(points.columns.drop("class")).any()


def test_spectra_vary_between_pixels_and_between_patches(scene: Scene) -> None:
    flat = Scene(
        scene.ground.__class__(
            np.full_like(scene.ground.surface, Surface.ICE),
            np.zeros_like(scene.ground.dirt),
            np.full_like(scene.ground.elevation_m, 5000.0),
            scene.ground.is_glacier,
            scene.ground.grain,
            scene.ground.pixel_m,
        ),
        type(scene.light)(np.ones_like(scene.light.direct), np.ones_like(scene.light.sky)),
        scene.name,
    )
    red = np.log(flat.seen("red", "toa"))
    neighbours, apart = (np.corrcoef(red[:, :-lag].ravel(), red[:, lag:].ravel())[0, 1] for lag in (1, 60))
    patches = red.reshape(48, 8, 48, 8).mean(axis=(1, 3)).std() / red.std()
    assert 0.6 < neighbours < 0.95
    assert abs(apart) < 0.35
    assert 0.5 < patches < 0.9, "a part of the spread is within 80 m, a part beyond"


@pytest.mark.parametrize("sensor", ["landsat-5-tm", "landsat-8-oli", "sentinel-2-msi"])
def test_every_band_of_every_sensor_has_a_reflectance(sensor: str) -> None:
    for band in SENSORS[sensor].bands:
        if not band.is_thermal:
            for level in ("toa", "surface"):
                values = band_reflectance(band, level)
                assert ((values > 0) & (values < 1)).all(), (band.common, level)
    cirrus = SENSORS["landsat-8-oli"].band("cirrus")
    assert band_reflectance(cirrus).max() < 0.01, "water vapour hides the ground"
