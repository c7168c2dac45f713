"""What a CRS may be used for is asked of its properties, not of its code."""

from __future__ import annotations

import numpy as np
import pytest
from pyproj import CRS

from trimline.coordinate_systems import (
    LARGEST_SCALE_ERROR,
    horizontal,
    is_in_metres,
    measuring_problem,
    scale_error,
    turn_of,
)
from trimline.errors import GridError, OutlineError


@pytest.mark.parametrize("crs", ["EPSG:3395", "EPSG:900913", "EPSG:3857", "EPSG:4087", "ESRI:54008", "EPSG:6933"])
def test_a_projection_of_the_world_is_nothing_to_measure_in(crs: str) -> None:
    assert "stretches lengths up to" in str(measuring_problem(CRS(crs)))


@pytest.mark.parametrize(
    "crs",
    [
        "EPSG:32646",
        "EPSG:2056",
        "EPSG:2193",
        "EPSG:3035",
        "EPSG:3338",
        "EPSG:3031",
        "EPSG:3413",
        "EPSG:3995",
        "EPSG:6931",
    ],
)
def test_utm_national_grids_equal_area_and_polar_stereographic_systems_are_accepted(crs: str) -> None:
    assert measuring_problem(CRS(crs)) is None


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:2263", "EPSG:4978"])
def test_degrees_feet_and_geocentric_metres_are_not_projected_metres(crs: str) -> None:
    assert not is_in_metres(CRS(crs))
    assert measuring_problem(CRS(crs)) == "is not projected in metres"


@pytest.mark.parametrize(
    ("crs", "longitude", "latitude", "expected"),
    [
        ("EPSG:32632", 9.0, 46.0, 0.0004),  # on the central meridian
        ("EPSG:3395", 20.0, 68.0, 1 / np.cos(np.radians(68.0)) - 1),  # within the flattening
        ("EPSG:3031", 20.0, -71.0, 0.0),  # the true parallel
        ("EPSG:3031", 20.0, -60.0, 0.0426),
        ("EPSG:4087", 20.0, 60.0, 1.0),
    ],
)
def test_the_scale_error_is_that_of_the_formulas(crs: str, longitude: float, latitude: float, expected: float) -> None:
    found = scale_error(CRS(crs), np.array([longitude]), np.array([latitude]))
    assert found == pytest.approx(expected, rel=0.01, abs=2e-4)


def test_polar_stereographic_systems_are_within_the_line_to_60_degrees_and_mercator_to_17() -> None:
    longitudes = np.linspace(-180, 180, 13)
    assert scale_error(CRS(3413), longitudes, np.full(13, 60.0)) < LARGEST_SCALE_ERROR
    assert scale_error(CRS(3395), np.array([20.0]), np.array([17.0])) < LARGEST_SCALE_ERROR
    assert scale_error(CRS(3395), np.array([20.0]), np.array([19.0])) > LARGEST_SCALE_ERROR


@pytest.mark.parametrize(
    ("crs", "said"),
    [
        ('LOCAL_CS["site",UNIT["metre",1]]', "'site' is local"),
        ("EPSG:4978", "is geocentric"),
        ("EPSG:5773", "is vertical"),
        ("IAU_2015:49900", "cannot be brought to longitude and latitude"),
    ],
)
def test_what_has_no_place_on_a_map_of_the_earth_is_refused_by_name(crs: str, said: str) -> None:
    with pytest.raises(GridError, match=said):
        horizontal(CRS(crs), "a.tif")
    with pytest.raises(OutlineError, match=said):
        horizontal(CRS(crs), kind=OutlineError)


def test_of_a_compound_system_the_horizontal_part_counts() -> None:
    assert horizontal(CRS("EPSG:32632+5773")) == CRS(32632)
    assert horizontal(CRS(32632)) == CRS(32632)


def test_a_full_turn_is_360_degrees_or_400_grads() -> None:
    assert turn_of(CRS(4326)) == 360.0
    assert turn_of(CRS(4807)) == 400.0
    assert turn_of(CRS(32632)) is None
