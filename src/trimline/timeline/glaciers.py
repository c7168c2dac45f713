"""Outlines of all periods before corrections by hand: patches are named, described, and written period by period.

Two files hold the glaciers themselves: the ground that each covers in any period, and a table of every glacier in every
period. A glacier without an outline is `gone` there where its ground was observed, and `unseen` where it was not.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from trimline.files import whole_file
from trimline.outlines import area_km2, read_outlines, write_outlines
from trimline.timeline.bridging import INFERRED, PATCHES
from trimline.timeline.certainty import observation_of, unseen_errors
from trimline.timeline.description import areas_by_value, described, read_source_scenes, shares
from trimline.timeline.period_maps import SOURCE_LIST, SOURCES
from trimline.timeline.rules import ICE
from trimline.timeline.states import MOST_UNSEEN
from trimline.timeline.subregion import subregions
from trimline.timeline.tracking import ground_by_glacier, identify

AUTOMATIC = "automatic.gpkg"
GLACIERS, TABLE = "glaciers.gpkg", "glaciers.csv"


@dataclass(frozen=True)
class Attribution:
    """What decides which glacier a patch belongs to, and which subregion the glacier belongs to."""

    name: str
    """Prefix of the ids of glaciers that are not in the inventory."""
    inventory: gpd.GeoDataFrame | None
    """Glaciers with `glac_id`, and `glac_name` where it has names, in the CRS of the study."""
    areas: Mapping[str, gpd.GeoDataFrame | None]
    """The areas of the project, with their polygons in the CRS of the study where they have any."""
    area_of_scene: Mapping[str, str | None]
    """The area of each scene, by scene id."""
    minimum_area_m2: float
    """Glaciers of the inventory that are left with less are merged into their neighbours [m2]."""

    def with_names(self, glaciers: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """Return glaciers with the names of the inventory in `glac_name`; as they are where it has no names."""
        known = self.inventory
        if known is None or "glac_name" not in known.columns:
            return glaciers
        names = dict(zip(known["glac_id"].astype(str), known["glac_name"], strict=True))
        found = [names.get(str(each)) for each in glaciers["glac_id"]]
        return glaciers.assign(glac_name=pd.Series(found, index=glaciers.index, dtype=object))


def write_glaciers(folder: Path, periods: Mapping[str, float], attribution: Attribution) -> dict[str, Any]:
    """Write ``<period>/automatic.gpkg`` for all periods, ``glaciers.gpkg`` and ``glaciers.csv``.

    Parameters
    ----------
    folder
        Holds what `combine_period` and `trace_period` wrote, a folder per period.
    periods
        Their names, in order, with the year in the middle of each.
    attribution
        How patches are given to glaciers and subregions.

    Returns
    -------
    dict
        `glaciers`, their number, and `unseen_glaciers`, the number of unseen ones by period.

    Raises
    ------
    OutlineError
        Patches of a period overlap.
    """
    patches = {period: read_outlines(folder / period / PATCHES) for period in periods}
    outlines = identify(patches, attribution.name, attribution.inventory, minimum_area_m2=attribution.minimum_area_m2)
    ground = ground_by_glacier(outlines)
    by_period: dict[str, gpd.GeoDataFrame] = {}
    shown: list[pd.DataFrame] = []
    observed: dict[str, pd.DataFrame] = {}
    for period, middle in periods.items():
        own = outlines[outlines["period"] == period].reset_index(drop=True)
        scenes = read_source_scenes(folder / period / SOURCE_LIST)
        shared = shares(own, folder / period / SOURCES, scenes)
        frame = described(own, shared, scenes, otherwise_year=middle)
        observed[period] = observation_of(ground, folder / period)
        by_period[period] = frame.assign(inferred_km2=areas_by_value(own, [folder / period / INFERRED])[0, :, ICE])
        rows = shared["row"].to_numpy(dtype=np.intp)
        shown.append(
            pd.DataFrame(
                {
                    "glac_id": own["glac_id"].to_numpy()[rows],
                    "scene_id": shared["scene_id"],
                    "area_km2": shared["share"].to_numpy(dtype=float) * frame["area_km2"].to_numpy()[rows],
                }
            )
        )
    subregion = subregions(ground, pd.concat(shown, ignore_index=True), attribution.areas, attribution.area_of_scene)
    table = _table(ground, by_period, observed, subregion)
    with ExitStack() as stack:
        for period, frame in by_period.items():
            names = frame["glac_id"]
            frame = frame.assign(
                subregion=subregion.reindex(names).to_numpy(),
                unseen_km2=observed[period]["unseen_km2"].reindex(names).to_numpy(),
                unseen_error_km2=unseen_errors(observed[period], subregion, frame.set_index("glac_id")["inferred_km2"]),
                uncertain_error_km2=observed[period]["uncertain_error_km2"].reindex(names).to_numpy(),
            )
            write_outlines(attribution.with_names(frame), stack.enter_context(whole_file(folder / period / AUTOMATIC)))
        named = ground.assign(subregion=subregion.reindex(ground["glac_id"]).to_numpy(), area_km2=area_km2(ground))
        write_outlines(attribution.with_names(named), stack.enter_context(whole_file(folder / GLACIERS)))
        table.to_csv(stack.enter_context(whole_file(folder / TABLE)), index=False, float_format="%.6f")
    states = table.groupby(["period", "state"]).size()
    return {
        "glaciers": len(ground),
        "unseen_glaciers": {period: int(states.get((period, "unseen"), 0)) for period in periods},
    }


def _table(
    ground: gpd.GeoDataFrame,
    by_period: Mapping[str, gpd.GeoDataFrame],
    observed: Mapping[str, pd.DataFrame],
    subregion: pd.Series,
) -> pd.DataFrame:
    """Return the state of every glacier in every period (`ice`, `gone`, `unseen`), and its area; NaN where unseen."""
    whole = area_km2(ground)
    tables = []
    for period, frame in by_period.items():
        area = frame.set_index("glac_id")["area_km2"].reindex(ground["glac_id"]).to_numpy(dtype=float)
        unseen = observed[period]["unseen_km2"].to_numpy()
        hidden = np.nan_to_num(unseen / np.where(whole > 0, whole, np.nan)) > MOST_UNSEEN
        state = np.where(np.isfinite(area), "ice", np.where(hidden, "unseen", "gone"))
        tables.append(
            pd.DataFrame(
                {
                    "glac_id": ground["glac_id"].to_numpy(),
                    "subregion": subregion.reindex(ground["glac_id"]).to_numpy(),
                    "period": period,
                    "state": state,
                    "area_km2": np.where(state == "gone", 0.0, area),
                    "unseen_km2": unseen,
                }
            )
        )
    return pd.concat(tables, ignore_index=True)
