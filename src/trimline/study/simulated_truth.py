"""True areas of a simulated study, on the days of the scenes behind its outlines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import geopandas as gpd
import numpy as np
import pandas as pd

from trimline.change import REGION
from trimline.outlines import area_km2, read_outlines
from trimline.own_files import own_json
from trimline.project import SIMULATED, Project, SceneEntry
from trimline.simulate.range import MANIFEST
from trimline.timeline.description import shares_of

TRUTH_COLUMNS = ("level", "part", "period", "true_km2")
"""Columns of the table of true areas."""


def true_areas(project: Project, outlines: gpd.GeoDataFrame, sources: Mapping[str, Iterable[str]]) -> pd.DataFrame:
    """Return the true areas of a simulated study, of the glaciers that are large enough to be mapped.

    Ice melts within a period too. The true area of a range is that of the days of its scenes, weighted by their
    shares of the outlines, or that of its preferred scene where there is no outline.

    Parameters
    ----------
    project
        A study of simulated ranges.
    outlines
        Of all periods, with `period`, `scene_ids` and `area_km2`.
    sources
        Per period the ids of its scenes, the preferred first.

    Returns
    -------
    DataFrame
        `TRUTH_COLUMNS`: the region and its subregions in each period; empty where nothing is simulated.
    """
    ranges = {each.name for each in project.simulate}
    entries = {each.id: each for each in project.scenes if each.path.parent.name in ranges}
    rows = []
    for period, scenes in sources.items():
        used = _area_by_scene(outlines[outlines["period"] == period])
        of_range: dict[str, list[SceneEntry]] = {}
        for scene_id in scenes:
            if scene_id in entries:
                of_range.setdefault(entries[scene_id].path.parent.name, []).append(entries[scene_id])
        for known in of_range.values():
            weights = np.array([used.get(each.id, 0.0) for each in known])
            if not weights.any():
                weights[0] = 1.0
            true = np.array([_true_km2(project, each) for each in known])
            part = known[0].area or "all"
            rows.append(("subregion", part, period, float((true * weights).sum() / weights.sum())))
    table = pd.DataFrame(rows, columns=list(TRUTH_COLUMNS))
    if table.empty:
        return table
    region = table.assign(level="region", part=REGION)
    return pd.concat([region, table]).groupby(list(TRUTH_COLUMNS[:3]), sort=False, as_index=False)["true_km2"].sum()


def _area_by_scene(outlines: gpd.GeoDataFrame) -> dict[str, float]:
    found: dict[str, float] = {}
    for scene_ids, area in zip(outlines["scene_ids"], outlines["area_km2"], strict=True):
        for scene, share in shares_of(scene_ids).items():
            found[scene] = found.get(scene, 0.0) + share * float(area)
    return found


def _true_km2(project: Project, entry: SceneEntry) -> float:
    """Return the true area on the day of a scene, without glaciers too small to be mapped."""
    folder = project.output / SIMULATED / entry.path.parent.name
    manifest = own_json(folder / MANIFEST)
    (record,) = [each for each in manifest["scenes"] if each["product"] == entry.product.name]
    areas = area_km2(read_outlines(folder / record["outlines"]))
    of_timeline = project.timeline.minimum_area_km2
    smallest = project.map.minimum_area_km2 if of_timeline is None else of_timeline
    return float(areas[areas >= smallest].sum())
