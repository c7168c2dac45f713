"""Drafts: rasters that are written window by window before they become Cloud Optimized GeoTIFFs, and read back."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.windows import Window

from trimline.errors import DiskError
from trimline.foreign import foreign_errors
from trimline.rasters import BLOCK, NOT_WRITTEN, ROOM, grid_options


class Draft:
    """A sparse, tiled raster of one band whose windows can be written in any order; made by `open_draft`."""

    def __init__(self, path: Path, opened: Any) -> None:
        self._path, self._opened = path, opened
        self._written: list[tuple[Window, int]] = []

    def write(self, layer: NDArray[Any], window: Window) -> None:
        """Write a window, (h, w), that shares no pixel with another.

        Raises
        ------
        DiskError
            It cannot be written.
        """
        with foreign_errors(DiskError, self._path.name, what=NOT_WRITTEN, remedy=ROOM):
            self._opened.write(layer, 1, window=window)
        self._written.append((window, _checksum(layer)))

    def finish(self) -> None:
        """Close the file and read it back.

        Raises
        ------
        DiskError
            It is not as it was written.
        """
        with foreign_errors(DiskError, self._path.name, what=NOT_WRITTEN, remedy=ROOM):
            self._opened.close()
            with rasterio.open(self._path) as source:
                is_whole = all(_checksum(source.read(1, window=window)) == known for window, known in self._written)
        if not is_whole:
            raise DiskError(
                "what was written cannot be read back; the disk is full, or fails", where=self._path.name, remedy=ROOM
            )


@contextmanager
def open_draft(path: Path, geobox: GeoBox, dtype: str, nodata: int, tags: Mapping[str, str]) -> Iterator[Draft]:
    """Open a draft; when the block ends without an error it is read back.

    GDAL says nothing of a disk that is full as it closes a file, and takes a missing block for one without data.

    Raises
    ------
    DiskError
        It cannot be written, or is not as it was written.
    """
    with foreign_errors(DiskError, path.name, what=NOT_WRITTEN, remedy=ROOM):
        opened = rasterio.open(
            path,
            "w",
            driver="GTiff",
            count=1,
            dtype=dtype,
            nodata=nodata,
            tiled=True,
            blockxsize=BLOCK,
            blockysize=BLOCK,
            sparse_ok=True,
            bigtiff="if_safer",
            **grid_options(geobox),
        )
        opened.update_tags(**tags)
    with opened:
        draft = Draft(path, opened)
        yield draft
        draft.finish()


def _checksum(layer: NDArray[Any]) -> int:
    return zlib.crc32(np.ascontiguousarray(layer).data)
