"""The GeoPackage of edits made ready for QGIS: an empty layer where there is none, its form, domains and styles.

QGIS reads styles and forms from the table `layer_styles`, and meanings of columns and values from the tables of the
GeoPackage's schema extension. A layer with rows is completed, and its rows stay as they are.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pyogrio

from trimline.errors import EditError
from trimline.files import whole_file
from trimline.foreign import foreign_errors
from trimline.outlines.edit_layer import EDIT_COLUMNS, LAYER, OPERATIONS, layer_of, no_edits
from trimline.outlines.geopackage import PATIENCE_S

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


def prepare_layer(path: Path, crs: str, styles: Mapping[str, str]) -> bool:
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
    bool
        Whether the layer was created.

    Raises
    ------
    EditError
        The file is no GeoPackage, has no layer of edits, or cannot be written.
    """
    if path.suffix.lower() != ".gpkg":
        raise EditError("is no GeoPackage", where=path, remedy="edits are kept in a file that ends in .gpkg")
    remedy = "save and close the layer in QGIS, see that the file may be written, and try again"
    created = not path.exists()
    with foreign_errors(EditError, path, what="the layer cannot be written", remedy=remedy):
        if created:
            with whole_file(path) as temporary:
                empty = no_edits(crs)
                pyogrio.write_dataframe(empty, temporary, layer=LAYER, driver="GPKG", geometry_type="Unknown")
                _describe(temporary, LAYER, styles)
        else:
            _describe(path, layer_of(path), styles)
    return created


def geometry_column(path: Path) -> tuple[str, str]:
    """Return the name of the layer of edits in a GeoPackage, and that of its column of geometries.

    Raises
    ------
    EditError
        The file cannot be read, or its layer has no geometry.
    """
    layer = layer_of(path)
    with (
        foreign_errors(EditError, path, what="cannot be read as edits"),
        closing(sqlite3.connect(path, timeout=PATIENCE_S)) as database,
    ):
        query = "SELECT column_name FROM gpkg_geometry_columns WHERE table_name = ?"
        found = database.execute(query, (layer,)).fetchone()
    if found is None:
        raise EditError(f"the layer '{layer}' is a table without geometries", where=path, remedy="draw into another")
    return layer, str(found[0])


def _describe(path: Path, layer: str, styles: Mapping[str, str]) -> None:
    """Write the meanings of columns, the domain of operations and the styles into a GeoPackage."""
    with closing(sqlite3.connect(path, timeout=PATIENCE_S, isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        try:
            for table in _TABLES:
                database.execute(table)
            _write_schema(database, layer)
            _write_styles(database, layer, styles)
            database.execute("COMMIT")
        except BaseException:
            database.execute("ROLLBACK")
            raise


def _write_schema(database: sqlite3.Connection, layer: str) -> None:
    columns = {str(row[1]) for row in database.execute("SELECT * FROM pragma_table_info(?)", (layer,))}
    extensions = [
        (table, "gpkg_schema", _SCHEMA_EXTENSION, "read-write")
        for table in ("gpkg_data_columns", "gpkg_data_column_constraints")
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
            (layer, name, name, meaning, DOMAIN if name == "operation" else None)
            for name, meaning in EDIT_COLUMNS.items()
            if name in columns
        ],
    )


def _write_styles(database: sqlite3.Connection, layer: str, styles: Mapping[str, str]) -> None:
    database.execute(
        "INSERT OR IGNORE INTO gpkg_contents (table_name, data_type, identifier) VALUES (?, 'attributes', ?)",
        (STYLES, STYLES),
    )
    query = "SELECT column_name FROM gpkg_geometry_columns WHERE table_name = ?"
    geometry = (database.execute(query, (layer,)).fetchone() or ("",))[0]
    database.execute("DELETE FROM layer_styles WHERE f_table_name = ? AND owner = ?", (layer, _OWNER))
    theirs = database.execute(
        "SELECT count(*) FROM layer_styles WHERE f_table_name = ? AND useAsDefault = 1", (layer,)
    ).fetchone()[0]
    database.executemany(
        "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName, "
        "styleQML, styleSLD, useAsDefault, description, owner) VALUES ('', '', ?, ?, ?, ?, '', ?, ?, ?)",
        [
            (layer, geometry, name, text, int(not number and not theirs), "corrections of outlines by hand", _OWNER)
            for number, (name, text) in enumerate(styles.items())
        ],
    )
