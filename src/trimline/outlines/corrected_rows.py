"""Rows of corrected outlines: mapped columns, those that edits set, and those that another outline changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from trimline.outlines.area import area_km2, perimeter_km
from trimline.reprojecting import in_degrees

EDIT_IDS = "edit_ids"
"""Column of the edits that were applied to an outline."""

NO_ROW = -1
"""Row of a glacier that the map does not have."""

MEASURED_COLUMNS = (
    *("zmin_m", "zmax_m", "zmed_m", "zmean_m", "slope_deg", "aspect_deg", "aspect_sec", "lmax_m", "termlon", "termlat"),
    *("dem_source", "dem_share", "area_pixels_km2"),
)
"""Columns that become undefined with another outline: they are measured elsewhere."""

ERROR_COLUMNS = ("unseen_error_km2", "uncertain_error_km2")
"""Errors of the area from the map. They belong to the ground that was mapped: a hand clears them where it drew."""

SHARED_COLUMNS = ("unseen_km2", "inferred_km2", *ERROR_COLUMNS)
"""Areas on the ground of a glacier, which its parts share."""


@dataclass(frozen=True, slots=True)
class GlacierRecord:
    """A glacier at one moment of the replay; a change makes another record."""

    name: str
    place: int
    """Where it stands among the others."""
    outline: BaseGeometry
    row: int
    """Of the automatic outlines, from which its columns come; `NO_ROW` where a hand added it."""
    columns: Mapping[str, Any] = field(default_factory=dict)
    """Set by edits, or by the glacier that it was cut from."""
    edit_ids: tuple[str, ...] = ()
    """The edits that were applied to it."""
    of_map: BaseGeometry = field(default_factory=shapely.Polygon)
    """Ground that the map gave it and no hand drew."""
    area_share: float = 1.0
    """Share of the areas in `SHARED_COLUMNS` that a part of a glacier got."""
    error_share: float = 1.0
    """Share of the errors in `ERROR_COLUMNS` that it still has."""
    is_redrawn: bool = False
    """Whether its outline is another one than the map's."""
    mark: tuple[Literal["accepted", "flagged"], BaseGeometry] | None = None
    """The last mark, and the outline that was marked."""


Area = Callable[[BaseGeometry], float]
"""Geodesic area of a geometry in the CRS of the outlines [km2]."""


def left_of(key: str, glacier: GlacierRecord, km2: Area) -> float:
    """Return the share of a column of the mapped outline that a glacier still has; NaN for an error without any.

    The errors of the map are cleared in proportion to the ground that hands drew. Where they drew all of an outline
    there is no error of a map, and the column is empty.
    """
    if key not in ERROR_COLUMNS:
        return glacier.area_share
    return glacier.error_share if km2(glacier.of_map) > 0 else np.nan


def corrected_rows(mapped: gpd.GeoDataFrame, glaciers: Sequence[GlacierRecord], km2: Area) -> gpd.GeoDataFrame:
    """Return a row per glacier.

    Parameters
    ----------
    mapped
        The automatic outlines, numbered from 0.
    glaciers
        Those of today, in their order.
    km2
        Measures an area.

    Returns
    -------
    GeoDataFrame
        The columns of `mapped`, those that edits set, and `EDIT_IDS`. Areas, perimeters and the point inside are
        measured again where the outline changed, and `MEASURED_COLUMNS` undefined.
    """
    rows = [each.row for each in glaciers]
    frame = gpd.GeoDataFrame(mapped.reindex(rows)) if NO_ROW in rows else mapped.iloc[rows]
    shapes = gpd.GeoSeries([each.outline for each in glaciers], crs=mapped.crs)
    frame = frame.reset_index(drop=True).set_geometry(shapes, crs=mapped.crs)
    for row, each in enumerate(glaciers):
        for key, value in each.columns.items():
            frame = _with_value(frame, row, key, value)
    frame[EDIT_IDS] = pd.Series([";".join(each.edit_ids) or None for each in glaciers], dtype="object")
    return _measured(frame, {row: each for row, each in enumerate(glaciers) if each.is_redrawn}, km2)


def _measured(frame: gpd.GeoDataFrame, changed: Mapping[int, GlacierRecord], km2: Area) -> gpd.GeoDataFrame:
    """Measure redrawn outlines, and clear the columns that are undefined for them."""
    redrawn = list(changed)
    for key, measure in (("area_km2", area_km2), ("perimeter_km", perimeter_km)):
        if key not in frame.columns:
            frame[key] = measure(frame)
        elif redrawn:
            frame[key] = frame[key].astype("float64")
            frame.loc[redrawn, key] = measure(frame.iloc[redrawn])
    if redrawn and {"cenlon", "cenlat"} <= set(frame.columns):
        inside = in_degrees(frame.geometry.iloc[redrawn].representative_point())
        frame.loc[redrawn, "cenlon"], frame.loc[redrawn, "cenlat"] = inside.x, inside.y
    for key in frame.columns.intersection(MEASURED_COLUMNS):
        if redrawn:
            frame[key] = frame[key].astype("float64")
            frame.loc[redrawn, key] = np.nan
    for key in frame.columns.intersection(SHARED_COLUMNS):
        if redrawn:
            frame[key] = frame[key].astype("float64")
            frame.loc[redrawn, key] *= [left_of(key, each, km2) for each in changed.values()]
    return frame


def _with_value(frame: gpd.GeoDataFrame, row: int, key: str, value: Any) -> gpd.GeoDataFrame:
    """Return a frame with one cell set; a column that cannot hold the value as it is becomes one of objects."""
    if key not in frame.columns:
        frame[key] = pd.Series([None] * len(frame), dtype="object")
    try:
        frame.loc[row, key] = value
    except (TypeError, ValueError):
        frame[key] = frame[key].astype("object")
        frame.loc[row, key] = value
    return frame
