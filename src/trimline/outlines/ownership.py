"""Owner of each polygon of a period while edits are replayed, and the edits applied to it.

The rows of the automatic outlines are not changed: an outline that no edit touches comes out as it went in. Glaciers
that edits changed are records on top of the rows, so that a copy costs as much as there are such glaciers.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from trimline.outlines.area import area_km2, perimeter_km
from trimline.outlines.corrected_rows import (
    ERROR_COLUMNS,
    NO_ROW,
    SHARED_COLUMNS,
    GlacierRecord,
    corrected_rows,
    left_of,
)
from trimline.outlines.mapped_rows import MappedRows
from trimline.outlines.outline_digest import outline_digest
from trimline.outlines.polygon_cut import polygonal, without_slivers
from trimline.outlines.schema import COLUMNS, REVIEW

Review = Literal["open", "accepted", "flagged"]
"""Whether somebody has looked at an outline: not yet, and found it right, or found that it needs attention."""

_IMAGE_COLUMNS = ("scene_id", "src_date", "src_year", "sensor")
"""Columns that a new outline takes from another outline of the image that was consulted."""


class Ownership:
    """The glaciers of one period, their outlines, columns and marks.

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
        self._mapped = MappedRows(outlines)
        self._period = period
        self._own: dict[str, GlacierRecord | None] = {}
        """Glaciers that edits changed; None for those that are there no longer."""
        self._next_place = len(self._mapped)
        self._log: list[str] = []
        """Names of changed glaciers, in the order of the changes."""

    @property
    def crs(self) -> Any:
        """The CRS of the outlines."""
        return self._mapped.rows.crs

    @property
    def marks(self) -> int:
        """The number of changes so far, for `changed_since`."""
        return len(self._log)

    def copy(self) -> Ownership:
        """Return the same state, which changes apart from this one."""
        other = object.__new__(Ownership)
        other._mapped, other._period, other._next_place = self._mapped, self._period, self._next_place
        other._own, other._log = dict(self._own), list(self._log)
        return other

    def become(self, other: Ownership) -> None:
        """Take on an earlier or later state of the same outlines; glaciers that differ count as changed."""
        names = {name for name in (*self._own, *other._own) if self.of(name) is not other.of(name)}
        self._own, self._next_place = dict(other._own), other._next_place
        self._log += sorted(names)

    def changed_since(self, mark: int) -> set[str]:
        """Return the names of glaciers that changed since `marks` had this value, also of those that are gone."""
        return set(self._log[mark:])

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.of(name) is not None

    def of(self, name: str) -> GlacierRecord | None:
        """Return the record of a glacier, or None where there is none of this name.

        A glacier that no edit changed gives the same object each time.
        """
        return self._own[name] if name in self._own else self._mapped.record(name)

    def names(self) -> list[str]:
        """Return the names of all glaciers in their order: that of the rows, then new ones."""
        if not self._own:
            return list(self._mapped.names)
        kept = [(row, name) for row, name in enumerate(self._mapped.names) if name not in self._own]
        own = [(each.place, name) for name, each in self._own.items() if each is not None]
        return [name for _, name in sorted([*kept, *own])]

    def outline(self, name: str) -> BaseGeometry:
        """Return the outline of a glacier that is there."""
        return self._record(name).outline

    def km2(self, geometry: BaseGeometry) -> float:
        """Return the geodesic area of polygons [km2]; 0 for lines."""
        return float(area_km2(gpd.GeoSeries([geometry], crs=self.crs))[0])

    def touching(self, geometry: BaseGeometry) -> list[str]:
        """Return the names of the glaciers that a geometry intersects, in their order."""
        found = [(row, self._mapped.names[row]) for row in self._mapped.touching(geometry).tolist()]
        kept = [(row, name) for row, name in found if name not in self._own]
        own = self._changed()
        if own:
            meets = shapely.intersects(_array([each.outline for each in own]), geometry)
            kept += [(each.place, each.name) for each, is_met in zip(own, meets, strict=True) if is_met]
        return [name for _, name in sorted(kept)]

    def redraw(self, name: str, outline: BaseGeometry, edit: Mapping[str, Any], *, drawn: BaseGeometry | None) -> None:
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
        known = self._record(name)
        of_map, error_share = known.of_map, known.error_share
        if drawn is not None:
            of_map = polygonal(shapely.difference(known.of_map, drawn))
            left, whole = self.km2(of_map), self.km2(known.of_map)
            error_share *= left / whole if whole > 0 else 0.0
        self._put(
            replace(
                known,
                outline=without_slivers(outline, self._mapped.sliver),
                of_map=of_map,
                error_share=error_share,
                is_redrawn=True,
                edit_ids=_with(known.edit_ids, edit["edit_id"]),
            )
        )

    def subtract(self, name: str, ground: BaseGeometry, edit: Mapping[str, Any]) -> bool:
        """Subtract ground from a glacier, and return whether nothing is left of it."""
        left = without_slivers(shapely.difference(self.outline(name), ground), self._mapped.sliver)
        if self.km2(left) == 0:
            self._drop(name)
            return True
        self.redraw(name, left, edit, drawn=ground)
        return False

    def split(self, name: str, kept: BaseGeometry, new: str, parted: BaseGeometry, edit: Mapping[str, Any]) -> None:
        """Divide a glacier: `name` keeps a part, and `new` gets the other with the same columns.

        No ground is drawn, and neither areas nor errors change in sum. The parts share ground by area, and errors by
        the length of their margin without the divide: uncertain pixels lie along margins, and so does the error of
        the outline itself.
        """
        known = self._record(name)
        areas = self.km2(kept), self.km2(parted)
        whole, *lengths = perimeter_km(gpd.GeoSeries([known.outline, kept, parted], crs=self.crs)).tolist()
        divide = max((sum(lengths) - whole) / 2.0, 0.0)
        margins = [max(length - divide, 0.0) for length in lengths]
        columns = dict(known.columns) | {"glac_id": new}
        places = {name: known.place, new: self._new_place()}
        for i, (each, ground) in enumerate(((name, kept), (new, parted))):
            part = replace(
                known,
                name=each,
                place=places[each],
                columns=columns if each == new else known.columns,
                of_map=polygonal(shapely.intersection(known.of_map, ground)),
                area_share=known.area_share * areas[i] / sum(areas),
                error_share=known.error_share * margins[i] / sum(margins),
                mark=known.mark if each == name else None,
            )
            self._put(part)
            self.redraw(each, ground, edit, drawn=None)

    def merge(self, name: str, others: list[str], edit: Mapping[str, Any]) -> None:
        """Give a glacier the ground of others, which cease.

        Its columns stay; areas and errors that belong to the ground add up, as far as they are known.
        """
        parts = [self._record(each) for each in (name, *others)]
        first = parts[0]
        sums: dict[str, float] = {}
        for key in SHARED_COLUMNS:
            if key in self._mapped.rows.columns or any(key in each.columns for each in parts):
                given = [self.value(each.name, key) for each in parts]
                known = [
                    np.nan if pd.isna(value) else float(value) * left_of(key, each, self.km2)
                    for value, each in zip(given, parts, strict=True)
                ]
                sums[key] = float(np.nansum(known)) if not np.isnan(known).all() else np.nan
        edit_ids = first.edit_ids
        for each in (one for part in parts[1:] for one in part.edit_ids):
            edit_ids = _with(edit_ids, each)
        for other in others:
            self._drop(other)
        merged = replace(
            first,
            columns=dict(first.columns) | sums,
            edit_ids=edit_ids,
            of_map=polygonal(shapely.union_all([each.of_map for each in parts])),
            area_share=1.0,
            error_share=1.0,
        )
        self._put(merged)
        self.redraw(name, shapely.union_all([each.outline for each in parts]), edit, drawn=None)

    def add_glacier(self, name: str, edit: Mapping[str, Any], given: Collection[str]) -> str:
        """Add a glacier, and return a note on the origin of its columns.

        The subregion is that of the nearest glacier. Columns of the image come from another outline of that image.
        `given` are the columns that the edit itself sets afterwards: the note says nothing of them.
        """
        rows = self._mapped.rows
        columns: dict[str, Any] = {"glac_id": name, "period": self._period}
        note = ""
        nearest = self._nearest(edit["geometry"]) if "subregion" in rows.columns else None
        if nearest is not None:
            columns["subregion"] = self.value(nearest, "subregion")
            note = "" if "subregion" in given else f", of the subregion of {nearest}"
        if edit["image"] is not None and "scene_id" in rows.columns:
            alike = rows[rows["scene_id"] == edit["image"]]
            if len(alike):
                columns |= {key: alike[key].iloc[0] for key in _IMAGE_COLUMNS if key in alike.columns}
                if "scene_ids" in alike.columns:
                    columns["scene_ids"] = f"{edit['image']}:1.00"
        if "src_date" in rows.columns and "src_date" not in given and pd.isna(columns.get("src_date")):
            # A draft that is previewed has no image yet: it is named with the save.
            no_image = edit["image"] is None
            note += ", its src_date not known" + (" until an image is named" if no_image else ": give it in 'value'")
        nothing = shapely.Polygon()
        self._put(GlacierRecord(name, self._new_place(), nothing, NO_ROW, columns=columns, of_map=nothing))
        return note

    def set_columns(self, name: str, columns: Mapping[str, Any], edit: Mapping[str, Any]) -> bool:
        """Set columns of a glacier, and return whether any of them changed.

        An error of the map that is set holds for the whole outline as it is, whatever was drawn before.
        """
        typed = {key: _typed(key, each) for key, each in columns.items()}
        left = self.errors(name) if typed.keys() & set(ERROR_COLUMNS) else {}
        new = {key: each for key, each in typed.items() if not _alike(left.get(key, self.value(name, key)), each)}
        if not new:
            return False
        known = self._record(name)
        edit_ids = _with(known.edit_ids, edit["edit_id"])
        if left or new.keys() & set(ERROR_COLUMNS):
            known = replace(known, columns=dict(known.columns) | left, of_map=known.outline, error_share=1.0)
        changed = replace(known, columns=dict(known.columns) | new, edit_ids=edit_ids)
        if "glac_id" in new:
            self._drop(name)
            changed = replace(changed, name=new["glac_id"])
        self._put(changed)
        return True

    def set_mark(self, name: str, mark: Literal["accepted", "flagged"]) -> None:
        """Mark a glacier with its present outline."""
        known = self._record(name)
        self._put(replace(known, mark=(mark, known.outline)))

    def review(self, name: str) -> Review:
        """Return the state of a glacier: its last mark, which an accepted outline loses when it changes."""
        known = self._record(name)
        if known.mark is None:
            return "open"
        mark, marked = known.mark
        is_same = known.outline is marked or outline_digest(known.outline) == outline_digest(marked)
        return mark if mark == "flagged" or is_same else "open"

    def reviews(self) -> dict[str, Review]:
        """Return the state of every glacier that is accepted or flagged."""
        states = {each.name: self.review(each.name) for each in self._changed() if each.mark is not None}
        return {name: state for name, state in states.items() if state != "open"}

    def value(self, name: str, column: str) -> Any:
        """Return a column of a glacier as edits set it or its row has it; None where there is no such column."""
        known = self._record(name)
        if column in known.columns:
            return known.columns[column]
        rows = self._mapped.rows
        return rows[column].iloc[known.row] if known.row != NO_ROW and column in rows.columns else None

    def errors(self, name: str) -> dict[str, float]:
        """Return what is left of the errors of the map for a glacier [km2], by column; NaN where it has none."""
        known, found = self._record(name), {}
        for key in ERROR_COLUMNS:
            value = self.value(name, key)
            if key in self._mapped.rows.columns or key in known.columns:
                found[key] = np.nan if pd.isna(value) else float(value) * left_of(key, known, self.km2)
        return found

    def outlines(self, names: Sequence[str] | None = None) -> gpd.GeoDataFrame:
        """Return the present outlines, a row per glacier; see `trimline.outlines.replay`.

        Parameters
        ----------
        names
            Which, in their order; None for all.
        """
        names = self.names() if names is None else names
        records = [self._record(name) for name in names]
        frame = corrected_rows(self._mapped.rows, records, self.km2)
        reviews = self.reviews()
        if reviews or REVIEW in self._mapped.rows.columns:
            frame[REVIEW] = pd.Series([reviews.get(name) for name in names], dtype="object")
        return frame

    def _record(self, name: str) -> GlacierRecord:
        found = self.of(name)
        if found is None:
            raise KeyError(name)
        return found

    def _changed(self) -> list[GlacierRecord]:
        return [each for each in self._own.values() if each is not None]

    def _put(self, record: GlacierRecord) -> None:
        self._own[record.name] = record
        self._log.append(record.name)

    def _drop(self, name: str) -> None:
        self._own[name] = None
        self._log.append(name)

    def _new_place(self) -> int:
        self._next_place += 1
        return self._next_place - 1

    def _nearest(self, geometry: BaseGeometry) -> str | None:
        """Return the glacier nearest to a geometry, the first in order of several; None without any."""
        own = self._changed()
        apart = shapely.distance(_array([each.outline for each in own]), geometry) if own else np.empty(0)
        found = [(float(km), each.place, each.name) for km, each in zip(apart, own, strict=True)]
        most = min((each[0] for each in found), default=None)
        for row, distance in self._mapped.near(geometry, most, self._own):
            found.append((distance, row, self._mapped.names[row]))
        return min(found)[2] if found else None


def _array(geometries: list[BaseGeometry]) -> NDArray[np.object_]:
    return np.array(geometries, dtype=object)


def _with(edit_ids: tuple[str, ...], edit_id: str) -> tuple[str, ...]:
    return edit_ids if edit_id in edit_ids else (*edit_ids, edit_id)


def _typed(key: str, value: Any) -> Any:
    """Return a value with the type of its published column."""
    return str(value) if value is not None and key in COLUMNS and COLUMNS[key].kind == "text" else value


def _alike(old: Any, new: Any) -> bool:
    if pd.isna(old) or new is None:
        return bool(pd.isna(old)) and new is None
    return bool(old == new)
