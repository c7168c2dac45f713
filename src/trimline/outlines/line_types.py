"""Rows of GLIMS that are no glacier: what the column `line_type` says that a polygon is.

The glacier database of GLIMS keeps the rock within a glacier, its debris, lakes and basins as polygons beside its
boundary (Raup and Khalsa, 2008, A Method for Transferring GLIMS Analysis Products, version 1.2). Only boundaries are
glaciers, and rock is cut out of them: with `glac_bound` alone, nunataks count as ice where a boundary has no holes.
"""

from __future__ import annotations

import logging
from collections import Counter
from types import MappingProxyType

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from trimline.errors import OutlineError

_LOG = logging.getLogger(__name__)

COLUMN = "line_type"
"""Name of the column, in any case."""

BOUNDARY, ROCK = "glac_bound", "intrnl_rock"
"""What is a glacier, and what is cut out of it."""

NO_GLACIER = MappingProxyType(
    {
        "debris_cov": "debris, which belongs to its glacier",
        "pro_lake": "lakes",
        "supra_lake": "lakes",
        "basin_bound": "basins",
        "snowline": "snow lines",
        "centerline": "centre lines",
    }
)
"""Other types, with what they are; their rows are left out, and the boundary stays as it is."""

_DATES = ("anlys_id", "period", "src_date")
"""Columns that tell outlines of one glacier at several dates apart, the most precise first."""


def glaciers_of(outlines: gpd.GeoDataFrame, where: object = None) -> gpd.GeoDataFrame:
    """Return the glaciers of a file of GLIMS: its boundaries, with the rock cut out; any other file as it is.

    A polygon of rock is cut out of the boundary with its `glac_id` and date, else out of those of its date that it
    lies in. What was done is logged with counts.

    Parameters
    ----------
    outlines
        Polygons, with or without a column `line_type`. Lines and points are not looked at.
    where
        The file, for messages.

    Returns
    -------
    GeoDataFrame
        The rows of glaciers, with their columns and index labels.

    Raises
    ------
    OutlineError
        A type is none of GLIMS, or missing in a row; or no row is a glacier.
    """
    column = next((name for name in outlines.columns if str(name).lower() == COLUMN), None)
    if column is None or outlines.empty or shapely.get_dimensions(outlines.geometry.to_numpy()).max() != 2:
        return outlines
    written = [None if pd.isna(value) else str(value).strip().lower() or None for value in outlines[column]]
    types = pd.Series(written, outlines.index, dtype="object")
    if types.isna().all():
        return outlines
    _refuse_unknown(types, column, where)
    counts = Counter(types)
    if not counts[BOUNDARY]:
        raise OutlineError(
            f"holds no glacier: its '{column}' says {', '.join(sorted(counts))}",
            where=where,
            remedy=f"glaciers are the rows of type {BOUNDARY}",
        )
    glaciers, rock = outlines[types == BOUNDARY], outlines[types == ROCK]
    left = {name: count for name, count in counts.items() if name not in (BOUNDARY, ROCK)}
    prefix = f"{where}: " if where is not None else ""
    if left:
        listed = ", ".join(f"{count} {name} ({NO_GLACIER[name]})" for name, count in sorted(left.items()))
        _LOG.info("%s%d rows are no glaciers: %s", prefix, sum(left.values()), listed)
    if rock.empty:
        return glaciers
    cut, apart = _without_rock(glaciers, rock)
    _LOG.info("%s%d polygons of rock are cut out of %d glaciers", prefix, len(rock) - apart, len(glaciers))
    if apart:
        _LOG.warning("%s%d polygons of rock lie in no glacier: left out", prefix, apart)
    return cut


def _refuse_unknown(types: pd.Series, column: str, where: object) -> None:
    known = (BOUNDARY, ROCK, *NO_GLACIER)
    odd = sorted({str(each) for each in types if each is not None and each not in known})
    if odd:
        raise OutlineError(
            f"its column '{column}' holds {', '.join(map(repr, odd))}, which GLIMS does not know",
            where=where,
            remedy=f"correct it to one of {', '.join(known)}, or rename the column",
        )
    if types.isna().any():
        raise OutlineError(
            f"outline {types.index[types.isna()][0]} has no '{column}'",
            where=where,
            remedy=f"write {BOUNDARY} for glaciers",
        )


def _without_rock(glaciers: gpd.GeoDataFrame, rock: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, int]:
    """Return glaciers without the rock in them, and the number of polygons of rock that lie in none."""
    given = glaciers.geometry.to_numpy()
    bounds, stones = _valid(given), _valid(rock.geometry.to_numpy())
    stone, glacier = shapely.STRtree(bounds).query(stones, predicate="intersects")
    pairs = pd.DataFrame({"stone": stone, "glacier": glacier})
    pairs["same_id"] = _agree(rock, glaciers, pairs, "glac_id", missing=False)
    # Rock of another date of the same glacier is not this one's; `anlys_id` differs between glaciers of one date.
    one, *others = _DATES
    same_date = np.logical_and.reduce([_agree(rock, glaciers, pairs, name, missing=True) for name in others])
    pairs["dated"] = same_date
    pairs["analysis"] = same_date & _agree(rock, glaciers, pairs, one, missing=True)
    by_id = pairs[pairs["same_id"] & pairs["analysis"]]
    by_place = pairs[pairs["dated"] & ~pairs["stone"].isin(by_id["stone"])]
    chosen = pd.concat([by_id, by_place])
    geometries = given.copy()
    for row, stones_of in chosen.groupby("glacier")["stone"]:
        around = shapely.union_all(stones[stones_of.to_numpy()])
        if shapely.relate_pattern(bounds[row], around, "T********"):  # else it fills a hole of the boundary
            geometries[row] = shapely.difference(bounds[row], around)
            if not shapely.is_valid(given[row]):
                _LOG.warning("outline %s is invalid: made valid before rock is cut out", glaciers.index[row])
    cut = glaciers.set_geometry(gpd.GeoSeries(geometries, glaciers.index, crs=glaciers.crs))
    return cut, len(rock) - chosen["stone"].nunique()


def _agree(
    rock: gpd.GeoDataFrame, glaciers: gpd.GeoDataFrame, pairs: pd.DataFrame, name: str, *, missing: bool
) -> NDArray[np.bool_]:
    """Return for each pair whether rock and glacier have the same value in a column; `missing` where there is none."""
    column = next((each for each in glaciers.columns if str(each).lower() == name), None)
    if column is None:
        return np.full(len(pairs), missing)
    of_rock = rock[column].astype(str).to_numpy()[pairs["stone"]]
    of_glacier = glaciers[column].astype(str).to_numpy()[pairs["glacier"]]
    same: NDArray[np.bool_] = of_rock == of_glacier
    return same


def _valid(geometries: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return geometries of which invalid ones are mended, so that they can be cut."""
    mended = shapely.force_2d(geometries)
    odd = ~shapely.is_valid(mended)
    mended[odd] = shapely.make_valid(mended[odd], method="structure", keep_collapsed=False)
    return np.asarray(mended, object)
