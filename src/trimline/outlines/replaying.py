"""Edits replayed on automatic outlines: the same edits on the same outlines give the same outlines.

Edits refer to ground and to the names of glaciers, not to rows, so that they outlive a mapping with better weights. One
that no longer applies changes nothing and is reported. No operation makes outlines overlap: ground of another glacier
stays with it unless the edit has the option `take`.

A split gives the new identifier to the part on the right of the line, seen along it, or inside the polygon, and leaves
the old one to the rest. The sizes of the parts play no role, so that a divide gives the same names in every period.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Literal

import geopandas as gpd
import shapely

from trimline.errors import EditError
from trimline.outlines.check import require_crs, require_polygons
from trimline.outlines.checking_edits import NEW_ID, TAKE, require_sound, value_of
from trimline.outlines.edit_layer import EVERY_PERIOD, REVERT, in_order, rows_of, taken_back
from trimline.outlines.ownership import Ownership
from trimline.outlines.polygon_cut import cut, polygonal
from trimline.reprojecting import reprojected

State = Literal["applied", "not applied", "reverted"]
"""State of an edit after the replay."""

SMALLEST_CHANGE_KM2 = 1e-6
"""Smaller changes count as none [km2]: borders of two runs differ by as much in their last digits."""


@dataclass(frozen=True)
class EditOutcome:
    """State of one edit in one period, and the areas it changed."""

    edit_id: str
    """The edit."""
    operation: str
    """Its operation."""
    period: str
    """The period that was replayed."""
    glac_id: str | None
    """The glacier that it names."""
    state: State
    """Whether it changed the outlines."""
    text: str
    """What it changed, or why it changed nothing, in words."""
    added_km2: float = 0.0
    """Ground that became ice [km2]."""
    removed_km2: float = 0.0
    """Ground that is ice no longer [km2]."""

    def __str__(self) -> str:
        return f"edit {self.edit_id} ({self.operation}), {self.period}: {self.state}: {self.text}"


def replay(
    outlines: gpd.GeoDataFrame, edits: gpd.GeoDataFrame, period: str | None = None
) -> tuple[gpd.GeoDataFrame, list[EditOutcome]]:
    """Replay the edits of a period on its automatic outlines, in the order of their time and row.

    Parameters
    ----------
    outlines
        Polygons of one period with a CRS, a row per glacier, its name in `glac_id`.
    edits
        Of all periods, as `trimline.outlines.read_edits` gives them, in any CRS.
    period
        The period; None takes it from the column `period`.

    Returns
    -------
    tuple[GeoDataFrame, list[EditOutcome]]
        The outlines with a fresh index and the column `edit_ids`: the edits applied to a row, in their order and
        separated by ``;``, None without any. Geodesic areas and perimeters are measured again where the outline
        changed. And the outcome of each edit.

    Raises
    ------
    EditError
        An edit is invalid (see `trimline.outlines.check_edits`), or the period is not known.
    OutlineError
        The outlines have no CRS or are no polygons, or a `glac_id` is missing or occurs twice.
    """
    require_crs(outlines)
    require_polygons(outlines)
    require_sound(edits)
    period = period if period is not None else _only_period(outlines)
    owners = Ownership(outlines, period)
    placed = reprojected(edits, outlines.crs, like=outlines) if len(edits) and edits.crs is not None else edits
    dead, by_id = taken_back(edits), dict(zip(edits["edit_id"], edits["period"], strict=True))
    outcomes: list[EditOutcome] = []
    for edit in rows_of(in_order(placed)):
        of = by_id.get(edit["reverts"]) if edit["operation"] == REVERT else edit["period"]
        if of not in (period, EVERY_PERIOD):
            continue
        outcome = EditOutcome(edit["edit_id"], edit["operation"], period, edit["glac_id"], "applied", "")
        if edit["edit_id"] in dead:
            outcomes.append(replace(outcome, state="reverted", text="a later edit takes it back"))
        elif edit["operation"] == REVERT:
            outcomes.append(replace(outcome, text=f"takes back {edit['reverts']}"))
        else:
            outcomes.append(replace(outcome, **_OPERATIONS[edit["operation"]](owners, edit)))
    return owners.outlines(), outcomes


_Fields = dict[str, Any]
"""Fields of an `EditOutcome`."""


def _nothing(text: str) -> _Fields:
    return {"state": "not applied", "text": text}


def _add(owners: Ownership, edit: Mapping[str, Any]) -> _Fields:
    name, wanted = edit["glac_id"], edit["geometry"]
    old = owners.of.get(name, shapely.Polygon())
    gained, notes = _freed(owners, edit, wanted)
    fresh = polygonal(shapely.difference(gained, old))
    added = owners.km2(fresh)
    if added <= SMALLEST_CHANGE_KM2:
        return _nothing("; ".join(["nothing is left to add", *notes]) if notes else f"it is ice of {name} already")
    taken = _take(owners, edit)
    if name not in owners.of:
        notes = [f"a new glacier{owners.add_glacier(name, edit)}", *notes]
    owners.redraw(name, shapely.union(old, gained), edit, drawn=wanted)
    _set(owners, edit)
    return {"text": "; ".join([f"{added:.4f} km2 became ice of {name}", *notes]), "added_km2": added - taken}


def _remove(owners: Ownership, edit: Mapping[str, Any]) -> _Fields:
    name = edit["glac_id"]
    if name is not None and name not in owners.of:
        return _nothing(f"there is no glacier {name}")
    lost = {}
    for each in [name] if name is not None else owners.touching(edit["geometry"]):
        km2 = owners.km2(shapely.intersection(owners.of[each], edit["geometry"]))
        if km2 > SMALLEST_CHANGE_KM2:
            lost[each] = km2
    if not lost:
        return _nothing("there is no ice on its ground" if name is None else f"{name} has no ice on its ground")
    gone = [each for each in lost if owners.subtract(each, edit["geometry"], edit)]
    _set(owners, edit, list(lost))
    notes = [f"nothing is left of {each}" for each in gone]
    text = f"{sum(lost.values()):.4f} km2 taken from {', '.join(lost)}"
    return {"text": "; ".join([text, *notes]), "removed_km2": sum(lost.values())}


def _replace(owners: Ownership, edit: Mapping[str, Any]) -> _Fields:
    name, wanted = edit["glac_id"], edit["geometry"]
    if name not in owners.of:
        return _nothing(f"there is no glacier {name}")
    outline, notes = _freed(owners, edit, wanted)
    if owners.km2(outline) <= SMALLEST_CHANGE_KM2:
        return _nothing("; ".join(["nothing would be left of it", *notes]))
    old = owners.of[name]
    added, removed = owners.km2(shapely.difference(outline, old)), owners.km2(shapely.difference(old, outline))
    if added + removed <= SMALLEST_CHANGE_KM2:
        return _nothing("; ".join([f"{name} has this outline already", *notes]))
    taken = _take(owners, edit)
    owners.redraw(name, outline, edit, drawn=shapely.union(old, outline))
    _set(owners, edit)
    text = f"{name} got another outline, {added:.4f} km2 more and {removed:.4f} km2 less"
    return {"text": "; ".join([text, *notes]), "added_km2": added - taken, "removed_km2": removed}


def _split(owners: Ownership, edit: Mapping[str, Any]) -> _Fields:
    name = edit["glac_id"]
    new = value_of(edit).get(NEW_ID, f"{name}-{edit['edit_id']}")
    if name not in owners.of:
        return _nothing(f"there is no glacier {name}")
    if new in owners.of:
        return _nothing(f"there is a glacier {new} already")
    kept, parted = cut(owners.of[name], edit["geometry"])
    if min(owners.km2(kept), owners.km2(parted)) <= SMALLEST_CHANGE_KM2:
        return _nothing(f"it does not cut {name} in two")
    owners.split(name, kept, new, parted, edit)
    _set(owners, edit, [new])
    return {"text": f"{new} was cut from {name}, {owners.km2(parted):.4f} km2"}


def _attribute(owners: Ownership, edit: Mapping[str, Any]) -> _Fields:
    name, value = edit["glac_id"], value_of(edit)
    if name not in owners.of:
        return _nothing(f"there is no glacier {name}")
    renamed = value.get("glac_id")
    if renamed is not None and renamed != name and renamed in owners.of:
        return _nothing(f"there is a glacier {renamed} already")
    if not owners.set_columns(name, value, edit):
        return _nothing(f"{name} has these values already")
    return {"text": f"{name}: {', '.join(f'{key} = {each}' for key, each in value.items())}"}


_OPERATIONS: Mapping[str, Callable[[Ownership, Mapping[str, Any]], _Fields]] = MappingProxyType(
    {"add": _add, "remove": _remove, "replace": _replace, "split": _split, "attribute": _attribute}
)


def _freed(owners: Ownership, edit: Mapping[str, Any], wanted: shapely.Geometry) -> tuple[shapely.Geometry, list[str]]:
    """Return the part of some ground that the glacier of an edit can have, and notes on the owners of the rest."""
    others = [each for each in owners.touching(wanted) if each != edit["glac_id"]]
    shared = {each: owners.km2(shapely.intersection(owners.of[each], wanted)) for each in others}
    shared = {each: km2 for each, km2 in shared.items() if km2 > SMALLEST_CHANGE_KM2}
    if value_of(edit).get(TAKE):
        return wanted, [f"{km2:.4f} km2 of it were taken from {each}" for each, km2 in shared.items()]
    notes = [f"{km2:.4f} km2 of it stay with {each}" for each, km2 in shared.items()]
    if not others:
        return wanted, notes
    return polygonal(shapely.difference(wanted, shapely.union_all([owners.of[each] for each in others]))), notes


def _take(owners: Ownership, edit: Mapping[str, Any]) -> float:
    """Take the ground of an edit from other glaciers where it has the option, and return the area taken [km2]."""
    if not value_of(edit).get(TAKE):
        return 0.0
    taken = 0.0
    for each in owners.touching(edit["geometry"]):
        km2 = owners.km2(shapely.intersection(owners.of[each], edit["geometry"]))
        if each != edit["glac_id"] and km2 > SMALLEST_CHANGE_KM2:
            owners.subtract(each, edit["geometry"], edit)
            taken += km2
    return taken


def _set(owners: Ownership, edit: Mapping[str, Any], names: list[str] | None = None) -> None:
    """Set the columns that an edit names besides its options, on the glaciers that still exist."""
    columns = {key: each for key, each in value_of(edit).items() if key not in (TAKE, NEW_ID)}
    for name in names or [edit["glac_id"]]:
        if columns and name in owners.of:
            owners.set_columns(name, columns, edit)


def _only_period(outlines: gpd.GeoDataFrame) -> str:
    names = outlines["period"].dropna().unique().tolist() if "period" in outlines.columns else []
    if len(names) == 1:
        return str(names[0])
    raise EditError(
        f"outlines of {len(names)} periods, where edits are replayed on one",
        remedy="give the outlines of one period, and its name where they have no column for it",
    )
