"""Edits that are made on the command line: rows of a file, completed rows, and reverts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import pandas as pd

from trimline.errors import EditError
from trimline.outlines import append_edits, as_edits, check_edits, complete_edits, read_edits
from trimline.outlines.checking_edits import refuse
from trimline.outlines.edit_layer import REVERT, instant, read_rows, rows_of, taken_back
from trimline.project import nearest_name
from trimline.study.corrected import Corrected


def add_file(corrected: Corrected, path: Path, given: Mapping[str, str | None]) -> gpd.GeoDataFrame:
    """Append the rows of a file to the edits.

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
    return _append(corrected, filled, path)


def adopt(corrected: Corrected, given: Mapping[str, str | None]) -> list[str]:
    """Complete the rows that were drawn without author, time or identifier, and return their identifiers.

    Parameters
    ----------
    given
        Values for empty cells; the time is now where none is given.
    """
    values = {key: each for key, each in given.items() if each is not None}
    return complete_edits(corrected.edits_file, {"time": _now(), **values})


def revert(corrected: Corrected, edit_id: str, *, author: str | None, reason: str | None) -> gpd.GeoDataFrame:
    """Append a row that reverts an edit, and return it.

    Parameters
    ----------
    corrected
        What is corrected.
    edit_id
        The edit, by its identifier or by a beginning of it that no other edit has.
    author, reason
        Who reverts it, and why.

    Raises
    ------
    EditError
        There is no such edit or there are several, it is reverted already, or the author is missing.
    """
    edits = read_edits(corrected.edits_file)
    edit_id = _whole_id(edit_id, edits["edit_id"].tolist(), corrected.edits_file)
    found = edits[edits["edit_id"] == edit_id]
    if edit_id in taken_back(edits):
        raise EditError(f"the edit '{edit_id}' is taken back already", where=corrected.edits_file)
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
    return _append(corrected, gpd.GeoDataFrame([row], geometry=[None], crs=edits.crs), corrected.edits_file)


def _whole_id(beginning: str, edit_ids: list[str], where: Path) -> str:
    """Return the identifier that begins so."""
    if beginning in edit_ids:
        return beginning
    found = [each for each in edit_ids if beginning and each.startswith(beginning)]
    if len(found) == 1:
        return found[0]
    if found:
        raise EditError(
            f"{len(found)} edits begin with '{beginning}'", where=where, remedy=f"give one of {', '.join(found)}"
        )
    remedy = nearest_name(beginning, edit_ids) if edit_ids else "there are no edits"
    raise EditError(f"there is no edit '{beginning}'", where=where, remedy=remedy)


def _append(corrected: Corrected, rows: gpd.GeoDataFrame, where: Path) -> gpd.GeoDataFrame:
    """Append rows, unless one of them is invalid."""
    there = read_edits(corrected.edits_file)
    fresh = as_edits(rows, set(there["edit_id"]))
    # Checks do not use coordinates, so rows in two CRS may be checked together.
    plain = [pd.DataFrame(each).astype({"geometry": "object"}) for each in (there, fresh)]
    together = pd.concat(plain, ignore_index=True)
    new = set(fresh["edit_id"])
    refuse([each for each in check_edits(together, corrected.middles) if each.edit_id in new], where=where)
    return append_edits(corrected.edits_file, fresh)


def _now() -> str:
    return datetime.now(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")
