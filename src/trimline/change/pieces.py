"""Rates of every part of a study, over all periods and between breaks, and tests whether they changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from trimline.change.breaks import break_test, fits_differ
from trimline.change.fits import METHODS, Fit, fit_rate
from trimline.change.rates import pieces_differ
from trimline.errors import ChangeError

_LEVELS = ("region", "subregion")

RATE_COLUMNS = (
    "level",
    "part",
    "first",
    "last",
    "method",
    "without",
    "periods",
    "rate_km2_per_a",
    "error_km2_per_a",
    "low_km2_per_a",
    "high_km2_per_a",
    "confidence",
    "stated_error_km2_per_a",
    "rate_percent_per_a",
    "residual_km2",
)
"""Columns of the table of fitted rates, in order."""

RATE_CHANGE_COLUMNS = (
    "level",
    "part",
    "first",
    "break",
    "last",
    "test",
    "difference_km2_per_a",
    "error_km2_per_a",
    "statistic",
    "p_value",
)
"""Columns of the table of tests, in order."""


def fitted_rates(
    totals: pd.DataFrame,
    breaks: Sequence[str] = (),
    confidence: float = 0.95,
    without: Mapping[tuple[str, str], Sequence[str]] | None = None,
    levels: Sequence[str] = _LEVELS,
) -> pd.DataFrame:
    """Return the rates of the region and its subregions by every method, of all periods and between breaks.

    Parameters
    ----------
    totals
        The table of `trimline.change.totals`.
    breaks
        Periods at which the rate may change; they belong to both pieces.
    confidence
        Confidence of the intervals.
    without
        Periods that jump out, by level and part (see `trimline.change.outlying_periods`): lines are fitted to all
        areas, and once more without these.
    levels
        Levels of the parts that lines are fitted to.

    Returns
    -------
    DataFrame
        `RATE_COLUMNS`. `without` names the periods left out, joined by ";". A piece of fewer than two areas has no row.
    """
    rows = []
    for level, part, table in _parts(totals, levels):
        order = list(table["period"])
        outlying = (without or {}).get((level, part), ())
        whole = (order[0], order[-1])
        pieces = pairwise([order[0], *breaks, order[-1]]) if breaks else ()
        for first, last in dict.fromkeys([whole, *pieces]):
            piece = _between(table, first, last)
            left_out = [each for each in piece["period"] if each in outlying]
            for names in dict.fromkeys([(), tuple(left_out)]):
                used = piece[~piece["period"].isin(names)]
                for method in METHODS:
                    try:
                        fit = fit_rate(used["src_year"], used["area_km2"], used["uncertainty_km2"], method, confidence)
                    except ChangeError:
                        continue  # too few areas, or errors of 0: there is no such line
                    rows.append((level, part, first, last, method, ";".join(names), *_of(fit)))
    return pd.DataFrame(rows, columns=list(RATE_COLUMNS))


def rate_changes(totals: pd.DataFrame, breaks: Sequence[str]) -> pd.DataFrame:
    """Return whether the rates of the region and its subregions changed at some periods.

    Three tests: `ends` of the areas of the first, the middle and the last period with their errors
    (`trimline.change.pieces_differ`), `slopes` of the lines before and after (`fits_differ`), `one line` of all
    areas around one line and two (`break_test`). A test for which there are too few areas has no row.
    """
    rows = []
    for level, part, table in _parts(totals, _LEVELS):
        order = list(table["period"])
        for first, middle, last in zip([order[0], *breaks], breaks, [*breaks[1:], order[-1]], strict=False):
            before, after = _between(table, first, middle), _between(table, middle, last)
            for name, found in _tests(before, after):
                rows.append((level, part, first, middle, last, name, *found))
    return pd.DataFrame(rows, columns=list(RATE_CHANGE_COLUMNS))


def _tests(before: pd.DataFrame, after: pd.DataFrame) -> Iterator[tuple[str, tuple[float, float, float, float]]]:
    ends = [before.iloc[0], before.iloc[-1], after.iloc[-1]]
    areas, errors, years = (
        tuple(float(each[key]) for each in ends) for key in ("area_km2", "uncertainty_km2", "src_year")
    )
    try:
        test = pieces_differ(areas, errors, years)  # type: ignore[arg-type] # three of each
        yield "ends", (test.difference, test.error, test.statistic, test.p_value)
        one, two = (fit_rate(each["src_year"], each["area_km2"]) for each in (before, after))
        test = fits_differ(one, two)
        yield "slopes", (test.difference, test.error, test.statistic, test.p_value)
        both = pd.concat([before, after.iloc[1:]])
        chow = break_test(both["src_year"], both["area_km2"], years[1])
        yield "one line", (np.nan, np.nan, chow.f_statistic, chow.p_value)
    except ChangeError:
        return


def _parts(totals: pd.DataFrame, levels: Sequence[str]) -> Iterator[tuple[str, str, pd.DataFrame]]:
    for level in levels:
        of_level = totals[totals["level"] == level]
        for part, table in of_level.groupby("part", sort=False):
            yield level, str(part), table


def _between(table: pd.DataFrame, first: str, last: str) -> pd.DataFrame:
    order = list(table["period"])
    return table.iloc[order.index(first) : order.index(last) + 1]


def _of(fit: Fit) -> tuple[float, ...]:
    return (
        fit.periods,
        fit.rate_km2_per_a,
        fit.error_km2_per_a,
        fit.low_km2_per_a,
        fit.high_km2_per_a,
        fit.confidence,
        fit.stated_error_km2_per_a,
        fit.rate_percent_per_a,
        fit.residual_km2,
    )
