"""Write outlines: GeoPackage for exchange, GeoParquet for the archive; whole or not at all.

The same outlines give the same bytes, whatever other threads write at the same time: GeoPackages and Shapefiles carry a
fixed time of last change instead of the clock's, so that a copy or a hash shows whether the outlines changed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyogrio

from trimline.errors import DiskError, OutlineError
from trimline.files import StrPath, require_whole_files, whole_file
from trimline.foreign import foreign_errors
from trimline.outlines.check import require_crs, require_polygons
from trimline.outlines.columns import writable
from trimline.outlines.reading import PARQUET_SUFFIXES
from trimline.outlines.schema import conform
from trimline.outlines.vector_file import said_once
from trimline.reprojecting import published_in_degrees

_PARQUET, _SHAPEFILE = "Parquet", "ESRI Shapefile"
_DRIVERS = {
    ".gpkg": "GPKG",
    ".geojson": "GeoJSON",
    ".json": "GeoJSON",
    ".shp": _SHAPEFILE,
    **dict.fromkeys(PARQUET_SUFFIXES, _PARQUET),
}
"""Formats by suffix, as `trimline.outlines.columns` names them."""

_ROOM = "see that the disk has room and works, and run again"

_LAST_CHANGE = "1970-01-01T00:00:00.000Z"
"""Time of last change in a GeoPackage."""

_COUNTERS = (24, 92)
"""Bytes of SQLite's header at which the count of transactions begins, and the count that the header was written at."""

DBF_DATE = {"DBF_DATE_LAST_UPDATE": _LAST_CHANGE[:10]}
"""Option of a Shapefile's layer: its time of last change."""

SHAPEFILE_NAME = 10
"""Characters that a Shapefile keeps of a column's name."""


def write_outlines(
    outlines: gpd.GeoDataFrame,
    path: StrPath,
    *,
    metadata: Mapping[str, str] | None = None,
    further: Mapping[str, gpd.GeoDataFrame] | None = None,
) -> None:
    """Write outlines in the format that the suffix names.

    Parameters
    ----------
    outlines
        Polygons with a CRS. Published columns get their types and order, see `trimline.outlines.COLUMNS`.
    path
        ``.gpkg`` (one layer, named after the file), ``.parquet``, ``.geojson`` (in longitude and latitude, as RFC 7946
        demands) or ``.shp``. Columns that the format has no room for are renamed, written as text or left out, which
        is logged; see `trimline.outlines.columns`.
    metadata
        Keys and values that a GeoPackage carries of itself; other formats have no place for them.
    further
        Polygons of further layers by name, in a GeoPackage.

    Raises
    ------
    OutlineError
        The suffix is none of these, the outlines have no CRS or are no polygons, a published column holds what it
        cannot, further layers are given for a format that has one layer, or the file cannot be written.
    DiskError
        The disk is full or read-only.

    Examples
    --------
    >>> import trimline
    >>> outlines = trimline.read_outlines("outlines.gpkg")
    >>> trimline.write_outlines(outlines[outlines["area_km2"] > 0.1], "large.parquet")
    """
    path = Path(path)
    suffix = path.suffix.lower()
    require_crs(outlines)
    require_polygons(outlines)
    if further and suffix != ".gpkg":
        raise OutlineError(f"'{suffix}' has room for one layer", where=path, remedy="use .gpkg")
    driver = _DRIVERS.get(suffix)
    if driver is None:
        raise OutlineError(
            f"outlines cannot be written as '{suffix}'",
            where=path,
            remedy="use .gpkg or .parquet (or .geojson, .shp)",
        )
    outlines = writable(conform(outlines), driver, path)
    if driver == _SHAPEFILE:
        _write_shapefile(outlines, path)
        return
    with whole_file(path) as temporary:
        if driver == _PARQUET:
            with foreign_errors(OutlineError, path, what="cannot be written"):
                outlines.to_parquet(temporary, index=False, compression="zstd")
            return
        _write_vector(outlines, temporary, driver, path, metadata)
        if further:
            _add_layers(further, temporary, path)


def write_lines(lines: gpd.GeoDataFrame, path: StrPath) -> None:
    """Write lines as a GeoPackage of one layer, named after the file; the same lines give the same bytes.

    Parameters
    ----------
    lines
        Lines with a CRS; a geometry may be missing.
    path
        Ends in ``.gpkg``.
    """
    path = Path(path)
    require_crs(lines)
    with whole_file(path) as temporary, _writing(path):
        pyogrio.write_dataframe(
            writable(lines, "GPKG", path), temporary, layer=path.stem, driver="GPKG", geometry_type="LineString"
        )
        fix_date(temporary)
        _require_rows(temporary, path.stem, len(lines))


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Turn errors of a library into ours, and put its warnings into the log."""
    with foreign_errors(OutlineError, path, what="cannot be written"), said_once(path):
        yield


def _write_vector(
    outlines: gpd.GeoDataFrame, temporary: Path, driver: str, path: Path, metadata: Mapping[str, str] | None = None
) -> None:
    options: dict[str, Any] = {"dataset_metadata": dict(metadata)} if metadata and driver == "GPKG" else {}
    if driver == "GeoJSON":
        outlines = published_in_degrees(outlines)
        options |= {"RFC7946": "YES"}
    elif driver == _SHAPEFILE:
        options |= {"layer_options": DBF_DATE}
    with _writing(path):
        pyogrio.write_dataframe(
            outlines,
            temporary,
            layer=path.stem,
            driver=driver,
            # A layer has one type of geometry: QGIS cannot edit one that has two.
            geometry_type="Polygon" if set(outlines.geom_type) <= {"Polygon"} else "MultiPolygon",
            promote_to_multi=not set(outlines.geom_type) <= {"Polygon"},
            **options,
        )
        if driver == "GPKG":
            fix_date(temporary)
    _require_rows(temporary, path.stem, len(outlines))


def _require_rows(path: Path, layer: str, count: int) -> None:
    """Raise where a closed file does not hold its rows: GDAL says nothing of a disk that is full as it closes."""
    with foreign_errors(DiskError, path.name, what="what was written cannot be read back", remedy=_ROOM):
        found = pyogrio.read_info(path, layer=layer, force_feature_count=True)["features"]
    if found != count:
        raise DiskError(
            f"{found} of {count} rows are on the disk, which is full, or fails", where=path.name, remedy=_ROOM
        )


def _add_layers(layers: Mapping[str, gpd.GeoDataFrame], temporary: Path, path: Path) -> None:
    """Add layers to a GeoPackage that is there."""
    for name, polygons in layers.items():
        with _writing(path):
            fitting = writable(polygons, "GPKG", path)
            pyogrio.write_dataframe(fitting, temporary, layer=name, driver="GPKG", geometry_type="Polygon", append=True)
    fix_date(temporary)
    for name, polygons in layers.items():
        _require_rows(temporary, name, len(polygons))


def _write_shapefile(outlines: gpd.GeoDataFrame, path: Path) -> None:
    """Write the four files of a Shapefile beside their place, and the one that names the others last."""
    with whole_file(path) as temporary:
        _write_vector(outlines, temporary, _SHAPEFILE, path)
        require_whole_files([temporary], path)
        for part in sorted(temporary.parent.glob(f"{temporary.stem}.*")):
            if part != temporary:
                part.replace(path.with_suffix(part.suffix))


def fix_date(path: Path) -> None:
    """Set the time of last change of a new and finished GeoPackage, and its count of changes, to fixed ones.

    GDAL writes a fixed time only by an option of the whole process, which threads would set and unset for each other.
    """
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE gpkg_contents SET last_change = ?", (_LAST_CHANGE,))
        if database.execute("SELECT 1 FROM sqlite_master WHERE name = 'gpkg_metadata_reference'").fetchone():
            database.execute("UPDATE gpkg_metadata_reference SET timestamp = ?", (_LAST_CHANGE,))
    # SQLite counts transactions in the header (https://sqlite.org/fileformat2.html, 1.3), and how many GDAL makes of a
    # layer depends on the clock. Nobody else has the new file open.
    with path.open("r+b") as file:
        for place in _COUNTERS:
            file.seek(place)
            file.write((1).to_bytes(4, "big"))
