"""Edits that hold from a date on: an interval holds for the periods whose middle lies in it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kinds.edited import PERIOD, TWO, edit, layer, square

from trimline.errors import EditError
from trimline.outlines import check_edits, replay
from trimline.outlines.edit_periods import day_of, holds_for, interval_of, periods_of

MIDDLES = {"1986-1988": 1987.5, "2004": 2004.5, "2019-2021": 2020.5}

days = st.dates(date(1000, 1, 1), date(2100, 12, 31))


def middle_of(day: date) -> float:
    """Return the noon of a day as a decimal year."""
    start, end = date(day.year, 1, 1), date(day.year + 1, 1, 1)
    return day.year + ((day - start).days + 0.5) / (end - start).days


def held(interval: str, day: date) -> bool:
    return holds_for(interval, "any", middle_of(day), edit_id="e1")


@given(days)
def test_a_decimal_year_lies_on_its_day(day: date) -> None:
    assert day_of(middle_of(day)) == day
    start, end = date(day.year, 1, 1), date(day.year + 1, 1, 1)
    assert day_of(day.year + (day - start).days / (end - start).days) == day


@given(days, days, days)
def test_both_ends_of_an_interval_belong_to_it(one: date, other: date, day: date) -> None:
    first, last = sorted((one, other))
    assert held(f"{first}/{last}", day) == (first <= day <= last)
    assert held(f"{first}/..", day) == (first <= day)
    assert held(f"../{last}", day) == (day <= last)
    assert held(f"{first}/..", first)
    assert held(f"../{last}", last)


@given(days, days)
def test_an_interval_and_those_before_and_after_it_share_no_day(one: date, day: date) -> None:
    before = f"../{one - timedelta(days=1)}"
    assert held(before, day) != held(f"{one}/..", day)


@given(st.integers(1000, 2100), st.integers(1, 12), days)
def test_months_and_years_are_whole(year: int, month: int, day: date) -> None:
    assert held(f"{year}/{year}", day) == (day.year == year)
    assert held(f"{year}-{month:02d}/{year}-{month:02d}", day) == ((day.year, day.month) == (year, month))
    assert held(f"{year}-{month:02d}/..", day) == ((day.year, day.month) >= (year, month))


@pytest.mark.parametrize(
    ("interval", "periods"),
    [
        ("2004/..", ["2004", "2019-2021"]),
        ("../2004-07", ["1986-1988", "2004"]),
        ("../2004-07-01", ["1986-1988"]),
        ("2004-07-02/2004-07-02", ["2004"]),
        ("2004/2011", ["2004"]),
        ("1988/2003", []),
        ("*", list(MIDDLES)),
        ("2004", ["2004"]),
        ("2005", []),
    ],
)
def test_periods_belong_to_an_interval_with_their_middle(interval: str, periods: list[str]) -> None:
    assert periods_of(interval, MIDDLES) == periods


@pytest.mark.parametrize(
    ("interval", "why"),
    [
        ("2004/2003", "ends before it begins"),
        ("2004-02-30/..", "no day of any year"),
        ("2004/7", "is no date"),
        ("/2004", "is no date"),
        ("2004/2005/2006", "has one slash"),
        ("../..", "it has no date: * stands for all"),
        ("2004-07-01T00:00Z/..", "is no date"),
        ("0000/..", "no day of any year"),
    ],
)
def test_what_is_no_interval_is_a_problem(interval: str, why: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        interval_of(interval)
    for periods in (None, list(MIDDLES), MIDDLES):
        (found,) = check_edits(layer(edit("flag", period=interval)), periods)
        assert why in found.text
        assert "2004/2011" in found.remedy


def test_an_interval_without_any_period_is_a_problem_with_the_middles() -> None:
    (found,) = check_edits(layer(edit("flag", period="1990/2000")), MIDDLES)
    assert found.text == "no period has its middle in '1990/2000'"
    assert "2004 (2004-07-02)" in found.remedy
    assert check_edits(layer(edit("flag", period="2000/..")), MIDDLES) == []
    (undated,) = check_edits(layer(edit("flag", period="1990/2000")), {"undated": 0.5})
    assert "the time of no period is known" in undated.text


def test_an_edit_from_a_date_on_is_replayed_in_the_periods_after_it() -> None:
    rows = layer(edit("remove", square(500, 0), period="1987-07-02/.."))
    states: dict[str, Any] = {name: replay(TWO, rows, name, middle=middle)[1] for name, middle in MIDDLES.items()}
    assert {name: len(found) for name, found in states.items()} == dict.fromkeys(MIDDLES, 1)
    later = layer(edit("remove", square(500, 0), period="2004/..", edit_id="e1"), edit(None, reverts="e1"))
    assert replay(TWO, later, PERIOD, middle=1987.5)[1] == []
    assert [each.state for each in replay(TWO, later, "2004", middle=2004.5)[1]] == ["reverted", "applied"]


def test_an_interval_needs_the_time_of_the_period() -> None:
    for middle in (None, 0.5):
        with pytest.raises(EditError, match=r"edit e1 holds for 2004/\.\., and the time of the period"):
            replay(TWO, layer(edit("flag", period="2004/..", edit_id="e1")), PERIOD, middle=middle)
