"""Change and rate between two periods.

Years are those of the images, weighted by area: a period is called 1986-1988, but its images are of some of its
summers, not the same ones everywhere. The years of the label are optional.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from trimline.change.long_table import require_columns
from trimline.change.propagation import change_error
from trimline.errors import ChangeError

Years = Literal["images", "label"]
"""Origin of years: the dates of the images, or the label of a period."""

CHANGE_COLUMNS = (
    "level",
    "part",
    "first",
    "last",
    "year_first",
    "year_last",
    "years",
    "area_first_km2",
    "area_last_km2",
    "change_km2",
    "change_error_km2",
    "change_percent",
    "change_error_percent",
    "rate_km2_per_a",
    "rate_error_km2_per_a",
    "rate_percent_per_a",
    "rate_error_percent_per_a",
)
"""Columns of the table of changes, in order. Losses are negative."""


def changes(
    totals: pd.DataFrame,
    pairs: Sequence[tuple[str, str]] | None = None,
    error: str = "uncertainty_km2",
    correlation: float = 0.0,
    years: Years = "images",
    labels: Mapping[str, tuple[int, int]] | None = None,
) -> pd.DataFrame:
    """Return change and rate of every part between periods.

    Parameters
    ----------
    totals
        The table of `trimline.change.totals`, or any with `level`, `part`, `period`, `src_year`, `area_km2` and the
        column of errors; periods in order of time.
    pairs
        First and last period of each change; None means each period and the next, then the first and the last.
    error
        Column of the errors [km2].
    correlation
        Correlation of the errors of two periods, see `change_error`: 0 gives the root of squares, 1 the difference.
    years
        `images` takes the decimal year `src_year`; `label` counts as Chen and others (2022) do, from the first year
        of the first period's label to the last year of any other's: 35 years from 1986-1988 to 2019-2021.
    labels
        First and last year of each period, for `label`; None takes those that its name holds.

    Returns
    -------
    DataFrame
        `CHANGE_COLUMNS`, pair by pair and part by part. Percentages are of the first area, and NaN where there was
        none; NaN too where an area is unknown.

    Raises
    ------
    ChangeError
        A column or period is missing, a label holds no year, or a pair is not in order of time.
    """
    require_columns(totals, ("level", "part", "period", "src_year", "area_km2", error))
    order = list(pd.unique(totals["period"]))
    wanted = _default_pairs(order) if pairs is None else list(pairs)
    missing = sorted({period for pair in wanted for period in pair} - set(order))
    if missing:
        raise ChangeError(f"there is no period {', '.join(missing)}", remedy=f"there are {', '.join(order)}")
    time = totals["src_year"] if years == "images" else totals["period"].map(_years_of_labels(order, labels or {}))
    table = totals.assign(year=time.astype(np.float64), error=totals[error])
    tables = [_between(table, first, last, correlation) for first, last in wanted]
    if not tables:
        raise ChangeError("there is one period only", remedy="a change needs two")
    return pd.concat(tables, ignore_index=True)[list(CHANGE_COLUMNS)]


def label_years(label: str) -> tuple[int, int]:
    """Return the first and the last year that a period's label names.

    Raises
    ------
    ChangeError
        It names none.
    """
    found = [int(year) for year in re.findall(r"(?<!\d)(1[5-9]\d\d|2[01]\d\d)(?!\d)", str(label))]
    if not found:
        raise ChangeError(f"the period '{label}' names no year", remedy="use the dates of the images")
    return min(found), max(found)


@dataclass(frozen=True)
class Difference:
    """Result of a test whether two rates differ."""

    difference: float
    """Second rate minus first, in the unit of the rates."""
    error: float
    """Its standard error."""
    statistic: float
    """Difference over error: z, or t where the degrees of freedom are few."""
    degrees_of_freedom: float
    """Degrees of freedom of t; infinite for z."""
    p_value: float
    """Probability of a statistic at least as far from 0 if the rates were equal (two-sided)."""


def rates_differ(
    first_rate: float, first_error: float, second_rate: float, second_error: float, covariance: float = 0.0
) -> Difference:
    """Test whether two rates with known errors differ (z test).

    Parameters
    ----------
    first_rate, second_rate
        In one unit.
    first_error, second_error
        Their standard errors in the same unit.
    covariance
        Covariance of the two rates; see `pieces_differ` for rates that share a period.

    Returns
    -------
    Difference
        NaN where the error is 0 or a rate is NaN.
    """
    error = np.sqrt(max(first_error**2 + second_error**2 - 2 * covariance, 0.0))
    return _difference(first_rate, second_rate, float(error), np.inf)


def pieces_differ(
    areas_km2: tuple[float, float, float],
    errors_km2: tuple[float, float, float],
    years: tuple[float, float, float],
) -> Difference:
    """Test whether the rate changed at the middle of three areas (z test).

    Both rates share the middle area: where it is too large, the first loss is too small and the second too large. The
    errors of the three areas are taken as independent, the two rates are not.

    Parameters
    ----------
    areas_km2, errors_km2, years
        Values of the first, the middle and the last period; km2, km2 and decimal years.

    Returns
    -------
    Difference
        Of the rates in km2 per year.

    Raises
    ------
    ChangeError
        The years are not in order.
    """
    (a1, a2, a3), (e1, e2, e3), (t1, t2, t3) = areas_km2, errors_km2, years
    if not t1 < t2 < t3:
        raise ChangeError(f"the years {t1:g}, {t2:g}, {t3:g} are not in order")
    before, after = t2 - t1, t3 - t2
    error = np.sqrt((e1 / before) ** 2 + (e2 * (1 / before + 1 / after)) ** 2 + (e3 / after) ** 2)
    return _difference((a2 - a1) / before, (a3 - a2) / after, float(error), np.inf)


def _difference(first: float, second: float, error: float, degrees_of_freedom: float) -> Difference:
    statistic = (second - first) / error if error > 0 else np.nan
    p_value = 2 * stats.t.sf(abs(statistic), degrees_of_freedom) if degrees_of_freedom > 0 else np.nan
    return Difference(second - first, error, float(statistic), float(degrees_of_freedom), float(p_value))


def _years_of_labels(order: Sequence[str], labels: Mapping[str, tuple[int, int]]) -> dict[str, int]:
    return {period: (labels.get(period) or label_years(period))[0 if i == 0 else 1] for i, period in enumerate(order)}


def _default_pairs(order: Sequence[str]) -> list[tuple[str, str]]:
    pairs = list(pairwise(order))
    return [*pairs, (order[0], order[-1])] if len(order) > 2 else pairs


def _between(table: pd.DataFrame, first: str, last: str, correlation: float) -> pd.DataFrame:
    keys, values = ["level", "part"], ["year", "area_km2", "error"]
    both = table[keys].drop_duplicates()
    for period, which in ((first, "first"), (last, "last")):
        end = table.loc[table["period"] == period, [*keys, *values]]
        both = both.merge(end.rename(columns={name: f"{name}_{which}" for name in values}), on=keys, how="left")
    span = both["year_last"] - both["year_first"]
    backward = span <= 0
    if backward.any():
        row = both[backward].iloc[0]
        raise ChangeError(
            f"the images of {last} ({row['year_last']:.2f}) are not later than those of {first} "
            f"({row['year_first']:.2f})",
            where=row["part"],
            remedy="give the earlier period first, or correct the dates",
        )
    lost = both["area_km2_last"] - both["area_km2_first"]
    error = change_error(both["error_first"], both["error_last"], correlation)
    whole = both["area_km2_first"].where(both["area_km2_first"] > 0) / 100
    return pd.DataFrame(
        {
            "level": both["level"],
            "part": both["part"],
            "first": first,
            "last": last,
            "year_first": both["year_first"],
            "year_last": both["year_last"],
            "years": span,
            "area_first_km2": both["area_km2_first"],
            "area_last_km2": both["area_km2_last"],
            "change_km2": lost,
            "change_error_km2": error,
            "change_percent": lost / whole,
            "change_error_percent": error / whole,
            "rate_km2_per_a": lost / span,
            "rate_error_km2_per_a": error / span,
            "rate_percent_per_a": lost / whole / span,
            "rate_error_percent_per_a": error / whole / span,
        }
    )
