"""Checks of edits before they are replayed: every problem names its edit and a remedy.

Reverted edits are not checked: reverting is how a wrong row is corrected in an append-only layer.
"""

from __future__ import annotations

import difflib
import json
import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import shapely

from trimline.errors import UnsoundEdits, shortened
from trimline.files import StrPath
from trimline.hidden_characters import is_hidden
from trimline.outlines.check import FARTHEST_M
from trimline.outlines.edit_layer import DAMAGED, OPERATIONS, REVERT, in_order, instant, rows_of, taken_back
from trimline.outlines.edit_periods import EVERY_PERIOD, problem_of
from trimline.outlines.schema import COLUMNS

_POLYGONS = ("Polygon", "MultiPolygon")
_LINES = ("LineString", "MultiLineString")

_GEOMETRIES: Mapping[str, Sequence[str]] = {
    "add": _POLYGONS,
    "remove": _POLYGONS,
    "replace": _POLYGONS,
    "split": (*_LINES, *_POLYGONS),
    "terminus": _LINES,
}
"""Geometry types of operations; the others need none."""

_NAMES_A_GLACIER = ("add", "replace", "split", "merge", "attribute", "accept", "flag", "terminus")

_SETS_NO_COLUMN = ("accept", "flag", "terminus")
"""Operations that change no outline and no column of it."""

COMPUTED = ("period", "area_km2", "perimeter_km", "edit_ids", "geometry")
"""Columns that an edit cannot set: they are computed from the outline."""

TAKE, NEW_ID, WITH, OUTLINE = "take", "new_id", "with", "outline"
"""Options in `value`: of `add` and `replace` (take ground of all other glaciers, or of those in a list), of `split` (id
of the new part), of `merge` (ids of the glaciers that cease), and of `accept` and `flag` (digest of the outline)."""

_OPTIONS: Mapping[str, Sequence[str]] = {
    "add": (TAKE,),
    "replace": (TAKE,),
    "split": (NEW_ID,),
    "merge": (WITH,),
    "accept": (OUTLINE,),
    "flag": (OUTLINE,),
}


LONGEST_ID = 200
"""Characters of the identifier that an edit gives a glacier."""


@dataclass(frozen=True)
class EditProblem:
    """A problem because of which an edit cannot be replayed."""

    edit_id: str
    """The edit."""
    text: str
    """The problem, in words."""
    remedy: str
    """The remedy."""

    def __str__(self) -> str:
        return f"edit {self.edit_id}: {self.text}; {self.remedy}"


def check_edits(
    edits: gpd.GeoDataFrame, periods: Collection[str] | Mapping[str, float] | None = None
) -> list[EditProblem]:
    """Return the problems of edits, in the order of the replay.

    Parameters
    ----------
    edits
        As `trimline.outlines.read_edits` gives them.
    periods
        The known periods; None accepts all names. A mapping gives their middles too [decimal year], so that an
        interval without any period is a problem.
    """
    dead = taken_back(edits)
    problems: list[EditProblem] = []
    for edit_id, count in Counter(edits["edit_id"]).items():
        if count > 1:
            problems.append(
                EditProblem(edit_id, f"{count} rows have this edit_id", "give each its own, or leave it empty")
            )
    before: set[str] = set()
    for edit in rows_of(in_order(edits)):
        if edit["edit_id"] not in dead:
            found = (*_of_hand(edit), *_of_period(edit, periods), *_of_operation(edit), *_of_reverts(edit, before))
            problems += [EditProblem(edit["edit_id"], text, remedy) for text, remedy in found]
        before.add(edit["edit_id"])
    return problems


def require_sound(
    edits: gpd.GeoDataFrame,
    periods: Collection[str] | Mapping[str, float] | None = None,
    *,
    where: StrPath | None = None,
) -> None:
    """Raise an error with the problems of all edits that cannot be replayed.

    Parameters
    ----------
    edits, periods
        As for `check_edits`.
    where
        The file, for the message.

    Raises
    ------
    UnsoundEdits
        There is a problem.
    """
    refuse(check_edits(edits, periods), where=where)


def require_sound_edit(edit: Mapping[str, Any]) -> None:
    """Raise `UnsoundEdits` where one edit cannot be replayed; author, time and period do not matter."""
    refuse([EditProblem(edit["edit_id"], text, remedy) for text, remedy in _of_operation(edit)])


def refuse(problems: Sequence[EditProblem], *, where: StrPath | None = None) -> None:
    """Raise `UnsoundEdits` with all problems, unless there are none."""
    if problems:
        raise UnsoundEdits([(f"edit {each.edit_id}: {each.text}", each.remedy) for each in problems], where=where)


def value_of(edit: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON object in `value`; empty where there is none.

    Raises
    ------
    ValueError
        It is no JSON object.
    """
    if edit["value"] is None:
        return {}
    try:
        content = json.loads(edit["value"])
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(content, dict):
        raise ValueError("no object")
    return content


_LARGEST_COUNT = 2**63 - 1
"""Largest whole number that a column holds."""

_SHOWN = 60
"""Characters of a value that a message shows."""

_Found = Iterator[tuple[str, str]]


def _of_hand(edit: Mapping[str, Any]) -> _Found:
    if edit["author"] is None:
        yield "has no author", "write who made it into the column 'author', or use trimline edits --adopt --author"
    if edit["time"] is None:
        yield "has no time", "write into the column 'time' when it was made, as in 2024-05-31T14:00:00Z, or use --adopt"
    elif instant(edit["time"]) is None:
        yield f"the time '{edit['time']}' cannot be read", "write it as ISO 8601, as in 2024-05-31T14:00:00Z"


def _of_period(edit: Mapping[str, Any], periods: Collection[str] | None) -> _Found:
    period = edit["period"]
    if edit["operation"] == REVERT:
        return
    if period == EVERY_PERIOD:
        if edit["operation"] == "terminus":
            yield from _of_one_period(period)
        return
    if period is None:
        yield "has no period", f"write into the column 'period' which one it corrects, or {EVERY_PERIOD} for all"
    elif periods is None or period not in periods:
        wrong = problem_of(period, periods)
        if wrong is not None:
            yield wrong
        elif periods is not None and "/" not in period:
            yield f"'{period}' is no period of the project", _nearest(period, periods)
        elif edit["operation"] == "terminus" and "/" in period:
            yield from _of_one_period(period)


def _of_one_period(period: str) -> _Found:
    yield f"a terminus belongs to one period, and not to '{period}'", "write the name of its period"


def _of_operation(edit: Mapping[str, Any]) -> _Found:
    operation, known = edit["operation"], list(OPERATIONS)
    if operation is None:
        yield "has no operation", f"write into the column 'operation' one of {', '.join(known)}"
        return
    if operation not in OPERATIONS:
        yield f"'{operation}' is no operation", _nearest(operation, known)
        return
    if operation == REVERT and edit["reverts"] is None:
        yield "does not say what it takes back", "write that edit's edit_id into the column 'reverts'"
    if operation in _NAMES_A_GLACIER and edit["glac_id"] is None:
        new = ", or a new one," if operation == "add" else ""
        yield "names no glacier", f"write the identifier of one{new} into the column 'glac_id'"
    if operation == "add":
        yield from _of_name(edit["glac_id"], "glac_id")
    yield from _of_geometry(edit["geometry"], operation)
    yield from _of_value(edit, operation)


def _of_geometry(geometry: shapely.Geometry | None, operation: str) -> _Found:
    wanted = _GEOMETRIES.get(operation)
    if wanted is None:
        return
    if geometry is not None and geometry.is_empty and geometry.geom_type == DAMAGED.geom_type:
        yield "has a damaged geometry, which cannot be read", "draw it again in another row, and take this edit back"
    elif geometry is None or geometry.is_empty:
        yield "has no geometry", f"'{operation}' needs a {' or a '.join(wanted[::2])}"
    elif geometry.geom_type not in wanted:
        yield f"is a {geometry.geom_type}", f"'{operation}' needs a {' or a '.join(wanted[::2])}"
    elif not all(map(math.isfinite, geometry.bounds)):
        yield "has coordinates that are no numbers", "draw it again, or take the edit back"
    elif max(map(abs, geometry.bounds)) > FARTHEST_M:
        yield "has coordinates that are nowhere on Earth", "draw it again, or take the edit back"
    elif not shapely.is_valid(geometry):
        yield (
            f"its polygon is invalid: {shapely.is_valid_reason(geometry)}",
            "mend it with QGIS's 'Fix geometries' or draw it again, or take the edit back",
        )


def _of_value(edit: Mapping[str, Any], operation: str) -> _Found:
    try:
        value = value_of(edit)
    except ValueError:
        yield "'value' is no JSON object", 'write it as in {"glac_name": "Upper Tongue"}'
        return
    if operation == "attribute" and not value:
        yield "sets no column", 'write the columns and their values into \'value\', as in {"glac_name": "Upper Tongue"}'
    if operation == "merge" and WITH not in value:
        yield "names no glaciers to merge with", 'write them into \'value\', as in {"with": ["B", "C"]}'
    new = {"split": NEW_ID, "attribute": "glac_id"}.get(operation)
    if new in value:
        yield from _of_new_name(value[new], new)
    for name, content in value.items():
        if name in _OPTIONS.get(operation, ()):
            yield from _of_option(name, content)
        elif operation in _SETS_NO_COLUMN:
            yield f"'{name}' cannot be set by '{operation}'", "set columns by an edit 'attribute'"
        elif name in COMPUTED:
            yield f"'{name}' cannot be set", "it follows from the outline: correct that"
        elif name == "glac_id" and operation != "attribute":
            yield "'glac_id' in 'value' is not the column of that name", "rename a glacier by an edit 'attribute'"
        elif isinstance(content, dict | list):
            yield f"'{name}' in 'value' is not one value", "give a text, a number or null"
        elif name in COLUMNS and COLUMNS[name].kind != "text" and not _is_number(content):
            yield f"'{name}' is a number, and {shortened(repr(content), _SHOWN)} is none", "correct 'value'"
        elif name in COLUMNS and COLUMNS[name].kind == "count" and not _is_count(content):
            yield f"'{name}' is a whole number, and {shortened(repr(content), _SHOWN)} is none", "correct 'value'"


def _of_new_name(name: Any, column: str) -> _Found:
    """Yield what is wrong with the identifier that an option gives a glacier."""
    if name is None or (isinstance(name, str) and not name.strip()):
        yield f"'{column}' in 'value' is empty", "give the glacier an identifier"
    elif isinstance(name, str) and name != name.strip():
        yield f"'{column}' in 'value' has blanks at its ends: {shortened(repr(name), _SHOWN)}", "leave them out"
    elif isinstance(name, str):
        yield from _of_name(name, f"{column}' in 'value")


def _of_name(name: str | None, column: str) -> _Found:
    """Yield what makes an identifier of a glacier one that nobody can name again."""
    text = name or ""
    if len(text) > LONGEST_ID:
        yield f"'{column}' has {len(text)} characters", f"give an identifier of at most {LONGEST_ID}"
    hidden = next((each for each in text if is_hidden(each)), None)
    if hidden is not None:
        yield f"'{column}' has the character U+{ord(hidden):04X}, which nobody sees", "leave it out"


def _of_option(name: str, content: Any) -> _Found:
    """Yield what is wrong with an option in `value`."""
    is_list = isinstance(content, list) and bool(content) and all(isinstance(each, str) and each for each in content)
    said = f"'{name}' in 'value' is {shortened(repr(content), _SHOWN)}"
    if name == TAKE and not isinstance(content, bool) and not is_list:
        yield said, "give true or false, or a list of glaciers"
    elif name == WITH and not is_list:
        yield said, "give a list of glaciers"
    elif name in (NEW_ID, OUTLINE) and not isinstance(content, str):
        yield said, "give a text"


def _of_reverts(edit: Mapping[str, Any], before: Collection[str]) -> _Found:
    reverts = edit["reverts"]
    if reverts is not None and reverts not in before:
        yield (
            f"takes back '{reverts}', which is no edit made before it",
            _nearest(reverts, before) if before else "there is none",
        )


def _is_number(content: Any) -> bool:
    """Whether a value of JSON is nothing, or a number that floating point can hold."""
    if content is None:
        return True
    try:
        return isinstance(content, int | float) and not isinstance(content, bool) and math.isfinite(content)
    except OverflowError:
        return False


def _is_count(content: Any) -> bool:
    return content is None or (content == int(content) and abs(content) <= _LARGEST_COUNT)


def _nearest(wanted: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(wanted, list(known), n=1, cutoff=0.5)
    return f"did you mean '{near[0]}'?" if near else f"there are {', '.join(known) or 'none'}"
