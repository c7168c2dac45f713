"""Glaciers that were drawn by hand where the map has none: their date and their subregion."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import geopandas as gpd
import pandas as pd

from trimline.outlines import area_km2
from trimline.timeline.description import read_source_scenes, shares
from trimline.timeline.period_maps import SOURCE_LIST, SOURCES
from trimline.timeline.subregion import subregions
from trimline.years import decimal_year


def with_dates_and_subregions(
    outlines: gpd.GeoDataFrame,
    folder: Path,
    *,
    middle: float,
    areas: Mapping[str, gpd.GeoDataFrame | None],
    area_of_scene: Mapping[str, str | None],
) -> gpd.GeoDataFrame:
    """Return the outlines of a period, with a date and a subregion where an edit gave none.

    Parameters
    ----------
    outlines
        With `glac_id`, `src_year` and `subregion`.
    folder
        Of the period: what `combine_period` wrote.
    middle
        Of the period [decimal year].
    areas, area_of_scene
        As for `trimline.timeline.subregion.subregions`.

    Returns
    -------
    GeoDataFrame
        `src_year` that is empty becomes that of the scenes that show the ground, by their shares, or the middle of the
        period where none does; `subregion` that is empty becomes the area that `subregions` finds. The other columns
        stay as they are.
    """
    lacking = (outlines["src_year"].isna() | outlines["subregion"].isna()).to_numpy()
    if not lacking.any():
        return outlines
    drawn = outlines[lacking].reset_index(drop=True)
    scenes = read_source_scenes(folder / SOURCE_LIST)
    shown = shares(drawn, folder / SOURCES, scenes)
    rows = shown["row"].to_numpy(dtype=int)
    dates = {each.scene_id: decimal_year(each.date) for each in scenes.values()}
    years = (shown["share"] * shown["scene_id"].map(dates)).groupby(shown["row"]).sum()
    by_scene = pd.DataFrame(
        {
            "glac_id": drawn["glac_id"].astype(str).to_numpy()[rows],
            "scene_id": shown["scene_id"],
            "area_km2": shown["share"].to_numpy(dtype=float) * area_km2(drawn)[rows],
        }
    )
    where = subregions(drawn, by_scene, areas, area_of_scene)
    year = drawn["src_year"].astype(float).fillna(years.reindex(drawn.index).astype(float)).fillna(middle)
    subregion = drawn["subregion"].where(drawn["subregion"].notna(), where.to_numpy())
    completed = outlines.copy()
    completed["src_year"] = completed["src_year"].astype(float)
    completed["subregion"] = completed["subregion"].astype(object)
    completed.loc[lacking, "src_year"] = year.to_numpy()
    completed.loc[lacking, "subregion"] = subregion.to_numpy()
    return completed
