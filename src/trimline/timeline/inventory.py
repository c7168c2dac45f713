"""An inventory of glaciers: every glacier once, with its own id and its name if it has one, and no overlaps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from trimline.errors import OutlineError
from trimline.outlines import check, read_outlines
from trimline.outlines.schema import NAME_COLUMNS
from trimline.reprojecting import reprojected

ID_COLUMNS = ("rgi_id", "RGIId", "glac_id", "glims_id", "GLIMSId", "glac_name")
"""Columns of ids in order of preference; after them any column whose name ends in `id`. The first complete one
counts."""

_NAMELESS = ("", "none", "null", "nan")
"""What stands in columns of names, in small letters, where a glacier has none: GLIMS writes `None`."""


def read_inventory(path: Path, crs: str, *, pixel_m2: float) -> gpd.GeoDataFrame:
    """Read an inventory in the CRS of a study.

    Parameters
    ----------
    path
        Any vector file that `read_outlines` reads.
    crs
        A projected CRS in metres.
    pixel_m2
        Area of a pixel of the maps [m2]. Glaciers that overlap on less are accepted: a map cannot resolve it.

    Returns
    -------
    GeoDataFrame
        `glac_id` and the geometry; `glac_name` where the inventory has a column of names, None for those without one.

    Raises
    ------
    OutlineError
        It cannot be read, holds an id twice, or glaciers that overlap.
    """
    inventory = reprojected(read_outlines(path), crs)
    column = _id_column(inventory)
    ids = pd.Series([f"{number:04d}" for number in range(1, len(inventory) + 1)], dtype=object)
    if column is not None:
        ids = inventory[column].astype(str).reset_index(drop=True)
        twice = ids[ids.duplicated()]
        if len(twice):
            raise OutlineError(
                f"{twice.nunique()} ids stand twice in the column '{column}', among them '{twice.iloc[0]}'",
                where=path,
                remedy="give every glacier one id, and one row: dissolve the parts of one glacier",
            )
    _refuse_overlaps(inventory.geometry, ids, path, pixel_m2)
    columns: dict[str, Any] = {"glac_id": ids.to_numpy()}
    named = next((each for each in NAME_COLUMNS if each in inventory.columns and each != column), None)
    if named is not None:
        columns["glac_name"] = pd.Series([_name(each) for each in inventory[named]], dtype=object)
    return gpd.GeoDataFrame(columns, geometry=inventory.geometry.to_numpy(), crs=inventory.crs)


def _id_column(inventory: gpd.GeoDataFrame) -> str | None:
    """Return the column of ids; None where there is none that names every glacier."""
    others = [name for name in inventory.columns if name not in ID_COLUMNS and str(name).lower().endswith("id")]
    for name in (*ID_COLUMNS, *others):
        if name in inventory.columns and inventory[name].notna().all() and (inventory[name].astype(str) != "").all():
            return str(name)
    return None


def _name(value: object) -> str | None:
    text = value.strip() if isinstance(value, str) else ""
    return None if text.lower() in _NAMELESS else text


def _refuse_overlaps(geometries: gpd.GeoSeries, ids: pd.Series, path: Path, pixel_m2: float) -> None:
    bare = gpd.GeoDataFrame(geometry=geometries.to_numpy(), crs=geometries.crs)
    _, problems = check(bare, repair=False)
    if not any(problem.kind == "overlap" for problem in problems):
        return
    one, other = bare.sindex.query(bare.geometry.to_numpy(), predicate="intersects")
    one, other = one[one < other], other[one < other]
    shared = shapely.area(shapely.intersection(bare.geometry.to_numpy()[one], bare.geometry.to_numpy()[other]))
    large = shared >= pixel_m2
    if large.any():
        worst = int(shared.argmax())
        raise OutlineError(
            f"{int(large.sum())} pairs of glaciers overlap, '{ids[one[worst]]}' and '{ids[other[worst]]}' "
            f"on {shared[worst] / 1e6:.3f} km2",
            where=path,
            remedy="ground can belong to one glacier only: cut one of them back",
        )
