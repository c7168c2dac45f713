"""Changes and rates between periods, and lines through all of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimline.change import (
    METHODS,
    break_test,
    change_error,
    changes,
    fit_pieces,
    fit_rate,
    fits_differ,
    label_years,
    pieces_differ,
    rates_differ,
    summed_error,
)
from trimline.errors import ChangeError

ERROR = st.floats(0, 1e3)
YEARS = np.arange(1987.5, 2021, 3)


def series(areas: list[float], years: list[float], errors: list[float] | None = None) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "level": "region",
            "part": "region",
            "period": [f"{int(year) - 1}-{int(year) + 1}" for year in years],
            "src_year": years,
            "area_km2": areas,
            "uncertainty_km2": errors or [1.0] * len(areas),
        }
    )


@given(ERROR, ERROR, st.floats(0, 1))
def test_correlated_errors_of_a_change_lie_between_the_difference_and_the_root_of_squares(
    first: float, second: float, correlation: float
) -> None:
    tolerance = 1e-9 * (first + second)
    difference, root = change_error(first, second, 1.0), change_error(first, second)
    assert difference == pytest.approx(abs(first - second))
    assert root == pytest.approx(np.hypot(first, second))
    assert difference - tolerance <= change_error(first, second, correlation) <= root + tolerance
    assert root <= first + second + tolerance
    assert change_error(first, second, -1.0) == pytest.approx(first + second)


@given(st.lists(ERROR, min_size=1, max_size=20), st.floats(0, 1))
def test_the_error_of_a_sum_lies_between_root_of_squares_and_plain_sum(errors: list[float], correlation: float) -> None:
    root, plain = summed_error(errors, 0), summed_error(errors, 1)
    assert root == pytest.approx(np.linalg.norm(errors))
    assert plain == pytest.approx(sum(errors))
    assert root * (1 - 1e-9) <= summed_error(errors, correlation) <= plain * (1 + 1e-9)


def test_errors_that_cannot_be_are_refused() -> None:
    with pytest.raises(ChangeError, match="negative"):
        change_error(-1, 1)
    with pytest.raises(ChangeError, match="correlation"):
        change_error(1, 1, 1.5)
    with pytest.raises(ChangeError, match="correlation"):
        summed_error([1], -0.1)


def test_a_rate_is_the_change_over_the_years_between_the_images_and_not_between_the_labels() -> None:
    table = series([100.0, 90.0], [1987.0, 2003.0])
    by_images, by_label = changes(table), changes(table, years="label")
    assert by_images["rate_km2_per_a"].item() == pytest.approx(-10 / 16)
    assert by_images["rate_percent_per_a"].item() == pytest.approx(-10 / 16)
    assert by_label["years"].item() == 2004 - 1986


def test_without_pairs_neighbouring_periods_are_compared_and_the_ends() -> None:
    table = changes(series([10.0, 9.0, 7.0], [1987.0, 1990.0, 1993.0]))
    assert list(zip(table["first"].str[:4], table["last"].str[:4], strict=True)) == [
        ("1986", "1989"),
        ("1989", "1992"),
        ("1986", "1992"),
    ]
    assert table["change_km2"].iloc[:2].sum() == pytest.approx(table["change_km2"].iloc[2])


def test_change_of_what_was_not_there_or_not_seen_has_no_percentage() -> None:
    table = changes(series([0.0, 1.0, np.nan], [1987.0, 1990.0, 1993.0], [0.0, 1.0, np.nan]))
    assert table["change_km2"].iloc[0] == 1
    assert np.isnan(table["change_percent"].iloc[0])
    assert table[["change_km2", "rate_km2_per_a", "change_error_km2"]].iloc[1].isna().all()


def test_periods_whose_images_are_out_of_order_are_refused() -> None:
    with pytest.raises(ChangeError, match="not later than those of"):
        changes(series([10.0, 9.0], [1990.0, 1987.0]))
    with pytest.raises(ChangeError, match="no period 1850"):
        changes(series([10.0, 9.0], [1987.0, 1990.0]), [("1850", "1986-1988")])
    with pytest.raises(ChangeError, match="one period only"):
        changes(series([10.0], [1987.0]))
    with pytest.raises(ChangeError, match="lacks the column 'src_year'"):
        changes(series([10.0, 9.0], [1987.0, 1990.0]).drop(columns="src_year"))


def test_the_years_of_a_label_are_those_it_names() -> None:
    assert label_years("1986-1988") == (1986, 1988)
    assert label_years("LIA, about 1850") == (1850, 1850)
    with pytest.raises(ChangeError, match="names no year"):
        label_years("LIA")


@given(
    st.lists(st.integers(1970, 2030), min_size=3, max_size=15, unique=True),
    st.floats(-50, 50),
    st.floats(0, 3000),
    st.sampled_from(METHODS),
)
def test_the_rate_of_an_exact_line_is_recovered(years: list[int], rate: float, start: float, method: str) -> None:
    areas = [start + rate * (year - 2000) for year in years]
    fit = fit_rate(years, areas, np.linspace(1, 3, len(years)), method=method)
    assert fit.rate_km2_per_a == pytest.approx(rate, abs=1e-6)
    assert fit.area_km2(2000.0) == pytest.approx(start, abs=1e-4)
    assert fit.low_km2_per_a - 1e-6 <= rate <= fit.high_km2_per_a + 1e-6


@given(st.permutations(range(len(YEARS))), st.sampled_from(METHODS))
def test_a_fit_does_not_depend_on_the_order_of_the_periods(order: list[int], method: str) -> None:
    areas = 100 - 0.7 * (YEARS - 1987) + np.sin(7 * YEARS)
    errors = 1 + 0.1 * np.cos(YEARS)
    assert fit_rate(YEARS[order], areas[order], errors[order], method) == fit_rate(YEARS, areas, errors, method)


def test_theil_sen_is_not_moved_by_one_bad_period() -> None:
    areas = 100 - 0.7 * (YEARS - 1987)
    areas[-2] += 30
    assert fit_rate(YEARS, areas, method="theil-sen").rate_km2_per_a == pytest.approx(-0.7, abs=0.02)
    assert abs(fit_rate(YEARS, areas).rate_km2_per_a + 0.7) > 0.2


def test_weights_follow_the_errors() -> None:
    areas = 100 - 0.7 * (YEARS - 1987)
    errors = np.ones(len(YEARS))
    areas[-2], errors[-2] = areas[-2] + 30, 1e6
    assert fit_rate(YEARS, areas, errors, "wls").rate_km2_per_a == pytest.approx(-0.7, abs=1e-6)


def test_confidence_intervals_of_least_squares_hold_the_true_rate_as_often_as_they_say() -> None:
    noise = np.random.default_rng(5).normal(0, 2, (600, len(YEARS)))
    fits = [fit_rate(YEARS, 100 - 0.7 * (YEARS - 1987) + each, confidence=0.9) for each in noise]
    held = np.mean([fit.low_km2_per_a <= -0.7 <= fit.high_km2_per_a for fit in fits])
    assert held == pytest.approx(0.9, abs=0.03)


def test_a_line_through_two_areas_has_no_scatter_but_its_stated_error() -> None:
    fit = fit_rate([1990, 2000], [50, 40], [3, 4])
    assert fit.rate_km2_per_a == pytest.approx(-1)
    assert np.isnan([fit.error_km2_per_a, fit.low_km2_per_a, fit.residual_km2]).all()
    assert fit.stated_error_km2_per_a == pytest.approx(np.hypot(3, 4) / 10)


def test_pieces_share_the_area_on_their_break() -> None:
    years, areas = np.array([1986.0, 1995, 2003, 2012, 2021]), np.array([100.0, 95.5, 91.5, 73.5, 55.5])
    before, after = fit_pieces(years, areas, [2003])
    assert (before.rate_km2_per_a, after.rate_km2_per_a) == pytest.approx((-0.5, -2.0), abs=0.01)
    assert before.periods == after.periods == 3


def test_fits_that_cannot_be_are_refused() -> None:
    with pytest.raises(ChangeError, match="no method"):
        fit_rate([1, 2], [3, 4], method="cubic")  # type: ignore[arg-type]
    with pytest.raises(ChangeError, match="two different years"):
        fit_rate([2000, 2000, 2001], [3, 4, np.nan])
    with pytest.raises(ChangeError, match="positive error"):
        fit_rate([1, 2], [3, 4], [1, 0], method="wls")
    with pytest.raises(ChangeError, match="do not belong together"):
        fit_rate([1, 2, 3], [3, 4])
    with pytest.raises(ChangeError, match="confidence"):
        fit_rate([1, 2], [3, 4], confidence=95)
    with pytest.raises(ChangeError, match="order"):
        fit_pieces(YEARS, YEARS, [2010, 2003])
    with pytest.raises(ChangeError, match="too few"):
        break_test(YEARS[:4], YEARS[:4], at=1990)


def test_two_rates_differ_where_their_difference_is_twice_its_error() -> None:
    test = rates_differ(-1.0, 0.3, -2.0, 0.4)
    assert (test.difference, test.error, test.statistic) == pytest.approx((-1.0, 0.5, -2.0))
    assert test.p_value == pytest.approx(0.0455, abs=1e-4)
    assert np.isnan(rates_differ(1, 0, 2, 0).p_value)


def test_rates_that_share_a_period_differ_with_the_error_of_its_area_counted_in_both() -> None:
    errors, years = (3.0, 4.0, 5.0), (1986.0, 2003.0, 2021.0)
    test = pieces_differ((100, 90, 70), errors, years)
    first = change_error(3, 4) / 17
    second = change_error(4, 5) / 18
    shared = rates_differ(-10 / 17, float(first), -20 / 18, float(second), covariance=-(4.0**2) / (17 * 18))
    assert test.error == pytest.approx(shared.error)
    assert test.p_value == pytest.approx(shared.p_value)
    with pytest.raises(ChangeError, match="not in order"):
        pieces_differ((1, 2, 3), errors, (2003.0, 1986.0, 2021.0))


def test_slopes_of_two_fits_are_told_apart_where_the_rate_changed_and_not_where_it_did_not() -> None:
    noise = np.random.default_rng(3).normal(0, 0.3, len(YEARS))
    steady = 100 - 0.7 * (YEARS - 1987) + noise
    bent = steady - 1.5 * np.maximum(YEARS - 2003, 0)
    assert fits_differ(*fit_pieces(YEARS, bent, [2003])).p_value < 1e-4
    assert fits_differ(*fit_pieces(YEARS, steady, [2003])).p_value > 0.1
    assert break_test(YEARS, bent, at=2003).p_value < 1e-4
    assert break_test(YEARS, steady, at=2003).p_value > 0.1
    two = fit_rate([1990, 2000], [50, 40])
    assert np.isnan(fits_differ(two, two).p_value)
