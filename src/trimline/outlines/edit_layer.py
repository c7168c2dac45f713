"""Corrections by hand as an append-only layer: one row per edit, in a GeoPackage that QGIS opens.

An edit has an `operation`, the ground (its geometry) and glacier it applies to, a period, an author, a time and a
reason. Nothing is ever deleted: an edit is reverted by a further row that names it in `reverts`. Rows drawn in QGIS are
read as they are, and reading does not change the file: a row without `edit_id` gets one computed from its content.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio
import shapely

from trimline.errors import EditError
from trimline.files import StrPath
from trimline.foreign import foreign_errors
from trimline.outlines.edit_periods import EVERY_PERIOD
from trimline.outlines.geopackage import PATIENCE_S, layer_names, reading, rows_in, table_of

LAYER = "edits"
"""Name of the layer."""

_BESIDE = ("corrected_outlines", "layer_styles", "qgis_projects")
"""Layers that stand beside it: outlines before and after edits, and what QGIS keeps in a GeoPackage."""

REVERT = "revert"
"""The operation of a row that reverts another one."""

OPERATIONS: Mapping[str, str] = MappingProxyType(
    {
        "add": "the ground becomes ice of the named glacier, which may be a new one",
        "remove": "the ground is taken from the named glacier, or from whichever has it",
        "replace": "the named glacier gets this outline",
        "split": "the named glacier is cut in two by a line, or by the edge of a polygon",
        "merge": "the named glacier gets the ground of others, which cease",
        "attribute": "columns of the named glacier get other values",
        "accept": "the outline of the named glacier is found right",
        "flag": "the named glacier needs attention",
        "terminus": "a line along which the named glacier ends; no outline changes",
        REVERT: "another edit is reverted",
    }
)
"""The operations of edits, with their meaning."""

MARKS = ("accept", "flag")
"""Operations that say what somebody thinks of an outline, and do not correct it."""

EDIT_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "edit_id": "identifier of the edit; computed from its content where none is given",
        "operation": f"one of {', '.join(OPERATIONS)}",
        "period": f"period whose outlines are corrected, {EVERY_PERIOD} for all, or an interval of dates as 2004/..",
        "glac_id": "identifier of the glacier within the study",
        "author": "who made the edit",
        "time": "when it was made, ISO 8601 and UTC",
        "reason": "why",
        "image": "scene or picture that was consulted",
        "value": "JSON object: columns and their values, and options of the operation",
        "reverts": "edit_id of the edit that this one reverts",
    }
)
"""The columns of the layer, all text, with their meaning."""

_CONTENT = ("operation", "period", "glac_id", "value", "reverts")
"""Columns that define an edit, with its geometry; an author may be filled in later."""

_BUSY = "where another program writes to it, try again"
DAMAGED = shapely.GeometryCollection()
"""What stands for a geometry that cannot be read; no operation takes a collection."""

_EXACT = 2.0**53
"""Size below which a whole number in floating point is exact."""

_ID_DIGITS = 12
"""Hexadecimal digits of a computed identifier: two of a million edits collide with a probability of 0.2 %."""


def no_edits(crs: Any = 4326) -> gpd.GeoDataFrame:
    """Return an empty layer."""
    return as_edits(gpd.GeoDataFrame({"edit_id": []}, geometry=[], crs=crs))


def read_edits(path: StrPath, *, patience_s: float = PATIENCE_S) -> gpd.GeoDataFrame:
    """Read a layer of edits.

    Parameters
    ----------
    path
        A GeoPackage with a layer `edits`, or any vector file of one layer. A file that does not exist holds no edit.
    patience_s
        Time to wait for another program that holds the file [s].

    Returns
    -------
    GeoDataFrame
        See `as_edits`; rows in the order in which they were written, in the CRS of the file. `DAMAGED` stands for a
        geometry of a GeoPackage that cannot be read.

    Raises
    ------
    EditError
        The file cannot be read, or has several layers of which none is called `edits`.
    """
    path = Path(path)
    return as_edits(read_rows(path, patience_s)) if path.exists() else no_edits()


def read_rows(path: Path, patience_s: float = PATIENCE_S) -> gpd.GeoDataFrame:
    """Read the rows of a file with all their columns, in the order in which they were written; raise as `read_edits`.

    The index is the number that the format gives each row.
    """
    if not path.exists():
        raise EditError("the file does not exist", where=path)
    if path.suffix.lower() == ".gpkg":
        with (
            foreign_errors(EditError, path, what="cannot be read as edits", remedy=_BUSY),
            reading(path, patience_s) as database,
        ):
            table = table_of(database, chosen_layer(layer_names(database), path))
            rows = rows_in(database, table, instead=DAMAGED)
    else:
        layer = layer_of(path)
        with foreign_errors(EditError, path, what="cannot be read as edits"):
            # As text, because one absurd date among the rows would keep all of them from being read.
            rows = pyogrio.read_dataframe(path, layer=layer, fid_as_index=True, datetime_as_string=True)
        if not isinstance(rows, gpd.GeoDataFrame):
            rows = gpd.GeoDataFrame(rows, geometry=[None] * len(rows), crs=4326)
    if rows.crs is None and rows.geometry.notna().any():
        raise EditError("the edits have no CRS", where=path, remedy="set the layer's CRS in QGIS")
    return rows.sort_index()


def layer_of(path: Path) -> str:
    """Return the name of the layer of edits in a file: `edits`, or the only layer.

    Raises
    ------
    EditError
        The file cannot be read, or has several layers of which none is called `edits`.
    """
    with foreign_errors(EditError, path, what="cannot be read as edits", remedy=_BUSY):
        if path.suffix.lower() == ".gpkg":
            with reading(path) as database:
                names = layer_names(database)
        else:
            names = [str(name) for name, _ in pyogrio.list_layers(path)]
    return chosen_layer(names, path)


def chosen_layer(names: Collection[str], path: Path) -> str:
    """Return the layer of edits among the layers of a file; raise as `layer_of`."""
    if LAYER in names:
        return LAYER
    possible = [name for name in names if name not in _BESIDE]
    if len(possible) == 1:
        return possible[0]
    raise EditError(
        f"has {len(possible)} layers, and none is called '{LAYER}'",
        where=path,
        remedy=f"give the layer of edits that name; there are {', '.join(names) or 'none'}",
    )


def as_edits(rows: gpd.GeoDataFrame, taken: Collection[str] = ()) -> gpd.GeoDataFrame:
    """Return rows with the columns of the layer, as text, and an identifier where they have none.

    Parameters
    ----------
    rows
        Any columns of any type; those that are no `EDIT_COLUMNS` are left out. NULL, NaN and empty text are nothing;
        whole numbers become their digits; times become ISO 8601 in UTC, which a time without a zone is taken to be.
    taken
        Identifiers that are in use, and must not be computed again.

    Returns
    -------
    GeoDataFrame
        `EDIT_COLUMNS`, text or None, then the geometry in two dimensions; a fresh index in the order of the rows. A row
        without `edit_id` has one computed from its content: the same content gives the same identifier, and a repeated
        row gets ``-2``, ``-3`` ... behind it.
    """
    geometry = gpd.GeoSeries(shapely.force_2d(rows.geometry.to_numpy()), crs=rows.crs)
    columns = {
        name: _objects([_time(each) if name == "time" else as_text(each) for each in rows[name]])
        if name in rows.columns
        else _objects([None] * len(rows))
        for name in EDIT_COLUMNS
    }
    edits = gpd.GeoDataFrame(columns, geometry=geometry.reset_index(drop=True), crs=rows.crs)
    edits["operation"] = _objects(
        [
            (each.lower() if each is not None else REVERT if taken is not None else None)
            for each, taken in zip(edits["operation"], edits["reverts"], strict=True)
        ]
    )
    edits["edit_id"] = _objects(_ids(edits, taken))
    return edits


def in_order(edits: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return edits in the order of the replay: by time, then by row.

    An edit whose time is missing or unreadable comes first; `trimline.outlines.checking_edits` reports it.
    """
    times = [instant(each) for each in edits["time"]]
    known = [each if each is not None else datetime.min.replace(tzinfo=UTC) for each in times]
    order = sorted(range(len(edits)), key=lambda row: (known[row], row))
    return edits.iloc[order]


def taken_back(edits: gpd.GeoDataFrame) -> set[str]:
    """Return the identifiers of edits that are reverted by a later edit which is not reverted itself."""
    ordered = in_order(edits)
    dead: set[str] = set()
    for edit_id, reverts in zip(reversed(ordered["edit_id"]), reversed(ordered["reverts"]), strict=True):
        if reverts is not None and edit_id not in dead:
            dead.add(reverts)
    return dead


def rows_of(edits: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    """Return each edit as a mapping; the rows of a frame would turn None into NaN."""
    return [dict(zip(edits.columns, row, strict=True)) for row in zip(*(edits[name] for name in edits), strict=True)]


def instant(time: str | None) -> datetime | None:
    """Return a time as a datetime; None where it is missing or unreadable."""
    if time is None:
        return None
    try:
        moment = datetime.fromisoformat(time)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):  # no day of any year, or out of the years 1 to 9999 in UTC
        return None


def as_text(value: Any) -> str | None:
    """Return a cell as text; None for NULL, NaN and empty text."""
    if value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        value = int(value)
    return str(value).strip() or None


def _ids(edits: gpd.GeoDataFrame, taken: Collection[str]) -> list[str]:
    """Return the identifier of every edit: its own, or one computed from its content."""
    known = {each for each in edits["edit_id"] if each is not None} | set(taken)
    ids = []
    for edit_id, content in zip(edits["edit_id"], _contents(edits), strict=True):
        name, count = edit_id or content, 1
        while edit_id is None and name in known:
            count += 1
            name = f"{content}-{count}"
        known.add(name)
        ids.append(name)
    return ids


def _contents(edits: gpd.GeoDataFrame) -> list[str]:
    """Return the hash of the content of each edit."""
    with foreign_errors(EditError, what="the shape of an edit cannot be read"):
        shapes = [None if each is None else shapely.normalize(each).wkb_hex for each in edits.geometry]
    contents = zip(*(edits[name] for name in _CONTENT), shapes, strict=True)
    return [hashlib.sha256(repr(each).encode()).hexdigest()[:_ID_DIGITS] for each in contents]


def _objects(values: list[Any]) -> pd.Series:
    return pd.Series(values, dtype="object")


def _time(value: Any) -> str | None:
    text = as_text(value.isoformat() if isinstance(value, datetime) and value is not pd.NaT else value)
    moment = instant(text)
    return text if moment is None else moment.isoformat().replace("+00:00", "Z")
