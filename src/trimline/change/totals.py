"""Areas of the region, its subregions and the size classes: sums over glaciers, and the two ways to combine errors.

Every total is the sum of its glaciers, so that subregions and size classes add up to the region by construction. The
errors are combined twice. If the same cause moves all outlines the same way (a threshold, seasonal snow, the shift of
an image), errors add: `uncertainty_km2` is their sum, what a buffer around everything gives, and what Chen and others
(2022) print for their region. If every outline errs by itself, errors average out: `uncertainty_independent_km2` is
the root of the sum of squares over glaciers. The truth lies between; the sum is the one that does not flatter.

Glaciers whose area in a period is unknown (`trimline.change.states`) are named beside the total and widen its interval
by the areas that they had in their nearest periods. Where these are more than a share of all, the total is unknown.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from trimline.change.areas import AREA_COLUMNS
from trimline.change.long_table import period_order, require_columns, with_years
from trimline.change.states import STATE_COLUMNS, with_states
from trimline.errors import ChangeError
from trimline.outlines.states import GONE, NOT_IN_PERIOD, OUTLINED, UNKNOWN, UNSEEN, State

_LOG = logging.getLogger(__name__)

Level = Literal["region", "subregion", "size_class", "glacier"]
"""What areas are summed over."""

LEVELS: tuple[Level, ...] = ("region", "subregion", "size_class", "glacier")
"""What areas are summed over."""

TOTAL_COLUMNS = (
    "level",
    "part",
    "period",
    "src_year",
    "glaciers",
    "area_km2",
    "area_inner_km2",
    "area_outer_km2",
    "uncertainty_km2",
    "uncertainty_independent_km2",
    "uncertainty_outline_km2",
    "uncertainty_map_km2",
    "uncertainty_unseen_km2",
    "uncertainty_perimeter_km2",
    "seen_km2",
    "unseen_km2",
    "gone_glaciers",
    "unseen_glaciers",
    "absent_glaciers",
)
"""Columns of the table of totals, in order."""

REGION = "region"
"""Name of the one part of the level `region`."""

UNKNOWN_ABOVE = 0.1
"""Share of an area that may be unknown before its total is."""

_SUMMED = tuple(name for name in AREA_COLUMNS if name.startswith(("area_", "uncertainty_")))
_COUNTED = {"gone_glaciers": (GONE,), "unseen_glaciers": (UNSEEN,), "absent_glaciers": (NOT_IN_PERIOD,)}


def totals(
    areas: pd.DataFrame,
    levels: Sequence[Level] = ("region", "subregion", "size_class"),
    periods: Sequence[str] | None = None,
    parts: Sequence[str] | None = None,
    *,
    absent: State = NOT_IN_PERIOD,
    unknown_above: float = UNKNOWN_ABOVE,
) -> pd.DataFrame:
    """Return the areas of all parts in all periods.

    Parameters
    ----------
    areas
        The table of `glacier_areas`, or that of `trimline.change.with_states`, which knows why outlines are missing.
    levels
        What to sum over: the whole `region`, each `subregion`, each `size_class`, each `glacier`.
    periods
        The periods of the study in order of time; None means those of the table in order of their images.
    parts
        The subregions of the study; None means those of the table. One without any outline is reported as 0 glaciers.
    absent
        State of glaciers without an outline, where the table has no states.
    unknown_above
        Largest share of the area, from 0 to 1, that unseen and absent glaciers may have; above it areas and errors of
        the total are NaN.

    Returns
    -------
    DataFrame
        `TOTAL_COLUMNS`, a row per part and period: areas and errors in km2, and `src_year`, the decimal year of the
        images weighted by area (where a part has no ice left, by the areas that its glaciers had; where nothing is
        known of it, that of the region). `glaciers` have an outline, `gone_glaciers` an area of 0; the areas of
        `unseen_glaciers` and of `absent_glaciers` (not in the period) are unknown. `seen_km2` is the area of the
        outlines, whose parts always add up; `unseen_km2` is what unknown glaciers had in their nearest periods, which
        the three uncertainties of `uncertainty_km2`, `uncertainty_independent_km2` and `uncertainty_unseen_km2` hold.
        `area_km2` is `seen_km2` where the total is known. Parts are in the order of `parts`, or of their names, size
        classes from small to large, periods in order of time.

    Raises
    ------
    ChangeError
        A column is missing, a level or state is unknown, a share is not from 0 to 1, or outlines lie in a period or
        subregion that the study has not.
    """
    require_columns(areas, AREA_COLUMNS)
    unknown = [level for level in levels if level not in LEVELS]
    if unknown:
        raise ChangeError(f"there is no level '{unknown[0]}'", remedy=f"there are {', '.join(LEVELS)}")
    if not 0 <= unknown_above <= 1:
        raise ChangeError(f"the share of unknown area is {unknown_above:g}", remedy="give one from 0 to 1")
    areas = with_years(areas)
    order = list(periods) if periods is not None else period_order(areas)
    _require_known(areas, "period", order)
    if parts is not None:
        _require_known(areas, "subregion", parts)
    if not set(STATE_COLUMNS) <= set(areas.columns):
        areas = with_states(areas, absent=absent, periods=order)
    of_region = _sums(areas.assign(part=REGION), [REGION], order, unknown_above)
    if "region" in levels:
        _report_unknown(of_region, unknown_above)
    tables = [_of_level(areas, level, order, parts, of_region, unknown_above) for level in levels]
    return pd.concat(tables, ignore_index=True)[list(TOTAL_COLUMNS)]


def _of_level(
    areas: pd.DataFrame,
    level: Level,
    order: list[str],
    parts: Sequence[str] | None,
    of_region: pd.DataFrame,
    unknown_above: float,
) -> pd.DataFrame:
    if level == "region":
        return of_region.assign(level=level)
    column = "glac_id" if level == "glacier" else level
    if level == "size_class":
        found = [str(name) for name in areas[column].cat.categories if (areas[column] == name).any()]
    else:
        named = parts or () if level == "subregion" else ()
        found = list(dict.fromkeys([*named, *sorted(set(areas[column]))]))
    table = _sums(areas.assign(part=areas[column].astype(str)), found, order, unknown_above)
    # A part of which nothing was seen has no images of its own.
    year_of_period = of_region.set_index("period")["src_year"]
    table["src_year"] = table["src_year"].fillna(table["period"].map(year_of_period))
    return table.assign(level=level)


def _sums(areas: pd.DataFrame, parts: Sequence[str], order: list[str], unknown_above: float) -> pd.DataFrame:
    """Return sums per part and period; NaN where too much is unknown, or nothing is known of the period."""
    without = areas["nearest_km2"].where(areas["state"].isin(UNKNOWN), 0.0)
    weighted = areas.assign(
        _square=areas["uncertainty_km2"].fillna(0.0) ** 2 + without**2,
        _ice_year=areas["src_year"] * areas["area_km2"].fillna(0.0),
        _gone_year=areas["src_year"] * areas["nearest_km2"].where(areas["state"] == GONE, 0.0),
        _gone=areas["nearest_km2"].where(areas["state"] == GONE, 0.0),
        seen_km2=areas["area_km2"],
        unseen_km2=without,
        glaciers=areas["state"].isin(OUTLINED),
        **{name: areas["state"].isin(states) for name, states in _COUNTED.items()},
    )
    # Sums of sorted numbers do not depend on the order of the rows.
    weighted = weighted.sort_values(["glac_id", "period"], kind="stable")
    grouped = weighted.groupby(["part", "period"], observed=True)
    counted = ["glaciers", *_COUNTED]
    sums = grouped[[*_SUMMED, "seen_km2", "unseen_km2", "_square", "_ice_year", "_gone_year", "_gone", *counted]].sum()
    index = pd.MultiIndex.from_product([parts, order], names=["part", "period"])
    sums = sums.reindex(index).reset_index()
    sums[counted] = sums[counted].fillna(0).astype("int64")
    by_ice = sums["_ice_year"] / sums["area_km2"].where(sums["area_km2"] > 0)
    sums["src_year"] = by_ice.fillna(sums["_gone_year"] / sums["_gone"].where(sums["_gone"] > 0))
    sums["uncertainty_independent_km2"] = np.sqrt(sums["_square"])
    for name in ("uncertainty_km2", "uncertainty_unseen_km2"):
        sums[name] += sums["unseen_km2"]
    # A part without a glacier in any period has no ice where the period shows any other.
    seen = sums["period"].isin(areas.loc[~areas["state"].isin(UNKNOWN), "period"].unique())
    empty = sums["seen_km2"].isna() & seen
    numbers = [*_SUMMED, "uncertainty_independent_km2"]
    sums.loc[empty, [*numbers, "seen_km2", "unseen_km2"]] = 0.0
    lost = sums["unseen_km2"] > unknown_above * (sums["seen_km2"] + sums["unseen_km2"])
    sums.loc[lost, numbers] = np.nan
    return sums.drop(columns=["_square", "_ice_year", "_gone_year", "_gone"])


def _report_unknown(of_region: pd.DataFrame, unknown_above: float) -> None:
    """Log what is unknown of the region, period by period."""
    nothing = of_region.loc[of_region["seen_km2"].isna() | (of_region["glaciers"] == 0) & of_region["area_km2"].isna()]
    if len(nothing):
        _LOG.warning("no outline in %s: their areas are unknown, not 0", ", ".join(nothing["period"]))
    for row in of_region[(of_region["unseen_km2"] > 0) & ~of_region["period"].isin(nothing["period"])].itertuples():
        words = [(row.unseen_glaciers, "unseen"), (row.absent_glaciers, "without an outline, which need not be gone")]
        named = " and ".join(
            f"{count} {'glacier is' if count == 1 else 'glaciers are'} {what}" for count, what in words if count
        )
        outcome = (
            f"the area is unknown, as this is more than {100 * unknown_above:g} % of it"
            if np.isnan(row.area_km2)
            else "they count in the error of the area, not in it"
        )
        _LOG.warning("%s: %s, %.4g km2 in their nearest period; %s", row.period, named, row.unseen_km2, outcome)


def _require_known(areas: pd.DataFrame, column: str, known: Sequence[str]) -> None:
    strange = sorted(set(areas[column].astype(str)) - set(known))
    if strange:
        raise ChangeError(
            f"outlines lie in the {column} {', '.join(strange)}, which the study does not have",
            remedy=f"it has {', '.join(known) or 'none'}",
        )
