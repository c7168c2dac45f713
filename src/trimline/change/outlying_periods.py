"""Periods whose area jumps out of a series: snow taken for ice, or outlines that lack a part.

Seasonal snow only ever adds area, and it is gone in the next clear year, so that an ordinary fit fails where it is
needed: of the seven outlines of Nevado del Huila since 2012, four are too large. What holds for the ice is kept
instead: the largest set of periods that follow one another without a significant rise (the longest subsequence, as of
Fredman, 1975, Discrete Mathematics 11, 29-35). A rise from one period to a later one is significant at 5 % of a
one-sided test with the error of the smaller area on both sides: around snow an outline is ragged, and its own error is
large for that very reason. Periods outside the set are flagged where they lie as far from the line between their
neighbours within it. Where the areas grow on the whole, by the median of all slopes, growth at that rate is no rise.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from trimline.change.long_table import require_columns
from trimline.change.propagation import change_error
from trimline.errors import ChangeError

SIGNIFICANT = 1.645
"""Number of standard errors from which a deviation counts: 5 % of a one-sided test."""

FEWEST = 5
"""Periods from which a series tells which of them jump out."""

OUTLYING_COLUMNS = (
    "level",
    "part",
    "period",
    "src_year",
    "area_km2",
    "expected_km2",
    "excess_km2",
    "excess_percent",
    "error_km2",
    "kind",
)
"""Columns of the table of outlying periods, in order."""


def consistent(years: ArrayLike, areas_km2: ArrayLike, errors_km2: ArrayLike) -> NDArray[np.bool_]:
    """Return which areas belong to the largest set that follow one another without a significant rise.

    Of sets of the same size that with the smallest sum is taken, because snow adds area.

    Parameters
    ----------
    years, areas_km2, errors_km2
        (n,) decimal years in increasing order, areas and their errors [km2].

    Returns
    -------
    NDArray[np.bool_]
        (n,) whether an area belongs to the set; all of them where there are fewer than `FEWEST`.

    Raises
    ------
    ChangeError
        The years do not increase, or an error is negative.
    """
    t, a, e = (np.asarray(each, np.float64) for each in (years, areas_km2, errors_km2))
    if (np.diff(t) <= 0).any():
        raise ChangeError("the years do not increase", remedy="give the areas in order of time")
    n = len(t)
    if n < FEWEST:
        return np.ones(n, np.bool_)
    from scipy import stats  # slow to import

    growth = max(float(stats.theilslopes(a, t)[0]), 0.0)
    length, total, before = np.ones(n, np.int64), a.copy(), np.full(n, -1)
    for j in range(n):
        for i in range(j):
            allowed = growth * (t[j] - t[i]) + SIGNIFICANT * np.sqrt(2) * (e[i] if a[i] <= a[j] else e[j])
            if a[j] - a[i] > allowed:
                continue
            if (length[i] + 1, -(total[i] + a[j])) > (length[j], -total[j]):
                length[j], total[j], before[j] = length[i] + 1, total[i] + a[j], i
    kept = np.zeros(n, np.bool_)
    last = int(np.lexsort((total, -length))[0])
    while last >= 0:
        kept[last] = True
        last = int(before[last])
    return kept


def outlying_periods(totals: pd.DataFrame, error: str = "uncertainty_km2") -> pd.DataFrame:
    """Return the periods whose areas jump out, part by part.

    Parameters
    ----------
    totals
        The table of `trimline.change.totals`, of any levels; periods in order of time.
    error
        Column of the errors [km2].

    Returns
    -------
    DataFrame
        `OUTLYING_COLUMNS`, a row per part and outlying period. `expected_km2` is the area on the line between the
        neighbours within the consistent set, or that of the only neighbour, `error_km2` that of the difference; `kind`
        is `too much` (snow taken for ice) or `too little` (a part is missing). None where a part has fewer than
        `FEWEST` areas.

    Raises
    ------
    ChangeError
        A column is missing.
    """
    require_columns(totals, ("level", "part", "period", "src_year", "area_km2", error))
    rows: list[dict[str, object]] = []
    for (level, part), table in totals.groupby(["level", "part"], sort=False, observed=True):
        known = table[np.isfinite(table["area_km2"]) & np.isfinite(table[error])].sort_values("src_year", kind="stable")
        known = known[~known["src_year"].duplicated()]
        if len(known) < FEWEST:
            continue
        t, a, e = (known[key].to_numpy(np.float64) for key in ("src_year", "area_km2", error))
        kept = consistent(t, a, e)
        expected, uncertain = np.interp(t, t[kept], a[kept]), np.interp(t, t[kept], e[kept])
        clean = change_error(uncertain, np.where(a > expected, uncertain, e))
        off = ~kept & (np.abs(a - expected) > SIGNIFICANT * clean)
        rows += [
            {
                "level": level,
                "part": part,
                "period": known["period"].iloc[i],
                "src_year": t[i],
                "area_km2": a[i],
                "expected_km2": expected[i],
                "excess_km2": a[i] - expected[i],
                "excess_percent": 100 * (a[i] / expected[i] - 1) if expected[i] > 0 else np.nan,
                "error_km2": clean[i],
                "kind": "too much" if a[i] > expected[i] else "too little",
            }
            for i in np.flatnonzero(off)
        ]
    return pd.DataFrame(rows, columns=list(OUTLYING_COLUMNS))


def flagged_periods(outlying: pd.DataFrame, level: str = "region", part: str | None = None) -> list[str]:
    """Return the names of the outlying periods of a level, or of one part of it, in order of time."""
    rows = outlying[outlying["level"] == level]
    if part is not None:
        rows = rows[rows["part"] == part]
    return [str(name) for name in pd.unique(rows.sort_values("src_year")["period"])]
