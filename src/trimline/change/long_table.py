"""Checks of the long table of outlines, one row per glacier and period, before anything is measured.

Nothing is repaired here: an outline that cannot be measured is an error that names the glacier and the period.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from trimline.errors import ChangeError
from trimline.outlines.check import require_crs, require_polygons
from trimline.years import decimal_years

_LOG = logging.getLogger(__name__)

NEEDED = ("glac_id", "period", "subregion", "src_year")
"""Columns, besides the geometry, that outlines of a time series have."""

OPTIONAL = ("uncertain_error_km2", "unseen_error_km2")
"""Columns with further errors of the area, which outlines of a timeline have [km2]."""

ROUNDING_M2 = 1.0
"""Overlaps up to this size are rounding of shared borders [m2]."""

LARGEST_OVERLAP_M2 = 100.0
"""Overlaps up to this size, a pixel of Sentinel-2, are reported and measured twice; larger ones are refused [m2]."""

_NAMED = 5
"""Number of glaciers named in an error."""


def with_years(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose `src_year` is a decimal year, also where it holds dates; see `trimline.years`.

    Raises
    ------
    ChangeError
        A value of `src_year` is no year.
    """
    if "src_year" not in table.columns:
        return table
    return table.assign(src_year=decimal_years(table["src_year"], "src_year", ChangeError))


def require_series(outlines: gpd.GeoDataFrame) -> None:
    """Raise an error unless outlines are a table of one row per glacier and period.

    Raises
    ------
    OutlineError
        There is no CRS, or a geometry is no polygon.
    ChangeError
        A column is missing or has gaps, a geometry is invalid or empty, a glacier is twice in a period, or lies in two
        subregions.
    """
    require_measurable(outlines)
    require_keys(outlines)


def require_measurable(outlines: gpd.GeoDataFrame) -> None:
    """Raise the errors of `require_series` that one row can cause."""
    require_crs(outlines)
    require_polygons(outlines)
    require_columns(outlines, NEEDED)
    for name in NEEDED:
        _refuse(outlines, outlines[name].isna(), f"no '{name}'", "every outline needs one: see where it was written")
    _refuse(outlines, outlines.geometry.is_empty, "an empty geometry", "leave out the row: the glacier is gone")
    _refuse(
        outlines,
        ~outlines.geometry.is_valid,
        "an invalid polygon",
        "pass the outlines through trimline.outlines.check, which mends and reports them",
    )


def require_keys(table: pd.DataFrame) -> None:
    """Raise the errors of `require_series` that only several rows can cause; the geometry is not checked."""
    _refuse(
        table,
        table.duplicated(["glac_id", "period"], keep="first"),
        "a second outline of the same period",
        "give each glacier one row per period, with all its parts as one multipolygon",
    )
    of_glacier = table.groupby("glac_id", observed=True)["subregion"].transform("nunique")
    _refuse(table, of_glacier > 1, "more than one subregion", "a glacier belongs to one subregion in all periods")


def optional_errors(outlines: pd.DataFrame, name: str) -> NDArray[np.float64]:
    """Return one of the `OPTIONAL` columns, (n,); 0 where it is missing.

    Raises
    ------
    ChangeError
        It is negative.
    """
    if name not in outlines.columns:
        return np.zeros(len(outlines))
    values = outlines[name].to_numpy(dtype=np.float64)
    _refuse(outlines, values < 0, f"a negative '{name}'", "give an area [km2], or nothing where it is not known")
    return np.asarray(np.nan_to_num(values), np.float64)


def require_columns(table: pd.DataFrame, names: Sequence[str], where: object = None) -> None:
    """Raise `ChangeError` that names the missing columns of a table."""
    missing = [name for name in names if name not in table.columns]
    if missing:
        raise ChangeError(
            f"the table lacks {_listed([f'the column {name!r}' for name in missing])}",
            where=where,
            remedy=f"it has {', '.join(map(str, table.columns)) or 'none'}",
        )


def require_no_overlap(
    outlines: NDArray[np.object_],
    first: NDArray[np.intp],
    second: NDArray[np.intp],
    names: Sequence[str] | NDArray[np.object_],
    where: object,
) -> None:
    """Raise `ChangeError` where outlines of one period, in an equal-area plane, lie on the same ground.

    Overlaps that are smaller than any pixel are logged; see `LARGEST_OVERLAP_M2`.

    Parameters
    ----------
    outlines
        (n,) polygons [m].
    first, second
        (k,) positions of the pairs to check.
    names
        (n,) names of the outlines, for errors.
    where
        Name of the period, for errors.
    """
    inside = shapely.relate_pattern(outlines[first], outlines[second], "T********")
    first, second = first[inside], second[inside]
    overlap = shapely.area(shapely.intersection(outlines[first], outlines[second]))
    small = (overlap > ROUNDING_M2) & (overlap <= LARGEST_OVERLAP_M2)
    if small.any():
        _LOG.warning("%s: %d pairs of outlines overlap, on %.0f m2 in all", where, small.sum(), overlap[small].sum())
    wrong = np.flatnonzero(overlap > LARGEST_OVERLAP_M2)
    if len(wrong):
        pairs = [f"{names[first[k]]} and {names[second[k]]} ({overlap[k]:.0f} m2)" for k in wrong[:_NAMED]]
        raise ChangeError(
            f"{len(wrong)} pairs of outlines overlap: {_listed(pairs, len(wrong))}",
            where=where,
            remedy="ice cannot be counted twice: give the ground to one of them",
        )


def period_order(outlines: pd.DataFrame) -> list[str]:
    """Return the periods of a table in order of the mean year of their images."""
    return [str(period) for period in outlines.groupby("period", observed=True)["src_year"].mean().sort_values().index]


def _refuse(outlines: pd.DataFrame, wrong: pd.Series | NDArray[np.bool_], what: str, remedy: str) -> None:
    rows = outlines[np.asarray(wrong)]
    if len(rows):
        pairs = zip(rows["glac_id"][:_NAMED], rows["period"][:_NAMED], strict=True)
        named = [f"{glacier} in {period}" for glacier, period in pairs]
        raise ChangeError(
            f"{len(rows)} of {len(outlines)} outlines have {what}: {_listed(named, len(rows))}", remedy=remedy
        )


def _listed(names: Sequence[str], of: int | None = None) -> str:
    more = (of or len(names)) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")
