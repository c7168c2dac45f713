"""The ground that ranges are made of, and the climate and surfaces on it."""

from __future__ import annotations

import numpy as np
import pytest

from trimline.sensors import SENSORS
from trimline.simulate.climate import Climate, sunniness
from trimline.simulate.ice import SMALLEST_KM2, glaciers
from trimline.simulate.spectra import Surface, band_reflectance
from trimline.simulate.terrain import (
    enlarge,
    fractal,
    levels_of,
    mountain_range,
    receivers,
    reduce,
    without_depressions,
)

CLIMATE = Climate(5350.0, 0.006, 0.003, 0.8, 250.0)


@pytest.fixture(scope="module")
def bed() -> np.ndarray:
    return mountain_range(
        (160, 160),
        60.0,
        np.random.default_rng(4),
        lowest_m=4600.0,
        highest_m=6000.0,
        roughness_m=15.0,
        coarsening=1,
    )


def test_a_range_has_the_heights_asked_for(bed: np.ndarray) -> None:
    low, high = np.percentile(bed, (1, 99.9))
    assert low == pytest.approx(4600, abs=60)
    assert high == pytest.approx(6000, abs=120)


def test_water_leaves_every_place_of_a_filled_range(bed: np.ndarray) -> None:
    receiver, _ = receivers(without_depressions(bed), 60.0)
    reached = np.concatenate(levels_of(receiver))
    assert sorted(reached) == list(range(bed.size))
    rim = np.zeros(bed.shape, bool)
    rim[[0, -1]] = rim[:, [0, -1]] = True
    outlets = np.flatnonzero(receiver == np.arange(bed.size))
    assert rim.ravel()[outlets].all()


def test_enlarging_and_reducing_return_a_smooth_field() -> None:
    rows, columns = np.meshgrid(np.linspace(0, 3, 40), np.linspace(0, 3, 40), indexing="ij")
    field = np.sin(rows) * np.cos(columns)
    assert np.abs(reduce(enlarge(field, 3), 3) - field)[2:-2, 2:-2].max() < 2e-3


def test_fractal_noise_is_standard_and_rougher_with_a_smaller_slope() -> None:
    smooth, rough = (fractal((128, 128), np.random.default_rng(1), slope=s) for s in (2.2, 1.1))
    for noise in (smooth, rough):
        assert noise.mean() == pytest.approx(0, abs=1e-9)
        assert noise.std() == pytest.approx(1)
    assert np.abs(np.diff(rough)).mean() > 2 * np.abs(np.diff(smooth)).mean()


def test_balance_is_zero_at_the_equilibrium_line_and_capped_above() -> None:
    surface = np.array([4350.0, 5350.0, 5450.0, 9000.0])
    balance = CLIMATE.balance(surface, np.zeros(4), np.zeros(4))
    assert balance == pytest.approx([-6.0, 0.0, 0.3, 0.8])
    assert CLIMATE.balance(surface, np.zeros(4), np.full(4, 1.2))[3] == 0.0, "too steep to hold snow"


def test_northern_slopes_get_less_sun() -> None:
    south_up = np.arange(20.0)[:, None] * 20.0 * np.ones((1, 20))  # rises southward: it faces north
    assert (sunniness(south_up, 30.0) < 0).all()
    assert (sunniness(-south_up, 30.0) > 0).all()


def test_a_rising_equilibrium_line_shrinks_the_glaciers(bed: np.ndarray) -> None:
    areas = [(ice > 0).sum() for ice in glaciers(bed, 60.0, 2, CLIMATE, [(0.0, 0.0), (30.0, 150.0), (30.0, 300.0)])]
    assert areas[0] > areas[1] > areas[2] > 0


def test_no_glacier_is_smaller_than_inventories_count(bed: np.ndarray) -> None:
    from scipy import ndimage

    (ice,) = glaciers(bed, 60.0, 2, CLIMATE, [(0.0, 0.0)])
    bodies, count = ndimage.label(ice > 0)
    sizes = ndimage.sum_labels(np.ones_like(ice), bodies, range(1, count + 1)) * 0.06**2
    assert count > 0
    assert sizes.min() >= SMALLEST_KM2


@pytest.mark.parametrize("sensor", ["landsat-5-tm", "landsat-7-etm", "landsat-8-oli", "sentinel-2-msi"])
def test_surfaces_look_to_every_sensor_as_the_field_knows_them(sensor: str) -> None:
    bands = SENSORS[sensor].by_common_name
    red, nir, swir1, green = (band_reflectance(bands[name]) for name in ("red", "nir", "swir1", "green"))
    ndsi = (green - swir1) / (green + swir1)
    ndvi = (nir - red) / (nir + red)
    assert (ndsi[[Surface.ICE, Surface.FIRN, Surface.SNOW]] > 0.7).all()
    assert (ndsi[[Surface.ROCK, Surface.SOIL, Surface.DEBRIS, Surface.VEGETATION]] < 0).all()
    assert ndvi.argmax() == Surface.VEGETATION
    assert red[Surface.SNOW] > red[Surface.FIRN] > red[Surface.ICE] > red[Surface.ROCK]
    # Seed 000: water is taken for ice by the band ratio.
    assert (red / swir1)[Surface.TURBID_LAKE] > 3
