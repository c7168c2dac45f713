"""The order in which the scenes of a period are asked."""

from __future__ import annotations

import math
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimline.melt_season import melt_season_at
from trimline.timeline.preference import Candidate, days_outside, preferred, weight
from trimline.years import decimal_year

SEASON = ("06-15", "09-30")


def order(*candidates: Candidate) -> str:
    return "".join(each.id for each in preferred(candidates, SEASON))


def test_the_reference_image_comes_first_whatever_it_shows() -> None:
    cloudy = Candidate("r", "1988-01-20", reference=True, cloud=0.9, snow=0.9)
    assert order(Candidate("a", "1988-08-20", cloud=0, snow=0), cloudy) == "ra"


def test_less_cloud_less_snow_and_the_melt_season_are_preferred() -> None:
    clear = Candidate("a", "1988-08-20", cloud=0.1, snow=0.2)
    assert order(Candidate("b", "1988-08-20", cloud=0.3, snow=0.2), clear) == "ab"
    assert order(Candidate("b", "1988-08-20", cloud=0.1, snow=0.4), clear) == "ab"
    assert order(Candidate("b", "1988-05-20", cloud=0.1, snow=0.2), clear) == "ab"


def test_what_nobody_measured_counts_as_half() -> None:
    silent = Candidate("a", "1988-08-20")
    assert weight(silent, SEASON) == 0.25
    assert order(silent, Candidate("b", "1988-08-20", cloud=0.4, snow=0.4)) == "ba"


def test_of_two_alike_the_earlier_comes_first_and_then_the_id_decides() -> None:
    alike = (("c", 1986), ("b", 1988), ("a", 1986))
    assert order(*(Candidate(name, f"{year}-08-20", cloud=0, snow=0) for name, year in alike)) == "acb"


@pytest.mark.parametrize(
    ("date", "season", "days"),
    [
        ("1988-06-15", SEASON, 0),
        ("1988-09-30", SEASON, 0),
        ("1988-10-01", SEASON, 1),
        ("1988-06-14", SEASON, 1),
        ("1988-05", SEASON, 15),
        ("1988", SEASON, 0),
        ("1988-01-10", ("12-15", "03-15"), 0),
        ("1988-12-20", ("12-15", "03-15"), 0),
        ("1988-04-14", ("12-15", "03-15"), 30),
        ("1988-11-30", ("12-15", "03-15"), 15),
        ("1987-03-01", ("01-01", "02-29"), 1),
    ],
)
def test_a_date_lies_so_many_days_outside_the_season(date: str, season: tuple[str, str], days: int) -> None:
    assert days_outside(date, season) == days


@pytest.mark.parametrize(
    ("date", "year"),
    [
        ("2019-01-01", 2019 + 0.5 / 365),
        ("2019", 2019.5),
        ("2020-12-31", 2020 + 365.5 / 366),
        ("2019-01", 2019 + 15.5 / 365),
    ],
)
def test_a_date_is_the_middle_of_what_is_given(date: str, year: float) -> None:
    assert decimal_year(date) == pytest.approx(year, abs=1e-12)


shares = st.one_of(st.just(math.nan), st.floats(0, 1))
candidates = st.builds(
    Candidate,
    id=st.text("abc", min_size=1, max_size=3),
    date=st.dates(date(1972, 7, 23), date(2100, 12, 31)).map(lambda day: day.isoformat()),
    reference=st.booleans(),
    cloud=shares,
    snow=shares,
)


@given(st.lists(candidates, max_size=6, unique_by=lambda each: each.id), st.randoms(use_true_random=False))
def test_the_order_does_not_depend_on_the_order_in_which_scenes_are_named(scenes: list[Candidate], random) -> None:  # type: ignore[no-untyped-def]
    shuffled = scenes.copy()
    random.shuffle(shuffled)
    ids = [each.id for each in preferred(scenes, SEASON)]
    assert [each.id for each in preferred(shuffled, SEASON)] == ids
    assert all(0 <= weight(each, SEASON) <= 1 for each in scenes)


@pytest.mark.parametrize(
    ("latitude", "season"),
    [
        (78.0, ("06-15", "09-30")),
        (34.2, ("06-15", "09-30")),
        (-9.1, ("01-01", "12-31")),
        (0.3, ("01-01", "12-31")),
        (-33.5, ("12-15", "03-31")),
        (-54.8, ("12-15", "03-31")),
    ],
)
def test_the_melt_season_follows_the_hemisphere(latitude: float, season: tuple[str, str]) -> None:
    assert melt_season_at(latitude) == season


def test_in_the_south_a_scene_of_february_is_preferred_and_between_the_tropics_the_date_decides_nothing() -> None:
    summer, winter = Candidate("s", "2019-02-17", cloud=0, snow=0), Candidate("w", "2019-08-17", cloud=0, snow=0)
    assert [each.id for each in preferred([winter, summer], melt_season_at(-54.8))] == ["s", "w"]
    assert [each.id for each in preferred([winter, summer], melt_season_at(34.2))] == ["w", "s"]
    assert weight(summer, melt_season_at(-9.1)) == weight(winter, melt_season_at(-9.1)) == 1
