"""Matching of glaciers between two sets of outlines: kept, gained, lost, split or merged.

Two outlines are the same ice where their overlap is a large enough share of the smaller of them. Outlines
linked by overlaps form a group: one old glacier and several new ones are a split, several old ones and one new one a
merger, and several on both sides are complex. The area of a group is the sum over its outlines, so that none is counted
twice or left out.
"""

from __future__ import annotations

from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from trimline.change.equal_area import centred_on, projected
from trimline.change.long_table import require_columns, require_no_overlap
from trimline.errors import ChangeError
from trimline.graphs import graph_of
from trimline.outlines.check import require_crs, require_polygons

MatchKind = Literal["kept", "gained", "lost", "split", "merged", "complex"]
"""Kinds of groups."""

SMALLEST_SHARE = 0.1
"""Share of the smaller outline that must lie on the other for both to be the same ice."""

MATCH_COLUMNS = (
    "kind",
    "inventory_ids",
    "ids",
    "inventory_km2",
    "area_km2",
    "intersection_km2",
    "iou",
    "gained_km2",
    "lost_km2",
    "change_percent",
)
"""Columns of the table of matches, in order."""


def match_inventory(
    outlines: gpd.GeoDataFrame,
    inventory: gpd.GeoDataFrame,
    id_column: str = "glac_id",
    inventory_id_column: str = "glac_id",
    smallest_share: float = SMALLEST_SHARE,
) -> pd.DataFrame:
    """Match outlines with those of an inventory by the ground they share.

    Parameters
    ----------
    outlines
        Ours, of one period: valid polygons that do not overlap.
    inventory
        The outlines to match with, in any CRS.
    id_column, inventory_id_column
        Columns of the identifiers, which are unique.
    smallest_share
        See `SMALLEST_SHARE`.

    Returns
    -------
    DataFrame
        `MATCH_COLUMNS`, a row per group of outlines that share ground, in order of the inventory's identifiers, gained
        ones last. Several identifiers are joined by ";". `gained_km2` is the area outside the
        inventory, `lost_km2` the area of the inventory outside the outlines; `iou` is NaN where a side is missing.

    Raises
    ------
    OutlineError
        There is no CRS, or a geometry is no polygon.
    ChangeError
        An identifier is missing or twice, a polygon is invalid, or outlines of one side overlap.
    """
    if not 0 < smallest_share <= 1:
        raise ChangeError(f"the smallest share is {smallest_share:g}", remedy="give one above 0, up to 1")
    # Both are measured in one plane, centred on the inventory.
    centre = inventory if len(inventory) else outlines
    require_crs(centre)
    plane = centred_on(centre.total_bounds, centre.crs)
    sides = []
    for frame, column, name in ((inventory, inventory_id_column, "inventory"), (outlines, id_column, "outlines")):
        require_crs(frame)
        require_polygons(frame)
        require_columns(frame, (column,), where=name)
        _require_valid(frame.geometry.to_numpy(), name)
        sides.append((_ids(frame[column], name), projected(frame.geometry.to_numpy(), frame.crs, plane)))
    (theirs, old), (ours, new) = sides
    _require_apart(old, theirs, "inventory")
    _require_apart(new, ours, "outlines")
    row, column_of, shared = _shared(old, new, smallest_share)
    group = _groups(len(old), len(new), row, column_of)
    return _table(theirs, old, ours, new, group, row, shared)


def _ids(values: pd.Series, where: str) -> NDArray[np.object_]:
    if values.isna().any():
        row = int(np.flatnonzero(values.isna())[0])
        raise ChangeError(
            f"{int(values.isna().sum())} of {len(values)} outlines have no '{values.name}', the first in row {row}",
            where=where,
            remedy="give each glacier one",
        )
    twice = sorted(set(values[values.duplicated()].astype(str)))
    if twice:
        more = f" and {len(twice) - 5} more" if len(twice) > 5 else ""
        raise ChangeError(
            f"the '{values.name}' {', '.join(twice[:5])}{more} stands at more than one outline",
            where=where,
            remedy="join the parts of a glacier, or choose another column",
        )
    names: NDArray[np.object_] = values.astype(str).to_numpy(dtype=object)
    return names


def _require_valid(geometries: NDArray[np.object_], where: str) -> None:
    wrong = int((~shapely.is_valid(geometries)).sum())
    if wrong:
        raise ChangeError(
            f"{wrong} polygons are invalid", where=where, remedy="pass the outlines through trimline.outlines.check"
        )


def _require_apart(polygons: NDArray[np.object_], names: NDArray[np.object_], where: str) -> None:
    first, second = shapely.STRtree(polygons).query(polygons, predicate="intersects")
    ordered = first < second
    require_no_overlap(polygons, first[ordered], second[ordered], names, where)


def _shared(
    old: NDArray[np.object_], new: NDArray[np.object_], smallest_share: float
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """Return positions of the pairs that are the same ice, and the area of their overlap [m2]."""
    row, column = shapely.STRtree(new).query(old, predicate="intersects")
    shared = shapely.area(shapely.intersection(old[row], new[column]))
    smaller = np.minimum(shapely.area(old[row]), shapely.area(new[column]))
    same = (shared >= smallest_share * smaller) & (shared > 0)
    return row[same], column[same], shared[same]


def _groups(old: int, new: int, row: NDArray[np.intp], column: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the number of the group of each outline, those of the inventory first."""
    _, labels = connected_components(graph_of(row, column + old, old + new), directed=False)
    return np.asarray(labels, np.intp)


def _table(
    theirs: NDArray[np.object_],
    old: NDArray[np.object_],
    ours: NDArray[np.object_],
    new: NDArray[np.object_],
    group: NDArray[np.intp],
    row: NDArray[np.intp],
    shared: NDArray[np.float64],
) -> pd.DataFrame:
    number = int(group.max(initial=-1)) + 1
    of_old, of_new = group[: len(old)], group[len(old) :]
    before = np.bincount(of_old, shapely.area(old), number) / 1e6
    after = np.bincount(of_new, shapely.area(new), number) / 1e6
    common = np.bincount(of_old[row], shared, number) / 1e6
    left, right = _joined(theirs, of_old, number), _joined(ours, of_new, number)
    many_left, many_right = np.bincount(of_old, minlength=number), np.bincount(of_new, minlength=number)
    rows = []
    for g in range(number):
        both = bool(many_left[g] and many_right[g])
        rows.append(
            {
                "kind": _kind(int(many_left[g]), int(many_right[g])),
                "inventory_ids": left[g],
                "ids": right[g],
                "inventory_km2": before[g],
                "area_km2": after[g],
                "intersection_km2": common[g],
                "iou": common[g] / (before[g] + after[g] - common[g]) if both else np.nan,
                "gained_km2": max(after[g] - common[g], 0.0),
                "lost_km2": max(before[g] - common[g], 0.0),
                "change_percent": 100 * (after[g] - before[g]) / before[g] if many_left[g] else np.nan,
            }
        )
    rows.sort(key=lambda each: (not each["inventory_ids"], each["inventory_ids"], each["ids"]))
    return pd.DataFrame(rows, columns=list(MATCH_COLUMNS))


def _joined(names: NDArray[np.object_], group: NDArray[np.intp], number: int) -> list[str]:
    """Return the sorted names of each group, joined by ";"."""
    members: list[list[str]] = [[] for _ in range(number)]
    for name, g in sorted(zip(names, group, strict=True)):
        members[g].append(name)
    return [";".join(each) for each in members]


def _kind(old: int, new: int) -> MatchKind:
    if not old:
        return "gained"
    if not new:
        return "lost"
    if old == new == 1:
        return "kept"
    if old == 1:
        return "split"
    return "merged" if new == 1 else "complex"
