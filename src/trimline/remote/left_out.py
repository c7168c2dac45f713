"""Blocks that a GeoTIFF leaves out, as GDAL's sparse files do: none is stored, and readers make 0 or nodata of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from trimline.remote.raster import RemoteRaster


def left_out(raster: RemoteRaster, window: Window, band: int = 1) -> NDArray[np.bool_]:
    """Return which pixels of a window lie in blocks that the file leaves out.

    Parameters
    ----------
    raster
        The raster.
    window
        Whole pixels, within the full raster.
    band
        Number of the band, from 1.

    Returns
    -------
    (h, w)

    Raises
    ------
    RemoteError
        Its table of blocks cannot be read.
    """
    height, width = raster.source.block_shapes[band - 1]
    (top, bottom), (left, right) = ((int(first), int(last)) for first, last in window.toranges())
    out = np.zeros((bottom - top, right - left), bool)
    for row in range(top // height * height, bottom, height):
        rows = max(top, row), min(bottom, row + height)
        for column in range(left // width * width, right, width):
            columns = max(left, column), min(right, column + width)
            if not raster.ranges(Window.from_slices(rows, columns), indexes=band):
                out[rows[0] - top : rows[1] - top, columns[0] - left : columns[1] - left] = True
    return out
