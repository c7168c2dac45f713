"""The same glacier in outlines of several dates: found by the ground it covers, and what became of it.

Glaciers without ids are followed from date to date: an outline is that of the glacier on whose last known ground most
of it lies; where it shares about as much with several, that with the largest intersection over union. A glacier that
falls into parts keeps its id in all of them. Whatever the ids come from, `lineage` tells which glaciers are new,
vanished, merged into another, or split off from one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from trimline.change.equal_area import equal_area_crs, projected
from trimline.change.long_table import period_order, require_columns, with_years
from trimline.change.matching import SMALLEST_SHARE
from trimline.change.sound import sound

Fate = Literal["new", "vanished", "merged", "split", "seen again"]
"""Kinds of events in the life of a glacier."""

SPLIT_SHARE = 0.5
"""Share of an outline with a new id that lies on the last ground of another glacier, from which it is split off it."""

COMPARABLE = 0.5
"""Outlines that share at least this part of the largest shared ground are compared by intersection over union."""

LINEAGE_COLUMNS = ("period", "kind", "glac_id", "other_id", "shared_km2")
"""Columns of the table of events, in order."""


def follow(dates: Sequence[NDArray[np.object_]], smallest_share: float = SMALLEST_SHARE) -> list[NDArray[np.intp]]:
    """Return the number of the glacier that each outline belongs to.

    Parameters
    ----------
    dates
        For each date, in order of time, (n,) polygons in one equal-area plane [m].
    smallest_share
        Share of the smaller of two outlines that must lie on the other for both to be the same ice.

    Returns
    -------
    list[NDArray[np.intp]]
        For each date (n,) numbers, counted from 0 in order of appearance. Several outlines of a date that lie on the
        ground of one glacier have the same number; a glacier whose ground is taken by another ends.
    """
    last: dict[int, shapely.Geometry] = {}
    numbers: list[NDArray[np.intp]] = []
    count = 0
    for polygons in dates:
        known = list(last)
        ground = np.array([last[each] for each in known], dtype=object)
        parent, touched = _parents(polygons, ground, smallest_share)
        own = np.array([known[p] if p >= 0 else -1 for p in parent], np.intp)
        fresh = np.flatnonzero(own < 0)
        own[fresh] = np.arange(count, count + len(fresh))
        count += len(fresh)
        present = set(own.tolist())
        for position in touched:
            if known[position] not in present:
                del last[known[position]]
        for number in np.unique(own):
            parts = polygons[own == number]
            last[int(number)] = parts[0] if len(parts) == 1 else shapely.union_all(parts)
        numbers.append(own)
    return numbers


def lineage(
    outlines: gpd.GeoDataFrame, smallest_share: float = SMALLEST_SHARE, periods: Sequence[str] | None = None
) -> pd.DataFrame:
    """Return what became of the glaciers of a series from each period to the next.

    Parameters
    ----------
    outlines
        One row per glacier and period, as for `trimline.change.glacier_areas`.
    smallest_share
        Share of the last outline of a missing glacier that must lie within another for the two to have merged.
    periods
        The periods in order of time, also those without an outline; None means those of the table.

    Returns
    -------
    DataFrame
        `LINEAGE_COLUMNS`, an event per row, in order of time: a glacier is `new`, `vanished` (it has no outline, and
        its ground is ice of no other), `merged` into `other_id`, `split` off `other_id`, or `seen again` after it was
        missing. `shared_km2` is the ground that both have in common. Outlines alone do not tell a glacier that is gone
        from one that was not outlined: see `trimline.change.told_apart`.

    Raises
    ------
    ChangeError
        A column is missing.
    """
    require_columns(outlines, ("glac_id", "period", "src_year"))
    outlines = with_years(outlines)
    if outlines.empty:
        return pd.DataFrame(columns=list(LINEAGE_COLUMNS))
    plane = equal_area_crs(outlines)
    names = outlines["glac_id"].astype(str).to_numpy()
    polygons = sound(projected(outlines.geometry.to_numpy(), outlines.crs, plane))
    of_outline = outlines["period"].astype(str).to_numpy()
    last: dict[str, shapely.Geometry] = {}
    missing: set[str] = set()
    rows: list[tuple[str, str, str, str, float]] = []
    for period in period_order(outlines) if periods is None else periods:
        here = of_outline == period
        now = dict(zip(names[here], polygons[here], strict=True))
        if last:
            gone = sorted(set(last) - set(now) - missing)
            rows += _ends(period, gone, last, now, smallest_share)
            came = sorted(set(now) - set(last))
            rows += _beginnings(period, came, last, now)
            rows += [(period, "seen again", name, "", 0.0) for name in sorted(missing & set(now))]
            missing = (missing | set(gone)) - set(now)
        last |= now
    return pd.DataFrame(rows, columns=list(LINEAGE_COLUMNS))


def _parents(
    polygons: NDArray[np.object_], ground: NDArray[np.object_], smallest_share: float
) -> tuple[NDArray[np.intp], list[int]]:
    """Return for each polygon the position of the ground it belongs to, or -1; and all positions that are touched."""
    parent = np.full(len(polygons), -1)
    if not len(ground) or not len(polygons):
        return parent, []
    row, column = shapely.STRtree(ground).query(polygons, predicate="intersects")
    shared = shapely.area(shapely.intersection(polygons[row], ground[column]))
    mine, theirs = shapely.area(polygons[row]), shapely.area(ground[column])
    same = (shared >= smallest_share * np.minimum(mine, theirs)) & (shared > 0)
    row, column, shared = row[same], column[same], shared[same]
    union = mine[same] + theirs[same] - shared
    largest = np.zeros(len(polygons))
    np.maximum.at(largest, row, shared)
    near = shared >= COMPARABLE * largest[row]
    row_near, column_near = row[near], column[near]
    order = np.lexsort((column_near, -(shared / union)[near], row_near))
    first = np.unique(row_near[order], return_index=True)[1]
    parent[row_near[order][first]] = column_near[order][first]
    return parent, sorted(set(column.tolist()))


def _ends(
    period: str,
    gone: Sequence[str],
    last: dict[str, shapely.Geometry],
    now: dict[str, shapely.Geometry],
    smallest_share: float,
) -> list[tuple[str, str, str, str, float]]:
    found = []
    for name, (other, shared) in _most_shared(gone, last, now).items():
        merged = shared >= smallest_share * shapely.area(last[name]) and shared > 0
        found.append((period, "merged" if merged else "vanished", name, other if merged else "", shared / 1e6))
    return found


def _beginnings(
    period: str, came: Sequence[str], last: dict[str, shapely.Geometry], now: dict[str, shapely.Geometry]
) -> list[tuple[str, str, str, str, float]]:
    found = []
    for name, (other, shared) in _most_shared(came, now, last).items():
        split = shared >= SPLIT_SHARE * shapely.area(now[name]) and shared > 0
        found.append((period, "split" if split else "new", name, other if split else "", shared / 1e6))
    return found


def _most_shared(
    names: Sequence[str], own: dict[str, shapely.Geometry], others: dict[str, shapely.Geometry]
) -> dict[str, tuple[str, float]]:
    """Return for each name the other outline that shares most ground with it, and the area of that [m2]."""
    result = dict.fromkeys(names, ("", 0.0))
    if not names or not others:
        return result
    known = list(others)
    ground = np.array([others[each] for each in known], dtype=object)
    mine = np.array([own[each] for each in names], dtype=object)
    row, column = shapely.STRtree(ground).query(mine, predicate="intersects")
    for r, c, shared in zip(row, column, shapely.area(shapely.intersection(mine[row], ground[column])), strict=True):
        if shared > result[names[r]][1]:
            result[names[r]] = (known[c], float(shared))
    return result
