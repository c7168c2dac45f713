"""Vector files as GDAL reads them: the layer, the encoding, every row, and nothing that the file names elsewhere."""

from __future__ import annotations

import codecs
import logging
import struct
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from trimline.errors import OutlineError
from trimline.foreign import foreign_errors, reason
from trimline.layer_path import LayerPath
from trimline.outlines.schema import NOT_SEEN
from trimline.outlines.shapefile import Part, oriented, parts_on_disk, require_whole

_LOG = logging.getLogger(__name__)

_IN_ARCHIVES = (".shp", ".gpkg", ".geojson", ".json", ".fgb", ".kml", ".gml")
"""Suffixes of the files that an archive is searched for."""

_ARCHIVES = (".zip", ".shz")

_SHAPEFILE = ".shp"

_ZIP, _SQLITE = b"PK\x03\x04", b"SQLite format 3\x00"
"""First bytes of archives and of GeoPackages."""

_SQLITE_HEADER = 100
"""Bytes of the header of a GeoPackage."""

_BROKEN_DATABASE = ("disk image is malformed", "file is not a database")
"""What SQLite says of a damaged GeoPackage."""

_AGAIN = "copy or download it again"
_OR_AGAIN = f"give outlines as {', '.join(_IN_ARCHIVES[:3])} or another format of GDAL; if it is one, {_AGAIN}"

_FOLLOWS_LINKS = b"<OGRVRT"
"""Beginning of a file that names others, local or on the web, which GDAL would open."""

_BEGINNING = 1 << 16
"""Bytes that are searched for it."""

_LARGEST_INFLATION = 1000
"""Bytes of a file for each one in its archive, above which it is refused: text of a table packs to a hundredth."""

_LARGEST_UNPACKED = 1 << 26
"""Bytes up to which a file in an archive may inflate as it likes."""


@dataclass(frozen=True)
class _Source:
    """What GDAL opens, and where it is for a user."""

    where: object
    """The file as given."""
    gdal: str | Path
    """Its path for GDAL."""
    layer: str | None
    """The layer that the user names."""
    encoding: str | None
    """The encoding that the user names."""
    beginning: bytes
    """Its first bytes."""
    shapefile: dict[str, Part] | None
    """The files of a Shapefile."""


def read_vector(path: LayerPath) -> gpd.GeoDataFrame:
    """Read the rows of a layer as they are.

    Parameters
    ----------
    path
        Anything that GDAL reads, or a ZIP archive that holds one vector file at any depth. A layer named in the path
        may also be a file of the archive.

    Returns
    -------
    GeoDataFrame
        All rows, with an index from 0; curves are drawn as short straight lines.

    Raises
    ------
    OutlineError
        It cannot be read whole, has several layers beside `NOT_SEEN` and none is named, holds no geometry, or a row has
        a geometry that is no geometry.
    """
    source = _source(path)
    where = source.where
    if _FOLLOWS_LINKS in source.beginning:
        raise OutlineError("is a VRT, which names other files", where=where, remedy="give the file that it names")
    if source.shapefile is not None:
        require_whole(source.shapefile, where)
    with _reading(source):
        layers = [str(name) for name, geometry in pyogrio.list_layers(source.gdal) if geometry is not None]
    layer = _chosen(layers, source)
    with said_once(where):
        rows = _rows(source, layer)
        if not isinstance(rows, gpd.GeoDataFrame):
            raise OutlineError("holds a table without geometry", where=where)
        _refuse_unreadable_shapes(rows, source, layer)
        # Parts of a Shapefile were held against each other, and GDAL takes long to find the name of an odd CRS.
        with _reading(source):
            about = None if source.shapefile is not None else pyogrio.read_info(source.gdal, layer=layer)
    if about is None or about["driver"] == "ESRI Shapefile":
        rows, turned = oriented(rows, where)
        if turned:
            listed = ", ".join(map(str, turned[:3])) + (" and more" if len(turned) > 3 else "")
            _LOG.info("%s: the rings of %d outlines ran the wrong way: %s; read by nesting", where, len(turned), listed)
    elif about["features"] > len(rows):
        raise OutlineError(
            f"ends early: it holds {len(rows)} of {about['features']} rows", where=where, remedy="copy it again"
        )
    return rows


def _source(path: LayerPath) -> _Source:
    file = path.file
    with foreign_errors(OutlineError, file):
        if file.is_dir():
            member = file / f"{path.layer}{_SHAPEFILE}"
            parts = parts_on_disk(member) if member.is_file() else None
            return _Source(file, file, path.layer, path.encoding, b"", parts)
        with file.open("rb") as stream:
            beginning = stream.read(_BEGINNING)
        if not beginning:
            raise OutlineError("is empty, of 0 bytes", where=file, remedy=_AGAIN)
        if file.suffix.lower() in _ARCHIVES and not zipfile.is_zipfile(file):
            what = "the archive ends early" if beginning.startswith(_ZIP) else "is no ZIP archive"
            raise OutlineError(what, where=file, remedy=_AGAIN)
        _require_whole_database(file, beginning)
        if file.suffix.lower() in _ARCHIVES:
            return _in_archive(path)
        shapefile = parts_on_disk(file) if file.suffix.lower() == _SHAPEFILE else None
        return _Source(file, file, path.layer, path.encoding, beginning, shapefile)


def _require_whole_database(file: Path, beginning: bytes) -> None:
    """Raise where a GeoPackage has fewer bytes than its header counts (SQLite's file format, 1.3)."""
    if not beginning.startswith(_SQLITE) or len(beginning) < _SQLITE_HEADER:
        if beginning.startswith(_SQLITE):
            raise OutlineError(f"ends early: it has {len(beginning)} bytes", where=file, remedy=_AGAIN)
        return
    (page,) = struct.unpack_from(">H", beginning, 16)
    changes, pages = struct.unpack_from(">II", beginning, 24)
    (counted_at,) = struct.unpack_from(">I", beginning, 92)
    said, held = (page if page > 1 else 1 << 16) * pages, file.stat().st_size
    if changes == counted_at and held < said and not file.with_name(f"{file.name}-wal").exists():
        raise OutlineError(f"ends early: it has {held} of {said} bytes", where=file, remedy=_AGAIN)


@contextmanager
def _reading(source: _Source) -> Iterator[None]:
    """Raise what GDAL raises with a remedy; the words of a database are not for users."""
    with foreign_errors(OutlineError, source.where, what="cannot be read as outlines", remedy=_OR_AGAIN):
        try:
            yield
        except Exception as error:
            if any(words in str(error) for words in _BROKEN_DATABASE):
                raise OutlineError("its database is damaged", where=source.where, remedy=_AGAIN) from error
            raise


def _in_archive(path: LayerPath) -> _Source:
    """Return the one vector file of an archive, or the one that is named; it is read where it lies."""
    file, layer = path.file, path.layer
    with zipfile.ZipFile(file) as archive:
        names = [PurePosixPath(each.filename) for each in archive.infolist() if not each.is_dir()]
        shown = [each for each in names if not any(part.startswith((".", "__MACOSX")) for part in each.parts)]
        found = [each for each in shown if each.suffix.lower() in _IN_ARCHIVES]
        named = [each for each in found if layer in (str(each), each.name, each.stem)]
        if len(named) == 1:
            found, layer = named, None
        if not found:
            raise OutlineError(
                "the archive holds no outlines", where=file, remedy=f"outlines are {', '.join(_IN_ARCHIVES)}"
            )
        if len(found) > 1:
            listed = ", ".join(map(str, found[:8])) + (", ..." if len(found) > 8 else "")
            raise OutlineError(
                f"the archive holds {len(found)} vector files"
                + (f", and '{layer}' is none of them" if layer is not None else ""),
                where=file,
                remedy=f"name one of them: {listed}, as in {file.name}|layer={found[0]}",
            )
        member = found[0]
        for each in archive.infolist():
            limit = max(_LARGEST_UNPACKED, _LARGEST_INFLATION * each.compress_size)
            if PurePosixPath(each.filename).parent == member.parent and each.file_size > limit:
                raise OutlineError(
                    f"'{each.filename}' would unpack to {each.file_size} bytes from {each.compress_size}",
                    where=file,
                    remedy="unpack it yourself if you trust it",
                )
        beginning = _head(file, str(member), _BEGINNING)
    shapefile = None
    if member.suffix.lower() == _SHAPEFILE:
        shapefile = _parts_in(file, member)
    return _Source(file, f"/vsizip/{{{file.absolute()}}}/{member}", layer, path.encoding, beginning, shapefile)


def _parts_in(file: Path, member: PurePosixPath) -> dict[str, Part]:
    with zipfile.ZipFile(file) as archive:
        beside = [
            (each, name)
            for each in archive.infolist()
            if (name := PurePosixPath(each.filename)).parent == member.parent and name.stem == member.stem
        ]
    return {
        name.suffix.lower(): Part(each.file_size, lambda count, of=each.filename: _head(file, of, count))  # type: ignore[misc]
        for each, name in beside
    }


def _head(file: Path, member: str, count: int) -> bytes:
    with zipfile.ZipFile(file) as archive, archive.open(member) as stream:
        return stream.read(count)


def _chosen(layers: list[str], source: _Source) -> str | None:
    """Return the layer to read."""
    if source.layer is not None:
        if source.layer not in layers:
            listed = ", ".join(layers) or "none with a geometry"
            raise OutlineError(f"has no layer '{source.layer}'", where=source.where, remedy=f"its layers are {listed}")
        return source.layer
    if len(layers) > 1:
        layers = [name for name in layers if name != NOT_SEEN]
    if len(layers) > 1:
        raise OutlineError(
            f"has {len(layers)} layers",
            where=source.where,
            remedy=f"name one of them: {', '.join(layers)}, as in {Path(str(source.where)).name}|layer={layers[0]}",
        )
    return layers[0] if layers else None


def _rows(source: _Source, layer: str | None) -> gpd.GeoDataFrame | pd.DataFrame:
    options: dict[str, Any] = {"encoding": source.encoding} if source.encoding is not None else {}
    with _reading(source):
        try:
            return pyogrio.read_dataframe(source.gdal, layer=layer, on_invalid="ignore", **options)
        except UnicodeDecodeError as error:
            byte = error.object[error.start] if error.start < len(error.object) else 0
            tried = source.encoding or "UTF-8, as it says it is"
            held = error.object[:40].decode("ascii", "backslashreplace")
            name = Path(str(source.where)).name
            remedy = f"say its encoding, as in {name}|encoding=cp1252 (or gbk, cp1251, ...)"
            if source.beginning.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                tried, remedy = f"{tried}, but in UTF-16", "save it as UTF-8: GDAL reads no UTF-16"
            raise OutlineError(
                f"its text is not in {tried} (byte 0x{byte:02x} in '{held}')", where=source.where, remedy=remedy
            ) from error


def _refuse_unreadable_shapes(rows: gpd.GeoDataFrame, source: _Source, layer: str | None) -> None:
    """Raise for the first row whose geometry is there and cannot be read: rings that do not close, a TIN."""
    missing = np.flatnonzero(rows.geometry.isna())
    if not len(missing):
        return
    with _reading(source):
        shapes = pyogrio.raw.read(source.gdal, layer=layer, columns=[])[2]
    for row in missing:
        if shapes[row] is None:
            continue
        try:
            shapely.from_wkb(shapes[row])
        except shapely.errors.ShapelyError as error:
            raise OutlineError(
                f"the shape of row {row} cannot be read ({reason(error)})",
                where=source.where,
                remedy="correct the row, or leave it out: outlines are polygons of closed rings",
            ) from error


@contextmanager
def said_once(where: object) -> Iterator[None]:
    """Put the warnings of a library into the log, each once."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        # Of code, maybe of another thread's, and not of the file.
        for kind in (DeprecationWarning, PendingDeprecationWarning):
            warnings.simplefilter("ignore", kind)
        yield
    for text in dict.fromkeys(str(each.message) for each in caught):
        # Directions of rings are told by `oriented`.
        if "winding order" not in text:
            _LOG.warning("%s: %s", where, text)
