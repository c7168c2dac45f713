"""What each operation of an edit does to the glaciers of a period.

No operation makes outlines overlap: ground of another glacier stays with it unless the edit has the option `take`. An
operation that no longer applies changes nothing and says why.

A split gives the new identifier to the part on the right of the line, seen along it, or inside the polygon, and leaves
the old one to the rest. The sizes of the parts play no role, so that a divide gives the same names in every period.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from trimline.outlines.checking_edits import NEW_ID, OUTLINE, TAKE, WITH, value_of
from trimline.outlines.outline_digest import outline_digest
from trimline.outlines.ownership import Ownership
from trimline.outlines.polygon_cut import cut, polygonal

SMALLEST_CHANGE_KM2 = 1e-6
"""Smaller changes count as none [km2]: borders of two runs differ by as much in their last digits."""

OutcomeFields = dict[str, Any]
"""Fields of an `EditOutcome`."""


def _nothing(text: str) -> OutcomeFields:
    return {"state": "not applied", "text": text}


def _add(owners: Ownership, edit: Mapping[str, Any]) -> OutcomeFields:
    name, wanted = edit["glac_id"], edit["geometry"]
    old = owners.outline(name) if name in owners else shapely.Polygon()
    gained, notes = _freed(owners, edit, wanted)
    fresh = polygonal(shapely.difference(gained, old))
    added = owners.km2(fresh)
    if added <= SMALLEST_CHANGE_KM2:
        return _nothing("; ".join(["nothing is left to add", *notes]) if notes else f"it is ice of {name} already")
    taken = _take(owners, edit)
    if name not in owners:
        notes = [f"a new glacier{owners.add_glacier(name, edit, value_of(edit))}", *notes]
    owners.redraw(name, shapely.union(old, gained), edit, drawn=wanted)
    _set(owners, edit)
    return {"text": "; ".join([f"{added:.4f} km2 became ice of {name}", *notes]), "added_km2": added - taken}


def _remove(owners: Ownership, edit: Mapping[str, Any]) -> OutcomeFields:
    name = edit["glac_id"]
    if name is not None and name not in owners:
        return _nothing(f"there is no glacier {name}")
    lost = {}
    for each in [name] if name is not None else owners.touching(edit["geometry"]):
        km2 = owners.km2(shapely.intersection(owners.outline(each), edit["geometry"]))
        if km2 > SMALLEST_CHANGE_KM2:
            lost[each] = km2
    if not lost:
        return _nothing("there is no ice on its ground" if name is None else f"{name} has no ice on its ground")
    gone = [each for each in lost if owners.subtract(each, edit["geometry"], edit)]
    _set(owners, edit, list(lost))
    notes = [f"nothing is left of {each}" for each in gone]
    text = f"{sum(lost.values()):.4f} km2 taken from {', '.join(lost)}"
    return {"text": "; ".join([text, *notes]), "removed_km2": sum(lost.values())}


def _replace(owners: Ownership, edit: Mapping[str, Any]) -> OutcomeFields:
    name, wanted = edit["glac_id"], edit["geometry"]
    if name not in owners:
        return _nothing(f"there is no glacier {name}")
    outline, notes = _freed(owners, edit, wanted)
    if owners.km2(outline) <= SMALLEST_CHANGE_KM2:
        return _nothing("; ".join(["nothing would be left of it", *notes]))
    old = owners.outline(name)
    added, removed = owners.km2(shapely.difference(outline, old)), owners.km2(shapely.difference(old, outline))
    if added + removed <= SMALLEST_CHANGE_KM2:
        return _nothing("; ".join([f"{name} has this outline already", *notes]))
    taken = _take(owners, edit)
    owners.redraw(name, outline, edit, drawn=shapely.union(old, outline))
    _set(owners, edit)
    text = f"{name} got another outline, {added:.4f} km2 more and {removed:.4f} km2 less"
    return {"text": "; ".join([text, *notes]), "added_km2": added - taken, "removed_km2": removed}


def _split(owners: Ownership, edit: Mapping[str, Any]) -> OutcomeFields:
    name = edit["glac_id"]
    new = value_of(edit).get(NEW_ID, f"{name}-{edit['edit_id']}")
    if name not in owners:
        return _nothing(f"there is no glacier {name}")
    if new in owners:
        return _nothing(f"there is a glacier {new} already")
    kept, parted = cut(owners.outline(name), edit["geometry"])
    if min(owners.km2(kept), owners.km2(parted)) <= SMALLEST_CHANGE_KM2:
        return _nothing(f"it does not cut {name} in two")
    owners.split(name, kept, new, parted, edit)
    _set(owners, edit, [new])
    return {"text": f"{new} was cut from {name}, {owners.km2(parted):.4f} km2"}


def _merge(owners: Ownership, edit: Mapping[str, Any]) -> OutcomeFields:
    name, wanted = edit["glac_id"], value_of(edit)[WITH]
    if name not in owners:
        return _nothing(f"there is no glacier {name}")
    others = [each for each in dict.fromkeys(wanted) if each in owners and each != name]
    if not others:
        return _nothing(f"there is no glacier {', '.join(wanted)}")
    owners.merge(name, others, edit)
    _set(owners, edit)
    missing = [f"there is no glacier {each}" for each in wanted if each not in (*others, name)]
    return {"text": "; ".join([f"{name} got the ground of {', '.join(others)}", *missing])}


def _attribute(owners: Ownership, edit: Mapping[str, Any]) -> OutcomeFields:
    name, value = edit["glac_id"], value_of(edit)
    if name not in owners:
        return _nothing(f"there is no glacier {name}")
    renamed = value.get("glac_id")
    if renamed is not None and renamed != name and renamed in owners:
        return _nothing(f"there is a glacier {renamed} already")
    if not owners.set_columns(name, value, edit):
        return _nothing(f"{name} has these values already")
    return {"text": f"{name}: {', '.join(f'{key} = {each}' for key, each in value.items())}"}


def _accept(owners: Ownership, edit: Mapping[str, Any]) -> OutcomeFields:
    name, seen = edit["glac_id"], value_of(edit).get(OUTLINE)
    if name not in owners:
        return _nothing(f"there is no glacier {name}")
    if seen is not None and outline_digest(owners.outline(name)) != seen:
        return _nothing("the outline has changed since")
    owners.set_mark(name, "accepted")
    return {"text": f"the outline of {name} was accepted"}


def _flag(owners: Ownership, edit: Mapping[str, Any]) -> OutcomeFields:
    name = edit["glac_id"]
    if name not in owners:
        return _nothing(f"there is no glacier {name}")
    owners.set_mark(name, "flagged")
    return {"text": f"{name} was flagged"}


def _terminus(owners: Ownership, edit: Mapping[str, Any]) -> OutcomeFields:
    name = edit["glac_id"]
    if name not in owners:
        return _nothing(f"there is no glacier {name}")
    return {"text": f"the terminus of {name} was drawn"}


OPERATION_EFFECTS: Mapping[str, Callable[[Ownership, Mapping[str, Any]], OutcomeFields]] = MappingProxyType(
    {
        "add": _add,
        "remove": _remove,
        "replace": _replace,
        "split": _split,
        "merge": _merge,
        "attribute": _attribute,
        "accept": _accept,
        "flag": _flag,
        "terminus": _terminus,
    }
)
"""What each operation does; it changes the glaciers and returns fields of the outcome."""


def _freed(owners: Ownership, edit: Mapping[str, Any], wanted: BaseGeometry) -> tuple[BaseGeometry, list[str]]:
    """Return the part of some ground that the glacier of an edit can have, and notes on the owners of the rest."""
    others = [each for each in owners.touching(wanted) if each != edit["glac_id"]]
    shared = {each: owners.km2(shapely.intersection(owners.outline(each), wanted)) for each in others}
    shared = {each: km2 for each, km2 in shared.items() if km2 > SMALLEST_CHANGE_KM2}
    notes = [
        f"{km2:.4f} km2 of it {'were taken from' if _is_taken(edit, each) else 'stay with'} {each}"
        for each, km2 in shared.items()
    ]
    kept = [owners.outline(each) for each in others if not _is_taken(edit, each)]
    if not kept:
        return wanted, notes
    return polygonal(shapely.difference(wanted, shapely.union_all(kept))), notes


def _is_taken(edit: Mapping[str, Any], name: str) -> bool:
    """Whether an edit takes ground from a glacier: from any, or from those that it names."""
    take = value_of(edit).get(TAKE)
    return bool(take) if not isinstance(take, list) else name in take


def _take(owners: Ownership, edit: Mapping[str, Any]) -> float:
    """Take the ground of an edit from other glaciers where it has the option, and return the area taken [km2]."""
    if not value_of(edit).get(TAKE):
        return 0.0
    taken = 0.0
    for each in owners.touching(edit["geometry"]):
        km2 = owners.km2(shapely.intersection(owners.outline(each), edit["geometry"]))
        if each != edit["glac_id"] and _is_taken(edit, each) and km2 > SMALLEST_CHANGE_KM2:
            owners.subtract(each, edit["geometry"], edit)
            taken += km2
    return taken


def _set(owners: Ownership, edit: Mapping[str, Any], names: list[str] | None = None) -> None:
    """Set the columns that an edit names besides its options, on the glaciers that still exist."""
    columns = {key: each for key, each in value_of(edit).items() if key not in (TAKE, NEW_ID, WITH)}
    for name in names or [edit["glac_id"]]:
        if columns and name in owners:
            owners.set_columns(name, columns, edit)
