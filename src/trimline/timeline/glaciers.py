"""The outlines of all periods before any correction: patches are named, described, and written period by period.

Beside the outlines stand the glaciers themselves: the ground that each covers in any period, and a table of every
glacier in every period. There a glacier without an outline is said to be gone where its ground was seen, and unseen
where it was not.
"""

from __future__ import annotations

import json
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
from trimline.timeline.certainty import ground_in, unseen_errors
from trimline.timeline.combine import SOURCE_LIST, SOURCES
from trimline.timeline.description import Witness, areas_by_value, described, shares
from trimline.timeline.identity import grounds, identify
from trimline.timeline.rules import ICE
from trimline.timeline.subregion import subregions

AUTOMATIC = "automatic.gpkg"
GLACIERS, TABLE = "glaciers.gpkg", "glaciers.csv"

_MOST_UNSEEN = 0.5
"""A glacier without an outline is unseen, not gone, where more than this share of its ground was not seen."""


@dataclass(frozen=True)
class Belonging:
    """What decides whose glacier a patch is, and which part of the region it lies in."""

    name: str
    """What the ids of glaciers begin with that no inventory names."""
    inventory: gpd.GeoDataFrame | None
    """Glaciers with `glac_id`, in the CRS of the study."""
    areas: Mapping[str, gpd.GeoDataFrame | None]
    """The areas of the project, with their polygons in the CRS of the study where they have any."""
    area_of_scene: Mapping[str, str | None]
    """The area that each scene belongs to."""
    minimum_area_m2: float
    """Of an outline [m2]."""


def write_glaciers(folder: Path, periods: Mapping[str, float], belonging: Belonging) -> dict[str, Any]:
    """Write ``<period>/automatic.gpkg`` for all periods, ``glaciers.gpkg`` and ``glaciers.csv``.

    Parameters
    ----------
    folder
        Holds what `combine_period` and `draw_period` wrote, a folder per period.
    periods
        Their names, in order, and the years in the middle of them.
    belonging
        Whose ice is whose.

    Returns
    -------
    dict
        `glaciers`, how many there are in all, and per period how many are unseen.

    Raises
    ------
    OutlineError
        Patches of a period overlap.
    """
    patches = {period: read_outlines(folder / period / PATCHES) for period in periods}
    outlines = identify(patches, belonging.name, belonging.inventory, minimum_area_m2=belonging.minimum_area_m2)
    ground = grounds(outlines)
    by_period: dict[str, gpd.GeoDataFrame] = {}
    shown: list[pd.DataFrame] = []
    known: dict[str, pd.DataFrame] = {}
    for period, middle in periods.items():
        own = outlines[outlines["period"] == period].reset_index(drop=True)
        witnesses = read_witnesses(folder / period / SOURCE_LIST)
        shared = shares(own, folder / period / SOURCES, witnesses)
        frame = described(own, shared, witnesses, otherwise_year=middle)
        known[period] = ground_in(ground, folder / period)
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
    whose = subregions(ground, pd.concat(shown, ignore_index=True), belonging.areas, belonging.area_of_scene)
    table = _table(ground, by_period, known, whose)
    with ExitStack() as stack:
        for period, frame in by_period.items():
            names = frame["glac_id"]
            frame = frame.assign(
                subregion=whose.reindex(names).to_numpy(),
                unseen_km2=known[period]["unseen_km2"].reindex(names).to_numpy(),
                unseen_error_km2=unseen_errors(known[period], whose, frame.set_index("glac_id")["inferred_km2"]),
                doubt_error_km2=known[period]["doubt_error_km2"].reindex(names).to_numpy(),
            )
            write_outlines(frame, stack.enter_context(whole_file(folder / period / AUTOMATIC)))
        named = ground.assign(subregion=whose.reindex(ground["glac_id"]).to_numpy(), area_km2=area_km2(ground))
        write_outlines(named, stack.enter_context(whole_file(folder / GLACIERS)))
        table.to_csv(stack.enter_context(whole_file(folder / TABLE)), index=False, float_format="%.6f")
    states = table.groupby(["period", "state"]).size()
    return {
        "glaciers": len(ground),
        "unseen_glaciers": {period: int(states.get((period, "unseen"), 0)) for period in periods},
    }


def read_witnesses(path: Path) -> dict[int, Witness]:
    """Return the scenes of a period by their numbers in its raster of sources."""
    listed = json.loads(path.read_text(encoding="utf-8"))
    return {each["index"]: Witness(each["index"], each["scene_id"], each["date"], each["sensor"]) for each in listed}


def _table(
    ground: gpd.GeoDataFrame,
    by_period: Mapping[str, gpd.GeoDataFrame],
    known: Mapping[str, pd.DataFrame],
    whose: pd.Series,
) -> pd.DataFrame:
    """Return every glacier in every period: `ice`, `gone` or `unseen`, with its area, NaN where that is unknown."""
    whole = area_km2(ground)
    tables = []
    for period, frame in by_period.items():
        area = frame.set_index("glac_id")["area_km2"].reindex(ground["glac_id"]).to_numpy(dtype=float)
        unseen = known[period]["unseen_km2"].to_numpy()
        hidden = np.nan_to_num(unseen / np.where(whole > 0, whole, np.nan)) > _MOST_UNSEEN
        state = np.where(np.isfinite(area), "ice", np.where(hidden, "unseen", "gone"))
        tables.append(
            pd.DataFrame(
                {
                    "glac_id": ground["glac_id"].to_numpy(),
                    "subregion": whose.reindex(ground["glac_id"]).to_numpy(),
                    "period": period,
                    "state": state,
                    "area_km2": np.where(state == "gone", 0.0, area),
                    "unseen_km2": unseen,
                }
            )
        )
    return pd.concat(tables, ignore_index=True)
