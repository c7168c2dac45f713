"""Rows of a GeoPackage read and written by SQLite, as transactions, while other programs have the file open.

A GeoPackage is an SQLite database (OGC 12-128r19, https://www.geopackage.org/spec140/). Triggers of its spatial indexes
call functions on geometries, which are given here. The write-ahead log lets others read while one writes, and holds
what was committed after a crash.

A file that is written here is read here too, and not by GDAL. GDAL has a copy of SQLite of its own, and locks belong to
a process: two copies in one process do not see each other's, and the one that closes the file removes the log of the
other (https://sqlite.org/howtocorrupt.html, 2.2).
"""

from __future__ import annotations

import math
import os
import sqlite3
import struct
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from trimline.errors import EditError
from trimline.foreign import foreign_errors
from trimline.outlines.wkb_depth import require_shallow
from trimline.reprojecting import reprojected

PATIENCE_S = 10.0
"""Time to wait for another program that holds the file [s]."""

_LONGEST_S = 60.0
"""Time after which a statement is ended: no layer of edits needs as long, a hostile view or trigger never ends [s]."""
_BETWEEN_LOOKS = 100_000
"""Steps of SQLite between two looks at the clock."""

_MAGIC, _LITTLE_ENDIAN, _ENVELOPE, _EMPTY = b"GP", 0x01, 0x02, 0x10
"""First bytes of a geometry, and the flags of its header: byte order, an envelope of two axes, no vertex."""
_ENVELOPE_BYTES = (0, 32, 48, 48, 64)
"""Length of the envelope, by its kind."""
_HEADER_BYTES = 8

_UNDEFINED_SRS = (-1, 0)
"""Numbers of an undefined CRS in every GeoPackage."""


@dataclass(frozen=True)
class Table:
    """A layer of a GeoPackage."""

    name: str
    key: str
    """Column of the numbers of its rows."""
    columns: Mapping[str, str]
    """Declared types by column, without the key and the geometry."""
    geometry: str | None
    """Column of the geometries; None where it has none."""
    geometry_type: str
    """In capitals, `GEOMETRY` for any."""
    srs_id: int
    """Number of its CRS in this file."""
    crs: str | None
    """Its CRS; None where it is undefined."""


@contextmanager
def sqlite_errors(path: Path, what: str, remedy: str) -> Iterator[None]:
    """Raise errors of SQLite in the block as `EditError`, with its reason in brackets; others pass unchanged."""
    try:
        yield
    except sqlite3.Error as error:
        with foreign_errors(EditError, path, what=what, remedy=remedy):
            raise error from error.__cause__


@contextmanager
def transaction(path: Path, *, log: bool = True, patience_s: float = PATIENCE_S) -> Iterator[sqlite3.Connection]:
    """Give a connection that may write; what the block did is on the disk after it, or undone where it raises.

    Parameters
    ----------
    path
        A GeoPackage that exists.
    log
        Whether the file gets a write-ahead log from now on. Where another program holds the file, that is left for
        the next time.
    patience_s
        Time to wait for another program that holds the file [s].
    """
    with _opened(path, "mode=rw", patience_s) as database:
        for name, function in _FUNCTIONS.items():
            database.create_function(name, 1, function, deterministic=True)
        if log:
            _keep_log(database, patience_s)
        database.execute("PRAGMA synchronous = FULL")
        database.execute("BEGIN IMMEDIATE")
        try:
            yield database
        except BaseException:
            if database.in_transaction:  # SQLite has ended it where it was interrupted
                database.execute("ROLLBACK")
            raise
        database.execute("COMMIT")


@contextmanager
def reading(path: Path, patience_s: float = PATIENCE_S) -> Iterator[sqlite3.Connection]:
    """Give a connection for reading, which sees one state of the file throughout; others are waited for so long.

    It also sees what a killed process committed, and nothing of what it had begun. On a disk that is read-only, a file
    without a log is read as it is.
    """
    if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK):
        access = "mode=rw"
    else:
        log = path.with_name(f"{path.name}-wal")
        access = "mode=ro" if log.exists() and log.stat().st_size else "immutable=1"
    with _opened(path, access, patience_s) as database:
        database.execute("BEGIN")
        yield database


def layer_names(database: sqlite3.Connection) -> list[str]:
    """Return the names of all layers, also of those without geometry."""
    question = "SELECT table_name FROM gpkg_contents WHERE data_type IN ('features', 'attributes') ORDER BY rowid"
    return [str(name) for (name,) in database.execute(question)]


def rows_in(
    database: sqlite3.Connection,
    table: Table,
    names: Collection[str] | None = None,
    where: str = "1",
    *given: str,
    instead: BaseGeometry | None = None,
) -> gpd.GeoDataFrame:
    """Return rows of a layer in the order of their numbers, which are the index.

    Parameters
    ----------
    names
        Columns; None means all.
    where, given
        Condition on the rows, and the values of its question marks.
    instead
        What stands for a damaged geometry; None raises.

    Returns
    -------
    GeoDataFrame
        Values as SQLite has them, and the geometries; in the CRS of the layer, or none where it is undefined.

    Raises
    ------
    ValueError, shapely.errors.ShapelyError
        A geometry is damaged, and nothing stands for it.
    """
    chosen = [name for name in table.columns if names is None or name in names]
    asked = [table.key, *chosen, *([table.geometry] if table.geometry is not None else [])]
    question = (
        f"SELECT {', '.join(map(quoted, asked))} FROM {quoted(table.name)} WHERE {where} "  # noqa: S608
        f"ORDER BY {quoted(table.key)}"
    )
    found = database.execute(question, given).fetchall()
    keys = [row[0] for row in found]
    columns = {name: pd.Series([row[i + 1] for row in found], keys, "object") for i, name in enumerate(chosen)}
    read = geometry_of if instead is None else _lenient(instead)
    shapes = [read(row[-1]) if table.geometry is not None else None for row in found]
    geometry = gpd.GeoSeries(shapes, index=keys, crs=table.crs)
    return gpd.GeoDataFrame(columns, index=keys, geometry=geometry, crs=table.crs)


def table_of(database: sqlite3.Connection, name: str) -> Table:
    """Return what a GeoPackage says of a layer."""
    about = database.execute(f"PRAGMA table_info({quoted(name)})").fetchall()
    kinds = {str(column): str(kind).upper() for _, column, kind, *_ in about}
    key = next((str(column) for _, column, _, _, _, is_key in about if is_key), "rowid")
    found = database.execute(
        "SELECT column_name, geometry_type_name, srs_id FROM gpkg_geometry_columns WHERE table_name = ?", (name,)
    ).fetchone()
    geometry, kind, srs_id = (None, "", _UNDEFINED_SRS[0]) if found is None else found
    columns = {column: each for column, each in kinds.items() if column not in (key, geometry)}
    return Table(name, key, columns, geometry, str(kind).upper(), int(srs_id), _crs(database, int(srs_id)))


def add_columns(database: sqlite3.Connection, table: Table, names: Sequence[str]) -> None:
    """Add columns of text to a layer."""
    for name in names:
        database.execute(f"ALTER TABLE {quoted(table.name)} ADD COLUMN {quoted(name)} TEXT")


def insert(
    database: sqlite3.Connection, table: Table, columns: Mapping[str, Sequence[Any]], geometries: gpd.GeoSeries
) -> None:
    """Append rows to a layer, and bring its extent and the time of its last change up to date.

    Parameters
    ----------
    columns
        Values by column, in types that SQLite has.
    geometries
        (n,) geometries or None, in any CRS; single ones become multiple where the layer has such alone.
    """
    if geometries.crs is not None and table.crs is not None and geometries.notna().any():
        geometries = reprojected(geometries, table.crs)
    shapes = [_promoted(each, table.geometry_type) for each in geometries]
    names = [*columns, *([table.geometry] if table.geometry is not None else [])]
    blobs = [blob_of(each, table.srs_id) for each in shapes]
    given = [*columns.values(), *([blobs] if table.geometry is not None else [])]
    marks = ", ".join("?" * len(names))
    database.executemany(
        f"INSERT INTO {quoted(table.name)} ({', '.join(map(quoted, names))}) VALUES ({marks})",  # noqa: S608
        zip(*given, strict=True),
    )
    database.execute(
        "UPDATE gpkg_contents SET last_change = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE table_name = ?",
        (table.name,),
    )
    drawn = [each for each in shapes if each is not None and not each.is_empty]
    bounds = shapely.total_bounds(drawn) if drawn else np.empty(0)
    if len(drawn) and all(map(math.isfinite, bounds)):
        for name, smaller, value in zip(("min_x", "min_y", "max_x", "max_y"), "<<>>", bounds.tolist(), strict=True):
            database.execute(
                f"UPDATE gpkg_contents SET {name} = :v WHERE table_name = :t "  # noqa: S608
                f"AND ({name} IS NULL OR :v {smaller} {name})",
                {"v": value, "t": table.name},
            )


def create_layer(database: sqlite3.Connection, name: str, columns: Sequence[str], *, like: Table) -> Table:
    """Create a layer of multipolygons with columns of text and a spatial index, unless it is there.

    It has the CRS of the layer `like`.
    """
    if name not in layer_names(database):
        texts = "".join(f", {quoted(each)} TEXT" for each in columns)
        database.execute(
            f"CREATE TABLE {quoted(name)} (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom MULTIPOLYGON{texts})"
        )
        database.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES (?, 'features', ?, ?)",
            (name, name, like.srs_id),
        )
        database.execute(
            "INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', 'MULTIPOLYGON', ?, 0, 0)", (name, like.srs_id)
        )
        _index(database, name)
    return table_of(database, name)


def blob_of(geometry: BaseGeometry | None, srs_id: int) -> bytes | None:
    """Return a geometry as a GeoPackage holds it, with its envelope; None for none."""
    if geometry is None:
        return None
    body: bytes = shapely.to_wkb(geometry, byte_order=1, output_dimension=2)
    if geometry.is_empty:
        return struct.pack("<2sBBi", _MAGIC, 0, _LITTLE_ENDIAN | _EMPTY, srs_id) + body
    west, south, east, north = geometry.bounds
    flags = _LITTLE_ENDIAN | _ENVELOPE
    return struct.pack("<2sBBi4d", _MAGIC, 0, flags, srs_id, west, east, south, north) + body


def geometry_of(blob: bytes | None) -> BaseGeometry | None:
    """Return the geometry that a GeoPackage holds; None for none.

    Raises
    ------
    ValueError
        It is none that a GeoPackage may hold.
    """
    if blob is None:
        return None
    if len(blob) < _HEADER_BYTES or blob[:2] != _MAGIC:
        raise ValueError("no geometry of a GeoPackage")
    kind = (blob[3] >> 1) & 0x07
    if kind >= len(_ENVELOPE_BYTES):
        raise ValueError(f"no such envelope: {kind}")
    body = blob[_HEADER_BYTES + _ENVELOPE_BYTES[kind] :]
    require_shallow(body)
    return shapely.from_wkb(body)


def quoted(name: str) -> str:
    """Return a name of a table or column for a statement."""
    return '"' + name.replace('"', '""') + '"'


@contextmanager
def _opened(path: Path, access: str, patience_s: float) -> Iterator[sqlite3.Connection]:
    address = f"{path.absolute().as_uri()}?{access}"
    with closing(sqlite3.connect(address, uri=True, timeout=patience_s, isolation_level=None)) as database:
        end = time.monotonic() + patience_s + _LONGEST_S
        database.set_progress_handler(lambda: time.monotonic() > end, _BETWEEN_LOOKS)
        yield database


def _index(database: sqlite3.Connection, layer: str) -> None:
    """Give an empty layer its spatial index, an extension of GeoPackages (requirements class 75 to 77)."""
    table, index = quoted(layer), quoted(f"rtree_{layer}_geom")
    bounds = "ST_MinX(NEW.geom), ST_MaxX(NEW.geom), ST_MinY(NEW.geom), ST_MaxY(NEW.geom)"
    added = f"INSERT OR REPLACE INTO {index} SELECT NEW.fid, {bounds} WHERE NOT ST_IsEmpty(NEW.geom)"
    removed = f"DELETE FROM {index} WHERE id = OLD.fid"  # noqa: S608
    database.execute(f"CREATE VIRTUAL TABLE {index} USING rtree(id, minx, maxx, miny, maxy)")
    for event, action in (("INSERT", added), ("UPDATE", f"{removed}; {added}"), ("DELETE", removed)):
        name = quoted(f"rtree_{layer}_geom_{event.lower()}")
        database.execute(f"CREATE TRIGGER {name} AFTER {event} ON {table} BEGIN {action}; END")
    database.execute(
        "INSERT INTO gpkg_extensions VALUES (?, 'geom', 'gpkg_rtree_index', ?, 'write-only')",
        (layer, "http://www.geopackage.org/spec120/#extension_rtree"),
    )


def _keep_log(database: sqlite3.Connection, patience_s: float) -> None:
    if database.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
        return
    database.execute("PRAGMA busy_timeout = 0")
    try:
        database.execute("PRAGMA journal_mode = WAL").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise
    database.execute(f"PRAGMA busy_timeout = {int(patience_s * 1000)}")


def _crs(database: sqlite3.Connection, srs_id: int) -> str | None:
    if srs_id in _UNDEFINED_SRS:
        return None
    found = database.execute(
        "SELECT organization, organization_coordsys_id, definition FROM gpkg_spatial_ref_sys WHERE srs_id = ?",
        (srs_id,),
    ).fetchone()
    if found is None:
        return None
    organization, number, definition = found
    return f"EPSG:{number}" if str(organization).upper() == "EPSG" else str(definition)


def _promoted(geometry: BaseGeometry | None, wanted: str) -> BaseGeometry | None:
    if geometry is None or not wanted.startswith("MULTI") or geometry.geom_type.startswith("Multi"):
        return geometry
    multiple = {"Polygon": shapely.MultiPolygon, "LineString": shapely.MultiLineString}.get(geometry.geom_type)
    return geometry if multiple is None else multiple([geometry])


def _is_empty(blob: Any) -> int | None:
    shape = _shape(blob)
    return None if shape is None else int(shape.is_empty)


def _bound(place: int) -> Any:
    def bound(blob: Any) -> float | None:
        shape = _shape(blob)
        return None if shape is None or shape.is_empty else float(shape.bounds[place])

    return bound


def _lenient(instead: BaseGeometry) -> Callable[[Any], BaseGeometry | None]:
    def read(blob: Any) -> BaseGeometry | None:
        try:
            return geometry_of(blob)
        except (TypeError, ValueError, shapely.errors.ShapelyError):
            return instead

    return read


def _shape(blob: Any) -> BaseGeometry | None:
    """Return a geometry, or None where the triggers of an index are to leave a row out."""
    try:
        return geometry_of(blob) if isinstance(blob, bytes) else None
    except (ValueError, shapely.errors.ShapelyError):
        return None


_FUNCTIONS = {
    "ST_IsEmpty": _is_empty,
    "ST_MinX": _bound(0),
    "ST_MinY": _bound(1),
    "ST_MaxX": _bound(2),
    "ST_MaxY": _bound(3),
}
"""Functions that the triggers of a spatial index call."""
