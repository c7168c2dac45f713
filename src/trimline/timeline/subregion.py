"""Subregion of each glacier: one, and the same in all periods, so that subtotals add up.

A glacier belongs to the area whose outline holds most of its ground. Where areas have no outline, it belongs to the
area of the scenes that show most of its ice, over all periods; without either, to `all`.
"""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import pandas as pd
import shapely

from trimline.errors import ProjectError
from trimline.reprojecting import reprojected

EVERYWHERE = "all"
"""The subregion of glaciers that belong to no area."""


def subregions(
    ground: gpd.GeoDataFrame,
    shown: pd.DataFrame,
    areas: Mapping[str, gpd.GeoDataFrame | None],
    area_of_scene: Mapping[str, str | None],
) -> pd.Series:
    """Return the subregion of each glacier, by `glac_id`.

    Parameters
    ----------
    ground
        The ground of each glacier in any period, with `glac_id`.
    shown
        `glac_id`, `scene_id` and `area_km2`: the area of each glacier taken from a scene, in all periods.
    areas
        The areas in the order of the project, with their polygons in the CRS of the ground where they have any.
    area_of_scene
        The area of each scene, None where it has none.
    """
    found = pd.Series(EVERYWHERE, index=ground["glac_id"].astype(str), dtype=object)
    found.update(_by_scene(shown, list(areas), area_of_scene))
    found.update(_by_outline(ground, areas))
    return found


def refuse_areas_beyond(region: gpd.GeoDataFrame, areas: Mapping[str, gpd.GeoDataFrame | None]) -> None:
    """Raise `ProjectError` for an area whose outline shares no ground with the region."""
    whole = shapely.union_all(region.geometry.to_numpy())
    for name, outline in areas.items():
        if outline is None:
            continue
        own = shapely.union_all(reprojected(outline, region.crs, like=region).geometry.to_numpy())
        if shapely.area(shapely.intersection(own, whole)) <= 0:
            raise ProjectError(
                f"the area '{name}' lies outside the region",
                where=f"areas.{name}.outline",
                remedy="check the CRS of its file and that of the region, or leave the area out",
            )


def _by_scene(shown: pd.DataFrame, areas: list[str], area_of_scene: Mapping[str, str | None]) -> pd.Series:
    table = shown.assign(area=[area_of_scene.get(scene) for scene in shown["scene_id"]])
    table = table[table["area"].isin(areas)]
    return _largest(table, areas, "area_km2")


def _by_outline(ground: gpd.GeoDataFrame, areas: Mapping[str, gpd.GeoDataFrame | None]) -> pd.Series:
    geometries = ground.geometry.to_numpy()
    tables = []
    for name, outline in areas.items():
        if outline is None:
            continue
        whole = shapely.union_all(outline.geometry.to_numpy())
        shared = shapely.area(shapely.intersection(geometries, whole))
        tables.append(pd.DataFrame({"glac_id": ground["glac_id"].astype(str), "area": name, "shared_m2": shared}))
    if not tables:
        return pd.Series(dtype=object)
    table = pd.concat(tables, ignore_index=True)
    return _largest(table[table["shared_m2"] > 0], list(areas), "shared_m2")


def _largest(table: pd.DataFrame, areas: list[str], weight: str) -> pd.Series:
    """Return for each glacier the area of largest weight; of two equal ones, the first in the project."""
    if table.empty:
        return pd.Series(dtype=object)
    totals = table.groupby(["glac_id", "area"], as_index=False)[weight].sum()
    totals["order"] = [areas.index(name) for name in totals["area"]]
    first = totals.sort_values([weight, "order"], ascending=[False, True]).drop_duplicates("glac_id")
    return pd.Series(first["area"].to_numpy(), index=first["glac_id"].astype(str).to_numpy(), dtype=object)
