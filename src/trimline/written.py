"""Checks that a file on disk is whole, before it gets its name.

GDAL notices a full disk only as it closes a file, where nobody is told. So what it writes is read back: the blocks of
a TIFF lie inside the file and can be unpacked, which compares their checksums; SQLite checks its own pages; a Parquet
file, a Shapefile and a JPEG 2000 file end where they say. What Python writes itself raises an error at once, and needs
no check.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

from trimline.cores import available_cores
from trimline.deflated import is_whole

_TAGS = {"compression": 259, "strip offsets": 273, "strip sizes": 279, "tile offsets": 324, "tile sizes": 325}
_BELOW = 330
"""Tag of the directories below one."""
_NUMBERS: Mapping[int, str] = MappingProxyType({3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"})
"""Types of the numbers that are needed, TIFF 6.0 and BigTIFF, as `struct` has them."""
_SIZES = (0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8)
"""Bytes of a value by type."""
_DEFLATE = (8, 32946)
_MOST_DIRECTORIES, _MOST_BLOCKS = 1000, 4_000_000
_PARQUET = b"PAR1"
_END_OF_CODESTREAM = b"\xff\xd9"


class NotWhole(Exception):
    """A file is not whole; says why."""


def require_whole(path: Path, suffix: str | None = None) -> None:
    """Raise where a file is not whole; a file of a kind that has no check passes.

    Parameters
    ----------
    path
        A closed file; its suffix says what it is.
    suffix
        What says so instead, of a file that has not its name yet.

    Raises
    ------
    NotWhole
        It ends early, or a part of it is damaged.
    OSError
        It cannot be read.
    """
    check = _CHECKS.get((path.suffix if suffix is None else suffix).lower())
    if check is not None:
        try:
            check(path)
        except (struct.error, OverflowError) as error:
            raise NotWhole("ends early") from error


def _tiff(path: Path) -> None:
    size = path.stat().st_size
    with path.open("rb") as file:
        packed: list[tuple[int, int]] = []
        for tags in _directories(file, size):
            for kind in ("strip", "tile"):
                offsets, sizes = tags.get(f"{kind} offsets", ()), tags.get(f"{kind} sizes", ())
                if len(offsets) != len(sizes):
                    raise NotWhole("a block has no size")
                for offset, length in zip(offsets, sizes, strict=True):
                    if offset + length > size or (offset == 0) != (length == 0):
                        raise NotWhole("a block lies outside the file")
                    # Without an offset it is a block that is left out because it holds no data.
                    if offset and tags.get("compression", (1,))[0] in _DEFLATE:
                        packed.append((offset, length))
    _require_unpacked(path, packed)


def _require_unpacked(path: Path, blocks: list[tuple[int, int]]) -> None:
    """Raise where a block cannot be unpacked."""

    def damaged(block: tuple[int, int]) -> bool:
        with path.open("rb") as file:
            return not is_whole(_read_at(file, *block))

    with ThreadPoolExecutor(available_cores()) as pool:
        if any(pool.map(damaged, blocks)):
            raise NotWhole("a block is damaged")


def _directories(file: BinaryIO, size: int) -> Iterator[dict[str, tuple[int, ...]]]:
    """Yield the tags of each directory of a TIFF that say where its blocks lie."""
    head = file.read(16)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if order is None:
        raise NotWhole("is no TIFF")
    (version,) = struct.unpack(f"{order}H", head[2:4])
    if version == 43:
        counted, entry, offset_type, room = "Q", 20, "Q", 8
        (first,) = struct.unpack(f"{order}Q", head[8:16])
    elif version == 42:
        counted, entry, offset_type, room = "H", 12, "I", 4
        (first,) = struct.unpack(f"{order}I", head[4:8])
    else:
        raise NotWhole("is no TIFF")
    names = {tag: name for name, tag in _TAGS.items()}
    to_read, seen = [first], set[int]()
    if not first:
        raise NotWhole("has no directory")
    while to_read:
        place = to_read.pop()
        if not place or place in seen:
            continue
        if place >= size or len(seen) > _MOST_DIRECTORIES:
            raise NotWhole("a directory lies outside the file")
        seen.add(place)
        file.seek(place)
        (count,) = struct.unpack(f"{order}{counted}", file.read(struct.calcsize(counted)))
        if count * entry > size:
            raise NotWhole("a directory is damaged")
        entries, after = file.read(count * entry), file.read(struct.calcsize(offset_type))
        tags: dict[str, tuple[int, ...]] = {}
        for start in range(0, count * entry, entry):
            tag, kind = struct.unpack_from(f"{order}HH", entries, start)
            (number,) = struct.unpack_from(f"{order}{offset_type}", entries, start + 4)
            value = start + 4 + struct.calcsize(offset_type)
            length = number * (_SIZES[kind] if kind < len(_SIZES) else 0)
            at = struct.unpack_from(f"{order}{offset_type}", entries, value)[0] if length > room else None
            if at is not None and at + length > size:
                raise NotWhole("a tag lies outside the file")
            if kind in _NUMBERS and (tag in names or tag == _BELOW):
                if number > _MOST_BLOCKS:
                    raise NotWhole(f"is made of {number} blocks, more than {_MOST_BLOCKS}")
                raw = entries[value : value + length] if at is None else _read_at(file, at, length)
                numbers = struct.unpack(f"{order}{number}{_NUMBERS[kind]}", raw)
                if tag == _BELOW:
                    to_read += numbers
                else:
                    tags[names[tag]] = numbers
        to_read += struct.unpack(f"{order}{offset_type}", after)
        yield tags


def _read_at(file: BinaryIO, at: int, length: int) -> bytes:
    file.seek(at)
    return file.read(length)


def _sqlite(path: Path) -> None:
    if any(_is_filled(path.with_name(f"{path.name}{end}")) for end in ("-journal", "-wal")):
        raise NotWhole("a transaction is unfinished")
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            (said,) = database.execute("PRAGMA quick_check(1)").fetchone()
            if said != "ok":
                raise NotWhole("a page is damaged")
            tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if "gpkg_contents" not in tables:
                raise NotWhole("has no contents")
            listed = {name for (name,) in database.execute("SELECT table_name FROM gpkg_contents")}
            if not listed or not listed <= tables:
                raise NotWhole("lacks a layer")
            _require_indices(database, tables)
    except sqlite3.Error as error:
        raise NotWhole(f"cannot be read back ({error})") from error


def _require_indices(database: sqlite3.Connection, tables: set[str]) -> None:
    """Raise where a layer lacks its spatial index or a part of it, which GDAL makes last and without a word."""
    database.create_function("is_shape", 1, _is_shape, deterministic=True)
    for layer, column in database.execute("SELECT table_name, column_name FROM gpkg_geometry_columns").fetchall():
        # One row per indexed shape, in a plain table: https://www.sqlite.org/rtree.html, 6
        index = f"rtree_{layer}_{column}_rowid"
        if index not in tables:
            raise NotWhole("lacks a spatial index")
        shapes = f"SELECT count(*) FROM {_quoted(layer)} WHERE is_shape({_quoted(column)})"  # noqa: S608 - quoted
        indexed = f"SELECT count(*) FROM {_quoted(index)}"  # noqa: S608 - quoted
        if database.execute(shapes).fetchone() != database.execute(indexed).fetchone():
            raise NotWhole("its spatial index lacks rows")


def _is_shape(blob: bytes | None) -> bool:
    """Whether a geometry is neither missing nor empty, by the flags of a GeoPackage's geometries."""
    return blob is not None and len(blob) > 3 and not blob[3] & 0x10


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _is_filled(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


def _parquet(path: Path) -> None:
    size = path.stat().st_size
    with path.open("rb") as file:
        if size < 12 or file.read(4) != _PARQUET:
            raise NotWhole("has no beginning")
        (length,) = struct.unpack("<I", _read_at(file, size - 8, 4))
        if file.read(4) != _PARQUET or length + 12 > size:
            raise NotWhole("has no footer")


def _shapefile(path: Path) -> None:
    """Compare the sizes that the parts give with those they have, and their counts with one another.

    The other parts get their names first: they are checked while they lie beside the one that names them.
    """
    index, table = path.with_suffix(".shx"), path.with_suffix(".dbf")
    for part in (path, index) if index.exists() else (path,):
        with part.open("rb") as file:
            head = file.read(28)
        if 2 * struct.unpack(">I", head[24:28])[0] != part.stat().st_size:
            raise NotWhole(f"its {part.suffix} ends early")
    if not (index.exists() and table.exists()):
        return
    with table.open("rb") as file:
        count, head_size, row_size = struct.unpack("<IHH", file.read(12)[4:12])
    if head_size + count * row_size > table.stat().st_size:
        raise NotWhole("its .dbf ends early")
    if index.stat().st_size != 100 + 8 * count:
        raise NotWhole("its parts hold different counts of rows")


def _jpeg_2000(path: Path) -> None:
    with path.open("rb") as file:
        if path.stat().st_size < 12 or _read_at(file, path.stat().st_size - 2, 2) != _END_OF_CODESTREAM:
            raise NotWhole("ends early")


_CHECKS: Mapping[str, Callable[[Path], None]] = MappingProxyType(
    {
        ".tif": _tiff,
        ".tiff": _tiff,
        ".gpkg": _sqlite,
        ".parquet": _parquet,
        ".geoparquet": _parquet,
        ".shp": _shapefile,
        ".jp2": _jpeg_2000,
    }
)
