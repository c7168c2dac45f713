"""Rates of all parts, over all periods and piece by piece."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from trimline.change.pieces import fitted_rates, rate_changes

PERIODS = [f"{first}-{first + 2}" for first in range(1986, 2020, 3)]
BREAK = "2001-2003"


def series(before: float, after: float, noise: float = 0.0) -> pd.DataFrame:
    """Return totals of a region whose rate changes at the break [km2 per year]."""
    years = np.array([float(name[:4]) + 1.5 for name in PERIODS])
    at = years[PERIODS.index(BREAK)]
    areas = 100.0 + np.where(years < at, before, after) * (years - at)
    areas += noise * np.random.default_rng(0).standard_normal(len(years))
    return pd.DataFrame({
        "level": "region", "part": "region", "period": PERIODS, "src_year": years, "area_km2": areas,
        "uncertainty_km2": 2.0,
    })  # fmt: skip


def test_the_rates_on_both_sides_of_a_break_are_recovered() -> None:
    rates = fitted_rates(series(-0.5, -1.25), [BREAK]).set_index(["first", "last", "method"])
    for method in ("ols", "wls", "theil-sen"):
        assert rates.loc[(PERIODS[0], BREAK, method), "rate_km2_per_a"] == pytest.approx(-0.5)
        assert rates.loc[(BREAK, PERIODS[-1], method), "rate_km2_per_a"] == pytest.approx(-1.25)
        assert -1.25 < rates.loc[(PERIODS[0], PERIODS[-1], method), "rate_km2_per_a"] < -0.5


def test_without_breaks_one_line_is_told() -> None:
    rates = fitted_rates(series(-1, -1))
    assert len(rates) == 3
    assert rates["rate_km2_per_a"].to_numpy() == pytest.approx(-1)


def test_a_rate_that_changed_is_found_and_one_that_did_not_is_not() -> None:
    changed = rate_changes(series(-0.5, -1.5, noise=0.3), [BREAK]).set_index("test")["p_value"]
    assert (changed[["slopes", "one line"]] < 0.01).all()
    same = rate_changes(series(-1, -1, noise=0.3), [BREAK]).set_index("test")["p_value"]
    assert (same > 0.05).all()


def test_a_piece_of_one_area_has_no_row() -> None:
    table = series(-1, -1)
    table.loc[1:, "area_km2"] = np.nan
    assert fitted_rates(table).empty
