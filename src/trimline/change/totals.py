"""Areas of the region, its subregions and the size classes: sums over glaciers, and the two ways to combine errors.

Every total is the sum of its glaciers, so that subregions and size classes add up to the region by construction. The
errors are combined twice. If the same cause moves all outlines the same way (a threshold, seasonal snow, the shift of
an image), errors add: `uncertainty_km2` is their sum, what a buffer around everything gives, and what Chen and others
(2022) print for their region. If every outline errs by itself, errors average out: `uncertainty_independent_km2` is
the root of the sum of squares over glaciers. The truth lies between; the sum is the one that does not flatter.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from trimline.change.areas import AREA_COLUMNS
from trimline.change.long_table import period_order, require_columns
from trimline.errors import ChangeError

_LOG = logging.getLogger(__name__)

Level = Literal["region", "subregion", "size_class", "glacier"]
"""What areas are summed over."""

LEVELS: tuple[Level, ...] = ("region", "subregion", "size_class", "glacier")

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
)
"""Columns of the table of totals, in order."""

REGION = "region"
"""Name of the one part of the level `region`."""

_SUMMED = tuple(name for name in AREA_COLUMNS if name.startswith(("area_", "uncertainty_")))


def totals(
    areas: pd.DataFrame,
    levels: Sequence[Level] = ("region", "subregion", "size_class"),
    periods: Sequence[str] | None = None,
    parts: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Return the areas of all parts in all periods.

    Parameters
    ----------
    areas
        The table of `glacier_areas`.
    levels
        What to sum over: the whole `region`, each `subregion`, each `size_class`, each `glacier`.
    periods
        The periods of the study in order of time; None means those of the table in order of their images. A period
        without any outline was not seen: its areas are NaN, not 0, and a warning says so.
    parts
        The subregions of the study; None means those of the table. One without any outline is reported as 0 glaciers.

    Returns
    -------
    DataFrame
        `TOTAL_COLUMNS`, a row per part and period: areas and errors in km2, and `src_year`, the decimal year of the
        images weighted by area (where a part has no ice left, that of the region). Parts are in the order of `parts`,
        or of their names, size classes from small to large, periods in order of time.

    Raises
    ------
    ChangeError
        A column is missing, a level is unknown, or outlines lie in a period or subregion that the study has not.
    """
    require_columns(areas, AREA_COLUMNS)
    unknown = [level for level in levels if level not in LEVELS]
    if unknown:
        raise ChangeError(f"there is no level '{unknown[0]}'", remedy=f"there are {', '.join(LEVELS)}")
    order = list(periods) if periods is not None else period_order(areas)
    _require_known(areas, "period", order)
    if parts is not None:
        _require_known(areas, "subregion", parts)
    unseen = [period for period in order if not (areas["period"] == period).any()]
    if unseen:
        _LOG.warning("no outline in %s: their areas are unknown, not 0", ", ".join(unseen))
    of_region = _sums(areas.assign(part=REGION), [REGION], order)
    tables = [_of_level(areas, level, order, parts, of_region) for level in levels]
    return pd.concat(tables, ignore_index=True)[list(TOTAL_COLUMNS)]


def _of_level(
    areas: pd.DataFrame, level: Level, order: list[str], parts: Sequence[str] | None, of_region: pd.DataFrame
) -> pd.DataFrame:
    if level == "region":
        table = of_region
    else:
        column = "glac_id" if level == "glacier" else level
        if level == "size_class":
            found = [str(name) for name in areas[column].cat.categories if (areas[column] == name).any()]
        else:
            named = parts or () if level == "subregion" else ()
            found = list(dict.fromkeys([*named, *sorted(set(areas[column]))]))
        table = _sums(areas.assign(part=areas[column].astype(str)), found, order)
        # A part without ice has no images of its own.
        year_of_period = of_region.set_index("period")["src_year"]
        table["src_year"] = table["src_year"].fillna(table["period"].map(year_of_period))
    seen = table["period"].isin(areas["period"].unique())
    numbers = [*_SUMMED, "uncertainty_independent_km2"]
    # In a period that was seen, a part without outlines has no ice; what was not seen is unknown.
    table.loc[seen, numbers] = table.loc[seen, numbers].fillna(0.0)
    return table.assign(level=level)


def _sums(areas: pd.DataFrame, parts: Sequence[str], order: list[str]) -> pd.DataFrame:
    """Return sums per part and period; NaN where there is no outline."""
    weighted = areas.assign(
        _square=areas["uncertainty_km2"] ** 2, _year=areas["src_year"] * areas["area_km2"], glaciers=1
    )
    # Sums of sorted numbers do not depend on the order of the rows.
    weighted = weighted.sort_values(["glac_id", "period"], kind="stable")
    grouped = weighted.groupby(["part", "period"], observed=True)
    sums = grouped[[*_SUMMED, "_square", "_year", "glaciers"]].sum()
    index = pd.MultiIndex.from_product([parts, order], names=["part", "period"])
    sums = sums.reindex(index).reset_index()
    sums["src_year"] = sums.pop("_year") / sums["area_km2"]
    sums["uncertainty_independent_km2"] = np.sqrt(sums.pop("_square"))
    sums["glaciers"] = sums["glaciers"].fillna(0).astype("int64")
    return sums


def _require_known(areas: pd.DataFrame, column: str, known: Sequence[str]) -> None:
    strange = sorted(set(areas[column].astype(str)) - set(known))
    if strange:
        raise ChangeError(
            f"outlines lie in the {column} {', '.join(strange)}, which the study does not have",
            remedy=f"it has {', '.join(known) or 'none'}",
        )
