"""Reading of assets onto a grid.

A grid on the raster's pixels is read as a plain window. Otherwise values are resampled with exact coordinates, piece by
piece, so that the result depends neither on the extent of the grid nor on its chunks, and memory stays bounded.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.enums import MaskFlags
from rasterio.errors import RasterioError
from rasterio.windows import Window

from trimline.cores import available_cores
from trimline.errors import ProductError
from trimline.scenes.asset import JPEG_2000, Asset, first_line, open_raster, placed, raster_grid
from trimline.scenes.decoded_blocks import read_window
from trimline.scenes.grid import is_along_axes, offset_between, pixel_ratio, positions_in
from trimline.scenes.missing_values import refuse_undeclared
from trimline.scenes.product_files import readable
from trimline.scenes.resampling import (
    bilinear,
    bilinear_along_axes,
    block_mean,
    mean_of_samples,
    nearest,
    nearest_along_axes,
)

Resampling = Literal["bilinear", "nearest"]

SAMPLES_AT_ONCE = 1 << 21
"""Positions, or source pixels, processed at a time; bounds the memory of a read to about 100 MB per band."""
SAMPLES_AT_ONCE_ALONG_AXES = 1 << 24
"""The same, where no position is kept for each pixel."""
MARGIN_PX = 2
"""Source pixels around a window, so that every bilinear mean finds its four neighbours."""


def read_assets(
    assets: Sequence[Asset],
    geobox: GeoBox,
    resampling: Resampling = "bilinear",
    ratio_of: GeoBox | None = None,
) -> NDArray[np.float32]:
    """Read digital numbers onto a grid.

    Parameters
    ----------
    assets
        The bands; those of one raster are read together.
    geobox
        The grid to fill; it may reach beyond the rasters.
    resampling
        Method where the pixels do not coincide. `bilinear` averages where the target's pixels are larger.
    ratio_of
        The grid of which `geobox` is a chunk, so that all chunks are averaged alike.

    Returns
    -------
    (assets, h, w) float32, NaN where a raster has no data.

    Raises
    ------
    ProductError
        A raster is damaged.
    GridError
        A raster has no grid.
    """
    out = np.empty((len(assets), *geobox.shape), dtype=np.float32)
    by_raster: dict[str, list[int]] = {}
    for position, asset in enumerate(assets):
        by_raster.setdefault(asset.href, []).append(position)
    readable(by_raster)  # unpacks, where that is needed, all rasters of an archive in one pass
    threads = available_cores()
    at_once = min(threads, sum(_is_slow(href) for href in by_raster)) or 1

    def fill(href: str) -> None:
        positions = by_raster[href]
        some = [assets[position] for position in positions]
        out[positions] = _read_raster(href, some, geobox, resampling, ratio_of or geobox, max(1, threads // at_once))

    if len(by_raster) == 1:
        return _read_raster(next(iter(by_raster)), assets, geobox, resampling, ratio_of or geobox, threads)
    if at_once == 1:
        for href in by_raster:
            fill(href)
    else:
        with ThreadPoolExecutor(at_once) as pool:
            list(pool.map(fill, by_raster))
    return out


def _is_slow(href: str) -> bool:
    """Whether decoding takes most of the time of reading a raster, so that threads pay."""
    return href.lower().endswith(JPEG_2000)


def _read_raster(
    href: str, assets: Sequence[Asset], geobox: GeoBox, resampling: Resampling, ratio_of: GeoBox, threads: int
) -> NDArray[np.float32]:
    """Read the bands of one raster onto a grid, with up to `threads` threads."""
    with open_raster(href) as source:
        grid = placed(assets[0], raster_grid(source, assets[0].geobox))
        raster = _OpenRaster(source, tuple(assets), grid, threads=threads)
        try:
            return _read(raster, geobox, resampling, ratio_of)
        except RasterioError as error:
            raise ProductError(
                f"the raster cannot be read ({first_line(error)})",
                where=href,
                remedy="it is truncated or damaged: fetch the product again",
            ) from error


@dataclass(frozen=True)
class _OpenRaster:
    """Bands of an open raster, at full resolution or as means of square blocks."""

    source: Any
    assets: tuple[Asset, ...]
    grid: GeoBox
    """Grid of the raster at full resolution."""
    block: int = 1
    """Pixels on a side of a block; blocks start at the raster's corner, whatever window is read."""
    threads: int = 1
    """Threads that decode a window together, of rasters that are slow to decode."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of blocks."""
        return -(-self.source.height // self.block), -(-self.source.width // self.block)

    def window(self, rows: slice, columns: slice) -> NDArray[np.float32]:
        """Read blocks that lie within the raster; (assets, h, w), NaN where a band has no data."""
        if self.block == 1:
            return self._pixels(rows, columns)
        height, width = ((s.stop - s.start) * self.block for s in (rows, columns))
        inner = (
            slice(rows.start * self.block, min(rows.stop * self.block, self.source.height)),
            slice(columns.start * self.block, min(columns.stop * self.block, self.source.width)),
        )
        pixels = self._pixels(*inner)
        missing = (0, height - pixels.shape[1]), (0, width - pixels.shape[2])
        return block_mean(np.pad(pixels, ((0, 0), *missing), constant_values=np.nan), self.block)

    def _pixels(self, rows: slice, columns: slice) -> NDArray[np.float32]:
        place = Window(columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start)
        numbers = self._numbers(place)
        out: NDArray[np.float32] = numbers.astype(np.float32)
        for layer, raw, asset in zip(out, numbers, self.assets, strict=True):
            if asset.nodata is not None and _can_hold(raw.dtype, asset.nodata):
                layer[raw == raw.dtype.type(asset.nodata)] = np.nan
            if MaskFlags.per_dataset in self.source.mask_flag_enums[asset.index - 1]:
                layer[self.source.read_masks(asset.index, window=place) == 0] = np.nan
            if np.issubdtype(raw.dtype, np.floating):
                layer[~np.isfinite(layer)] = np.nan
            if asset.valid_range is not None:
                layer[(layer < asset.valid_range[0]) | (layer > asset.valid_range[1])] = np.nan
        refuse_undeclared(out, self.assets, self.assets[0].href)
        return out

    def _numbers(self, place: Window) -> NDArray[Any]:
        indexes = [asset.index for asset in self.assets]
        href = self.assets[0].href
        if _is_slow(href):
            return read_window(href, self.source, indexes, place, self.threads)
        numbers: NDArray[Any] = self.source.read(indexes, window=place)
        return numbers


def _read(raster: _OpenRaster, geobox: GeoBox, resampling: Resampling, ratio_of: GeoBox) -> NDArray[np.float32]:
    """Fill a grid from one raster."""
    start = offset_between(geobox, raster.grid)
    if start is not None:
        return _cut(raster, geobox, start)
    samples = 1
    if resampling == "bilinear":
        ratio = pixel_ratio(ratio_of, raster.grid)
        raster, samples = _reduced(raster, ratio)
    out = np.full((len(raster.assets), *geobox.shape), np.nan, dtype=np.float32)
    if samples == 1 and is_along_axes(geobox, raster.grid):
        for piece in _pieces(geobox, raster.block, SAMPLES_AT_ONCE_ALONG_AXES):
            out[(slice(None), *piece)] = _resample_along_axes(raster, geobox[piece], resampling)
        return out
    for piece in _pieces(geobox, samples * raster.block, SAMPLES_AT_ONCE):
        out[(slice(None), *piece)] = _resample(raster, geobox[piece], resampling, samples)
    return out


def _reduced(raster: _OpenRaster, ratio: float) -> tuple[_OpenRaster, int]:
    """Return the raster to sample for pixels `ratio` times as long as its own, and the samples along each side.

    Up to four times, positions within each target pixel are averaged. Beyond, blocks of the raster are averaged
    first, half a target pixel long, so that an overview of a whole scene costs little more than reading it.
    """
    block = max(1, math.floor(ratio / 2 + 1e-6))
    return replace(raster, block=block), max(1, round(ratio / block))


def _cut(raster: _OpenRaster, geobox: GeoBox, start: tuple[int, int]) -> NDArray[np.float32]:
    """Fill a grid whose pixels are the raster's, from row and column `start` on."""
    wanted = tuple(slice(first, first + n) for first, n in zip(start, geobox.shape, strict=True))
    inside = tuple(_clip(axis, length) for axis, length in zip(wanted, raster.shape, strict=True))
    if inside == wanted and not _is_empty(inside):
        return raster.window(*inside)
    out = np.full((len(raster.assets), *geobox.shape), np.nan, dtype=np.float32)
    if not _is_empty(inside):
        target = tuple(slice(s.start - first, s.stop - first) for s, first in zip(inside, start, strict=True))
        out[(slice(None), *target)] = raster.window(*inside)
    return out


def _pieces(geobox: GeoBox, samples: int, at_once: int) -> Iterator[tuple[slice, slice]]:
    """Cut a grid into squares of a bounded number of samples."""
    side = max(1, math.isqrt(at_once) // samples)
    height, width = geobox.shape
    for row in range(0, height, side):
        for column in range(0, width, side):
            yield slice(row, min(row + side, height)), slice(column, min(column + side, width))


def _resample(raster: _OpenRaster, geobox: GeoBox, resampling: Resampling, samples: int) -> NDArray[np.float32]:
    """Fill a grid whose pixels do not lie on the raster's, with `samples` x `samples` positions per pixel."""
    height, width = geobox.shape
    within = (np.arange(samples) + 0.5) / samples
    rows = (np.arange(height)[:, None] + within).ravel()
    columns = (np.arange(width)[:, None] + within).ravel()
    columns_2d, rows_2d = np.meshgrid(columns, rows)
    # Positions count from the edge of the first pixel; resampling counts from its centre.
    at_columns, at_rows = (p / raster.block - 0.5 for p in positions_in(raster.grid, geobox, columns_2d, rows_2d))
    finite = np.isfinite(at_rows) & np.isfinite(at_columns)
    empty = np.full((len(raster.assets), height, width), np.nan, dtype=np.float32)
    if not finite.any():
        return empty
    inside = tuple(
        _clip(_around(positions[finite]), length)
        for positions, length in zip((at_rows, at_columns), raster.shape, strict=True)
    )
    if _is_empty(inside):
        return empty
    values = raster.window(*inside)
    at_rows, at_columns = (
        np.where(finite, positions - s.start, FAR_OUTSIDE)
        for positions, s in zip((at_rows, at_columns), inside, strict=True)
    )
    out = (bilinear if resampling == "bilinear" else nearest)(values, at_rows, at_columns)
    if samples == 1:
        return out
    grouped = out.reshape(len(raster.assets), height, samples, width, samples).swapaxes(2, 3)
    return mean_of_samples(grouped.reshape(len(raster.assets), height, width, samples * samples))


def _resample_along_axes(raster: _OpenRaster, geobox: GeoBox, resampling: Resampling) -> NDArray[np.float32]:
    """Fill a grid whose rows and columns run along the raster's, where a position is a row and a column."""
    affine = ~raster.grid.affine * geobox.affine
    height, width = geobox.shape
    # Rounded, so that a window of a grid has the positions of the grid.
    at_rows = np.round((affine.f + affine.e * (np.arange(height) + 0.5)) / raster.block - 0.5, 9)
    at_columns = np.round((affine.c + affine.a * (np.arange(width) + 0.5)) / raster.block - 0.5, 9)
    inside = _clip(_around(at_rows), raster.shape[0]), _clip(_around(at_columns), raster.shape[1])
    if _is_empty(inside):
        return np.full((len(raster.assets), height, width), np.nan, dtype=np.float32)
    resample = bilinear_along_axes if resampling == "bilinear" else nearest_along_axes
    return resample(raster.window(*inside), at_rows - inside[0].start, at_columns - inside[1].start)


FAR_OUTSIDE = -1e9
"""Position of points outside the domain of the raster's CRS [pixels]."""


def _can_hold(dtype: np.dtype[Any], value: float) -> bool:
    """Whether an array of a type can hold a value, so that some pixel may equal it."""
    if np.issubdtype(dtype, np.floating):
        return True
    limits = np.iinfo(dtype)
    return float(value).is_integer() and limits.min <= value <= limits.max


def _around(positions: NDArray[np.float64]) -> slice:
    return slice(math.floor(positions.min()) - MARGIN_PX, math.ceil(positions.max()) + MARGIN_PX + 1)


def _clip(wanted: slice, length: int) -> slice:
    return slice(max(wanted.start, 0), min(wanted.stop, length))


def _is_empty(window: Sequence[slice]) -> bool:
    return any(each.start >= each.stop for each in window)
