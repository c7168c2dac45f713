"""Owner of each polygon of a period while edits are replayed, and the edits applied to it.

The rows of the automatic outlines are not changed: an outline that no edit touches comes out as it went in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from trimline.errors import OutlineError
from trimline.outlines.area import area_km2, perimeter_km
from trimline.outlines.polygon_cut import polygonal
from trimline.outlines.schema import COLUMNS
from trimline.reprojecting import in_degrees

EDIT_IDS = "edit_ids"
"""Column of the edits that were applied to an outline."""

_NO_ROW = -1

_IMAGE_COLUMNS = ("scene_id", "src_date", "src_year", "sensor")
"""Columns that a new outline takes from another outline of the image that was consulted."""

MEASURED_COLUMNS = (
    *("zmin_m", "zmax_m", "zmed_m", "zmean_m", "slope_deg", "aspect_deg", "aspect_sec", "lmax_m", "termlon", "termlat"),
    *("dem_source", "dem_share", "area_pixels_km2"),
)
"""Columns that become undefined with another outline: they are measured elsewhere."""

ERROR_COLUMNS = ("unseen_error_km2", "uncertain_error_km2")
"""Errors of the area from the map. They belong to the ground that was mapped: a hand clears them where it drew."""

SHARED_COLUMNS = ("unseen_km2", "inferred_km2", *ERROR_COLUMNS)
"""Areas on the ground of a glacier, which its parts share."""


class Ownership:
    """The glaciers of one period, their outlines and columns.

    Parameters
    ----------
    outlines
        As for `trimline.outlines.replay`.
    period
        Its name.

    Raises
    ------
    OutlineError
        A `glac_id` is missing or occurs twice.
    """

    def __init__(self, outlines: gpd.GeoDataFrame, period: str) -> None:
        self._rows = outlines.reset_index(drop=True)
        self._period = period
        names = _names(self._rows)
        self.of: dict[str, shapely.Geometry] = dict(zip(names, self._rows.geometry.to_numpy(), strict=True))
        """The outline of each glacier, in the order of the rows."""
        self._row_of = {name: row for row, name in enumerate(names)}
        self._columns: dict[str, dict[str, Any]] = {}
        self._edits: dict[str, list[str]] = {}
        for name, edit_ids in zip(names, self._rows.get(EDIT_IDS, [None] * len(names)), strict=True):
            if isinstance(edit_ids, str):
                self._edits[name] = edit_ids.split(";")
        self._redrawn: set[str] = set()
        self._of_map: dict[str, shapely.Geometry] = dict(self.of)
        """Ground of each outline that the map gave it and no hand drew."""
        self._area_share: dict[str, float] = {}
        """Share of the areas in `SHARED_COLUMNS` that a part of a glacier got."""
        self._error_share: dict[str, float] = {}
        """Share of the errors in `ERROR_COLUMNS` that a glacier still has."""

    def km2(self, geometry: shapely.Geometry) -> float:
        """Return the geodesic area of polygons [km2]; 0 for lines."""
        return float(area_km2(gpd.GeoSeries([geometry], crs=self._rows.crs))[0])

    def touching(self, geometry: shapely.Geometry) -> list[str]:
        """Return the names of the glaciers that a geometry intersects, in their order."""
        names = list(self.of)
        shapes = np.array(list(self.of.values()), dtype=object)
        return [names[i] for i in np.flatnonzero(shapely.intersects(shapes, geometry))] if names else []

    def redraw(
        self, name: str, outline: shapely.Geometry, edit: Mapping[str, Any], *, drawn: shapely.Geometry | None
    ) -> None:
        """Give a glacier another outline.

        Parameters
        ----------
        name
            The glacier.
        outline
            Its outline.
        edit
            The edit.
        drawn
            Ground that the edit drew by hand: the errors of the map are cleared there. None for a divide, which draws
            a line and no ground.
        """
        self.of[name] = polygonal(outline)
        if drawn is not None:
            before = self._of_map[name]
            self._of_map[name] = polygonal(shapely.difference(before, drawn))
            left, whole = self.km2(self._of_map[name]), self.km2(before)
            self._error_share[name] = self._error_share.get(name, 1.0) * (left / whole if whole > 0 else 0.0)
        self._redrawn.add(name)
        self._record(name, edit)

    def subtract(self, name: str, ground: shapely.Geometry, edit: Mapping[str, Any]) -> bool:
        """Subtract ground from a glacier, and return whether nothing is left of it."""
        left = polygonal(shapely.difference(self.of[name], ground))
        if self.km2(left) == 0:
            self._drop(name)
            return True
        self.redraw(name, left, edit, drawn=ground)
        return False

    def split(
        self, name: str, kept: shapely.Geometry, new: str, parted: shapely.Geometry, edit: Mapping[str, Any]
    ) -> None:
        """Divide a glacier: `name` keeps a part, and `new` gets the other with the same columns.

        No ground is drawn, and neither areas nor errors change in sum. The parts share ground by area, and errors by
        the length of their margin without the divide: uncertain pixels lie along margins, and so does the error of
        the outline itself.
        """
        self._row_of[new] = self._row_of[name]
        self._columns[new] = dict(self._columns.get(name, {})) | {"glac_id": new}
        self._edits[new] = list(self._edits.get(name, []))
        areas = self.km2(kept), self.km2(parted)
        series = gpd.GeoSeries([self.of[name], kept, parted], crs=self._rows.crs)
        whole, *lengths = perimeter_km(series).tolist()
        divide = max((sum(lengths) - whole) / 2.0, 0.0)
        margins = [max(length - divide, 0.0) for length in lengths]
        for shares, sizes in ((self._area_share, areas), (self._error_share, margins)):
            share = shares.get(name, 1.0)
            shares[name], shares[new] = (share * size / sum(sizes) for size in sizes)
        of_map = self._of_map[name]
        self._of_map[name] = polygonal(shapely.intersection(of_map, kept))
        self._of_map[new] = polygonal(shapely.intersection(of_map, parted))
        self.redraw(name, kept, edit, drawn=None)
        self.redraw(new, parted, edit, drawn=None)

    def add_glacier(self, name: str, edit: Mapping[str, Any]) -> str:
        """Add a glacier, and return a note on the origin of its columns.

        The subregion is that of the nearest glacier. Columns of the image come from another outline of that image.
        """
        columns: dict[str, Any] = {"glac_id": name, "period": self._period}
        note = ""
        if "subregion" in self._rows.columns and self.of:
            shapes = np.array(list(self.of.values()), dtype=object)
            nearest = list(self.of)[int(np.argmin(shapely.distance(shapes, edit["geometry"])))]
            columns["subregion"] = self._value(nearest, "subregion")
            note = f", of the subregion of {nearest}"
        if edit["image"] is not None and "scene_id" in self._rows.columns:
            alike = self._rows[self._rows["scene_id"] == edit["image"]]
            if len(alike):
                columns |= {key: alike[key].iloc[0] for key in _IMAGE_COLUMNS if key in alike.columns}
                if "scene_ids" in alike.columns:
                    columns["scene_ids"] = f"{edit['image']}:1.00"
        if "src_date" in self._rows.columns and "src_date" not in columns:
            note += ", its src_date not known: give it in 'value'"
        self._row_of[name] = _NO_ROW
        self._columns[name] = columns
        self._edits[name] = []
        self._of_map[name] = shapely.Polygon()
        return note

    def set_columns(self, name: str, columns: Mapping[str, Any], edit: Mapping[str, Any]) -> bool:
        """Set columns of a glacier, and return whether any of them changed."""
        typed = {key: _typed(key, each) for key, each in columns.items()}
        new = {key: each for key, each in typed.items() if not _alike(self._value(name, key), each)}
        if not new:
            return False
        self._columns.setdefault(name, {}).update(new)
        self._record(name, edit)
        if "glac_id" in new:
            self._rename(name, new["glac_id"])
        return True

    def outlines(self) -> gpd.GeoDataFrame:
        """Return the present outlines, a row per glacier; see `trimline.outlines.replay`."""
        names = list(self.of)
        rows = [self._row_of[name] for name in names]
        frame = gpd.GeoDataFrame(self._rows.reindex(rows)) if _NO_ROW in rows else self._rows.iloc[rows]
        shapes = gpd.GeoSeries([self.of[name] for name in names], crs=self._rows.crs)
        frame = frame.reset_index(drop=True).set_geometry(shapes, crs=self._rows.crs)
        for row, name in enumerate(names):
            for key, value in self._columns.get(name, {}).items():
                frame = _with_value(frame, row, key, value)
        edit_ids = [";".join(self._edits[name]) if self._edits.get(name) else None for name in names]
        frame[EDIT_IDS] = pd.Series(edit_ids, dtype="object")
        return self._measured(frame, [row for row, name in enumerate(names) if name in self._redrawn])

    def _measured(self, frame: gpd.GeoDataFrame, redrawn: list[int]) -> gpd.GeoDataFrame:
        """Measure redrawn outlines, and clear the columns that are undefined for them."""
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
                frame.loc[redrawn, key] *= [self._left_of(key, list(self.of)[row]) for row in redrawn]
        return frame

    def _left_of(self, key: str, name: str) -> float:
        """Return the share of a column of the mapped outline that a glacier still has; NaN for an error without any.

        The errors of the map are cleared in proportion to the ground that hands drew. Where they drew all of an outline
        there is no error of a map, and the column is empty.
        """
        if key not in ERROR_COLUMNS:
            return self._area_share.get(name, 1.0)
        return self._error_share.get(name, 1.0) if self.km2(self._of_map[name]) > 0 else np.nan

    def _value(self, name: str, key: str) -> Any:
        given = self._columns.get(name, {})
        if key in given:
            return given[key]
        row = self._row_of[name]
        return self._rows[key].iloc[row] if row != _NO_ROW and key in self._rows.columns else None

    def _record(self, name: str, edit: Mapping[str, Any]) -> None:
        edit_ids = self._edits.setdefault(name, [])
        if edit["edit_id"] not in edit_ids:
            edit_ids.append(edit["edit_id"])

    def _drop(self, name: str) -> None:
        known: tuple[dict[str, Any], ...] = (
            *(self.of, self._row_of, self._columns),
            *(self._edits, self._of_map, self._area_share, self._error_share),
        )
        for each in known:
            each.pop(name, None)
        self._redrawn.discard(name)

    def _rename(self, name: str, new: str) -> None:
        self.of = {new if of == name else of: shape for of, shape in self.of.items()}
        known: tuple[dict[str, Any], ...] = (
            *(self._row_of, self._columns, self._edits),
            *(self._of_map, self._area_share, self._error_share),
        )
        for each in known:
            if name in each:
                each[new] = each.pop(name)
        if name in self._redrawn:
            self._redrawn.symmetric_difference_update({name, new})


def _names(rows: gpd.GeoDataFrame) -> list[str]:
    if "glac_id" not in rows.columns:
        raise OutlineError("the outlines have no column 'glac_id'", remedy="edits name glaciers by it: add it")
    if rows["glac_id"].isna().any():
        raise OutlineError("an outline has no glac_id", where=f"row {int(rows['glac_id'].isna().to_numpy().argmax())}")
    names = rows["glac_id"].astype(str)
    if names.duplicated().any():
        raise OutlineError(
            f"the glac_id '{names[names.duplicated()].iloc[0]}' occurs twice",
            remedy="an outline per glacier and period: dissolve them, or give them different identifiers",
        )
    return list(names)


def _typed(key: str, value: Any) -> Any:
    """Return a value with the type of its published column."""
    return str(value) if value is not None and key in COLUMNS and COLUMNS[key].kind == "text" else value


def _alike(old: Any, new: Any) -> bool:
    if pd.isna(old) or new is None:
        return bool(pd.isna(old)) and new is None
    return bool(old == new)


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
