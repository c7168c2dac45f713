"""Types and bounds of the fields of a model, in the words of YAML."""

from __future__ import annotations

import types
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import annotated_types
from pydantic import BaseModel, BeforeValidator
from pydantic.fields import FieldInfo

from documentation.reference.markdown import code
from trimline.project import measuring, publishing, searching, settings

_NAMED: tuple[tuple[Any, str], ...] = (
    (settings.ProjectPath, "path"),
    (settings.Name, "name"),
    (settings.PeriodName, "period name"),
    (settings.IsoDate, "date (year, month or day, ISO 8601)"),
    (settings.Tile, "WRS-2 path/row or MGRS tile"),
    (settings.BandName, "band"),
    (settings.SensorId, "sensor id"),
    (measuring.MonthDay, "month and day"),
    (measuring.ProjectedCrs, "CRS in metres"),
    (searching.Catalogue, "archive or address"),
    (publishing.Orcid, "ORCID iD"),
    (publishing.License, "SPDX identifier"),
    (publishing.Doi, "DOI"),
)
"""The types that models share, in words."""

_PLAIN: Mapping[Any, str] = {
    bool: "true or false",
    int: "whole number",
    float: "number",
    str: "text",
    Path: "path",
    date: "day (ISO 8601)",
    Any: "any value",
}
_PLURALS = {"day": "days", "archive or address": "archives or addresses", "month and day": "days (month and day)"}
_PLURALS |= {"WRS-2 path/row or MGRS tile": "WRS-2 path/rows or MGRS tiles"}
_COUNTS = {2: "two"}


def type_in_words(model: type[BaseModel], field: FieldInfo) -> str:
    """Return the type of a field in words of YAML."""
    name = next(each for each, found in model.model_fields.items() if found is field)
    kind = get_type_hints(model, include_extras=True)[name]
    is_named = any(kind == known for known, _ in _NAMED)
    # The bounds of the whole field are those of `bounds_in_words`, wherever the model states them.
    found = _words(get_args(kind)[0] if get_origin(kind) is Annotated and not is_named else kind)
    # The one thing that models do before they check a list is to take a single member for it.
    takes_one = found.startswith("list") and any(isinstance(each, BeforeValidator) for each in field.metadata)
    return f"{found}, or one alone" if takes_one else found


def bounds_in_words(field: FieldInfo) -> str:
    """Return the bounds of the numbers of a field, after a comma; empty where it has none."""
    return _bounds(field.metadata)


def _bounds(metadata: Any) -> str:
    lowest = highest = ""
    for each in metadata:
        if isinstance(each, annotated_types.Ge):
            lowest = f"{each.ge:g} or more"
        elif isinstance(each, annotated_types.Gt):
            lowest = f"above {each.gt:g}"
        elif isinstance(each, annotated_types.Le):
            highest = f"at most {each.le:g}"
        elif isinstance(each, annotated_types.Lt):
            highest = f"below {each.lt:g}"
    found = " and ".join(part for part in (lowest, highest) if part)
    return f", {found}" if found else ""


def _words(kind: Any) -> str:
    for known, words in _NAMED:
        if kind == known:
            return words
    origin: Any = get_origin(kind)
    arguments = get_args(kind)
    if origin is Annotated:
        return _words(arguments[0]) + _within(arguments[1:])
    if origin in (types.UnionType, Union):
        kinds = sorted((each for each in arguments if each is not type(None)), key=_is_literal)
        return " or ".join(dict.fromkeys(_words(each) for each in kinds))
    if origin is Literal:
        *others, last = (code(str(each)) for each in arguments)
        return f"{', '.join(others)} or {last}" if others else last
    if origin is tuple:
        if arguments[-1] is Ellipsis:
            return f"list of {_plural(_words(arguments[0]))}"
        return f"list of {_COUNTS[len(arguments)]} {_plural(_words(arguments[0]))}"
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return f"mapping of {_words(arguments[0])} to {_words(arguments[1])}"
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return "mapping"
    return _PLAIN[kind]


def _is_literal(kind: Any) -> bool:
    origin: Any = get_origin(kind)
    return origin is Literal


def _within(metadata: Any) -> str:
    """Return the bounds of a number within a list or mapping."""
    found: list[Any] = []
    for each in metadata:
        found += each.metadata if isinstance(each, FieldInfo) else [each]
    return _bounds(found)


def _plural(words: str) -> str:
    if words in _PLURALS:
        return _PLURALS[words]
    first, comma, bounds = words.partition(",")
    if first.startswith("`"):
        return words
    return f"{first.replace('list of', 'lists of') if first.startswith('list') else f'{first}s'}{comma}{bounds}"
