"""Selection of typical glaciers, by rule or by list, with the reason for each glacier that is left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd

from trimline.errors import ChangeError
from trimline.outlines.area import area_km2
from trimline.outlines.check import require_crs, require_polygons

SELECTION_COLUMNS = ("glac_id", "chosen", "reason", "periods", "area_km2", "largest_part_share", "debris_share")
"""Columns of the table of a selection, in order. `reason` says why a glacier was left out, all reasons joined by ";
"."""


def select_glaciers(
    outlines: gpd.GeoDataFrame,
    *,
    ids: Iterable[str] | None = None,
    smallest_km2: float = 0.0,
    largest_km2: float = np.inf,
    smallest_main_part: float = 0.0,
    most_debris: float = 1.0,
    debris_column: str | None = None,
    most_unseen: float = 1.0,
    periods: Sequence[str] | None = None,
    count: int | None = None,
) -> pd.DataFrame:
    """Select glaciers that are typical or complete enough to be measured one by one.

    Parameters
    ----------
    outlines
        Polygons, a row per glacier and period: `glac_id`, and with several periods `period`. Several rows of a glacier
        in one period are its parts.
    ids
        Only these glaciers, by name; the rules hold for them too.
    smallest_km2, largest_km2
        Bounds of the area at the first period a glacier is seen in [km2].
    smallest_main_part
        Least share of the area that its largest connected part holds, in every period: 1 refuses glaciers in pieces.
    most_debris
        Largest share of debris-covered ice, in any period.
    debris_column
        Column with that share (0 to 1), or with debris-covered ice in km2 where its name ends in `_km2`. A glacier
        without a value is left out where `most_debris` is below 1.
    most_unseen
        Largest share of ground that no scene of a period shows (`unseen_km2` by area), where that column exists.
    periods
        Periods in which a glacier must be seen; None means all that occur.
    count
        Keep the largest so many of those that pass.

    Returns
    -------
    DataFrame
        `SELECTION_COLUMNS`, a row per glacier of `outlines` and per name of `ids` that is not among them, in order of
        first appearance. Use `table.loc[table["chosen"], "glac_id"]`.

    Raises
    ------
    OutlineError
        There is no CRS, or an outline is no polygon.
    ChangeError
        A column is missing, or a bound is impossible.
    """
    require_crs(outlines)
    require_polygons(outlines)
    _require(outlines, most_debris, debris_column, smallest_main_part, count)
    table = _by_period(outlines, debris_column)
    names = list(dict.fromkeys(outlines["glac_id"].astype(str)))
    wanted = None if ids is None else [str(each) for each in ids]
    needed = set(table["period"]) if periods is None else {str(each) for each in periods}
    rows = []
    for name, group in table.groupby("glac_id", sort=False):
        reasons = [] if wanted is None or name in wanted else ["not in the list"]
        unseen = sorted(needed - set(group["period"]))
        if unseen:
            reasons.append(f"not seen in {', '.join(unseen)}")
        area, part = float(group["area_km2"].iloc[0]), float(group["main_part"].min())
        debris = float(group["debris"].max()) if group["debris"].notna().all() else np.nan
        if area < smallest_km2:
            reasons.append(f"{area:.3g} km2, smaller than {smallest_km2:g}")
        if area > largest_km2:
            reasons.append(f"{area:.3g} km2, larger than {largest_km2:g}")
        if part < smallest_main_part - 1e-9:
            reasons.append(f"in pieces: the largest holds {part:.0%}")
        if most_debris < 1 and not debris <= most_debris:
            known = np.isfinite(debris)
            reasons.append(f"debris on {debris:.0%}" if known else f"'{debris_column}' is not known")
        if float(group["unseen"].max()) > most_unseen:
            reasons.append(f"{group['unseen'].max():.0%} of it is not seen")
        rows.append((name, not reasons, "; ".join(reasons), len(set(group["period"])), area, part, debris))
    rows += [
        (name, False, "not among the outlines", 0, np.nan, np.nan, np.nan)
        for name in dict.fromkeys(wanted or [])
        if name not in names
    ]
    found = pd.DataFrame(rows, columns=list(SELECTION_COLUMNS))
    if count is not None:
        passed = found[found["chosen"]].sort_values("area_km2", ascending=False, kind="stable").index[count:]
        found.loc[passed, ["chosen", "reason"]] = [False, f"not among the {count} largest"]
    return found


def _require(
    outlines: gpd.GeoDataFrame, most_debris: float, debris_column: str | None, main_part: float, count: int | None
) -> None:
    for column in ("glac_id", *([debris_column] if debris_column else [])):
        if column not in outlines:
            raise ChangeError(f"there is no column '{column}'", where="outlines")
    if most_debris < 1 and debris_column is None:
        raise ChangeError("a bound on debris without a column", remedy="name the column in 'debris_column'")
    if not 0 <= main_part <= 1 or (count is not None and count < 1):
        raise ChangeError("a share is not between 0 and 1, or the count below 1")


def _by_period(outlines: gpd.GeoDataFrame, debris_column: str | None) -> pd.DataFrame:
    """Return area, share of the largest part, debris and unseen ground of each glacier in each period."""
    parts = outlines.assign(
        glac_id=outlines["glac_id"].astype(str),
        period=outlines["period"].astype(str) if "period" in outlines else "all",
    ).reset_index(drop=True)
    whole = area_km2(parts)
    exploded = parts[["glac_id", "period", parts.geometry.name]].explode(ignore_index=True)
    exploded["part_km2"] = area_km2(exploded)
    keys = ["glac_id", "period"]
    largest = exploded.groupby(keys, sort=False)["part_km2"].max()
    columns = {"area_km2": whole}
    if debris_column is None:
        columns["debris_km2"] = np.full(len(parts), np.nan)
    else:
        values = parts[debris_column].to_numpy(float)
        columns["debris_km2"] = values if debris_column.endswith("_km2") else values * whole
    columns["unseen_km2"] = parts["unseen_km2"].to_numpy(float) if "unseen_km2" in parts else np.zeros(len(parts))
    numbers = parts[keys].assign(**columns).groupby(keys, sort=False).agg(lambda each: each.sum(skipna=False))
    numbers["main_part"] = largest / numbers["area_km2"]
    numbers["debris"] = numbers["debris_km2"] / numbers["area_km2"]
    numbers["unseen"] = (numbers["unseen_km2"] / numbers["area_km2"]).fillna(0.0)
    return numbers.reset_index()
