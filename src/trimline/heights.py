"""Heights of a digital elevation model (DEM) on a grid, and whether the model says anything of the place at all."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from trimline.errors import GridError, ProductError
from trimline.files import StrPath
from trimline.height_unit import HeightUnit, height_unit
from trimline.scenes.asset import Asset, raster_grid
from trimline.scenes.assets_on_grid import read_assets
from trimline.scenes.calibration import IDENTITY
from trimline.scenes.grid import pixel_ratio
from trimline.scenes.raster_opening import open_user_raster

_LOG = logging.getLogger(__name__)

LOWEST_M, HIGHEST_M = -430.0, 8850.0
"""Heights of dry land: the shore of the Dead Sea and the top of Mount Everest. What lies beyond is a void, whatever
number stands for it (-32768, -9999, -3.4e38)."""

RASTER_SUFFIXES = (".tif", ".tiff", ".vrt", ".img", ".dem", ".hgt", ".asc")
"""Suffixes of the rasters of a folder of elevation models."""

MOST_ZERO = 0.05
"""Share of heights that may be exactly 0 in the mountains, before it is said that they look like missing data."""
_MOUNTAINS_M = 50.0
_LOOKED_AT = 256
"""Pixels along a side that tell what a model holds of a place."""


def read_heights(dem: StrPath, geobox: GeoBox) -> NDArray[np.float32]:
    """Return heights on a grid [m].

    Parameters
    ----------
    dem
        A raster whose first band is heights, in metres or in the unit of length that it declares; or a folder of them,
        of which each pixel gets the first that has a height there, in the order of names.
    geobox
        The grid, which may reach beyond the model.

    Returns
    -------
    (h, w) float32, bilinear, or means where the grid is coarser; NaN where there is none: beyond the model, where its
    nodata is declared, and where a number is no height on Earth, declared or not.

    Raises
    ------
    GridError
        The model cannot be read or placed, or declares a unit that is none of length.
    """
    heights = np.full(geobox.shape, np.nan, np.float32)
    for file in elevation_files(dem):
        asset, unit, valid = _asset(file)
        found = unit.in_metres(_read(replace(asset, valid_range=valid), geobox))
        np.copyto(heights, found, where=np.isnan(heights))
        if not np.isnan(heights).any():
            break
    return heights


def elevation_files(dem: StrPath) -> list[Path]:
    """Return the raster itself, or the rasters of a folder in the order of names.

    Raises
    ------
    GridError
        A folder holds no raster.
    """
    path = Path(dem)
    if not path.is_dir():
        return [path]
    files = sorted(each for each in path.iterdir() if each.suffix.lower() in RASTER_SUFFIXES)
    if not files:
        raise GridError(
            "no elevation model in this folder", where=path, remedy=f"it holds none of {' '.join(RASTER_SUFFIXES)}"
        )
    return files


def pixels_per_height(dem: StrPath, geobox: GeoBox) -> float:
    """Return the side of the model's finest pixels in pixels of a grid, at the grid's centre.

    Raises
    ------
    GridError
        The model cannot be read or placed.
    """
    ratios = []
    for file in elevation_files(dem):
        with open_user_raster(file, GridError) as source:
            ratios.append(pixel_ratio(geobox, raster_grid(source)))
    return 1 / max(ratios)


def check_heights(dem: StrPath, geobox: GeoBox, key: str, *, warn: bool = True) -> None:
    """Raise an error where a model says nothing of a place; say how much of it is missing otherwise.

    Parameters
    ----------
    dem
        As for `read_heights`.
    geobox
        The place.
    key
        What the model was given as, for messages.
    warn
        Whether what is missing is said; a check ahead of another leaves it to that one.

    Raises
    ------
    GridError
        The model lies elsewhere, has no data here, declares a unit that is none of length, or has numbers that are no
        heights.
    """
    coarse = _coarse(geobox)
    numbers = np.full(coarse.shape, np.nan, np.float32)
    is_height = np.zeros(coarse.shape, np.bool_)
    for file in elevation_files(dem):
        asset, unit, (lowest, highest) = _asset(file)
        found = _read(asset, coarse, nearest=True)
        new = np.isnan(numbers) & np.isfinite(found)
        numbers[new] = found[new]
        is_height |= new & (found >= lowest) & (found <= highest)
    known = numbers[np.isfinite(numbers)]
    if not known.size:
        raise GridError(
            "the elevation model has no heights where the image lies",
            where=dem,
            remedy=f"give one that covers the place as {key}, or none",
        )
    heights = numbers[is_height]
    if not heights.size:
        raise GridError(
            f"the numbers of the elevation model, {known.min():g} to {known.max():g}, are no heights in "
            f"{unit.name or 'metres'}",
            where=dem,
            remedy=f"give one in metres as {key}; declare missing data with gdal_edit.py -a_nodata",
        )
    if not warn:
        return
    if heights.size < known.size:
        values, counts = np.unique(numbers[np.isfinite(numbers) & ~is_height], return_counts=True)
        _LOG.warning(
            "%s: %.1f %% of the numbers are no heights (mostly %g) and not declared as missing; they count as missing",
            dem,
            100 * (1 - heights.size / known.size),
            values[counts.argmax()],
        )
    heights = unit.in_metres(heights)
    zero = float((heights == 0).mean())
    if zero > MOST_ZERO and zero < 1 and float(np.median(heights[heights != 0])) > _MOUNTAINS_M:
        _LOG.warning(
            "%s: %.1f %% of the heights are exactly 0 m, which looks like missing data; if it is, declare it "
            "(gdal_edit.py -a_nodata 0)",
            dem,
            100 * zero,
        )
    if heights.size < 0.99 * numbers.size:
        _LOG.warning(
            "%s: the elevation model has heights for %.1f %% of the grid; elsewhere nothing is known of the elevation",
            dem,
            100 * heights.size / numbers.size,
        )


def _asset(dem: StrPath) -> tuple[Asset, HeightUnit, tuple[float, float]]:
    """Return the band of heights, its unit, and the least and largest number in it that is a height."""
    with open_user_raster(dem, GridError) as source:
        raster_grid(source)
        unit = height_unit(source)
        valid = unit.numbers(LOWEST_M, HIGHEST_M, source.dtypes[0])
        return Asset(str(dem), IDENTITY, nodata=source.nodata), unit, valid


def _read(asset: Asset, geobox: GeoBox, *, nearest: bool = False) -> NDArray[np.float32]:
    try:
        heights: NDArray[np.float32] = read_assets([asset], geobox, "nearest" if nearest else "bilinear")[0]
    except ProductError as error:  # which says to fetch the product again
        raise GridError(error.what, where=asset.href, remedy="give another elevation model") from error
    return heights


def _coarse(geobox: GeoBox) -> GeoBox:
    """Return a grid of the same extent with few pixels."""
    height, width = (max(1, min(_LOOKED_AT, side)) for side in geobox.shape)
    coarse: GeoBox = geobox.zoom_to((height, width))
    return coarse
