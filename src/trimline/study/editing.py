"""The edits of a project: read and checked with its periods, replayed on mapped periods, added and reverted."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from trimline.errors import EditError
from trimline.files import write_json
from trimline.outlines import (
    EditOutcome,
    EditProblem,
    append_edits,
    as_edits,
    check_edits,
    complete_edits,
    read_edits,
    read_outlines,
    replay,
    require_sound,
    write_outlines,
)
from trimline.outlines.edit_layer import REVERT, instant, read_rows, rows_of, taken_back
from trimline.outlines.edit_periods import EVERY_PERIOD
from trimline.project import Project, nearest_name

TIMELINE = "timeline"
AUTOMATIC, FINAL, OUTCOMES = "automatic.gpkg", "outlines.gpkg", "edits.json"
"""Files of a period: automatic outlines, outlines with edits applied, and the outcome of each edit."""

NOT_REPLAYED = "not replayed yet"
WRONG = "wrong"
"""States of an edit besides those of `trimline.outlines.EditOutcome`."""


@dataclass(frozen=True)
class EditState:
    """An edit and its state over the periods."""

    edit: Mapping[str, Any]
    """Its columns, without the geometry."""
    state: str
    """In a word or two."""
    text: str
    """What it changed, or why it changed nothing."""
    outcomes: tuple[EditOutcome, ...] = ()
    """By period, of the mapped ones."""

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        fields = {"state": self.state, "text": self.text, "outcomes": [asdict(each) for each in self.outcomes]}
        return {**self.edit, **fields}


def edits_of(project: Project) -> gpd.GeoDataFrame:
    """Return a project's edits.

    Raises
    ------
    EditError
        The layer cannot be read, or an edit is invalid.
    """
    edits = read_edits(project.edits_file)
    require_sound(edits, _periods(project), where=project.edits_file)
    return edits


def problems_of(project: Project) -> list[EditProblem]:
    """Return the problems of a project's edits."""
    return check_edits(read_edits(project.edits_file), _periods(project))


def replay_period(folder: Path, edits: gpd.GeoDataFrame, period: str) -> list[EditOutcome]:
    """Replay edits on the automatic outlines in the folder of a period, and write the final ones with the outcomes."""
    final, outcomes = replay(read_outlines(folder / AUTOMATIC), edits, period)
    write_outlines(final, folder / FINAL)
    write_json(folder / OUTCOMES, [asdict(each) for each in outcomes])
    return outcomes


def digest_of(edits: gpd.GeoDataFrame, period: str) -> str:
    """Return a digest of the edits of a period, reverted ones included."""
    rows = [
        [each.wkb_hex if isinstance(each, shapely.Geometry) else each for each in row.values()]
        for row in rows_of(edits)
        if row["period"] in (period, EVERY_PERIOD) or row["reverts"] is not None
    ]
    return hashlib.sha256(repr((str(edits.crs) if rows else None, rows)).encode()).hexdigest()


def states_of(project: Project) -> list[EditState]:
    """Return every edit of a project in the order of its rows, with its state on the periods mapped so far."""
    edits = read_edits(project.edits_file)
    problems = check_edits(edits, _periods(project))
    dead = taken_back(edits)
    outcomes: dict[str, list[EditOutcome]] = {}
    for folder in [] if problems else sorted((project.output / TIMELINE).glob(f"*/{AUTOMATIC}")):
        _, found = replay(read_outlines(folder), edits, folder.parent.name)
        for each in found:
            outcomes.setdefault(each.edit_id, []).append(each)
    states = []
    for row in rows_of(edits.drop(columns="geometry")):
        wrong = [each for each in problems if each.edit_id == row["edit_id"]]
        of_edit = tuple(outcomes.get(row["edit_id"], ()))
        if wrong:
            state, text = WRONG, "; ".join(f"{each.text}; {each.remedy}" for each in wrong)
        elif row["edit_id"] in dead:
            state, text = "reverted", "a later edit takes it back"
        elif not of_edit:
            state, text = NOT_REPLAYED, "other edits are wrong" if problems else "its period is not mapped"
        else:
            state, text = _together(of_edit)
        states.append(EditState(row, state, text, of_edit))
    return states


def add_file(project: Project, path: Path, given: Mapping[str, str | None]) -> gpd.GeoDataFrame:
    """Append the rows of a file to a project's edits.

    Parameters
    ----------
    path
        Any vector file of one layer; columns that are no `trimline.outlines.EDIT_COLUMNS` are left out.
    given
        Values for empty cells; the time is now where none is given.

    Returns
    -------
    GeoDataFrame
        The appended edits.

    Raises
    ------
    EditError
        The file cannot be read, or an edit is invalid; nothing is appended then.
    """
    rows = read_rows(path).reset_index(drop=True)
    appended = as_edits(rows)
    columns = {name: appended[name] for name in appended.columns.drop(["edit_id", "geometry"])}
    if "edit_id" in rows.columns:
        columns["edit_id"] = rows["edit_id"]
    filled = gpd.GeoDataFrame(columns, geometry=rows.geometry, crs=rows.crs)
    for name, value in ({"time": _now()} | {key: each for key, each in given.items() if each is not None}).items():
        filled[name] = pd.Series([value if each is None else each for each in columns[name]], dtype="object")
    return _append(project, filled, path)


def adopt(project: Project, given: Mapping[str, str | None]) -> list[str]:
    """Complete the rows that were drawn without author, time or identifier, and return their identifiers.

    Parameters
    ----------
    given
        Values for empty cells; the time is now where none is given.
    """
    values = {key: each for key, each in given.items() if each is not None}
    return complete_edits(project.edits_file, {"time": _now(), **values})


def revert(project: Project, edit_id: str, *, author: str | None, reason: str | None) -> gpd.GeoDataFrame:
    """Append a row that reverts an edit, and return it.

    Raises
    ------
    EditError
        There is no such edit, it is reverted already, or the author is missing.
    """
    edits = read_edits(project.edits_file)
    found = edits[edits["edit_id"] == edit_id]
    if found.empty:
        raise EditError(
            f"there is no edit '{edit_id}'", where=project.edits_file, remedy=nearest_name(edit_id, edits["edit_id"])
        )
    if edit_id in taken_back(edits):
        raise EditError(f"the edit '{edit_id}' is taken back already", where=project.edits_file)
    known = rows_of(found)[0]
    row = {
        "operation": REVERT,
        "period": known["period"],
        "glac_id": known["glac_id"],
        "author": author,
        # A revert is later than its edit, even where clocks disagree.
        "time": max(filter(None, (instant(known["time"]), instant(_now())))).isoformat(),
        "reason": reason,
        "reverts": edit_id,
    }
    return _append(project, gpd.GeoDataFrame([row], geometry=[None], crs=edits.crs), project.edits_file)


def _append(project: Project, rows: gpd.GeoDataFrame, where: Path) -> gpd.GeoDataFrame:
    """Append rows, unless one of them is invalid."""
    there = read_edits(project.edits_file)
    fresh = as_edits(rows, set(there["edit_id"]))
    # Checks do not use coordinates, so rows in two CRS may be checked together.
    plain = [pd.DataFrame(each).astype({"geometry": "object"}) for each in (there, fresh)]
    together = pd.concat(plain, ignore_index=True)
    new = set(fresh["edit_id"])
    wrong = [each for each in check_edits(together, _periods(project)) if each.edit_id in new]
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise EditError(f"edit {wrong[0].edit_id}: {wrong[0].text}{more}", where=where, remedy=wrong[0].remedy)
    return append_edits(project.edits_file, fresh)


def _together(outcomes: tuple[EditOutcome, ...]) -> tuple[str, str]:
    """Return the state of an edit over its periods, and the text of the first period with that state."""
    applied = [each for each in outcomes if each.state == "applied"]
    shown = applied or outcomes
    if len(outcomes) == 1:
        return shown[0].state, shown[0].text
    state = "applied" if applied else shown[0].state
    return state, f"{state} in {len(shown)} of {len(outcomes)} periods; {shown[0].period}: {shown[0].text}"


def _periods(project: Project) -> list[str] | None:
    return [period.name for period in project.periods] or None


def _now() -> str:
    return datetime.now(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")
