"""What is written of a acquisition is what was seen: to the quantisation without noise, and bit by bit in quality."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine
from odc.geo.geobox import GeoBox

from trimline.scenes import earth_sun_distance, open_scene
from trimline.sensors import SENSORS
from trimline.simulate.acquisition import Acquisition
from trimline.simulate.landsat_product import pixel_quality, write_landsat
from trimline.simulate.landsat_radiometry import radiance_scaling, radiometry
from trimline.simulate.scan_gaps import scan_gaps
from trimline.simulate.stack_product import SCALE, write_stack

SHAPE = (40, 60)
SUN_ELEVATION = 54.0
TIMES = {
    "landsat-5-tm": datetime(1988, 8, 20, 4, 5, tzinfo=UTC),
    "landsat-7-etm": datetime(2002, 8, 20, 4, 5, tzinfo=UTC),
    "landsat-8-oli": datetime(2018, 8, 23, 4, 5, tzinfo=UTC),
    "sentinel-2-msi": datetime(2022, 8, 23, 4, 5, tzinfo=UTC),
}


def acquire(sensor_id: str, reflectance: np.ndarray, **flags: np.ndarray) -> Acquisition:
    sensor = SENSORS[sensor_id]
    pixel_m = sensor.gsd_m
    kelvin = 255.0 + 40.0 * np.linspace(0, 1, reflectance.size).reshape(reflectance.shape)
    bands = {b.common: kelvin if b.is_thermal else reflectance for b in sensor.bands if b.common != "pan"}
    nothing = np.zeros(reflectance.shape, bool)
    return Acquisition(
        sensor,
        TIMES[sensor_id],
        GeoBox(reflectance.shape, Affine(pixel_m, 0, 500_000, 0, -pixel_m, 3_800_000), "EPSG:32646"),
        140.0,
        SUN_ELEVATION,
        "139036",
        bands,
        {name: flags.get(name, nothing) for name in ("cloud", "cloud_shadow", "snow", "water", "fill")},
    )


def ramp(highest: float) -> np.ndarray:
    return np.linspace(0.01, highest, SHAPE[0] * SHAPE[1]).reshape(SHAPE)


class Silent(np.random.Generator):
    """A source of noise that makes none."""

    def __init__(self) -> None:
        super().__init__(np.random.PCG64(0))

    def standard_normal(self, size: Any = None, *_: Any, **__: Any) -> Any:
        return np.zeros(() if size is None else size)


@pytest.mark.parametrize("sensor_id", ["landsat-5-tm", "landsat-7-etm", "landsat-8-oli"])
def test_reflectance_survives_the_product_to_half_a_number(sensor_id: str, tmp_path: Path) -> None:
    truth = ramp(0.2)
    acquisition = acquire(sensor_id, truth)
    scene = open_scene(write_landsat(acquisition, tmp_path, Silent()))
    distance = earth_sun_distance(acquisition.time)
    for band in acquisition.sensor.bands:
        if band.common not in acquisition.bands or band.is_thermal:
            continue
        step = radiometry(acquisition.sensor, band, acquisition.time, distance).scale / math.sin(
            math.radians(SUN_ELEVATION)
        )
        (read,) = scene.read([band.common]).to_numpy()
        assert np.abs(read - truth).max() <= 0.501 * step, band.common


@pytest.mark.parametrize(("sensor_id", "tolerance_k"), [("landsat-5-tm", 0.4), ("landsat-8-oli", 0.01)])
def test_temperature_survives_the_product(sensor_id: str, tolerance_k: float, tmp_path: Path) -> None:
    acquisition = acquire(sensor_id, ramp(0.2))
    (read,) = open_scene(write_landsat(acquisition, tmp_path, Silent())).read(["thermal"]).to_numpy()
    assert np.abs(read - acquisition.bands["thermal"]).max() < tolerance_k


def test_reflectance_survives_the_stack_to_half_a_number(tmp_path: Path) -> None:
    truth = ramp(0.9)
    scene = open_scene(write_stack(acquire("sentinel-2-msi", truth), tmp_path / "S2.tif", Silent()))
    (read,) = scene.read(["red"]).to_numpy()
    assert np.abs(read - truth).max() <= 0.501 * SCALE
    (coarse,) = scene.read(["swir1"]).to_numpy()
    means = truth.reshape(SHAPE[0] // 2, 2, SHAPE[1] // 2, 2).mean(axis=(1, 3)).repeat(2, axis=0).repeat(2, axis=1)
    assert np.abs(coarse - means).max() <= 0.501 * SCALE


@pytest.mark.parametrize("sensor_id", ["landsat-5-tm", "landsat-8-oli"])
def test_noise_is_small_and_centred(sensor_id: str, tmp_path: Path) -> None:
    truth = np.full((100, 100), 0.2)
    scene = open_scene(write_landsat(acquire(sensor_id, truth), tmp_path, np.random.default_rng(1)))
    (read,) = scene.read(["red"]).to_numpy()
    assert 0 < read.std() < 0.004
    assert read.mean() == pytest.approx(0.2, abs=0.001)


def test_tm_is_full_over_fresh_snow_in_its_first_three_bands_and_oli_is_not(tmp_path: Path) -> None:
    snow = np.full(SHAPE, 0.93)
    tm = open_scene(write_landsat(acquire("landsat-5-tm", snow), tmp_path, np.random.default_rng(1)))
    numbers = tm.read(["blue", "green", "red"], units="dn").to_numpy()
    assert (numbers == 255).all()
    assert tm.quality()["saturated"].to_numpy().all()
    oli = open_scene(write_landsat(acquire("landsat-8-oli", snow), tmp_path, np.random.default_rng(1)))
    assert not oli.quality()["saturated"].to_numpy().any()


@pytest.mark.parametrize(
    ("sensor_id", "flag", "value"),
    [
        # As they stand in real products: LSDS-1619 and LSDS-1618, tables of QA_PIXEL values.
        ("landsat-8-oli", None, 21824),
        ("landsat-8-oli", "cloud", 22280),
        ("landsat-8-oli", "cloud_shadow", 23888),
        ("landsat-8-oli", "snow", 30048),
        ("landsat-8-oli", "water", 21952),
        ("landsat-8-oli", "fill", 1),
        ("landsat-5-tm", None, 5440),
        ("landsat-5-tm", "cloud", 5896),
        ("landsat-5-tm", "cloud_shadow", 7504),
        ("landsat-5-tm", "snow", 13664),
        ("landsat-5-tm", "water", 5568),
        ("landsat-5-tm", "fill", 1),
    ],
)
def test_quality_values_are_those_of_real_products(sensor_id: str, flag: str | None, value: int) -> None:
    everywhere = {flag: np.ones(SHAPE, bool)} if flag else {}
    assert set(np.unique(pixel_quality(acquire(sensor_id, ramp(0.2), **everywhere)))) == {value}


def test_cloud_is_dilated_by_three_pixels_which_are_not_clear() -> None:
    cloud = np.zeros(SHAPE, bool)
    cloud[20, 30] = True
    quality = pixel_quality(acquire("landsat-8-oli", ramp(0.2), cloud=cloud))
    dilated = (quality >> 1) & 1 == 1
    rows, columns = np.nonzero(dilated)
    assert dilated.sum() == 7 * 7 - 1
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (17, 23, 27, 33)
    assert not ((quality >> 6) & 1)[dilated].any()


@pytest.mark.parametrize(
    ("sensor_id", "year", "blue"),
    [("landsat-5-tm", 1991, 169.0), ("landsat-5-tm", 1992, 193.0), ("landsat-4-tm", 1990, 163.0)],
)
def test_radiance_ranges_are_those_of_real_products(sensor_id: str, year: int, blue: float) -> None:
    # As RADIANCE_MAXIMUM_BAND_1 stands in products of 1986 and 2011 (Landsat 5) and 1983 (Landsat 4).
    sensor = SENSORS[sensor_id]
    scale, offset = radiance_scaling(sensor, sensor.band("blue"), datetime(year, 6, 1, tzinfo=UTC), 1.0)
    assert 255 * scale + offset == pytest.approx(blue)
    assert scale + offset == pytest.approx(-1.52)


def test_oli_radiance_is_that_of_a_real_product() -> None:
    # LC08_L1TP_047027_20201204_20210313_02_T1: earth-sun distance 0.9854607, RADIANCE_MULT_BAND_4 1.0288E-02.
    sensor = SENSORS["landsat-8-oli"]
    scale, offset = radiance_scaling(sensor, sensor.band("red"), datetime(2020, 12, 4, tzinfo=UTC), 0.9854607)
    assert scale == pytest.approx(1.0288e-2, rel=1e-3)
    assert offset == pytest.approx(-51.43874, rel=1e-3)


def test_gaps_are_where_nothing_is_seen(tmp_path: Path) -> None:
    fill = np.zeros(SHAPE, bool)
    fill[10:14] = True
    scene = open_scene(write_landsat(acquire("landsat-7-etm", ramp(0.2), fill=fill), tmp_path, Silent()))
    (red,) = scene.read(["red"]).to_numpy()
    assert np.array_equal(np.isnan(red), fill)
    assert np.array_equal(scene.quality()["fill"].to_numpy(), fill)


def test_gaps_open_away_from_the_track_and_take_a_fifth_of_the_scene() -> None:
    whole = GeoBox((600, 6166), Affine(30, 0, 400_000, 0, -30, 3_800_000), "EPSG:32646")
    gaps = scan_gaps(whole, off_track_m=0.0)
    # About 22 % of a scene (Markham and others, 2004).
    assert gaps.mean() == pytest.approx(0.2, abs=0.03)
    assert not gaps[:, 2800:3300].any()
    assert gaps[:, 100].mean() > gaps[:, 1500].mean() > 0


def test_the_product_id_says_sensor_place_and_day() -> None:
    assert acquire("landsat-5-tm", ramp(0.2)).product_id == "LT05_L1TP_139036_19880820_20200917_02_T1"
    assert acquire("landsat-8-oli", ramp(0.2)).product_id == "LC08_L1TP_139036_20180823_20200917_02_T1"
