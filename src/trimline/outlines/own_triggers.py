"""What a GeoPackage does by itself when a row is written: no more than keep its index and its count of rows.

A trigger or a view may do anything else with the rows, and nobody would see it.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection
from pathlib import Path

from trimline.errors import EditError

_COUNTS = "gpkg_ogr_contents"
"""Table in which GDAL counts the rows of layers."""

_WRITTEN = ("gpkg_contents", "gpkg_extensions", "gpkg_geometry_columns", _COUNTS)
"""Tables beside the layers that are written."""

_NAME = r"(?:\"([^\"]+)\"|'([^']+)'|\[([^\]]+)\]|`([^`]+)`|(\w+))"
_CHANGE = re.compile(
    rf"\s*(?:INSERT(?:\s+OR\s+\w+)?\s+INTO|REPLACE\s+INTO|UPDATE(?:\s+OR\s+\w+)?|DELETE\s+FROM)\s+{_NAME}\s", re.I
)


def require_own_triggers(database: sqlite3.Connection, layers: Collection[str], path: Path) -> None:
    """Raise where a layer is no table, or something else happens when a row is written to it.

    Parameters
    ----------
    database
        A connection within a transaction.
    layers
        Layers that are written.
    path
        The file, for the message.

    Raises
    ------
    EditError
        A layer is a view, or a trigger changes more than a spatial index or a count of rows.
    """
    known = database.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
    own = {each.lower() for each in layers}
    for kind, name, _, _ in known:
        if kind == "view" and str(name).lower() in own:
            raise EditError(
                f"the layer '{name}' is a view, and not a table",
                where=path,
                remedy="keep edits in a file that trimline or QGIS made",
            )
    for kind, name, table, statement in known:
        of = str(table).lower()
        is_written = of in own or of in _WRITTEN or any(of.startswith(f"rtree_{each}_") for each in own)
        if kind == "trigger" and is_written and not _is_own(str(statement), own):
            raise EditError(
                f"the trigger '{name}' changes rows when an edit is written",
                where=path,
                remedy="remove it, or keep edits in a file that trimline or QGIS made",
            )


def _is_own(statement: str, layers: Collection[str]) -> bool:
    """Whether a trigger writes to spatial indexes and counts of rows alone."""
    _, begun, body = re.sub(r"\s+", " ", statement).partition(" BEGIN ")
    if not begun or "--" in statement or "/*" in statement or not body.rstrip().upper().endswith("END"):
        return False
    changes = [each for each in body.rstrip()[:-3].split(";") if each.strip()]
    for each in changes:
        found = _CHANGE.match(f"{each} ")
        table = next((name.lower() for name in found.groups() if name), "") if found else ""
        if table != _COUNTS and not any(table.startswith(f"rtree_{layer}_") for layer in layers):
            return False
    return True
