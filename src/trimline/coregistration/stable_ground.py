"""Windows of two scenes on one grid, and the stable ground in them: no cloud, water, snow, ice or fill.

Only blocks that are spread over the ground in common are read, so that memory and time do not grow with the scenes.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from scipy import ndimage

from trimline.coregistration.correlation import Mask, Pair, filled
from trimline.outlines import rasterise
from trimline.scenes import Scene
from trimline.scenes.grid import positions_in

_NOT_STABLE = (
    "fill",
    "cloud",
    "cloud_shadow",
    "dilated_cloud",
    "snow",
    "water",
    "saturated",
    "occluded",
    "dropped",
)
"""Quality flags of ground that does not stay as it is, or is not seen."""
_SNOW_NDSI, _SNOW_GREEN = 0.4, 0.1
"""Where no flag tells snow and ice: NDSI above this, of pixels as bright as this in green (Hall and others, 1995,
Remote Sensing of Environment 54, 127-140)."""

LARGEST_WINDOW, SMALLEST_WINDOW = 128, 32
"""Sides of windows [pixels]."""
_WINDOWS_PER_BLOCK, _BLOCKS = 4, 3
"""Windows along the side of a block, and blocks along that of a large scene, at most."""
_LEAST_STABLE = 0.25
"""Share of a window that must be stable ground in both scenes."""


def common_block(first: Scene, second: Scene) -> GeoBox | None:
    """Return the pixels of the coarser scene's grid, of the first where both are alike, that both scenes cover.

    Returns
    -------
    None where there are none.
    """
    coarser, other = (second, first) if _pixel_m(second) > 1.01 * _pixel_m(first) else (first, second)
    height, width = other.geobox.shape
    columns, rows = (
        each.ravel().astype(np.float64)
        for each in np.meshgrid(np.linspace(0, width, 9), np.linspace(0, height, 9), indexing="xy")
    )
    columns, rows = positions_in(coarser.geobox, other.geobox, columns, rows)
    known = np.isfinite(columns) & np.isfinite(rows)
    if not known.any():
        return None
    left, right = _within(columns[known], coarser.geobox.shape[1])
    top, bottom = _within(rows[known], coarser.geobox.shape[0])
    if right - left < SMALLEST_WINDOW or bottom - top < SMALLEST_WINDOW:
        return None
    return coarser.geobox[top:bottom, left:right]


def pairs_of(
    first: Scene, second: Scene, band: str, ground: GeoBox, *, most_m: float, glaciers: gpd.GeoDataFrame | None
) -> tuple[list[Pair], tuple[float, float]]:
    """Return windows of two scenes, and by how much the grid of the second lies off that of the first.

    Parameters
    ----------
    first, second
        The reference, and the scene that is looked for in it.
    band
        Common name of the band.
    ground
        The ground in common, see `common_block`.
    most_m
        Largest shift that is looked for [m].
    glaciers
        Outlines of glaciers, which are left out whatever they look like; or None.

    Returns
    -------
    tuple
        The windows with enough stable ground, and east and north [m] to add to a shift that they show: scenes with
        pixels of one size are read without resampling, each on its own grid.
    """
    pixel_m = abs(float(ground.resolution.x))
    side = window_side(ground)
    margin = int(min(np.ceil(most_m / pixel_m) + 1, side))
    pairs: list[Pair] = []
    offset = 0.0, 0.0
    for block in _blocks(ground, side):
        wide = block.pad(margin)
        first_grid, second_grid = _own_lattice(first, block), _own_lattice(second, wide)
        offset = _offset(block, first_grid, wide, second_grid)
        values, valid = _read(first, band, first_grid, glaciers)
        other, other_valid = _read(second, band, second_grid, glaciers)
        for row, column in product(*(range(0, length - side + 1, side) for length in values.shape)):
            inside = np.s_[row : row + side, column : column + side]
            wider = np.s_[row : row + side + 2 * margin, column : column + side + 2 * margin]
            centre = np.s_[row + margin : row + margin + side, column + margin : column + margin + side]
            if (valid[inside] & other_valid[centre]).mean() < _LEAST_STABLE:
                continue
            pairs.append(
                Pair(
                    filled(values[inside], valid[inside]),
                    valid[inside],
                    filled(other[wider], other_valid[wider]),
                    other_valid[wider],
                )
            )
    return pairs, offset


def window_side(ground: GeoBox) -> int:
    """Return the side of the windows [pixels]: four along the shorter side of the ground where they are not too small.

    Large windows show more of the ground, more windows show whether they agree.
    """
    return int(np.clip(min(ground.shape) // _WINDOWS_PER_BLOCK, SMALLEST_WINDOW, LARGEST_WINDOW))


def _blocks(ground: GeoBox, side: int) -> Iterator[GeoBox]:
    """Yield the blocks to read: all of a small ground, of a large one nine that are spread over it."""
    axes = []
    for length in ground.shape:
        most = _WINDOWS_PER_BLOCK * side
        fits = length // most
        if fits <= _BLOCKS:
            axes.append([slice(start, min(start + most, length)) for start in range(0, length - side + 1, most)])
        else:
            starts = np.linspace(0, length - most, _BLOCKS).astype(int)
            axes.append([slice(int(start), int(start) + most) for start in starts])
    for rows, columns in product(*axes):
        yield ground[rows, columns]


def _own_lattice(scene: Scene, block: GeoBox) -> GeoBox:
    """Return a grid on the pixels of the scene itself as near a block as can be, or the block where they differ."""
    own = scene.geobox
    if own.crs != block.crs or not np.allclose([*own.resolution.xy], [*block.resolution.xy], rtol=1e-9):
        return block
    column, row = ~own.affine * (block.affine.c, block.affine.f)
    start = own.translate_pix(round(column), round(row))
    return GeoBox(block.shape, start.affine, block.crs)


def _offset(block: GeoBox, first: GeoBox, wide: GeoBox, second: GeoBox) -> tuple[float, float]:
    """Return how far the second grid lies east and north of its block, less how far the first does [m]."""
    east = (second.affine.c - wide.affine.c) - (first.affine.c - block.affine.c)
    north = (second.affine.f - wide.affine.f) - (first.affine.f - block.affine.f)
    return float(east), float(north)


def _read(scene: Scene, band: str, grid: GeoBox, glaciers: gpd.GeoDataFrame | None) -> tuple[NDArray[np.float32], Mask]:
    """Return the numbers of a band on a grid, and where they are of stable ground."""
    values = scene.read(band, grid, units="dn").to_numpy()
    stable = np.isfinite(values) & ~_changing(scene, grid)
    if glaciers is not None:
        stable &= ~ndimage.binary_dilation(rasterise(glaciers, grid).astype(bool), iterations=2)
    return values, stable


def _changing(scene: Scene, grid: GeoBox) -> Mask:
    """Return where flags, or the spectrum, say that the ground changes or is not seen."""
    found = np.zeros(grid.shape, np.bool_)
    if scene.quality_assets:
        flags = scene.quality(grid)
        for name in _NOT_STABLE:
            if name in flags:
                found |= flags[name].to_numpy()
        if "snow" in flags:
            return found
    if all(name in scene.assets and scene.assets[name].holds_reflectance for name in ("green", "swir1")):
        green, swir1 = scene.read(["green", "swir1"], grid).to_numpy()
        with np.errstate(invalid="ignore", divide="ignore"):
            found |= ((green - swir1) / (green + swir1) > _SNOW_NDSI) & (green > _SNOW_GREEN)
    return found


def _pixel_m(scene: Scene) -> float:
    return abs(float(scene.geobox.resolution.x))


def _within(positions: NDArray[np.float64], length: int) -> tuple[int, int]:
    return max(0, int(np.ceil(positions.min() - 1e-6))), min(length, int(np.floor(positions.max() + 1e-6)))
