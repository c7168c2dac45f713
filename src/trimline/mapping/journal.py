"""The finished rows of a map on disk, so that a map that was interrupted goes on where it stopped.

Rows are appended as plain numbers, the record of each strip after its rows: what a strip left half-written is cut off
when the journal is opened again. GDAL reads the files as they are, through a VRT.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from trimline.errors import MappingError
from trimline.mapping.strip_prediction import NOTHING, PixelCounts

_KEY = "key"
_RECORD = np.dtype([("rows", "<i8"), *((name, "<i8") for name in PixelCounts._fields)])
_LAYERS: dict[str, np.dtype[np.uint16] | np.dtype[np.uint8]] = {
    "probability": np.dtype("<u2"),
    "mask": np.dtype("u1"),
    "classes": np.dtype("u1"),
}
_GDAL_TYPES = {2: "UInt16", 1: "Byte"}

_KEEPS_OPEN_FILES = os.name == "nt"
"""Whether the system refuses to delete a file that is open: the lock, on Windows."""

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
        record = np.array([(len(mask), *counts)], _RECORD)
        try:
            layers = {"probability": probability, "mask": mask, "classes": classes, "records": record}
            for layer, values in layers.items():
                with self._path(layer).open("ab") as stream:
                    stream.write(np.ascontiguousarray(values).data)
                    stream.flush()
                    os.fsync(stream.fileno())
        except OSError as error:
            raise disk_error(error, self._folder.parent, f"{self.rows} rows are kept") from error
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
        path = self._path("records")
        if not path.exists():
            return np.zeros(0, _RECORD)
        raw = path.read_bytes()
        return np.frombuffer(raw[: len(raw) // _RECORD.itemsize * _RECORD.itemsize], _RECORD).copy()


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
        Another run maps into the folder.
    """
    journal = folder / ".map"
    journal.mkdir(parents=True, exist_ok=True)
    lock = FileLock(journal / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise MappingError(
            "another run maps into this folder", where=folder, remedy="wait for it, or give another folder"
        ) from error
    with lock:
        known = journal / _KEY
        if not known.exists() or known.read_text(encoding="utf-8") != key:
            for path in journal.glob("*.bin"):
                path.unlink()
            known.write_text(key, encoding="utf-8")
        yield Journal(journal, width)
        # The lock goes with its folder while it is held, so that nobody else's journal is deleted.
        shutil.rmtree(journal, ignore_errors=_KEEPS_OPEN_FILES)
    if _KEEPS_OPEN_FILES:
        shutil.rmtree(journal, ignore_errors=True)


def disk_error(error: OSError, where: Path, kept: str) -> MappingError:
    """Return what to say of a file that cannot be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return MappingError(
            f"the disk is full; {kept}", where=where, remedy="make room, and run again: it goes on there"
        )
    return MappingError(f"cannot be written ({error.strerror or error}); {kept}", where=where)


def _cut_off(path: Path, size: int) -> None:
    if path.exists() and path.stat().st_size != size:
        os.truncate(path, size)
