"""Appending edits to their layer: all of them or none, without changing older rows.

Rows are appended in one transaction (`trimline.outlines.geopackage`): a process that is killed leaves the old rows, or
all the new ones. The file is changed in place and not replaced, because QGIS or the page may have it open. The outlines
before and after each edit go into a layer of their own, in the same transaction.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyogrio
import shapely

from trimline.errors import EditError
from trimline.files import StrPath, made_folder, require_no_folder, require_whole_files
from trimline.foreign import disk_errors, foreign_errors
from trimline.outlines.corrected_outlines import CORRECTED, add_outlines
from trimline.outlines.edit_layer import (
    EDIT_COLUMNS,
    LAYER,
    as_edits,
    as_text,
    chosen_layer,
    instant,
    no_edits,
    read_rows,
    rows_of,
)
from trimline.outlines.geopackage import (
    PATIENCE_S,
    Table,
    add_columns,
    geometry_of,
    insert,
    layer_names,
    quoted,
    sqlite_errors,
    table_of,
    transaction,
)
from trimline.outlines.own_triggers import require_own_triggers
from trimline.outlines.placing_edits import stored_edits
from trimline.outlines.writing import fix_date
from trimline.workplace import workplace

_ANY_GEOMETRY = ("", "GEOMETRY", "GEOMETRYCOLLECTION")
"""Types of layers that hold both polygons and lines."""

_SAID = tuple(name for name in EDIT_COLUMNS if name not in ("edit_id", "time"))
"""Columns in which a row that is sent again is the same; the time is when it came."""

_AT_ONCE = 500
"""Identifiers in one question to SQLite."""


def append_edits(
    path: StrPath,
    rows: gpd.GeoDataFrame,
    *,
    outlines: gpd.GeoDataFrame | None = None,
    again: bool = False,
    before: Callable[[int], None] | None = None,
    patience_s: float = PATIENCE_S,
) -> gpd.GeoDataFrame:
    """Append edits to a layer, which is created where there is none.

    They are on the disk when the function returns. From the second time on the file has a write-ahead log, so that
    others read it meanwhile.

    Parameters
    ----------
    path
        A GeoPackage.
    rows
        Rows that `trimline.outlines.as_edits` takes; in any CRS. A new layer gets this CRS; for an old one they are
        reprojected, see `trimline.outlines.placing_edits`.
    outlines
        Outlines before and after these edits, as `trimline.outlines.read_corrected_outlines` returns them; they are
        kept in the same transaction. None keeps none.
    again
        Whether rows may be there already: one with the same `edit_id` and content, whatever its time, is left out.
        Otherwise an `edit_id` that is in use is an error.
    before
        Called with the number of rows in the layer when nobody else can write any more, and before these are; what it
        raises leaves the file as it is. None lets all pass.
    patience_s
        Time to wait for another program that holds the file [s].

    Returns
    -------
    GeoDataFrame
        The appended edits, each with its identifier; empty where all were there.

    Raises
    ------
    EditError
        An identifier is in use, the file is no GeoPackage or is locked, its columns, its CRS or its type of geometry
        cannot hold the edits, or something in the file would change them.
    """
    path = _geopackage(path)
    remedy = "save and close the layer in QGIS, see that the file may be written, and try again"
    with sqlite_errors(path, "the edits cannot be appended", remedy):
        if not path.exists():
            edits = _unused(as_edits(rows), (), path)
            if edits.empty or _create(path, edits, outlines):
                return edits
        with transaction(path, patience_s=patience_s) as database:
            table = table_of(database, chosen_layer(layer_names(database), path))
            require_own_triggers(database, [table.name, CORRECTED], path)
            count = _count(database, table)
            if before is not None:
                before(count)
            edits = _new(database, table, rows, path, again=again)
            if len(edits):
                stored = stored_edits(edits, table.crs)
                _insert(database, table, stored, path)
                if outlines is not None:
                    add_outlines(database, table, outlines[outlines["edit_id"].isin(edits["edit_id"])])
                _require_kept(database, table_of(database, table.name), stored, count, path)
    return edits


def create_edits(path: StrPath, crs: Any) -> bool:
    """Create an empty layer of edits where there is no file, and return whether it was created.

    Parameters
    ----------
    path
        A GeoPackage.
    crs
        Of the layer.

    Raises
    ------
    EditError
        The file is no GeoPackage, or cannot be written.
    """
    path = _geopackage(path)
    return not path.exists() and _create(path, no_edits(crs), None)


def complete_edits(path: StrPath, given: Mapping[str, str]) -> list[str]:
    """Fill the empty cells of rows that were drawn elsewhere, and store their computed identifiers.

    Other cells and geometries are not changed. All rows are completed, or none.

    Parameters
    ----------
    path
        The GeoPackage; it must exist.
    given
        Values for empty cells, by column: author, time, reason.

    Returns
    -------
    list[str]
        The edits that were completed.

    Raises
    ------
    EditError
        The file cannot be read or is locked.
    """
    path = Path(path)
    read_rows(path)  # which says what is wrong with a file that is none
    given = {name: text for name, text in given.items() if name in EDIT_COLUMNS}
    completed: list[str] = []
    remedy = "save and close the layer in QGIS first"
    with sqlite_errors(path, "the edits cannot be completed", remedy), transaction(path) as database:
        table = table_of(database, chosen_layer(layer_names(database), path))
        rows = read_rows(path)  # again, now that nobody else writes
        add_columns(database, table, [name for name in ("edit_id", *given) if name not in table.columns])
        for number, before, edit in zip(rows.index, rows_of(_as_given(rows)), rows_of(as_edits(rows)), strict=True):
            new = {"edit_id": edit["edit_id"], **given}
            empty = [name for name in new if before.get(name) is None]
            for name in empty:
                database.execute(
                    f"UPDATE {quoted(table.name)} SET {quoted(name)} = ? WHERE {quoted(table.key)} = ?",  # noqa: S608
                    (new[name], int(number)),
                )
            completed += [edit["edit_id"]] if empty else []
    return completed


def _as_given(rows: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return edits as they are read, with the identifiers in the file only."""
    edits = as_edits(rows)
    if "edit_id" not in rows.columns:
        return edits.assign(edit_id=None)
    given = [isinstance(each, str) and bool(each.strip()) for each in rows["edit_id"]]
    return edits.assign(edit_id=edits["edit_id"].where(given, None))


def _geopackage(path: StrPath) -> Path:
    path = Path(path)
    if path.suffix.lower() != ".gpkg":
        raise EditError("is no GeoPackage", where=path, remedy="edits are kept in a file that ends in .gpkg")
    return path


def _create(path: Path, edits: gpd.GeoDataFrame, outlines: gpd.GeoDataFrame | None) -> bool:
    """Create the file with its first edits, whole or not at all; return whether no other process was faster."""
    made_folder(path.parent)
    with disk_errors(path, written=path.parent), workplace(path.parent, path.name) as place:
        require_no_folder(path)
        temporary = place / path.name
        with foreign_errors(EditError, path, what="the edits cannot be written"):
            pyogrio.write_dataframe(edits, temporary, layer=LAYER, driver="GPKG", geometry_type="Unknown")
        if outlines is not None and len(outlines):
            with transaction(temporary, log=False) as database:
                add_outlines(database, table_of(database, LAYER), outlines)
        fix_date(temporary)
        require_whole_files([temporary], path)
        try:
            os.link(temporary, path)
        except FileExistsError:
            return False
        except OSError:  # a file system without hard links
            if path.exists():
                return False
            temporary.rename(path)
    return True


def _new(
    database: sqlite3.Connection, table: Table, rows: gpd.GeoDataFrame, path: Path, *, again: bool
) -> gpd.GeoDataFrame:
    """Return the edits among rows that are not in the layer yet, with their identifiers."""
    there = _known_ids(database, table, path)
    edits = as_edits(rows, there)
    known = [each for each in edits["edit_id"] if each in there]
    if not known:
        return _unused(edits, there, path)
    if not again:
        raise EditError(f"there is an edit '{known[0]}' already", where=path, remedy="leave its edit_id empty")
    old = _said_by_id(database, table, known)
    for edit in rows_of(stored_edits(edits, table.crs)):
        if edit["edit_id"] in there and old.get(edit["edit_id"]) != _said(edit):
            raise EditError(
                f"there is an edit '{edit['edit_id']}' already, and it is another one",
                where=path,
                remedy="give the new one another edit_id",
            )
    return _unused(edits[~edits["edit_id"].isin(known)].reset_index(drop=True), there, path)


def _unused(edits: gpd.GeoDataFrame, there: Collection[str], path: Path) -> gpd.GeoDataFrame:
    """Return edits, unless two of them have one identifier."""
    twice = edits["edit_id"][edits["edit_id"].duplicated() | edits["edit_id"].isin(there)]
    if len(twice):
        raise EditError(f"there is an edit '{twice.iloc[0]}' already", where=path, remedy="leave its edit_id empty")
    return edits


def _known_ids(database: sqlite3.Connection, table: Table, path: Path) -> set[str]:
    """Return the identifiers of all rows, computed ones included."""
    if "edit_id" in table.columns:
        found = database.execute(f"SELECT edit_id FROM {quoted(table.name)}").fetchall()  # noqa: S608
        ids = [as_text(each) for (each,) in found]
        if all(each is not None for each in ids):
            return {each for each in ids if each is not None}
    return set(as_edits(read_rows(path))["edit_id"])


def _said_by_id(database: sqlite3.Connection, table: Table, ids: Collection[str]) -> dict[str, tuple[Any, ...]]:
    """Return what rows with these identifiers say, in the CRS of the layer."""
    names = [name for name in _SAID if name in table.columns]
    columns = ", ".join(map(quoted, ["edit_id", *names, *([table.geometry] if table.geometry else [])]))
    found: dict[str, tuple[Any, ...]] = {}
    wanted = list(ids)
    for start in range(0, len(wanted), _AT_ONCE):
        part = wanted[start : start + _AT_ONCE]
        marks = ", ".join("?" * len(part))
        question = f"SELECT {columns} FROM {quoted(table.name)} WHERE trim(edit_id) IN ({marks})"  # noqa: S608
        for edit_id, *values in database.execute(question, part):
            geometry = geometry_of(values.pop()) if table.geometry else None
            texts = dict(zip(names, map(as_text, values), strict=True))
            row = {name: texts.get(name) for name in _SAID}
            found[str(as_text(edit_id))] = _said({**row, "geometry": geometry})
    return found


def _said(edit: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what an edit says; single and multiple geometries of one part are the same."""
    shape = edit["geometry"]
    if shape is not None:
        parts = shapely.get_parts(shape)
        shape = shapely.normalize(parts[0] if len(parts) == 1 else shape).wkb
    return (*(edit[name] for name in _SAID), shape)


def _insert(database: sqlite3.Connection, table: Table, edits: gpd.GeoDataFrame, path: Path) -> None:
    _require_room(path, table, edits)
    columns = {name: [_held(each, name, table, path) for each in edits[name]] for name in EDIT_COLUMNS}
    add_columns(database, table, [name for name in EDIT_COLUMNS if name not in table.columns])
    insert(database, table, columns, edits.geometry)


def _require_kept(database: sqlite3.Connection, table: Table, edits: gpd.GeoDataFrame, before: int, path: Path) -> None:
    """Raise where the layer does not hold what was written to it, and nothing else besides."""
    found = _said_by_id(database, table, edits["edit_id"].tolist())
    is_kept = all(found.get(edit["edit_id"]) == _said(edit) for edit in rows_of(edits))
    if not is_kept or _count(database, table) != before + len(edits):
        raise EditError(
            "the rows are not in the file as they were written",
            where=path,
            remedy="keep edits in a file that trimline or QGIS made",
        )


def _count(database: sqlite3.Connection, table: Table) -> int:
    """Return the number of rows of a layer."""
    return int(database.execute(f"SELECT COUNT(*) FROM {quoted(table.name)}").fetchone()[0])  # noqa: S608


def _require_room(path: Path, table: Table, edits: gpd.GeoDataFrame) -> None:
    """Raise where an edit has another type of geometry than the layer."""
    if table.geometry is not None and table.crs is None and edits.geometry.notna().any():
        raise EditError("the layer has no CRS", where=path, remedy="set the layer's CRS in QGIS")
    if table.geometry is not None and table.geometry_type in _ANY_GEOMETRY:
        return
    plain = table.geometry_type.replace("MULTI", "")
    for edit_id, geometry in zip(edits["edit_id"], edits.geometry, strict=True):
        if geometry is None:
            continue
        if table.geometry is None or plain not in geometry.geom_type.upper():
            kind = _plain_name(table.geometry_type)
            raise EditError(
                f"edit {edit_id} is a {geometry.geom_type}, and the layer holds {kind} alone",
                where=path,
                remedy="split with a polygon, or make the layer one of any geometry",
            )


def _plain_name(kind: str) -> str:
    """Return the name of a type of geometry as GeoJSON writes it."""
    names = ("Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon")
    return next((each for each in names if each.upper() == kind), kind.lower() or "rows without geometry")


def _held(value: str | None, name: str, table: Table, path: Path) -> Any:
    """Return a value in the type of a column of the layer; raise where that would change it."""
    kind = table.columns.get(name, "TEXT").split("(")[0]
    if value is None or kind in ("TEXT", "JSON", ""):
        return value
    moment = instant(value)
    if kind in ("DATETIME", "DATE") and moment is not None:
        return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z" if kind == "DATETIME" else "%Y-%m-%d")
    try:
        if "INT" in kind:
            return int(value)
        if kind in ("REAL", "DOUBLE", "FLOAT"):
            return float(value)
    except ValueError:
        pass
    raise EditError(
        f"the column '{name}' of the layer holds {kind.lower()}, and not '{value}'",
        where=path,
        remedy="make it a column of text in QGIS",
    )
