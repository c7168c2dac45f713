"""The finished rows of a map on disk, so that a map that was interrupted goes on where it stopped.

Rows are appended as plain numbers, the record of each strip after its rows, with a checksum of both: what a strip left
half-written, or a bad disk changed, is cut off when the journal is opened again. GDAL reads the files as they are,
through a VRT.
"""

from __future__ import annotations

import logging
import os
import shutil
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from trimline.errors import DiskError, MappingError
from trimline.foreign import disk_error
from trimline.mapping.strip_prediction import NOTHING, PixelCounts

_LOG = logging.getLogger(__name__)

_KEY = "key"
_RECORD = np.dtype([("rows", "<i8"), *((name, "<i8") for name in PixelCounts._fields), ("checksum", "<i8")])
_LAYERS: dict[str, np.dtype[np.uint16] | np.dtype[np.uint8]] = {
    "probability": np.dtype("<u2"),
    "mask": np.dtype("u1"),
    "classes": np.dtype("u1"),
}
_GDAL_TYPES = {2: "UInt16", 1: "Byte"}

_KEEPS_OPEN_FILES = os.name == "nt"
"""Whether the system refuses to delete a file that is open: the lock, on Windows."""

Buffer = bytes | memoryview

Layer = Literal["probability", "mask", "classes"]


class Journal:
    """Rows of a map as far as they are finished; made by `open_journal`."""

    def __init__(self, folder: Path, width: int) -> None:
        self._folder, self._width = folder, width
        self._records = self._read_records()
        for layer, dtype in _LAYERS.items():
            _cut_off(self._path(layer), self.rows * width * dtype.itemsize)
        _cut_off(self._path("records"), len(self._records) * _RECORD.itemsize)

    @property
    def rows(self) -> int:
        """Rows that are finished, from the top."""
        return int(self._records["rows"].sum())

    @property
    def counts(self) -> PixelCounts:
        """What was counted in them."""
        return PixelCounts(*(int(self._records[name].sum()) for name in PixelCounts._fields))

    def append(
        self,
        probability: NDArray[np.uint16],
        mask: NDArray[np.uint8],
        classes: NDArray[np.uint8],
        counts: PixelCounts = NOTHING,
    ) -> None:
        """Add finished rows, (h, width) each, on the disk before this returns.

        Raises
        ------
        MappingError
            The disk is full.
        """
        layers = {"probability": probability, "mask": mask, "classes": classes}
        written: dict[str, Buffer] = {layer: np.ascontiguousarray(values).data for layer, values in layers.items()}
        record = np.array([(len(mask), *counts, 0)], _RECORD)
        record["checksum"] = _checksum(record[0], written.values())
        written["records"] = record.tobytes()
        with disk_kept(self._folder.parent, lambda: f"{self.rows} rows are kept"):
            for layer, content in written.items():
                with self._path(layer).open("ab") as stream:
                    stream.write(content)
                    stream.flush()
                    os.fsync(stream.fileno())
        self._records = np.concatenate([self._records, record])

    def finished(self, at_once: int) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
        """Yield the finished rows of mask and classes, some at once."""
        for start in range(0, self.rows, at_once):
            count = min(at_once, self.rows - start)
            yield self._rows_of("mask", start, count), self._rows_of("classes", start, count)

    def _rows_of(self, layer: Layer, start: int, count: int) -> NDArray[np.uint8]:
        values = np.fromfile(self._path(layer), np.uint8, count * self._width, offset=start * self._width)
        return values.reshape(count, self._width)

    def raster(
        self,
        layer: Layer,
        geobox: GeoBox,
        *,
        nodata: int,
        scale: float = 1,
        description: str,
        tags: Mapping[str, str],
        colours: Mapping[int, tuple[int, int, int]] | None = None,
    ) -> Path:
        """Return a VRT of a layer whose rows are all finished; `colours` are those of its values, from 0 on."""
        size = _LAYERS[layer].itemsize
        crs = geobox.crs.proj.to_wkt() if geobox.crs is not None else ""
        a, b, c, d, e, f, *_ = geobox.affine
        scaled = f"<Scale>{scale!r}</Scale>" if scale != 1 else ""
        metadata = "".join(f"<MDI key={quoteattr(key)}>{escape(value)}</MDI>" for key, value in tags.items())
        palette = "".join(
            f'<Entry c1="{red}" c2="{green}" c3="{blue}" c4="255"/>'
            for _, (red, green, blue) in sorted((colours or {}).items())
        )
        if palette:
            scaled += f"<ColorInterp>Palette</ColorInterp><ColorTable>{palette}</ColorTable>"
        path = self._path(layer).with_suffix(".vrt")
        path.write_text(
            f'<VRTDataset rasterXSize="{geobox.width}" rasterYSize="{geobox.height}"><SRS>{escape(crs)}</SRS>'
            f"<GeoTransform>{', '.join(repr(float(each)) for each in (c, a, b, f, d, e))}</GeoTransform>"
            f"<Metadata>{metadata}</Metadata>"
            f'<VRTRasterBand dataType="{_GDAL_TYPES[size]}" band="1" subClass="VRTRawRasterBand">'
            f"<Description>{escape(description)}</Description><NoDataValue>{nodata}</NoDataValue>{scaled}"
            f'<SourceFilename relativeToVRT="1">{self._path(layer).name}</SourceFilename><ImageOffset>0</ImageOffset>'
            f"<PixelOffset>{size}</PixelOffset><LineOffset>{size * geobox.width}</LineOffset>"
            "<ByteOrder>LSB</ByteOrder></VRTRasterBand></VRTDataset>",
            encoding="utf-8",
        )
        return path

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.bin"

    def _read_records(self) -> NDArray[np.void]:
        """Return the records up to the first whose rows are not on the disk as they were written."""
        path = self._path("records")
        if not all(each.is_file() for each in (path, *map(self._path, _LAYERS))):
            return np.zeros(0, _RECORD)
        raw = path.read_bytes()
        records = np.frombuffer(raw[: len(raw) // _RECORD.itemsize * _RECORD.itemsize], _RECORD)
        good = 0
        with ExitStack() as stack:
            files = {layer: stack.enter_context(self._path(layer).open("rb")) for layer in _LAYERS}
            left = {layer: self._path(layer).stat().st_size for layer in _LAYERS}
            for record in records:
                sizes = {layer: int(record["rows"]) * self._width * dtype.itemsize for layer, dtype in _LAYERS.items()}
                if record["rows"] <= 0 or any(sizes[layer] > left[layer] for layer in sizes):
                    break
                content = [files[layer].read(size) for layer, size in sizes.items()]
                if _checksum(record, content) != record["checksum"]:
                    break
                left = {layer: left[layer] - size for layer, size in sizes.items()}
                good += 1
        if good < len(records):
            _LOG.warning("%s: rows of a map that was interrupted are damaged, and mapped again", self._folder.parent)
        return records[:good].copy()


def _checksum(record: np.void, layers: Iterable[Buffer]) -> int:
    """Return the CRC-32 of a record's numbers and of its rows in all layers."""
    found = zlib.crc32(record.tobytes()[: -_RECORD["checksum"].itemsize])
    for content in layers:
        found = zlib.crc32(content, found)
    return found


@contextmanager
def open_journal(folder: Path, width: int, key: str) -> Iterator[Journal]:
    """Open the journal of a map, with what an interrupted run of the same map left; delete it when the block is done.

    Parameters
    ----------
    folder
        Where the map goes; the journal lies in it, hidden.
    width
        Columns of the map.
    key
        Says what is mapped and how; rows of another map are thrown away.

    Raises
    ------
    MappingError
        Another run maps into the folder, the journal is a link, or the disk is full.
    """
    journal = folder / ".map"
    _require_no_link(journal)
    lock = FileLock(journal / "lock")
    with disk_kept(folder, lambda: "nothing is mapped yet"):
        journal.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise MappingError(
                "another run maps into this folder", where=folder, remedy="wait for it, or give another folder"
            ) from error
    with lock:
        known = journal / _KEY
        with disk_kept(folder, lambda: "nothing is mapped yet"):
            if not known.is_file() or known.read_bytes() != key.encode():
                for path in journal.glob("*.bin"):
                    path.unlink()
                known.write_bytes(key.encode())
        yield Journal(journal, width)
        # The lock goes with its folder while it is held, so that nobody else's journal is deleted.
        shutil.rmtree(journal, ignore_errors=_KEEPS_OPEN_FILES)
    if _KEEPS_OPEN_FILES:
        shutil.rmtree(journal, ignore_errors=True)


@contextmanager
def disk_kept(where: Path, kept: Callable[[], str]) -> Iterator[None]:
    """Say of a file that cannot be written what is kept of the map.

    Raises
    ------
    MappingError
        The disk is full, or the file cannot be written for another reason.
    """
    try:
        yield
    except (OSError, DiskError) as error:
        of_disk = disk_error(error, where)
        if of_disk is None and isinstance(error, OSError):
            of_disk = DiskError(f"cannot be written ({error.strerror or error})")
        if of_disk is None:
            raise
        raise MappingError(f"{of_disk.what}; {kept()}", where=where, remedy=of_disk.remedy) from error


def _require_no_link(journal: Path) -> None:
    """Raise where the journal, or a file in it, is a link: what is written would land elsewhere than asked."""
    for each in (journal, *(journal.iterdir() if journal.is_dir() and not journal.is_symlink() else ())):
        if each.is_symlink():
            raise MappingError(
                f"is a link to {each.readlink()}, which would be written to", where=each, remedy="remove the link"
            )


def _cut_off(path: Path, size: int) -> None:
    if path.exists() and path.stat().st_size != size:
        os.truncate(path, size)
