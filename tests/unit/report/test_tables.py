"""Tables print what they were given, in the papers' percent, and a dash where a number does not exist."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimline.report.tables import area_table, method_table, number, percent, period_table, sized, with_error


def test_scores_are_printed_in_percent_with_two_decimals() -> None:
    scores = dict.fromkeys(("precision", "recall", "f1", "kappa", "oa", "iou"), 0.93771)
    columns, rows = method_table({"band_ratio": {**scores, "area_bias": -0.0123, "boundary_m": 12.345}})
    assert rows == [["band_ratio", *["93.77"] * 6, "-1.23", "12.3"]]
    assert len(columns) == len(rows[0])


def test_change_is_relative_to_the_first_date() -> None:
    _, rows = area_table(
        {
            "1988": {"area_true_km2": 40.0, "area_mapped_km2": 41.0},
            "2018": {"area_true_km2": 30.0, "area_mapped_km2": 30.75},
        }
    )
    assert rows[0][-2:] == ["–", "–"]
    assert rows[1] == ["2018", "30.000", "30.750", "+2.50", "-25.00", "-25.00"]


def test_dates_of_different_places_are_not_compared() -> None:
    dates = {str(year): {"area_true_km2": 10.0, "area_mapped_km2": 11.0} for year in (1988, 2018)}
    heads, rows = area_table(dates, same_ground=False)
    assert heads == ["date", "true km²", "mapped km²", "difference %"]
    assert rows[1] == ["2018", "10.000", "11.000", "+10.00"]


def test_what_is_undefined_is_a_dash_not_a_zero() -> None:
    assert percent(math.nan) == percent(None) == number(math.inf, 2) == "–"
    _, rows = area_table({"1988": {"area_true_km2": 0.0, "area_mapped_km2": 1.0}})
    assert rows[0][3] == "–"


def test_periods_say_what_was_inferred_and_what_nobody_saw() -> None:
    of_period = {
        "year": 1987.91,
        "glaciers": 2,
        "area_km2": 3.5,
        "inferred_km2": 0.25,
        "unseen_km2": 1.0,
        "scenes": [{}],
    }
    columns, rows = period_table({"1986-1988": of_period, "later": of_period | {"year": None}})
    assert rows[0] == ["1986-1988", "1987.91", "2", "3.500", "0.250", "1.000", "1"]
    assert rows[1][1] == "–"
    assert len(columns) == len(rows[0])


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (2518.65, 72.69, "2518.65 ± 72.69"),
        (1.17, 0.09, "1.17 ± 0.09"),
        (0.0043, 0.0012, "0.0043 ± 0.0012"),
        (-0.1023, 0.0049, "-0.102 ± 0.005"),
        (-0.0001, 0.02, "-0.000 ± 0.020"),
        (0.0, 0.02, "0.00 ± 0.02"),
        (5.0, 0.0, "5.00 ± 0.00"),
        (math.nan, 0.1, "–"),
        (None, None, "–"),
    ],
)
def test_small_glaciers_are_not_rounded_away(value: float | None, error: float | None, text: str) -> None:
    assert with_error(value, error) == text


@given(st.floats(1e-5, 1e4), st.floats(1e-5, 1e3))
def test_neither_an_area_nor_its_error_is_printed_as_nothing(value: float, error: float) -> None:
    shown, _, off = with_error(value, error).partition(" ± ")
    assert float(off) > 0
    assert float(shown) == pytest.approx(value, rel=0.051) or value < error
    assert float(sized(value)) == pytest.approx(value, rel=0.051)


def test_scores_say_how_much_ground_they_rest_on() -> None:
    scores = dict.fromkeys(("precision", "recall", "f1", "kappa", "oa", "iou", "area_bias", "boundary_m"), 0.5)
    columns, rows = method_table({"unet": {**scores, "ground_km2": 0.0312}, "ratio": {**scores, "ground_km2": 12.34}})
    assert columns[-1] == "ground km²"
    assert [row[-1] for row in rows] == ["0.031", "12.3"]
