"""Periods that jump out of a series: found where they are, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from trimline.change import fitted_rates, flagged_periods, outlying_periods
from trimline.change.outlying_periods import FEWEST, SIGNIFICANT, consistent
from trimline.errors import ChangeError
from trimline.outlines import area_km2, read_outlines


def series(areas: list[float], error: float = 0.5, first: int = 1990, step: int = 2) -> pd.DataFrame:
    years = first + step * np.arange(len(areas))
    return pd.DataFrame(
        {
            "level": "region",
            "part": "region",
            "period": [str(year) for year in years],
            "src_year": years + 0.5,
            "area_km2": areas,
            "uncertainty_km2": error,
        }
    )


def test_snow_is_flagged_with_its_excess_over_the_neighbours() -> None:
    (row,) = outlying_periods(series([10, 9, 12, 7, 6, 5])).to_dict("records")
    assert (row["period"], row["kind"]) == ("1994", "too much")
    assert row["expected_km2"] == pytest.approx(8)
    assert row["excess_km2"] == pytest.approx(4)
    assert row["excess_percent"] == pytest.approx(50)


def test_a_missing_part_is_flagged_as_too_little() -> None:
    (row,) = outlying_periods(series([10, 9.8, 4, 9.4, 9.2, 9])).to_dict("records")
    assert (row["period"], row["kind"]) == ("1994", "too little")


def test_four_of_seven_periods_may_be_wrong() -> None:
    """More than half of the last years of Nevado del Huila are too large; a median would take them for the glacier."""
    areas = [14.0, 13, 12, 11, 10, 14, 9, 15, 13, 8, 16, 7]
    assert flagged_periods(outlying_periods(series(areas))) == ["2000", "2004", "2006", "2010"]


def test_snow_in_the_last_period_is_compared_with_the_one_before() -> None:
    (row,) = outlying_periods(series([10, 9, 8, 7, 6, 9])).to_dict("records")
    assert row["period"] == "2000"
    assert row["expected_km2"] == pytest.approx(6)


def test_a_growing_glacier_is_no_snow() -> None:
    assert outlying_periods(series([5, 6, 7.1, 8, 9, 10])).empty
    assert flagged_periods(outlying_periods(series([5, 6, 12, 8, 9, 10]))) == ["1994"]


def test_too_few_periods_tell_nothing() -> None:
    assert outlying_periods(series([10, 9, 14, 8])).empty
    assert consistent([1, 2, 3, 4], [10, 9, 14, 8], [0.1] * 4).all()
    assert FEWEST == 5


def test_years_that_do_not_increase_are_refused() -> None:
    with pytest.raises(ChangeError, match="do not increase"):
        consistent([1, 1, 2, 3, 4], [5, 4, 3, 2, 1], [0.1] * 5)


@given(st.lists(st.floats(0.1, 100), min_size=5, max_size=14, unique=True))
def test_a_series_that_only_falls_has_no_outlying_period(areas: list[float]) -> None:
    assert outlying_periods(series(sorted(areas, reverse=True), error=0.01)).empty


@given(st.lists(st.floats(0.1, 100), min_size=5, max_size=14), st.floats(0.1, 5))
def test_what_is_kept_rises_by_no_more_than_growth_and_errors_allow(areas: list[float], error: float) -> None:
    table = series(areas, error)
    years, kept = table["src_year"].to_numpy(), consistent(table["src_year"], areas, [error] * len(areas))
    growth = max(stats.theilslopes(areas, years)[0], 0.0)
    rises = np.diff(np.array(areas)[kept])
    assert (rises <= growth * np.diff(years[kept]) + SIGNIFICANT * np.sqrt(2) * error + 1e-9).all()


def test_rates_are_given_with_and_without_the_outlying_periods() -> None:
    table = series([10, 9, 15, 7, 6, 5])
    rates = fitted_rates(table, without={("region", "region"): ["1994"]})
    ols = rates[rates["method"] == "ols"].set_index("without")
    assert ols.loc["1994", "rate_km2_per_a"] == pytest.approx(-0.5)
    assert ols.loc["", "rate_km2_per_a"] != pytest.approx(-0.5, abs=0.01)
    assert ols["periods"].to_dict() == {"": 6, "1994": 5}


def test_the_snow_years_of_nevado_del_huila_are_flagged_and_no_others(trimline_data: Path) -> None:
    paths = sorted((trimline_data / "nevado_del_huila").glob("[12]*/*.shp"))
    years = np.array([int(path.parent.name) for path in paths])
    outlines = [read_outlines(path) for path in paths]
    # 15 m along an outline of some 30 km.
    table = series([float(area_km2(each).sum()) for each in outlines], error=0.5)
    table = table.assign(period=years.astype(str), src_year=years + 0.5)
    assert flagged_periods(outlying_periods(table)) == ["2012", "2017", "2021", "2022"]
