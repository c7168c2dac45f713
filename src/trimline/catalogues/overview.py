"""Values of remote rasters at points, read at overview resolution: a few blocks of each raster, not the raster."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
from numpy.typing import NDArray
from rasterio.windows import Window

from trimline.catalogues.candidate import RemoteAsset
from trimline.errors import RemoteError
from trimline.foreign import foreign_errors
from trimline.remote import remote_rasters, shown
from trimline.reprojecting import unit_m

if TYPE_CHECKING:
    from trimline.remote import RemoteRaster, Transport

_KEEPING = ("NEAREST", "MODE")
"""Methods of overviews that keep numbers which are codes; others mix them to codes of nothing."""

MOST_BYTES = 12 << 20
"""Size of the blocks of one raster that are read to look at a candidate [bytes]. What lies as a Cloud Optimized GeoTIFF
takes a hundredth of it; a JPEG 2000 file has to be read whole."""


class TooMuchError(RemoteError):
    """A raster cannot be looked at by reading a small part of it."""


@dataclass(frozen=True, eq=False)
class Sampled:
    """Values of a raster at points."""

    values: NDArray[Any]
    """(n,) as stored; 0 outside the raster."""
    inside: NDArray[np.bool_]
    """(n,) whether a point lies in the raster."""
    pixel_m: float
    """Side of the pixels that were read [m]."""


@contextmanager
def opened(assets: Sequence[RemoteAsset], transport: Transport) -> Iterator[tuple[RemoteRaster, ...]]:
    """Open remote rasters that have a grid; their headers are fetched at the same time.

    Raises
    ------
    RemoteError
        One cannot be read, or has no CRS.
    """
    with remote_rasters([asset.href for asset in assets], transport) as rasters:
        for asset, raster in zip(assets, rasters, strict=True):
            if raster.source.crs is None or raster.source.transform.is_identity:
                raise RemoteError(
                    "the raster has no coordinates", where=shown(asset.href), remedy="leave the scene out, or report it"
                )
        yield rasters


def level_for(raster: RemoteRaster, largest_m: float, *, codes: bool) -> int | None:
    """Return the coarsest overview whose pixels are at most so large [m]; None means the full resolution.

    Parameters
    ----------
    raster
        A raster with a CRS.
    largest_m
        Largest side of a pixel [m].
    codes
        Whether the numbers are codes or bits, which an overview of means has none of.
    """
    source = raster.source
    method = source.tags(ns="IMAGE_STRUCTURE").get("OVERVIEW_RESAMPLING", "NEAREST").upper()
    if codes and method not in _KEEPING:
        return None
    pixel_m = _pixel_m(source)
    fitting = [
        (factor, level)
        for level, factor in enumerate(source.overviews(1))
        if factor * pixel_m <= largest_m * (1 + 1e-6)
    ]
    return max(fitting)[1] if fitting else None


def sampled(raster: RemoteRaster, points_in: Callable[[str], NDArray[np.float64]], level: int | None) -> Sampled:
    """Return the values of a raster at points.

    Parameters
    ----------
    raster
        A raster with a CRS.
    points_in
        Gives the points, (n, 2), in a CRS as WKT.
    level
        Index of an overview; None means the full resolution.

    Raises
    ------
    TooMuchError
        More than `MOST_BYTES` would have to be read.
    RemoteError
        The raster cannot be read.
    """
    source = raster.dataset(level)
    with foreign_errors(RemoteError, shown(raster.href), what="the CRS of the raster cannot be used"):
        there = points_in(source.crs.to_wkt())
    columns, rows = (np.floor(each) for each in ~source.transform * (there[:, 0], there[:, 1]))
    inside = (columns >= 0) & (columns < source.width) & (rows >= 0) & (rows < source.height)
    values = np.zeros(len(there), source.dtypes[0])
    if inside.any():
        column, row = columns[inside].astype(int), rows[inside].astype(int)
        left, top = int(column.min()), int(row.min())
        window = Window(left, top, int(column.max()) - left + 1, int(row.max()) - top + 1)
        if (size := raster.bytes_of(window, level)) > MOST_BYTES:
            raise TooMuchError(
                f"{size >> 20} MB of the raster would have to be read to look at it", where=shown(raster.href)
            )
        values[inside] = raster.read(window, level=level)[row - top, column - left]
    return Sampled(values, inside, _pixel_m(source))


def _pixel_m(source: Any) -> float:
    """Return the side of a pixel of a rasterio dataset [m]."""
    crs = pyproj.CRS.from_user_input(source.crs.to_wkt())
    return math.sqrt(abs(source.transform.determinant)) * unit_m(crs)
