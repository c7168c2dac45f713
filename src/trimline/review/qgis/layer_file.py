"""The GeoPackage of edits made ready for QGIS: an empty layer where there is none, its form, domains and styles.

QGIS reads styles and forms from the table `layer_styles`, and meanings of columns and values from the tables of the
GeoPackage's schema extension. A layer with rows is completed, and its rows stay as they are.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path

from trimline.outlines.edit_layer import EDIT_COLUMNS, OPERATIONS, chosen_layer
from trimline.outlines.geopackage import Table, layer_names, sqlite_errors, table_of, transaction
from trimline.outlines.writing_edits import create_edits

STYLES = "layer_styles"
"""Table in which QGIS keeps the styles of the layers of a file."""

DOMAIN = "trimline_operations"
"""Name of the domain of `operation`."""

_OWNER = "trimline"
"""In the column `owner` of our styles; others are the user's, and stay."""

_SCHEMA_EXTENSION = "http://www.geopackage.org/spec121/#extension_schema"

_TABLES = (
    """CREATE TABLE IF NOT EXISTS layer_styles (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    f_table_catalog TEXT(256), f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256),
    styleName TEXT(30), styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT, owner TEXT(30),
    ui TEXT(30), update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')))""",
    """CREATE TABLE IF NOT EXISTS gpkg_extensions (table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL,
    definition TEXT NOT NULL, scope TEXT NOT NULL,
    CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name))""",
    """CREATE TABLE IF NOT EXISTS gpkg_data_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT,
    title TEXT, description TEXT, mime_type TEXT, constraint_name TEXT,
    CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name), CONSTRAINT gdc_tn UNIQUE (table_name, name))""",
    """CREATE TABLE IF NOT EXISTS gpkg_data_column_constraints (constraint_name TEXT NOT NULL,
    constraint_type TEXT NOT NULL, value TEXT, min NUMERIC, min_is_inclusive BOOLEAN, max NUMERIC,
    max_is_inclusive BOOLEAN, description TEXT,
    CONSTRAINT gdcc_ntv UNIQUE (constraint_name, constraint_type, value))""",
)


def prepare_layer(path: Path, crs: str, styles: Mapping[str, str]) -> tuple[Table, bool]:
    """Make the layer of edits ready for QGIS, in one transaction.

    Parameters
    ----------
    path
        The GeoPackage; it is created where there is none.
    crs
        Of a new layer.
    styles
        QML by name, the default first.

    Returns
    -------
    Table, bool
        The layer, and whether it was created.

    Raises
    ------
    EditError
        The file is no GeoPackage, has no layer of edits, or cannot be written.
    """
    created = create_edits(path, crs)
    remedy = "save and close the layer in QGIS, see that the file may be written, and try again"
    with sqlite_errors(path, "the layer cannot be made ready for QGIS", remedy), transaction(path) as database:
        table = table_of(database, chosen_layer(layer_names(database), path))
        for statement in _TABLES:
            database.execute(statement)
        _write_schema(database, table)
        _write_styles(database, table, styles)
    return table, created


def _write_schema(database: sqlite3.Connection, table: Table) -> None:
    extensions = [
        (name, "gpkg_schema", _SCHEMA_EXTENSION, "read-write")
        for name in ("gpkg_data_columns", "gpkg_data_column_constraints")
    ]
    # The column is NULL here, and NULLs are not equal: the constraint of the table would let a row in twice.
    database.executemany(
        "INSERT INTO gpkg_extensions (table_name, extension_name, definition, scope) SELECT ?1, ?2, ?3, ?4 "
        "WHERE NOT EXISTS (SELECT 1 FROM gpkg_extensions WHERE table_name = ?1 AND extension_name = ?2)",
        extensions,
    )
    database.execute("DELETE FROM gpkg_data_column_constraints WHERE constraint_name = ?", (DOMAIN,))
    database.executemany(
        "INSERT INTO gpkg_data_column_constraints (constraint_name, constraint_type, value, description) "
        "VALUES (?, 'enum', ?, ?)",
        [(DOMAIN, name, meaning) for name, meaning in OPERATIONS.items()],
    )
    database.executemany(
        "INSERT OR REPLACE INTO gpkg_data_columns (table_name, column_name, name, description, constraint_name) "
        "VALUES (?, ?, ?, ?, ?)",
        [
            (table.name, name, name, meaning, DOMAIN if name == "operation" else None)
            for name, meaning in EDIT_COLUMNS.items()
            if name in table.columns
        ],
    )


def _write_styles(database: sqlite3.Connection, table: Table, styles: Mapping[str, str]) -> None:
    database.execute(
        "INSERT OR IGNORE INTO gpkg_contents (table_name, data_type, identifier) VALUES (?, 'attributes', ?)",
        (STYLES, STYLES),
    )
    database.execute("DELETE FROM layer_styles WHERE f_table_name = ? AND owner = ?", (table.name, _OWNER))
    theirs = database.execute(
        "SELECT count(*) FROM layer_styles WHERE f_table_name = ? AND useAsDefault = 1", (table.name,)
    ).fetchone()[0]
    database.executemany(
        "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName, "
        "styleQML, styleSLD, useAsDefault, description, owner) VALUES ('', '', ?, ?, ?, ?, '', ?, ?, ?)",
        [
            (
                table.name,
                table.geometry or "",
                name,
                text,
                int(not number and not theirs),
                "corrections of outlines by hand",
                _OWNER,
            )
            for number, (name, text) in enumerate(styles.items())
        ],
    )
