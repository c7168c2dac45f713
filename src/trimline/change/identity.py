"""Ids of glaciers in outlines of several dates: the column they stand in, and the rows of a glacier joined to one."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from trimline.errors import ChangeError
from trimline.outlines.check import refuse_parts_within
from trimline.outlines.schema import NAME_COLUMNS

_LOG = logging.getLogger(__name__)

OVERLAP = "overlap"
"""Word for ids that come from the ground that outlines share."""

KNOWN = (
    "rgi_id",
    "RGIId",
    "glac_id",
    "glims_id",
    "GLIMSId",
    "sgi_id",
    "wgms_id",
    "glac_name",
    "GLACNAME",
    "Name",
    "name",
)
"""Columns of ids in order of preference; after them any column whose name ends in `id`."""

_AGREE = 0.9
"""Share of the ids common to two dates that must share ground for their column to be taken unasked."""

_COMMON = 0.5
"""Share of the ids of the smaller of two dates that must be there on both."""


def choose_column(frames: Sequence[gpd.GeoDataFrame], periods: Sequence[str], wanted: str | None) -> str:
    """Return the column of the glaciers' ids, or `OVERLAP`; what is chosen unasked is logged.

    Parameters
    ----------
    frames
        Outlines by date, in one CRS.
    periods
        Names of the dates.
    wanted
        The column to take, `OVERLAP`, or None for one that all dates have, that names every outline, and whose ids
        share ground from date to date.

    Raises
    ------
    ChangeError
        The wanted column is missing on a date, or empty in a row.
    """
    if wanted == OVERLAP:
        return OVERLAP
    if wanted is not None:
        for frame, period in zip(frames, periods, strict=True):
            if wanted not in frame.columns:
                columns = ", ".join(str(each) for each in frame.columns if each != frame.geometry.name)
                raise ChangeError(
                    f"the outlines have no column '{wanted}'",
                    where=period,
                    remedy=f"they have {columns}; without --id glaciers are found by the ground they share",
                )
            empty = int((~_named(frame[wanted])).sum())
            if empty:
                row = int(np.flatnonzero(~_named(frame[wanted]))[0])
                raise ChangeError(
                    f"{empty} of {len(frame)} outlines have no '{wanted}', the first in row {row}",
                    where=period,
                    remedy="give each an id; without --id glaciers are found by the ground they share",
                )
        return wanted
    common = [name for name in frames[0].columns if all(name in each.columns for each in frames)]
    others = [name for name in common if name not in KNOWN and str(name).lower().endswith("id")]
    refused = []
    for name in (*(each for each in KNOWN if each in common), *others):
        if all(_named(each[name]).all() for each in frames):
            why = _disagreement(frames, periods, name)
            if not why:
                _LOG.info("the ids of the glaciers are those of the column '%s'", name)
                return str(name)
            refused.append(f"'{name}' ({why})")
    passed = f"; passed over: {', '.join(refused)}" if refused else ""
    _LOG.info("the glaciers are found by the ground they share, as no column names them on all dates%s", passed)
    return OVERLAP


def dissolved(frame: gpd.GeoDataFrame, ids: NDArray[np.object_], where: object = None) -> gpd.GeoDataFrame:
    """Return one row per id: `glac_id`, `glac_name` where there is a column of names, `parts` and the geometry.

    Raises
    ------
    OutlineError
        A row lies within another one of its id: a hole, or ground that is outlined twice.
    """
    name = next((each for each in NAME_COLUMNS if each in frame.columns), None)
    geometries = frame.geometry.to_numpy()
    table = pd.DataFrame({"glac_id": ids, "row": np.arange(len(frame))})
    rows = []
    for glacier, own in table.groupby("glac_id", sort=False)["row"]:
        positions = own.to_numpy()
        if len(positions) > 1:
            refuse_parts_within(glacier, shapely.GeometryCollection(list(geometries[positions])), where)
        joined = geometries[positions[0]] if len(positions) == 1 else shapely.union_all(geometries[positions])
        row = {"glac_id": str(glacier), "parts": len(positions), "geometry": joined}
        if name is not None:
            called = frame[name].iloc[positions[0]]
            row["glac_name"] = None if pd.isna(called) else str(called)
        rows.append(row)
    return gpd.GeoDataFrame(rows, geometry="geometry", crs=frame.crs)


def _named(values: pd.Series) -> pd.Series:
    return values.notna() & (values.astype(str).str.strip() != "")


def _disagreement(frames: Sequence[gpd.GeoDataFrame], periods: Sequence[str], name: str) -> str:
    """Return why a column does not name the same glaciers on all dates; empty where it does."""
    for k, frame in enumerate(frames):
        if len(frame) > 1 and frame[name].nunique() < max(2, len(frame) / 2):
            return f"{frame[name].nunique()} values for {len(frame)} outlines of {periods[k]}"
    for k in range(len(frames) - 1):
        before, after = (each.set_index(each[name].astype(str)).geometry for each in frames[k : k + 2])
        both = sorted(set(before.index) & set(after.index))
        fewer = min(before.index.nunique(), after.index.nunique())
        if len(both) < _COMMON * fewer:
            return f"{len(both)} of {fewer} ids of {periods[k]} and {periods[k + 1]} in common"
        one, other = (each.loc[both].groupby(level=0).agg(shapely.union_all) for each in (before, after))
        meet = shapely.intersects(one.to_numpy(), other.to_numpy())
        if meet.mean() < _AGREE:
            return f"{meet.sum()} of {len(both)} ids of {periods[k]} and {periods[k + 1]} share ground"
    return ""
