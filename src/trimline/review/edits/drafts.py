"""Strokes of the page as edits: rows of the layer of edits that make of the outlines what was drawn.

Most drafts are edits as they are. `redraw` gives the whole new outline of a glacier; what is kept is the ground it lost
and the ground it gained, because that still means the same on another map. `copy` becomes a `replace` by the outline of
another period.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from trimline.errors import EditError
from trimline.outlines import outline_digest
from trimline.outlines.checking_edits import TAKE
from trimline.outlines.edit_layer import EDIT_COLUMNS
from trimline.outlines.edit_operations import SMALLEST_CHANGE_KM2
from trimline.outlines.polygon_cut import without_slivers
from trimline.review.contract import Draft
from trimline.review.edits.drawn import LINES, POLYGONS, drawn_geometry
from trimline.review.edits.kept_text import kept_text

FROM = "from"
"""Option of `copy`: the period whose outline is copied."""

_SECOND = "-2"
"""Ending of the identifier of a draft's second edit."""

_GEOMETRIES: Mapping[str, Sequence[str]] = {
    "add": POLYGONS,
    "remove": POLYGONS,
    "replace": POLYGONS,
    "redraw": POLYGONS,
    "split": (*LINES, *POLYGONS),
    "terminus": LINES[:1],
}
"""Types of geometry that operations take; the others take none."""

_OPTIONS: Mapping[str, Sequence[str]] = {"redraw": (TAKE,), "copy": (TAKE, FROM)}
"""What `value` may hold of the operations that only the page knows."""

Row = dict[str, Any]
"""A row of the layer of edits."""

OutlineOf = Callable[[str], shapely.Geometry | None]
"""Gives the outline of a glacier as it is now; None where there is none."""


@dataclass(frozen=True)
class MappedOutline:
    """An outline, and what it may be wrong by."""

    outline: shapely.Geometry
    errors: Mapping[str, float]
    """Errors of the map, by the columns of `trimline.outlines.schema` [km2]; those that are not known are left out."""


OutlineIn = Callable[[str, str], MappedOutline | None]
"""Gives that of a glacier in another period, by the names of the period and the glacier."""


def strokes_of(drafts: Iterable[Draft]) -> Iterator[tuple[Draft, ...]]:
    """Return drafts by stroke: those that follow each other with the same number are one, the others one each."""
    numbered = enumerate(drafts)
    for _, together in groupby(numbered, lambda each: (each[1].stroke, each[0] if each[1].stroke is None else None)):
        yield tuple(draft for _, draft in together)


def rows_of_stroke(
    stroke: Sequence[Draft], outline_of: OutlineOf, outline_in: OutlineIn, bounds: NDArray[np.float64]
) -> list[Row]:
    """Return the edits of one stroke, in the order in which they are applied.

    Parameters
    ----------
    stroke
        Its drafts.
    outline_of
        Outlines before the stroke.
    outline_in
        Outlines in other periods; raises `TrimlineError` where there is no such period.
    bounds
        See `trimline.review.edits.drawn.drawn_geometry`.

    Returns
    -------
    list[Row]
        `trimline.outlines.EDIT_COLUMNS` and `geometry`; who, when, why and the period are left empty. Ground is taken
        before it is given, so that a border moves for both of its glaciers. A redraw that changes nothing has no row.

    Raises
    ------
    EditError
        A glacier or geometry is missing or wrong; the message begins with the number of the edit.
    """
    first: list[Row] = []
    last: list[Row] = []
    for draft in stroke:
        try:
            rows = _rows_of(draft, outline_of, outline_in, bounds)
        except EditError as error:
            error.where = error.where or f"draft {draft.edit_id}"
            raise
        first += [row for row in rows if row["operation"] == "remove"]
        last += [row for row in rows if row["operation"] != "remove"]
    return first + last


def redrawn(before: shapely.Geometry, after: shapely.Geometry) -> tuple[shapely.Geometry, shapely.Geometry]:
    """Return the ground that an outline loses and the ground that it gains, without slivers; empty where it is none."""
    return without_slivers(shapely.difference(before, after)), without_slivers(shapely.difference(after, before))


def ids_of(draft: Draft) -> tuple[str, str]:
    """Return the identifiers that the edits of a draft may have."""
    return draft.edit_id, draft.edit_id + _SECOND


def _rows_of(draft: Draft, outline_of: OutlineOf, outline_in: OutlineIn, bounds: NDArray[np.float64]) -> list[Row]:
    operation, value = draft.operation, dict(draft.value or {})
    name = kept_text(draft.glac_id, "name of the glacier")
    geometry = _geometry_of(draft, bounds)
    if operation != "remove" and not name:
        raise EditError("no glacier is named", remedy="choose a glacier, or give a new one a name")
    unknown = set(value) - set(_OPTIONS.get(operation, value))
    if unknown:
        raise EditError(f"'{sorted(unknown)[0]}' is no option of {operation}")
    if operation == "redraw" and geometry is not None:
        return _of_redraw(draft, name, outline_of(str(name)), geometry, value)
    if operation == "copy":
        return [_of_copy(draft, str(name), outline_of(str(name)), value, outline_in)]
    if operation == "accept":
        outline = outline_of(str(name))
        if outline is None:
            raise EditError(f"there is no glacier '{name}'", remedy="choose one of the list")
        value["outline"] = outline_digest(outline)
    return [_row(draft, name, operation, geometry, value)]


def _geometry_of(draft: Draft, bounds: NDArray[np.float64]) -> shapely.Geometry | None:
    wanted = _GEOMETRIES.get(draft.operation)
    if wanted is None:
        if draft.geometry is not None:
            raise EditError(f"{draft.operation} takes no geometry", remedy="leave it out")
        return None
    if draft.geometry is None:
        raise EditError("nothing was drawn", remedy=f"{draft.operation} needs a {' or a '.join(wanted[::2])}")
    return drawn_geometry(draft.geometry, wanted, bounds)


def _of_redraw(
    draft: Draft,
    name: str | None,
    before: shapely.Geometry | None,
    after: shapely.Geometry,
    value: Mapping[str, Any],
) -> list[Row]:
    lost, gained = redrawn(shapely.Polygon() if before is None else before, after)
    rows = [_row(draft, name, "remove", lost, {})] if _is_change(lost) else []
    if _is_change(gained):
        added = _row(draft, name, "add", gained, value)
        rows.append({**added, "edit_id": draft.edit_id + _SECOND} if rows else added)
    return rows


def _of_copy(
    draft: Draft, name: str, before: shapely.Geometry | None, value: Mapping[str, Any], outline_in: OutlineIn
) -> Row:
    period = value.get(FROM)
    if not isinstance(period, str):
        raise EditError("no period is named to copy from", remedy=f"write it into 'value' as '{FROM}'")
    copied = outline_in(period, name)
    if copied is None:
        raise EditError(f"{name} has no outline in {period}", remedy="choose a period that has one")
    # A glacier that this period has not is added: 'replace' needs one.
    operation = "add" if before is None else "replace"
    # Copying is not drawing: the outline is as wrong as the one that it was copied from.
    own = {key: each for key, each in value.items() if key != FROM}
    return _row(draft, name, operation, copied.outline, {**copied.errors, **own})


def _row(
    draft: Draft, name: str | None, operation: str, geometry: shapely.Geometry | None, value: Mapping[str, Any]
) -> Row:
    empty: Row = dict.fromkeys(EDIT_COLUMNS)
    return {
        **empty,
        "edit_id": draft.edit_id,
        "operation": operation,
        "glac_id": name,
        "value": _as_json(value),
        "geometry": geometry,
    }


def _as_json(value: Mapping[str, Any]) -> str | None:
    for text in (*value, *(each for each in value.values() if isinstance(each, str))):
        kept_text(text, "text in 'value'")
    try:
        return json.dumps(value, allow_nan=False, sort_keys=True) if value else None
    except (ValueError, RecursionError) as error:
        raise EditError(f"'value' cannot be kept: {error}", remedy="give texts, numbers, true, false or null") from None


def _is_change(ground: shapely.Geometry) -> bool:
    """Whether ground is large enough for a replay to take note of it."""
    return bool(shapely.area(ground) > SMALLEST_CHANGE_KM2 * 1e6)
