"""The ground of a period's glaciers while edits are replayed: whose it is, and which hands were at work.

Rows of the automatic outlines are drawn from, not changed: what no edit touches comes out as it went in.
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

HANDS = "edit_ids"
"""Column of the edits that made an outline what it is."""

_NOWHERE = -1

_OF_THE_IMAGE = ("scene_id", "src_date", "src_year", "sensor")
"""What an outline that was drawn by hand says of the image consulted, where another outline knows that image."""

_OF_THE_GROUND = (
    *("zmin_m", "zmax_m", "zmed_m", "zmean_m", "slope_deg", "aspect_deg", "aspect_sec", "lmax_m"),
    *("unseen_error_km2", "uncertain_error_km2"),
)
"""Columns that another ground makes undefined, because they are measured elsewhere, or speak of the map alone."""


class Ownership:
    """The glaciers of one period.

    Parameters
    ----------
    outlines
        As for `trimline.outlines.replay`.
    period
        Its name.

    Raises
    ------
    OutlineError
        A `glac_id` is missing or stands twice.
    """

    def __init__(self, outlines: gpd.GeoDataFrame, period: str) -> None:
        self._rows = outlines.reset_index(drop=True)
        self._period = period
        names = _names(self._rows)
        self.of: dict[str, shapely.Geometry] = dict(zip(names, self._rows.geometry.to_numpy(), strict=True))
        """The outline of each glacier, in the order of the rows."""
        self._row_of = {name: row for row, name in enumerate(names)}
        self._columns: dict[str, dict[str, Any]] = {}
        self._hands: dict[str, list[str]] = {}
        for name, hands in zip(names, self._rows.get(HANDS, [None] * len(names)), strict=True):
            if isinstance(hands, str):
                self._hands[name] = hands.split(";")
        self._redrawn: set[str] = set()

    def km2(self, geometry: shapely.Geometry) -> float:
        """Return the geodesic area of polygons [km2]; lines have none."""
        return float(area_km2(gpd.GeoSeries([geometry], crs=self._rows.crs))[0])

    def touching(self, geometry: shapely.Geometry) -> list[str]:
        """Return the glaciers that a geometry meets, in their order."""
        names = list(self.of)
        shapes = np.array(list(self.of.values()), dtype=object)
        return [names[i] for i in np.flatnonzero(shapely.intersects(shapes, geometry))] if names else []

    def draw(self, name: str, outline: shapely.Geometry, edit: Mapping[str, Any]) -> None:
        """Give a glacier another outline."""
        self.of[name] = polygonal(outline)
        self._redrawn.add(name)
        self._note(name, edit)

    def cut_away(self, name: str, ground: shapely.Geometry, edit: Mapping[str, Any]) -> bool:
        """Take ground from a glacier, and return whether nothing is left of it."""
        left = polygonal(shapely.difference(self.of[name], ground))
        if self.km2(left) == 0:
            self._forget(name)
            return True
        self.draw(name, left, edit)
        return False

    def part(self, name: str, new: str, edit: Mapping[str, Any]) -> None:
        """Let a new glacier come from another: it has the other's columns."""
        self.of[new] = shapely.Polygon()
        self._row_of[new] = self._row_of[name]
        self._columns[new] = dict(self._columns.get(name, {})) | {"glac_id": new}
        self._hands[new] = list(self._hands.get(name, []))

    def found(self, name: str, edit: Mapping[str, Any]) -> str:
        """Let there be a new glacier, and return what its columns were taken from, in words.

        It is of the nearest glacier's subregion. Of its image it says what other outlines know of the edit's image.
        """
        columns: dict[str, Any] = {"glac_id": name, "period": self._period}
        said = ""
        if "subregion" in self._rows.columns and self.of:
            shapes = np.array(list(self.of.values()), dtype=object)
            nearest = list(self.of)[int(np.argmin(shapely.distance(shapes, edit["geometry"])))]
            columns["subregion"] = self._value(nearest, "subregion")
            said = f", of the subregion of {nearest}"
        if edit["image"] is not None and "scene_id" in self._rows.columns:
            alike = self._rows[self._rows["scene_id"] == edit["image"]]
            if len(alike):
                columns |= {key: alike[key].iloc[0] for key in _OF_THE_IMAGE if key in alike.columns}
                if "scene_ids" in alike.columns:
                    columns["scene_ids"] = f"{edit['image']}:1.00"
        if "src_date" in self._rows.columns and "src_date" not in columns:
            said += ", its src_date not known: give it in 'value'"
        self._row_of[name] = _NOWHERE
        self._columns[name] = columns
        self._hands[name] = []
        return said

    def set(self, name: str, columns: Mapping[str, Any], edit: Mapping[str, Any]) -> bool:
        """Set columns of a glacier, and return whether any of them was different before."""
        typed = {key: _typed(key, each) for key, each in columns.items()}
        new = {key: each for key, each in typed.items() if not _alike(self._value(name, key), each)}
        if not new:
            return False
        self._columns.setdefault(name, {}).update(new)
        self._note(name, edit)
        if "glac_id" in new:
            self._rename(name, new["glac_id"])
        return True

    def outlines(self) -> gpd.GeoDataFrame:
        """Return the glaciers as they are now, a row for each; see `trimline.outlines.replay`."""
        names = list(self.of)
        rows = [self._row_of[name] for name in names]
        frame = gpd.GeoDataFrame(self._rows.reindex(rows)) if _NOWHERE in rows else self._rows.iloc[rows]
        shapes = gpd.GeoSeries([self.of[name] for name in names], crs=self._rows.crs)
        frame = frame.reset_index(drop=True).set_geometry(shapes, crs=self._rows.crs)
        for row, name in enumerate(names):
            for key, value in self._columns.get(name, {}).items():
                frame = _with_value(frame, row, key, value)
        hands = [";".join(self._hands[name]) if self._hands.get(name) else None for name in names]
        frame[HANDS] = pd.Series(hands, dtype="object")
        return self._measured(frame, [row for row, name in enumerate(names) if name in self._redrawn])

    def _measured(self, frame: gpd.GeoDataFrame, redrawn: list[int]) -> gpd.GeoDataFrame:
        """Measure what was drawn anew; what that leaves undefined becomes so."""
        for key, measure in (("area_km2", area_km2), ("perimeter_km", perimeter_km)):
            if key not in frame.columns:
                frame[key] = measure(frame)
            elif redrawn:
                frame[key] = frame[key].astype("float64")
                frame.loc[redrawn, key] = measure(frame.iloc[redrawn])
        if redrawn and {"cenlon", "cenlat"} <= set(frame.columns):
            inside = frame.geometry.iloc[redrawn].representative_point().to_crs(4326)
            frame.loc[redrawn, "cenlon"], frame.loc[redrawn, "cenlat"] = inside.x, inside.y
        for key in frame.columns.intersection(_OF_THE_GROUND):
            if redrawn:
                frame[key] = frame[key].astype("float64")
                frame.loc[redrawn, key] = np.nan
        return frame

    def _value(self, name: str, key: str) -> Any:
        given = self._columns.get(name, {})
        if key in given:
            return given[key]
        row = self._row_of[name]
        return self._rows[key].iloc[row] if row != _NOWHERE and key in self._rows.columns else None

    def _note(self, name: str, edit: Mapping[str, Any]) -> None:
        hands = self._hands.setdefault(name, [])
        if edit["edit_id"] not in hands:
            hands.append(edit["edit_id"])

    def _forget(self, name: str) -> None:
        known: tuple[dict[str, Any], ...] = (self.of, self._row_of, self._columns, self._hands)
        for each in known:
            each.pop(name, None)
        self._redrawn.discard(name)

    def _rename(self, name: str, new: str) -> None:
        self.of = {new if of == name else of: shape for of, shape in self.of.items()}
        known: tuple[dict[str, Any], ...] = (self._row_of, self._columns, self._hands)
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
            f"the glac_id '{names[names.duplicated()].iloc[0]}' stands twice",
            remedy="an outline per glacier and period: dissolve them, or give them different identifiers",
        )
    return list(names)


def _typed(key: str, value: Any) -> Any:
    """Return a value as a published column of text has it."""
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
