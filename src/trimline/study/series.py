"""The series of outlines that the stage `timeline` wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from trimline.change.states import SMALLEST_AREA_KM2
from trimline.outlines import read_outlines
from trimline.own_files import own_records
from trimline.project import Project
from trimline.sensors import get_sensor
from trimline.study.editing import TIMELINE
from trimline.study.folders import outlines_path, period_folder
from trimline.timeline.period_maps import SOURCE_LIST
from trimline.timeline.states import read_states


@dataclass(frozen=True)
class Series:
    """The outlines of all periods of a timeline, and their images."""

    periods: tuple[str, ...]
    """Periods with outlines, in order of time."""
    outlines: gpd.GeoDataFrame
    """One row per glacier and period."""
    images: pd.DataFrame
    """One row per period and scene: `period`, `subregion`, `tile`, `cloud_percent`, and the fields of
    `sources.json`."""
    resolution_m: float
    """Side of a pixel of the study grid [m]; of given outlines, of the finest of their images."""
    pixel_m: Mapping[str, float]
    """By period, side of a pixel of the coarsest image behind its outlines [m], or of the study grid if that is
    larger; of given outlines, twice their error."""
    states: pd.DataFrame | None = None
    """What is known of the glaciers in every period: `glac_id`, `period`, `state`, as for
    `trimline.change.with_states`; None where nothing but the outlines is."""
    smallest_km2: float = SMALLEST_AREA_KM2
    """Area of the smallest outlines that are drawn [km2]."""
    repairs: pd.DataFrame | None = None
    """Problems of given outlines and their repairs, as of `trimline.change.read_own_outlines`."""

    @property
    def limit_km2(self) -> dict[str, float]:
        """By period, the detection limit: the smallest area that is outlined, and at least one pixel [km2]."""
        return {period: max(self.smallest_km2, self.pixel_m[period] ** 2 / 1e6) for period in self.periods}


def smallest_km2(project: Project) -> float:
    """Return the area of the smallest outlines of a project's periods [km2]."""
    own = project.timeline.minimum_area_km2
    return project.map.minimum_area_km2 if own is None else own


def series_of(project: Project, timeline: Mapping[str, Any]) -> Series:
    """Return the series that the stage `timeline` wrote, from its result."""
    periods = tuple(timeline["periods"])
    frames = [read_outlines(outlines_path(project, period)) for period in periods]
    known = [frame for frame in frames if len(frame)] or frames[:1]
    outlines = gpd.GeoDataFrame(pd.concat(known, ignore_index=True), crs=frames[0].crs)
    images, resolution_m = _images(project, periods), float(timeline["resolution_m"])
    used = images[images["pixels"] > 0]
    coarsest = used["sensor"].map(lambda sensor: get_sensor(sensor).gsd_m).groupby(used["period"]).max()
    pixel_m = {period: max(resolution_m, float(coarsest.get(period, resolution_m))) for period in periods}
    states = read_states(project.output / TIMELINE)
    return Series(periods, outlines, images, resolution_m, pixel_m, states, smallest_km2(project))


def _images(project: Project, periods: Sequence[str]) -> pd.DataFrame:
    entries = {entry.id: entry for entry in project.scenes}
    rows = []
    for period in periods:
        path = period_folder(project, period) / SOURCE_LIST
        listed = own_records(path, {"scene_id": str, "cloud": (float, int, type(None))})
        for each in listed:
            entry = entries[each["scene_id"]]
            measured = np.nan if each["cloud"] is None else 100.0 * each["cloud"]
            cloud = measured if entry.cloud_cover is None else entry.cloud_cover
            place = {"period": period, "subregion": entry.area or "all", "tile": entry.tile or ""}
            rows.append({**place, **each, "cloud_percent": cloud})
    return pd.DataFrame(rows)
