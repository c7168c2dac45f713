"""Sums of elevation bands and aspects over glaciers, and their change from one period to another."""

from __future__ import annotations

import numpy as np
import pandas as pd

from trimline.change.long_table import require_columns
from trimline.change.propagation import change_error
from trimline.change.rates import Years, label_years
from trimline.errors import ChangeError
from trimline.glaciers.bands_and_aspects import ASPECT_COLUMNS, BAND_COLUMNS

CHANGE_BY_BAND_COLUMNS = (
    *("first", "last", "year_first", "year_last", "years"),
    *("area_first_km2", "area_last_km2", "change_km2", "change_error_km2", "within_error"),
    *("change_percent", "change_error_percent"),
    *("rate_km2_per_a", "rate_error_km2_per_a", "rate_percent_per_a", "rate_error_percent_per_a"),
)
"""Columns of the table of changes, in order, after those of the glacier and the class. Losses are negative."""


def band_totals(table: pd.DataFrame) -> pd.DataFrame:
    """Return the area of all glaciers by band or aspect, and period.

    Parameters
    ----------
    table
        The result of `hypsometry` or `aspects`.

    Returns
    -------
    DataFrame
        A row per period (where there is one) and class that occurs in any period: `area_km2` is the sum over
        glaciers, `share` is of the period's sum, `uncertainty_km2` the sum of errors (one cause moves all outlines
        alike), `uncertainty_independent_km2` the root of the sum of their squares, `glaciers` their number; `src_year`
        is that of the period, weighted by area, where the table has it.

    Raises
    ------
    ChangeError
        The table has neither bands nor aspects.
    """
    classes = _class_columns(table)
    periods = ["period"] if "period" in table.columns else []
    numbers = table.assign(_square=table["uncertainty_km2"] ** 2, glaciers=(table["area_km2"] > 0).astype("int64"))
    values = ["area_km2", "uncertainty_km2", "_square", "glaciers"]
    sums = numbers.groupby([*periods, *classes], dropna=False, sort=True)[values].sum().reset_index()
    if periods:
        every = sums[classes].drop_duplicates().merge(table[periods].drop_duplicates(), how="cross")
        sums = every.merge(sums, on=[*periods, *classes], how="left").fillna(dict.fromkeys(values, 0))
        order = {name: position for position, name in enumerate(dict.fromkeys(table["period"]))}
        sums = sums.sort_values([classes[0]], kind="stable").sort_values(
            "period", key=lambda p: p.map(order), kind="stable"
        )
    sums["glaciers"] = sums["glaciers"].astype("int64")
    whole = sums.groupby("period")["area_km2"].transform("sum") if periods else sums["area_km2"].sum()
    sums["share"] = sums["area_km2"] / whole
    sums["uncertainty_independent_km2"] = np.sqrt(sums["_square"])
    if periods and "src_year" in table.columns:
        sums["src_year"] = sums["period"].map(_years_of_images(table, "period"))
    carried = [name for name in ("period", "src_year") if name in sums.columns]
    measures = ["area_km2", "share", "uncertainty_km2", "uncertainty_independent_km2", "glaciers"]
    return sums[[*carried, *classes, *measures]].reset_index(drop=True)


def change_by_band(
    table: pd.DataFrame,
    first: str,
    last: str,
    *,
    per_glacier: bool = False,
    error: str = "uncertainty_km2",
    correlation: float = 0.0,
    years: Years | None = None,
) -> pd.DataFrame:
    """Return how the area of each elevation band or aspect changed between two periods.

    Parameters
    ----------
    table
        The result of `hypsometry` or `aspects` of outlines with the column `period`.
    first, last
        The two periods.
    per_glacier
        Whether each glacier's bands are compared, and not the sums over all glaciers. Glaciers of one of the periods
        only are then left out; in sums they count as without area in the other.
    error
        Column of the errors; of sums also `uncertainty_independent_km2`, see `band_totals`.
    correlation
        Correlation of the errors of the two periods, see `trimline.change.change_error`.
    years
        `images` takes `src_year`, `label` the years that the names of the periods hold; None means `images` where the
        table has `src_year`.

    Returns
    -------
    DataFrame
        `glac_id` (for `per_glacier`), the columns of the class, and `CHANGE_BY_BAND_COLUMNS`. A class without area in
        one of the periods has 0 there. Percentages are of the first area, NaN where there was none; `within_error`
        tells whether the change is smaller than its error.

    Raises
    ------
    ChangeError
        A column or period is missing, a label holds no year, or the periods are not in order of time.
    """
    classes = _class_columns(table)
    require_columns(table, ("period",))
    there = list(dict.fromkeys(table["period"].astype(str)))
    missing = [period for period in (first, last) if period not in there]
    if missing:
        raise ChangeError(f"there is no period {', '.join(missing)}", remedy=f"there are {', '.join(there)}")
    keys = ["glac_id"] if per_glacier else []
    source = table if per_glacier else band_totals(table)
    require_columns(source, (error,))
    ends = []
    for period, which in ((first, "first"), (last, "last")):
        end = source.loc[source["period"].astype(str) == period, [*keys, *classes, "area_km2", error]]
        ends.append(end.rename(columns={"area_km2": f"area_{which}_km2", error: f"error_{which}"}))
    if per_glacier:
        both = set(ends[0]["glac_id"]) & set(ends[1]["glac_id"])
        ends = [end[end["glac_id"].isin(both)] for end in ends]
    merged = ends[0].merge(ends[1], on=[*keys, *classes], how="outer", sort=True)
    numbers = ["area_first_km2", "area_last_km2", "error_first", "error_last"]
    merged[numbers] = merged[numbers].fillna(0.0)
    merged["year_first"], merged["year_last"] = _years(table, merged, first, last, keys, years)
    return _rates(merged, first, last, correlation)[[*keys, *classes, *CHANGE_BY_BAND_COLUMNS]]


def _class_columns(table: pd.DataFrame) -> list[str]:
    for columns in (BAND_COLUMNS, ASPECT_COLUMNS):
        if set(columns) <= set(table.columns):
            require_columns(table, ("glac_id", "area_km2", "uncertainty_km2"))
            return list(columns)
    raise ChangeError("the table has neither elevation bands nor aspects", remedy="give that of hypsometry or aspects")


def _years_of_images(table: pd.DataFrame, key: str) -> pd.Series:
    """Return the years of the images by period or glacier, weighted by area."""
    weighted = table.assign(_year=table["src_year"] * table["area_km2"]).groupby(key)[["_year", "area_km2"]].sum()
    return weighted["_year"] / weighted["area_km2"]


def _years(
    table: pd.DataFrame, merged: pd.DataFrame, first: str, last: str, keys: list[str], years: Years | None
) -> tuple[pd.Series, pd.Series]:
    """Return the years of both ends of each row; raise `ChangeError` where they are not in order."""
    if years is None:
        years = "images" if "src_year" in table.columns else "label"
    found = []
    for position, period in enumerate((first, last)):
        if years == "label":
            found.append(pd.Series(float(label_years(period)[position]), merged.index))
            continue
        require_columns(table, ("src_year",))
        of_period = table[table["period"].astype(str) == period]
        by_key = _years_of_images(of_period, keys[0] if keys else "period")
        found.append(merged[keys[0]].map(by_key) if keys else pd.Series(float(by_key.iloc[0]), merged.index))
    if (found[1] <= found[0]).any():
        raise ChangeError(
            f"the images of {last} are not later than those of {first}",
            remedy="give the earlier period first, or correct the dates",
        )
    return found[0], found[1]


def _rates(merged: pd.DataFrame, first: str, last: str, correlation: float) -> pd.DataFrame:
    change = merged["area_last_km2"] - merged["area_first_km2"]
    error = pd.Series(change_error(merged["error_first"], merged["error_last"], correlation), merged.index)
    span = merged["year_last"] - merged["year_first"]
    percent = merged["area_first_km2"].where(merged["area_first_km2"] > 0) / 100
    return merged.assign(
        first=first,
        last=last,
        years=span,
        change_km2=change,
        change_error_km2=error,
        within_error=change.abs() <= error,
        change_percent=change / percent,
        change_error_percent=error / percent,
        rate_km2_per_a=change / span,
        rate_error_km2_per_a=error / span,
        rate_percent_per_a=change / percent / span,
        rate_error_percent_per_a=error / percent / span,
    )
