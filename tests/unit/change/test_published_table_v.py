"""Every number that Chen and others (2022) print about change follows from their own areas and errors, or is a slip."""

from __future__ import annotations

import pandas as pd
import pytest

from trimline.change import break_test, changes, fit_rate, pieces_differ, summed_error

REGION = "total"
AREAS = ("training area", "testing area 1", "testing area 2", "testing area 3")
SLIP = "testing area 2"
"""Its printed errors are ten times too large: see `corrected`."""

PERIODS = tuple(f"{first}-{first + 2}" for first in range(1986, 2020, 3))

_TABLE = """
2518.65 72.69 1405.86 37.77 713.48 13.92 119.33 41.05 279.98 16.90
2482.42 72.72 1384.03 37.91 710.62 13.74 118.17 41.43 269.59 16.93
2468.93 72.79 1373.97 37.95 710.49 13.70 118.18 40.36 266.30 17.10
2441.26 72.62 1361.61 37.85 706.20 13.67 114.55 43.05 258.90 16.81
2404.11 71.88 1343.79 37.53 696.01 13.59 114.40 39.53 249.90 16.80
2392.54 70.80 1348.26 36.92 693.87 13.46 111.63 43.06 238.78 16.11
2344.12 71.27 1319.56 37.26 684.22 13.43 110.12 43.36 230.21 16.24
2303.75 70.51 1297.14 37.18 682.25 13.53 106.65 43.01 217.72 15.50
2256.21 72.15 1262.80 38.14 687.32 13.45 100.25 48.06 205.84 15.75
2209.73 73.17 1241.87 38.62 672.84 14.20 98.61 45.60 196.41 15.78
2163.58 72.93 1219.42 38.79 666.35 14.05 95.43 45.97 182.37 15.49
2102.25 72.56 1173.83 38.70 661.20 14.28 91.05 45.33 176.15 15.05
"""


def table_v() -> pd.DataFrame:
    """Return the printed table in the form that `changes` takes; of years the middle of each period."""
    rows = []
    for period, line in zip(PERIODS, _TABLE.split("\n")[1:-1], strict=True):
        numbers = [float(number) for number in line.split()]
        for part, area, error in zip((REGION, *AREAS), numbers[::2], numbers[1::2], strict=True):
            rows.append(
                {
                    "level": "region" if part == REGION else "subregion",
                    "part": part,
                    "period": period,
                    "src_year": float(period[:4]) + 1.5,
                    "area_km2": area,
                    "uncertainty_km2": error,
                }
            )
    return pd.DataFrame(rows)


def corrected(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with a tenth of the printed errors of testing area 2."""
    mended = table.copy()
    mended.loc[mended["part"] == SLIP, "uncertainty_km2"] /= 10
    return mended


FIRST, MIDDLE, LAST = "1986-1988", "2001-2003", "2019-2021"

# Part, periods, years between, and loss, percent, rate, percent per year, each with its error: as printed.
PRINTED = [
    (REGION, FIRST, LAST, 35, "416.40 102.71 16.53 4.08 11.90 2.93 0.47 0.12"),
    (REGION, FIRST, MIDDLE, 17, "126.11 101.47 5.01 4.03 7.42 5.97 0.29 0.24"),
    (REGION, MIDDLE, LAST, 18, "290.29 101.38 12.13 4.24 16.13 5.63 0.67 0.24"),
    ("training area", FIRST, LAST, 35, "232.03 54.08 16.50 3.85 6.63 1.55 0.47 0.11"),
    ("testing area 1", FIRST, LAST, 35, "52.28 19.94 7.33 2.80 1.49 0.57 0.21 0.08"),
    ("testing area 2", FIRST, LAST, 35, "28.28 61.15 23.70 51.25 0.81 1.75 0.68 1.46"),
    ("testing area 3", FIRST, LAST, 35, "103.83 22.63 37.08 8.08 2.97 0.65 1.06 0.23"),
]

VALUES = ("change_km2", "change_percent", "rate_km2_per_a", "rate_percent_per_a")
ERRORS = ("change_error_km2", "change_error_percent", "rate_error_km2_per_a", "rate_error_percent_per_a")


def lost(table: pd.DataFrame, part: str, first: str, last: str) -> pd.Series:
    of_all = changes(table, [(first, last)], years="label")
    return of_all.set_index("part").loc[part]


def by_part(table: pd.DataFrame, column: str) -> pd.DataFrame:
    return table.pivot_table(index="period", columns="part", values=column)


@pytest.mark.parametrize(("part", "first", "last", "years", "printed"), PRINTED)
def test_losses_and_rates_are_those_printed(part: str, first: str, last: str, years: int, printed: str) -> None:
    found = lost(table_v(), part, first, last)
    assert found["years"] == years
    digits = [
        f"{number:.2f}" for pair in zip(VALUES, ERRORS, strict=True) for number in (-found[pair[0]], found[pair[1]])
    ]
    assert " ".join(digits) == printed


def test_the_relative_rate_of_the_training_area_before_2003_is_that_of_the_discussion() -> None:
    found = lost(table_v(), "training area", FIRST, MIDDLE)
    assert f"{-found['rate_percent_per_a']:.2f} {found['rate_error_percent_per_a']:.2f}" == "0.24 0.22"


def test_subareas_add_up_to_the_total_but_for_rounding() -> None:
    areas = by_part(table_v(), "area_km2")
    assert (areas[list(AREAS)].sum(axis=1) - areas[REGION]).abs().max() < 0.5 * 0.01 * 5


def test_errors_printed_for_testing_area_2_are_ten_times_too_large_in_every_period() -> None:
    """Only a tenth of them makes the printed errors of the subareas add up to those of the total."""
    printed, mended = by_part(table_v(), "uncertainty_km2"), by_part(corrected(table_v()), "uncertainty_km2")
    for period in PERIODS:
        total = printed.loc[period, REGION]
        assert summed_error(mended.loc[period, list(AREAS)], correlation=1) == pytest.approx(total, abs=0.02)
        assert summed_error(printed.loc[period, list(AREAS)], correlation=1) - total > 35


def test_the_printed_error_of_the_total_is_the_sum_and_not_the_root_of_squares() -> None:
    mended = by_part(corrected(table_v()), "uncertainty_km2").loc[FIRST]
    assert summed_error(mended[list(AREAS)], correlation=1) == pytest.approx(72.69, abs=0.01)
    assert summed_error(mended[list(AREAS)], correlation=0) == pytest.approx(43.85, abs=0.01)


def test_without_the_slip_the_loss_of_testing_area_2_is_larger_than_its_error() -> None:
    found = lost(corrected(table_v()), SLIP, FIRST, LAST)
    digits = " ".join(f"{found[name]:.2f}" for name in ERRORS)
    assert digits == "6.12 5.12 0.17 0.15"
    assert -found["change_km2"] > found["change_error_km2"]


def test_the_reduction_rate_after_2003_is_more_than_twice_that_before_and_not_almost_twice() -> None:
    before, after = (lost(table_v(), REGION, *pair) for pair in ((FIRST, MIDDLE), (MIDDLE, LAST)))
    assert after["rate_km2_per_a"] / before["rate_km2_per_a"] == pytest.approx(2.17, abs=0.01)


def test_relative_rates_of_the_training_area_and_testing_area_3_are_3_and_1_7_times_those_before_2003() -> None:
    """The paper calls both `about twice`."""
    for part, ratio in (("training area", 2.98), ("testing area 3", 1.68)):
        before, after = (lost(table_v(), part, *pair) for pair in ((FIRST, MIDDLE), (MIDDLE, LAST)))
        assert after["rate_percent_per_a"] / before["rate_percent_per_a"] == pytest.approx(ratio, abs=0.01)


def test_every_subarea_shrank_faster_after_2003() -> None:
    for part in AREAS:
        before, after = (lost(table_v(), part, *pair) for pair in ((FIRST, MIDDLE), (MIDDLE, LAST)))
        assert after["rate_km2_per_a"] < before["rate_km2_per_a"]


def test_printed_errors_do_not_tell_the_two_rates_apart_and_the_scatter_of_twelve_periods_does() -> None:
    """The stated errors are mostly the same error in every period: the areas scatter a third as much."""
    total = table_v().query("part == @REGION").set_index("period")
    ends = total.loc[[FIRST, MIDDLE, LAST]]
    test = pieces_differ(tuple(ends["area_km2"]), tuple(ends["uncertainty_km2"]), (1986, 2003, 2021))
    assert test.difference == pytest.approx(-8.71, abs=0.01)
    assert test.p_value == pytest.approx(0.38, abs=0.01)
    assert break_test(total["src_year"], total["area_km2"], at=2002.5).p_value < 0.001
    line = fit_rate(total["src_year"], total["area_km2"], total["uncertainty_km2"])
    assert line.residual_km2 == pytest.approx(21.7, abs=0.1)
