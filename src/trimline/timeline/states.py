"""The state of every glacier in every period, after corrections by hand: outlined, gone, or unseen.

An outline is `mapped`, or `inferred` where more than half of it was inferred from other periods. A glacier without one
is `gone` where its ground was seen, and `unseen` where more than half of the ground that it covers in any period was
not. What is measured later takes the state from here, and does not guess it from a missing row.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from trimline.files import whole_file
from trimline.outlines import area_km2, read_outlines
from trimline.outlines.states import GONE, INFERRED, MAPPED, UNSEEN
from trimline.timeline.description import areas_by_value, read_source_scenes, shares
from trimline.timeline.period_maps import MASK, SOURCE_LIST, SOURCES
from trimline.timeline.rules import UNSEEN as UNSEEN_PIXEL
from trimline.timeline.tracking import ground_by_glacier
from trimline.years import decimal_year

STATES_FILE = "states.csv"

STATE_TABLE_COLUMNS = ("glac_id", "period", "state", "src_year", "area_km2", "unseen_km2")
"""Columns of the table of states, in order."""

MOST_UNSEEN = 0.5
"""Share of unseen ground above which a glacier without an outline is `unseen` and not `gone`."""

MOST_INFERRED = 0.5
"""Share of inferred ice above which an outline is `inferred` and not `mapped`."""


def write_states(folder: Path, periods: Mapping[str, float], name: str) -> pd.DataFrame:
    """Write `states.csv`, a row per glacier and period.

    Parameters
    ----------
    folder
        Holds a folder per period with its outlines and what `combine_period` wrote.
    periods
        Their names, in order, with the year in the middle of each.
    name
        File of the outlines in each of these folders.

    Returns
    -------
    DataFrame
        `STATE_TABLE_COLUMNS`: `src_year` is the decimal year of the scenes that show the ground, or the middle of the
        period where none does; `area_km2` is 0 where a glacier is gone and NaN where it is unseen; `unseen_km2` is the
        part of its ground that no scene of the period shows.
    """
    frames = [read_outlines(folder / period / name).assign(period=period) for period in periods]
    known = [frame for frame in frames if len(frame)] or frames[:1]
    outlines = gpd.GeoDataFrame(pd.concat(known, ignore_index=True), crs=frames[0].crs)
    ground = ground_by_glacier(outlines)
    tables = []
    for (period, middle), frame in zip(periods.items(), frames, strict=True):
        both = pd.concat([_outlined(frame), _without(ground, frame, folder / period, middle)])
        tables.append(both.sort_values("glac_id").assign(period=period))
    table = pd.concat(tables, ignore_index=True)[list(STATE_TABLE_COLUMNS)]
    with whole_file(folder / STATES_FILE) as path:
        table.to_csv(path, index=False, float_format="%.6f")
    return table


def read_states(folder: Path) -> pd.DataFrame:
    """Return the table that `write_states` wrote."""
    return pd.read_csv(folder / STATES_FILE, dtype={"glac_id": str, "period": str, "state": str})


def _outlined(frame: gpd.GeoDataFrame) -> pd.DataFrame:
    area, inferred = (_numbers(frame, key) for key in ("area_km2", "inferred_km2"))
    return pd.DataFrame(
        {
            "glac_id": frame["glac_id"].astype(str).to_numpy(),
            "state": np.where(inferred > MOST_INFERRED * area, INFERRED, MAPPED),
            "src_year": _numbers(frame, "src_year"),
            "area_km2": area,
            "unseen_km2": _numbers(frame, "unseen_km2"),
        }
    )


def _without(ground: gpd.GeoDataFrame, frame: gpd.GeoDataFrame, folder: Path, middle: float) -> pd.DataFrame:
    """Return the states of the glaciers that have no outline in a period."""
    lacking = ground[~ground["glac_id"].isin(set(frame["glac_id"].astype(str)))].reset_index(drop=True)
    unseen = areas_by_value(lacking, [folder / MASK])[0, :, UNSEEN_PIXEL]
    scenes = read_source_scenes(folder / SOURCE_LIST)
    dates = {scene.scene_id: decimal_year(scene.date) for scene in scenes.values()}
    shown = shares(lacking, folder / SOURCES, scenes)
    years = (shown["share"] * shown["scene_id"].map(dates)).groupby(shown["row"]).sum()
    hidden = unseen > MOST_UNSEEN * area_km2(lacking)
    return pd.DataFrame(
        {
            "glac_id": lacking["glac_id"].to_numpy(),
            "state": np.where(hidden, UNSEEN, GONE),
            "src_year": years.reindex(range(len(lacking))).fillna(middle).to_numpy(dtype=float),
            "area_km2": np.where(hidden, np.nan, 0.0),
            "unseen_km2": unseen,
        }
    )


def _numbers(frame: gpd.GeoDataFrame, key: str) -> np.ndarray:
    return frame[key].to_numpy(dtype=float) if key in frame.columns else np.full(len(frame), np.nan)
