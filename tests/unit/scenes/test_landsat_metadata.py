"""A metadata file becomes one validated object."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from trimline.errors import MetadataError
from trimline.scenes import BrightnessTemperature, LandsatMetadata, Linear, NoCalibration, read_landsat_metadata
from trimline.scenes.sun import earth_sun_distance


def read(make: Any, **wishes: Any) -> LandsatMetadata:
    tiny = make.Tiny(**wishes)
    return read_landsat_metadata(make.spell(make.metadata(tiny), tiny.spelling), f"{tiny.id}_MTL.{tiny.spelling}")


def test_it_says_what_when_and_where(make: Any) -> None:
    metadata = read(make)
    assert metadata.product_id == "LC08_L1TP_139036_20190809_20190809_02_T1"
    assert metadata.sensor.id == "landsat-8-oli"
    assert (metadata.level, metadata.collection, metadata.category) == ("L1TP", "02", "T1")
    assert metadata.time == datetime(2019, 8, 9, 4, 20, 31, 123456, tzinfo=UTC)
    assert metadata.tile == "139036"
    assert metadata.cloud_cover == 12.5
    assert (metadata.sun_azimuth, metadata.sun_elevation) == (120.5, 30.0)
    assert metadata.quality_files.keys() == {"pixel", "saturation"}


def test_corners_are_the_centres_of_the_corner_pixels(make: Any) -> None:
    grids = read(make).grids
    left, top = make.upper_left_centre
    assert grids["red"].affine.c == left - 15
    assert grids["red"].affine.f == top + 15
    assert grids["red"].shape == (make.lines, make.samples)
    assert grids["pan"].affine.c == left - 7.5
    assert grids["pan"].shape == (2 * make.lines - 1, 2 * make.samples - 1)
    assert grids["red"].crs.epsg == 32646


@pytest.mark.parametrize("spelling", ["txt", "json", "xml"])
def test_every_spelling_gives_the_same_metadata(make: Any, spelling: str) -> None:
    assert read(make, spelling=spelling) == read(make)


@pytest.mark.parametrize(
    ("wishes", "sensor", "bands"),
    [
        ({"sensor": "TM", "platform": 5}, "landsat-5-tm", 7),
        ({"sensor": "TM", "platform": 4, "level": "L2SP"}, "landsat-4-tm", 7),
        ({"sensor": "ETM", "platform": 7}, "landsat-7-etm", 8),
        ({"sensor": "ETM", "platform": 7, "level": "L2SP"}, "landsat-7-etm", 7),
        ({"sensor": "OLI_TIRS", "platform": 9, "level": "L2SP"}, "landsat-9-oli", 8),
        ({"sensor": "MSS", "platform": 5}, "landsat-5-mss", 4),
    ],
)
def test_every_sensor_and_level_is_understood(make: Any, wishes: dict[str, Any], sensor: str, bands: int) -> None:
    metadata = read(make, **wishes)
    assert metadata.sensor.id == sensor
    assert len(metadata.files) == bands
    assert metadata.calibrations.keys() == metadata.files.keys() == metadata.grids.keys()


def test_etm_thermal_is_the_low_gain_band_and_at_level_2_band_6(make: Any) -> None:
    assert read(make, sensor="ETM", platform=7).files["thermal"].endswith("_B6_VCID_1.TIF")
    assert read(make, sensor="ETM", platform=7, level="L2SP").files["thermal"].endswith("_ST_B6.TIF")
    assert read(make).files["thermal"].endswith("_B10.TIF")


def test_level_1_reflectance_is_divided_by_the_sine_of_the_sun(make: Any) -> None:
    calibration = read(make, sun_elevation=30.0).calibrations["red"]
    assert calibration == Linear(pytest.approx(0.004 / 0.5), pytest.approx(-0.01 / 0.5))


def test_level_2_is_linear_and_has_no_sun_in_it(make: Any) -> None:
    calibrations = read(make, level="L2SP", sun_elevation=-5.0).calibrations
    assert calibrations["red"] == Linear(2.75e-5, -0.2)
    assert calibrations["thermal"] == Linear(0.00341802, 149.0)


def test_level_1_thermal_bands_have_brightness_temperature(make: Any) -> None:
    assert read(make).calibrations["thermal"] == BrightnessTemperature(0.5, -0.1, 774.8853, 1321.0789)


def test_at_night_there_is_no_reflectance_but_a_temperature(make: Any) -> None:
    calibrations = read(make, sun_elevation=-12.0).calibrations
    assert isinstance(calibrations["red"], NoCalibration)
    assert "12.0 degrees below the horizon" in calibrations["red"].reason
    assert isinstance(calibrations["thermal"], BrightnessTemperature)


def test_a_band_that_usgs_could_not_calibrate_has_numbers_only(make: Any) -> None:
    changed = {
        f"{key}_BAND_1": "NULL" for key in ("REFLECTANCE_MULT", "REFLECTANCE_ADD", "RADIANCE_MULT", "RADIANCE_ADD")
    }
    calibrations = read(make, sensor="MSS", platform=5, changed_keys=changed).calibrations
    assert isinstance(calibrations["green"], NoCalibration)
    assert isinstance(calibrations["red"], Linear)


def test_pre_collection_reflectance_comes_from_radiance_and_irradiance(make: Any) -> None:
    text = make.spell(make.pre_collection_metadata(), "txt", "L1_METADATA_FILE")
    metadata = read_landsat_metadata(text, "LT51390361988227BKT00_MTL.txt")
    assert metadata.product_id == "LT51390361988227BKT00"
    assert metadata.collection is None
    radiance = np.array([-1.17, 264.0])  # of band 3 at the digital numbers 1 and 255
    expected = math.pi * radiance * earth_sun_distance(metadata.time) ** 2 / (1536 * math.sin(math.radians(49.0)))
    reflectance = metadata.calibrations["red"](np.array([1, 255], dtype=np.float32))
    np.testing.assert_allclose(reflectance, expected, rtol=1e-5)


def test_pre_collection_gains_are_not_the_rounded_ones(make: Any) -> None:
    text = make.spell(make.pre_collection_metadata(), "txt", "L1_METADATA_FILE")
    thermal = read_landsat_metadata(text, "X_MTL.txt").calibrations["thermal"]
    assert isinstance(thermal, BrightnessTemperature)
    assert thermal.gain == pytest.approx(0.055374, abs=1e-6)  # the file says 0.055; Collection 2 says 0.055375
    assert (thermal.k1, thermal.k2) == (607.76, 1260.56)


def test_without_a_radiance_range_the_printed_gains_are_used(make: Any) -> None:
    groups = make.pre_collection_metadata()
    del groups["MIN_MAX_RADIANCE"]
    thermal = read_landsat_metadata(make.spell(groups, "json", "L1_METADATA_FILE"), "X_MTL.json").calibrations[
        "thermal"
    ]
    assert isinstance(thermal, BrightnessTemperature)
    assert thermal.gain == 0.055


@pytest.mark.parametrize(
    "key",
    [
        "SUN_ELEVATION",
        "SUN_AZIMUTH",
        "DATE_ACQUIRED",
        "SCENE_CENTER_TIME",
        "SPACECRAFT_ID",
        "WRS_ROW",
        "UTM_ZONE",
        "CORNER_UL_PROJECTION_X_PRODUCT",
        "REFLECTIVE_LINES",
        "REFLECTANCE_MULT_BAND_4",
        "RADIANCE_ADD_BAND_10",
        "LANDSAT_PRODUCT_ID",
    ],
)
def test_a_needed_key_that_is_missing_is_named(make: Any, key: str) -> None:
    with pytest.raises(MetadataError, match=f"lack .*/{key}") as caught:
        read(make, without_keys=(key,))
    assert str(caught.value.where).endswith("_MTL.txt")


def test_a_collection_2_file_never_falls_back_on_irradiance(make: Any) -> None:
    every_gain = tuple(f"REFLECTANCE_MULT_BAND_{n}" for n in range(1, 8))
    with pytest.raises(MetadataError, match="REFLECTANCE_MULT_BAND_1"):
        read(make, sensor="TM", platform=5, without_keys=every_gain)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("SUN_ELEVATION", 123.0),
        ("SUN_ELEVATION", "high"),
        ("DATE_ACQUIRED", "2019-13-01"),
        ("UTM_ZONE", 61),
        ("MAP_PROJECTION", "AEA"),
        ("REFLECTIVE_LINES", 0),
        ("GRID_CELL_SIZE_REFLECTIVE", "wide"),
    ],
)
def test_a_value_that_cannot_be_is_named(make: Any, key: str, value: object) -> None:
    with pytest.raises(MetadataError, match=f"{key}.* cannot be"):
        read(make, changed_keys={key: value})


def test_an_unknown_sensor_is_refused(make: Any) -> None:
    with pytest.raises(MetadataError, match="OLI_TIRS on LANDSAT_12 is no sensor"):
        read(make, changed_keys={"SPACECRAFT_ID": "LANDSAT_12"})


def test_a_cloud_cover_of_minus_one_is_unknown(make: Any) -> None:
    assert read(make, changed_keys={"CLOUD_COVER": -1}).cloud_cover is None


@pytest.mark.parametrize(("date", "gaps"), [("2003-05-30", False), ("2003-06-01", True), ("2010-01-09", True)])
def test_etm_has_gaps_since_the_scan_line_corrector_failed(make: Any, date: str, gaps: bool) -> None:
    assert read(make, sensor="ETM", platform=7, date=date).is_slc_off == gaps
    assert not read(make, date=date).is_slc_off


def test_corners_that_do_not_span_the_lines_are_noticed(make: Any) -> None:
    assert read(make).corners_fit
    assert not read(make, changed_keys={"REFLECTIVE_LINES": 7000}).corners_fit


def test_antarctic_products_are_polar_stereographic(make: Any) -> None:
    groups = make.metadata(make.Tiny(changed_keys={"MAP_PROJECTION": "PS"}))
    groups["PROJECTION_ATTRIBUTES"] |= {"TRUE_SCALE_LAT": "-71.00000", "VERTICAL_LON_FROM_POLE": "0.00000"}
    assert read_landsat_metadata(make.spell(groups, "txt"), "X_MTL.txt").crs.epsg == 3031


def test_metadata_of_before_2012_say_that_they_are_too_old() -> None:
    text = (
        "GROUP = L1_METADATA_FILE\nGROUP = PRODUCT_METADATA\nACQUISITION_DATE = 2005-01-01\n"
        "END_GROUP = PRODUCT_METADATA\nEND_GROUP = L1_METADATA_FILE\nEND"
    )
    with pytest.raises(MetadataError, match="before August 2012"):
        read_landsat_metadata(text, "X_MTL.txt")
