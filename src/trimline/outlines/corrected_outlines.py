"""Outlines before and after edits, as they were when an edit was made: a layer beside that of the edits.

Where scenes are mapped again, an edit may no longer apply; these outlines show what it was about.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from pathlib import Path
from typing import Literal

import geopandas as gpd
import pandas as pd

from trimline.errors import EditError
from trimline.files import StrPath
from trimline.foreign import foreign_errors
from trimline.outlines.geopackage import Table, create_layer, insert, layer_names, quoted, reading, rows_in, table_of

CORRECTED = "corrected_outlines"
"""Name of the layer."""

Moment = Literal["before", "after"]

CORRECTED_COLUMNS = ("edit_id", "period", "glac_id", "state")
"""Its columns: the edit, the period and the glacier, and whether the outline is the one `before` or `after` it."""


def no_corrected_outlines(crs: object) -> gpd.GeoDataFrame:
    """Return an empty layer."""
    return gpd.GeoDataFrame({name: pd.Series([], dtype="object") for name in CORRECTED_COLUMNS}, geometry=[], crs=crs)


def read_corrected_outlines(path: StrPath, edit_ids: Collection[str] | None = None) -> gpd.GeoDataFrame:
    """Read the outlines before and after edits.

    Parameters
    ----------
    path
        The GeoPackage of the edits. One that does not exist, or has no such layer, holds none.
    edit_ids
        The edits; None means all.

    Returns
    -------
    GeoDataFrame
        `CORRECTED_COLUMNS` and multipolygons in the CRS of the file, in the order in which they were written. A glacier
        that an edit founds has no row `before`, and one of which nothing is left none `after`.

    Raises
    ------
    EditError
        The file cannot be read.
    """
    path = Path(path)
    if not path.exists():
        return no_corrected_outlines(4326)
    with (
        foreign_errors(EditError, path, what="the outlines before and after edits cannot be read"),
        reading(path) as database,
    ):
        if CORRECTED not in layer_names(database):
            return no_corrected_outlines(4326)
        table = table_of(database, CORRECTED)
        if edit_ids is None:
            return rows_in(database, table, CORRECTED_COLUMNS).reset_index(drop=True)
        condition = f"edit_id IN ({', '.join('?' * len(edit_ids))})"
        return rows_in(database, table, CORRECTED_COLUMNS, condition, *edit_ids).reset_index(drop=True)


def add_outlines(database: sqlite3.Connection, edits: Table, outlines: gpd.GeoDataFrame) -> None:
    """Append outlines to the layer, which is created in the CRS of the edits where there is none.

    Parameters
    ----------
    database
        A connection within a transaction.
    edits
        The layer of edits.
    outlines
        `CORRECTED_COLUMNS` and polygons, in any CRS.
    """
    if outlines.empty:
        return
    table = create_layer(database, CORRECTED, CORRECTED_COLUMNS, like=edits)
    name = f"{CORRECTED}_edit_id"
    database.execute(f"CREATE INDEX IF NOT EXISTS {quoted(name)} ON {quoted(CORRECTED)} (edit_id)")
    columns = {each: outlines[each].tolist() for each in CORRECTED_COLUMNS}
    insert(database, table, columns, outlines.geometry)
