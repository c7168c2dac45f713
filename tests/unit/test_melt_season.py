"""The melt season follows the hemisphere, and a season may span the New Year."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimline.melt_season import NORTHERN, SOUTHERN, WHOLE_YEAR, is_in_season, melt_season_at

DAYS = [f"{date(2020, 1, 1) + timedelta(days=i):%m-%d}" for i in range(366)]


@pytest.mark.parametrize(
    ("latitude", "season"),
    [(80.0, NORTHERN), (43.5, NORTHERN), (23.3, WHOLE_YEAR), (0.0, WHOLE_YEAR), (-9.0, WHOLE_YEAR), (-54.8, SOUTHERN)],
)
def test_the_melt_season_is_that_of_the_hemisphere(latitude: float, season: tuple[str, str]) -> None:
    assert melt_season_at(latitude) == season


def test_the_two_hemispheres_share_no_day() -> None:
    assert not any(is_in_season(day, NORTHERN) and is_in_season(day, SOUTHERN) for day in DAYS)
    assert all(is_in_season(day, WHOLE_YEAR) for day in DAYS)


@given(st.sampled_from(DAYS), st.sampled_from(DAYS))
def test_a_season_and_the_rest_of_the_year_are_the_year(first: str, last: str) -> None:
    inside = [day for day in DAYS if is_in_season(day, (first, last))]
    start, end = DAYS.index(first), DAYS.index(last)
    length = end - start + 1 if start <= end else 366 - start + end + 1
    assert len(inside) == length
    assert {first, last} <= set(inside)
