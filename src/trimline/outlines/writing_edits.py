"""Appending edits to their layer: all of them or none, without changing older rows.

A GeoPackage is an SQLite database, and rows are appended in one transaction: a process that is killed leaves
the old rows. The file is changed in place and not replaced, because QGIS may have it open.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio

from trimline.errors import EditError
from trimline.files import StrPath, whole_file
from trimline.foreign import foreign_errors
from trimline.outlines.edit_layer import (
    EDIT_COLUMNS,
    LAYER,
    PATIENCE_S,
    as_edits,
    layer_of,
    read_edits,
    read_rows,
    rows_of,
)
from trimline.outlines.writing import fix_date
from trimline.reprojecting import reprojected

_ANY_GEOMETRY = ("Unknown", "GeometryCollection")
"""Types of layers that hold both polygons and lines."""

_OF_THE_INDEX = ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY")
"""Functions used by the triggers of a GeoPackage's spatial index."""


def append_edits(path: StrPath, rows: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Append edits to a layer, which is created where there is none.

    Parameters
    ----------
    path
        A GeoPackage.
    rows
        Rows that `trimline.outlines.as_edits` takes; in any CRS. A new layer gets this CRS; for an old one they are
        reprojected.

    Returns
    -------
    GeoDataFrame
        The appended edits, each with its identifier.

    Raises
    ------
    EditError
        An identifier is in use, the file is no GeoPackage or is locked, or its columns or its type of geometry
        cannot hold the edits.
    """
    path = Path(path)
    if path.suffix.lower() != ".gpkg":
        raise EditError("is no GeoPackage", where=path, remedy="edits are kept in a file that ends in .gpkg")
    there = set(read_edits(path)["edit_id"])
    edits = as_edits(rows, there)
    again = [each for each in edits["edit_id"] if each in there]
    if again:
        raise EditError(f"there is an edit '{again[0]}' already", where=path, remedy="leave its edit_id empty")
    if edits.empty:
        return edits
    remedy = "save and close the layer in QGIS, see that the file may be written, and try again"
    with foreign_errors(EditError, path, what="the edits cannot be appended", remedy=remedy):
        if path.exists():
            _append(path, edits)
        else:
            with whole_file(path) as temporary:
                pyogrio.write_dataframe(edits, temporary, layer=LAYER, driver="GPKG", geometry_type="Unknown")
                fix_date(temporary)
    return edits


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
    rows = read_rows(path)
    edits = as_edits(rows)
    layer = layer_of(path)
    with foreign_errors(EditError, path, what="cannot be read as edits"):
        about = pyogrio.read_info(path, layer=layer)
    given = {name: text for name, text in given.items() if name in EDIT_COLUMNS}
    changes: list[tuple[str, str, int]] = []
    completed: list[str] = []
    for number, before, edit in zip(rows.index, rows_of(_as_given(rows)), rows_of(edits), strict=True):
        new = {"edit_id": edit["edit_id"], **given}
        empty = [name for name in new if before.get(name) is None]
        changes += [(name, new[name], int(number)) for name in empty]
        completed += [edit["edit_id"]] if empty else []
    key = _quoted(about["fid_column"] or "fid")
    remedy = "save and close the layer in QGIS first"
    with foreign_errors(EditError, path, what="the edits cannot be completed", remedy=remedy):
        _widen(path, layer, [name for name in ("edit_id", *given) if name not in about["fields"]])
        with closing(sqlite3.connect(path, timeout=PATIENCE_S)) as database, database:
            for function in _OF_THE_INDEX:
                database.create_function(function, 1, _not_asked)
            for name, text, number in changes:
                database.execute(f"UPDATE {_quoted(layer)} SET {_quoted(name)} = ? WHERE {key} = ?", (text, number))  # noqa: S608
    return completed


def _as_given(rows: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return edits as they are read, with the identifiers in the file only."""
    edits = as_edits(rows)
    if "edit_id" not in rows.columns:
        return edits.assign(edit_id=None)
    given = [isinstance(each, str) and bool(each.strip()) for each in rows["edit_id"]]
    return edits.assign(edit_id=edits["edit_id"].where(given, None))


def _not_asked(_: object) -> None:
    """Stub of a function of the spatial index, which SQLite requires and calls only where a geometry changes."""
    raise ValueError("a geometry was to change")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _append(path: Path, edits: gpd.GeoDataFrame) -> None:
    layer = layer_of(path)
    about = pyogrio.read_info(path, layer=layer)
    _require_room(path, about["geometry_type"], edits)
    kinds = dict(zip(about["fields"], about["dtypes"], strict=True))
    missing = [name for name in EDIT_COLUMNS if name not in kinds]
    columns = {
        name: _held(edits[name], kinds.get(name, "object"), path)
        if name in EDIT_COLUMNS
        else pd.Series([None] * len(edits), dtype="object")
        for name in (*kinds, *missing)  # rows are appended by the position of their columns, not by their names
    }
    _widen(path, layer, missing)
    fitting = gpd.GeoDataFrame(columns, geometry=edits.geometry, crs=edits.crs)
    if about["crs"] is not None and edits.crs is not None:
        fitting = reprojected(fitting, about["crs"])
    pyogrio.write_dataframe(
        fitting, path, layer=layer, append=True, promote_to_multi="Multi" in (about["geometry_type"] or "")
    )


def _require_room(path: Path, kind: str | None, edits: gpd.GeoDataFrame) -> None:
    """Raise where an edit has another type of geometry than the layer."""
    if kind is None or kind in _ANY_GEOMETRY:
        return
    plain = kind.replace(" Z", "").replace("Multi", "")
    for edit_id, geometry in zip(edits["edit_id"], edits.geometry, strict=True):
        if geometry is not None and plain not in geometry.geom_type:
            raise EditError(
                f"edit {edit_id} is a {geometry.geom_type}, and the layer holds {kind} alone",
                where=path,
                remedy="split with a polygon, or make the layer one of any geometry",
            )


def _held(values: pd.Series, kind: str, path: Path) -> pd.Series:
    """Return values in the type of a column of the layer; raise where that would change them."""
    if kind == "object":
        return values
    if kind.startswith("datetime"):
        return pd.to_datetime(values, utc=True, format="ISO8601")
    try:
        return pd.to_numeric(values)
    except (ValueError, TypeError) as error:
        raise EditError(
            f"the column '{values.name}' of the layer holds {kind}, and not '{values.dropna().iloc[0]}'",
            where=path,
            remedy="make it a column of text in QGIS",
        ) from error


def _widen(path: Path, layer: str, missing: list[str]) -> None:
    """Add the missing columns to the layer."""
    if not missing:
        return
    with closing(sqlite3.connect(path, timeout=PATIENCE_S)) as database, database:
        for name in missing:
            database.execute(f"ALTER TABLE {_quoted(layer)} ADD COLUMN {_quoted(name)} TEXT")
