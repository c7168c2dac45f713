"""The sensors and their bands."""

from __future__ import annotations

import math
import pickle

import pytest

from trimline.errors import BandError, ProductError
from trimline.sensors import SENSORS, generic_sensor, get_sensor


@pytest.mark.parametrize("sensor", SENSORS.values(), ids=list(SENSORS))
def test_every_sensor_is_consistent(sensor: object) -> None:
    names = [band.name for band in sensor.bands]
    commons = [band.common for band in sensor.bands]
    assert len(set(names)) == len(names)
    assert len(set(commons)) == len(commons)
    assert all(band.lower_um < band.centre_um < band.upper_um for band in sensor.bands)
    assert all((band.k1 is None) == (band.k2 is None) == (not band.is_thermal) for band in sensor.bands)
    assert pickle.loads(pickle.dumps(sensor)) == sensor  # noqa: S301 - what was just made here


@pytest.mark.parametrize(
    ("sensor", "name", "common"),
    [
        ("landsat-5-tm", "B5", "swir1"),
        ("landsat-5-tm", "B07", "swir2"),
        ("landsat-7-etm", "B6", "thermal"),
        ("landsat-7-etm", "B6_VCID_1", "thermal"),
        ("landsat-8-oli", "B6", "swir1"),
        ("landsat-8-oli", "b10", "thermal"),
        ("sentinel-2-msi", "B11", "swir1"),
        ("sentinel-2-msi", "B8A", "nir08"),
        ("sentinel-2-msi", "B08", "nir"),
        ("landsat-1-mss", "B7", "nir"),
        ("landsat-5-mss", "B4", "nir"),
        ("landsat-9-oli", "red", "red"),
    ],
)
def test_a_band_is_found_by_either_name(sensor: str, name: str, common: str) -> None:
    assert get_sensor(sensor).band(name).common == common


def test_a_band_that_a_sensor_lacks_is_an_error_that_lists_those_it_has() -> None:
    with pytest.raises(BandError, match=r"MSS has no band 'swir1'\n.*green \(B4\), red \(B5\)"):
        get_sensor("landsat-2-mss").band("swir1")


def test_an_unknown_sensor_is_an_error_that_lists_the_known() -> None:
    with pytest.raises(ProductError, match="landsat-5-tm"):
        get_sensor("landsat-6-etm")


def test_irradiances_and_thermal_constants_are_those_of_chander_and_others() -> None:
    # Chander, Markham and Helder (2009), tables 3, 4, 5 and 7.
    assert [b.esun for b in get_sensor("landsat-5-tm").bands if b.esun] == [1983, 1796, 1536, 1031, 220.0, 83.44]
    assert [b.esun for b in get_sensor("landsat-4-tm").bands if b.esun] == [1983, 1795, 1539, 1028, 219.8, 83.49]
    etm = get_sensor("landsat-7-etm").by_common_name
    assert (etm["nir"].esun, etm["pan"].esun, etm["thermal"].k1, etm["thermal"].k2) == (1039, 1362, 666.09, 1282.71)


def test_the_sampling_distance_is_that_of_the_bands_glaciers_are_mapped_from() -> None:
    assert get_sensor("landsat-8-oli").gsd_m == 30
    assert get_sensor("sentinel-2-msi").gsd_m == 10


def test_a_generic_sensor_knows_its_names_and_no_more() -> None:
    sensor = generic_sensor(["red", "swir1"])
    assert sensor.band("red").common == "red"
    assert math.isnan(sensor.band("swir1").centre_um)
    with pytest.raises(BandError):
        sensor.band("nir")
