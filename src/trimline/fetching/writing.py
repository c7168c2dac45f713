"""A window of a remote raster as a GeoTIFF: the archive's own numbers on their own grid."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from rasterio.windows import Window

from trimline.errors import DiskError
from trimline.foreign import foreign_errors
from trimline.rasters import NOT_WRITTEN, ROOM

if TYPE_CHECKING:
    from trimline.remote import RemoteRaster

BLOCK = 256
"""Side of a block in the files [pixels]."""
_STRIP_BYTES = 32 << 20
"""Most that is decoded at a time of one raster [bytes]."""


def write_window(raster: RemoteRaster, window: Window, path: Path, seen: Callable[[int], None]) -> None:
    """Write a window of a raster's first band, strip by strip, so that memory stays bounded.

    Numbers, missing-data value, scale and offset stay as the archive has them. The same pixels give the same bytes.

    Parameters
    ----------
    raster
        The raster.
    window
        Whole pixels of it.
    path
        The file.
    seen
        Called with the bytes of each strip's blocks in the archive, once they have come.

    Raises
    ------
    RemoteError
        A block cannot be read.
    DiskError
        The file cannot be written.
    """
    source = raster.source
    options = _options(source, window)
    with foreign_errors(DiskError, path.name, what=NOT_WRITTEN, remedy=ROOM):
        target = rasterio.open(path, "w", **options)
    with target:
        if source.scales[0] != 1.0 or source.offsets[0] != 0.0:
            target.scales, target.offsets = source.scales[:1], source.offsets[:1]
        waiting: Any = np.empty((0, window.width), options["dtype"])
        written = 0
        for part in strips_of(source, window):
            waiting = np.concatenate([waiting, raster.read(part, indexes=1)])
            seen(raster.bytes_of(part))
            is_last = written + len(waiting) == window.height
            # Whole rows of blocks: each block is written once, and in their order.
            ready = len(waiting) if is_last else len(waiting) // BLOCK * BLOCK
            if ready:
                with foreign_errors(DiskError, path.name, what=NOT_WRITTEN, remedy=ROOM):
                    target.write(waiting[:ready], 1, window=Window(0, written, window.width, ready))
                waiting, written = waiting[ready:], written + ready
        with foreign_errors(DiskError, path.name, what=NOT_WRITTEN, remedy=ROOM):
            target.close()


def strips_of(source: Any, window: Window) -> list[Window]:
    """Return a window in strips that end where the raster's blocks do, of bounded size decoded."""
    rows_of_block = source.block_shapes[0][0]
    # Decoding a row of blocks takes what lies beside the window too.
    bytes_of_row = source.width * np.dtype(source.dtypes[0]).itemsize
    rows = max(1, _STRIP_BYTES // max(1, bytes_of_row * rows_of_block)) * rows_of_block
    first, last = window.row_off, window.row_off + window.height
    starts = [first, *range((first // rows + 1) * rows, last, rows)]
    stops = [*starts[1:], last]
    return [
        Window(window.col_off, start, window.width, stop - start) for start, stop in zip(starts, stops, strict=True)
    ]


def _options(source: Any, window: Window) -> dict[str, Any]:
    dtype = source.dtypes[0]
    is_tiled = min(window.width, window.height) >= BLOCK
    return {
        "driver": "GTiff",
        "dtype": dtype,
        "count": 1,
        "width": window.width,
        "height": window.height,
        "crs": source.crs,
        "transform": source.window_transform(window),
        "nodata": source.nodata,
        "compress": "deflate",
        "predictor": 2 if np.issubdtype(np.dtype(dtype), np.integer) else 3,
        "bigtiff": "if_safer",
        **({"tiled": True, "blockxsize": BLOCK, "blockysize": BLOCK} if is_tiled else {}),
    }
