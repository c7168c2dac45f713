"""Where the sun stands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimline.scenes import earth_sun_distance, sun_position

MOMENTS = st.datetimes(datetime(1980, 1, 1), datetime(2040, 1, 1))  # noqa: DTZ001 - UTC is added where it is used


def test_it_agrees_with_the_published_example_of_the_solar_position_algorithm() -> None:
    # Reda and Andreas (2004), Solar Energy 76, 577-589, appendix A.5: Golden, Colorado; elevation without refraction.
    moment = datetime(2003, 10, 17, 12, 30, 30, tzinfo=timezone(timedelta(hours=-7)))
    azimuth, elevation = sun_position(moment, -105.1786, 39.742476)
    assert azimuth == pytest.approx(194.340241, abs=0.02)
    assert elevation == pytest.approx(39.872046, abs=0.02)


def test_at_the_june_solstice_the_sun_is_in_the_zenith_of_the_tropic() -> None:
    moment = datetime(2020, 6, 20, 21, 44, tzinfo=UTC)
    longitudes = np.linspace(-180, 180, 3601)
    _, elevation = sun_position(moment, longitudes, 23.4366)
    assert elevation.max() == pytest.approx(90, abs=0.06)


def test_at_the_equinox_the_sun_rises_in_the_east() -> None:
    morning = datetime(2021, 3, 20, 6, 7, 27, tzinfo=UTC)
    azimuth, elevation = sun_position(morning, 0.0, 0.0)
    assert azimuth == pytest.approx(90, abs=0.2)
    assert elevation == pytest.approx(0, abs=0.5)


@given(MOMENTS, st.floats(-180, 180), st.floats(-90, 90))
def test_angles_are_angles(moment: datetime, longitude: float, latitude: float) -> None:
    azimuth, elevation = sun_position(moment.replace(tzinfo=UTC), longitude, latitude)
    assert 0 <= azimuth <= 360
    assert -90 <= elevation <= 90


@given(MOMENTS)
def test_a_moment_without_zone_is_utc(moment: datetime) -> None:
    assert sun_position(moment, 86.0, 28.0) == sun_position(moment.replace(tzinfo=UTC), 86.0, 28.0)


def test_positions_broadcast() -> None:
    azimuth, elevation = sun_position(datetime(2020, 1, 1, tzinfo=UTC), np.zeros((3, 1)), np.zeros(4))
    assert azimuth.shape == elevation.shape == (3, 4)


@given(MOMENTS)
def test_the_sun_is_about_one_astronomical_unit_away(moment: datetime) -> None:
    assert 0.9832 < earth_sun_distance(moment) < 1.0168
