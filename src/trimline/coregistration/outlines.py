"""Shift of outlines relative to a scene: their edges looked for among the edges of the ice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from scipy import ndimage

from trimline.coregistration.combining import Combined
from trimline.coregistration.correlation import (
    Correlated,
    Directions,
    Mask,
    correlate,
    directions,
    filled,
    highest,
    stacked,
)
from trimline.coregistration.shift import NoShift, Shift
from trimline.errors import BandError
from trimline.outlines import rasterise
from trimline.scenes import Scene

MOST_M = 400.0
"""Largest shift that is looked for [m]: inventories have been found 100 to 200 m off."""
_FINEST_M = 20.0
"""Pixels are at least this long [m]: outlines are drawn no finer, and SWIR 1 of Sentinel-2 is no finer."""
_FINER = 4
"""Points along the side of a pixel at which outlines are burnt, so that their edges are known to a part of a pixel."""
_RIM_PX = 4
"""Pixels around a window that are burnt too, so that its gradients are right up to its edge."""
_SIDE = 64
"""Side of the windows [pixels]."""
_MOST_WINDOWS = 100
"""Windows that are looked at, of a large region those with the longest edges."""
_LEAST_EDGE_PIXELS = 40
"""Pixels of edge that a window must hold."""
_HIDING = ("fill", "cloud", "cloud_shadow", "dilated_cloud", "saturated", "occluded", "dropped")
"""Quality flags of pixels in which ice is not seen."""
_BANDS = ("green", "swir1")
_PEAK_PX = 6
"""Half side of the square that belongs to a peak, which is as wide as glaciers have changed [pixels]."""
_SIGNIFICANCE, _CLEARNESS = 5.0, 1.5
"""Height of the peak in standard deviations of the points beside it, and over the next peak, below which it may be
chance: outlines of mirrored glaciers reach 3.4 and 1.3."""
_DRAWS = 200
"""Draws of the bootstrap."""
_LARGEST_SPREAD_PX = 1.5
"""Spread of the draws above which nothing is told [pixels]; peaks are looked for within two pixels."""
_FLOOR_PX = 0.4
"""Error that more glaciers do not reduce, such as all of them shrinking on their sunny side [pixels]."""


@dataclass(frozen=True)
class _Window:
    """A window with the edges of outlines, and how long they are."""

    grid: GeoBox
    edge_pixels: int


def inventory_shift(outlines: gpd.GeoDataFrame, scene: Scene, *, most_m: float = MOST_M) -> Shift | NoShift:
    """Measure how far outlines of glaciers lie off the ice that a scene shows.

    The edges of the outlines, with the side on which the ice is, are correlated with those of the normalised-difference
    snow index: opposite sides of a glacier that has shrunk move the peak opposite ways and leave it in place, and
    edges of debris, which the index does not show, add noise only. All glaciers together must show one shift.

    Parameters
    ----------
    outlines
        Glaciers of about any date, in any CRS.
    scene
        The reference: a scene with green and SWIR 1, with little snow off the glaciers.
    most_m
        Largest shift that is looked for [m].

    Returns
    -------
    Shift or NoShift
        How far the outlines lie too far east and north, with the standard error; or why that cannot be told.

    Raises
    ------
    BandError
        The scene lacks green or SWIR 1.
    OutlineError
        The outlines have no CRS.

    Examples
    --------
    >>> import trimline
    >>> from trimline.coregistration import inventory_shift
    >>> scene = trimline.open_scene("LC08_L1TP_139036_20180823_20200831_02_T1.tar")
    >>> print(inventory_shift(trimline.read_outlines("inventory.gpkg"), scene))
    112.4 m west, 63.0 m south, ± 6.1 m
    """
    for band in _BANDS:
        if band not in scene.assets:
            raise BandError(f"the product lacks band '{band}'", where=scene.id, remedy="give a scene with SWIR 1")
    grid = _grid_of(scene)
    pixel_m = float(grid.resolution.x)
    margin = int(np.ceil(most_m / pixel_m)) + 1
    chosen = sorted(_windows(outlines, grid), key=lambda each: -each.edge_pixels)[:_MOST_WINDOWS]
    parts = [part for each in chosen if (part := _correlated(outlines, scene, each.grid, margin)) is not None]
    if not parts:
        return NoShift("no glacier of the outlines is seen in the scene")
    found = _common(parts)
    if isinstance(found, str):
        return NoShift(found)
    # What is found is where the ice lies relative to the outlines.
    return Shift(
        east_m=-found.columns * pixel_m,
        north_m=found.rows * pixel_m,
        error_m=found.error * pixel_m,
        pixel_m=pixel_m,
        windows=found.windows,
        share=found.windows / found.of,
    )


def _common(parts: list[Correlated]) -> Combined | str:
    """Return where the edges of all windows together lie, and how far that differs when windows are drawn by lot.

    Glaciers change one by one, so that windows by themselves need not agree: the error is that of the bootstrap.
    """
    stack = stacked(parts, near_px=_PEAK_PX)
    if stack.significance < _SIGNIFICANCE or stack.clearness < _CLEARNESS:
        return "the edges of the outlines are not found again: cloud, snow off the glaciers, or other glaciers"
    if stack.at_edge:
        return f"it is more than {parts[0].margin - 1} pixels"
    around = float(stack.shift[0]), float(stack.shift[1])
    heights = np.stack([each.heights(around) for each in parts])
    place = highest(heights.sum(axis=0), around)
    draws = np.random.default_rng(0).multinomial(len(parts), np.full(len(parts), 1.0 / len(parts)), _DRAWS)
    places = np.array([highest(np.tensordot(counts, heights, 1), around) for counts in draws])
    spread = np.sqrt(((places - place) ** 2).mean(axis=0)).max()
    if spread > _LARGEST_SPREAD_PX:
        return "the glaciers do not agree on it"
    return Combined(*place, float(np.hypot(spread, _FLOOR_PX)), len(parts), len(parts))


def _grid_of(scene: Scene) -> GeoBox:
    """Return the scene's grid, with pixels of whole multiples where its own are finer than outlines are drawn."""
    own = scene.geobox
    factor = max(1, round(_FINEST_M / abs(float(own.resolution.x))))
    return own if factor == 1 else own.zoom_out(factor)


def _windows(outlines: gpd.GeoDataFrame, grid: GeoBox) -> Iterator[_Window]:
    """Yield the windows of a grid in which outlines have edges; the outlines are burnt strip by strip."""
    height, width = grid.shape
    for top in range(0, height, _SIDE):
        strip = grid[top : min(top + _SIDE, height), :]
        burnt = rasterise(outlines, strip)
        edge = ndimage.morphological_gradient(burnt, size=3) > 0
        for left in range(0, width, _SIDE):
            count = int(edge[:, left : left + _SIDE].sum())
            if count >= _LEAST_EDGE_PIXELS:
                yield _Window(_square(grid, top, left), count)


def _square(grid: GeoBox, top: int, left: int) -> GeoBox:
    start = grid.translate_pix(left, top)
    return GeoBox((_SIDE, _SIDE), start.affine, grid.crs)


def _correlated(outlines: gpd.GeoDataFrame, scene: Scene, window: GeoBox, margin: int) -> Correlated | None:
    """Return the correlation of a window's edges with those of the ice; None where nothing of it is seen."""
    wide = window.pad(margin)
    index, seen = _index(scene, wide)
    if seen[margin:-margin, margin:-margin].mean() < 0.25:
        return None
    edges = _edges(outlines, window)
    if not np.abs(edges).any():
        return None
    second, known = directions(filled(index, seen), seen)
    return correlate(edges, second, np.ones(edges.shape, np.bool_), known)


def _edges(outlines: gpd.GeoDataFrame, window: GeoBox) -> Directions:
    """Return the directions towards the ice along the edges of outlines, 0 away from them."""
    height, width = (int(side) + 2 * _RIM_PX for side in window.shape)
    fine = window.pad(_RIM_PX).zoom_to(shape=(_FINER * height, _FINER * width))
    burnt = rasterise(outlines, fine).astype(np.float32)
    share = burnt.reshape(height, _FINER, width, _FINER).mean(axis=(1, 3))
    down = ndimage.gaussian_filter(share, 0.8, order=(1, 0))
    right = ndimage.gaussian_filter(share, 0.8, order=(0, 1))
    inner = np.s_[_RIM_PX:-_RIM_PX, _RIM_PX:-_RIM_PX]
    edges: Directions = (right + 1j * down)[inner].astype(np.complex64)
    return edges


def _index(scene: Scene, grid: GeoBox) -> tuple[NDArray[np.float32], Mask]:
    """Return the normalised-difference snow index, between 0 and 1, and where it is known."""
    units = "reflectance" if all(scene.assets[name].holds_reflectance for name in _BANDS) else "dn"
    green, swir1 = scene.read(list(_BANDS), grid, units=units).to_numpy()  # type: ignore[arg-type]
    with np.errstate(invalid="ignore", divide="ignore"):
        index = (green - swir1) / (green + swir1)
    seen = np.isfinite(index)
    if scene.quality_assets:
        flags = scene.quality(grid)
        for name in _HIDING:
            if name in flags:
                seen &= ~flags[name].to_numpy()
    return np.where(seen, np.clip(index, 0.0, 1.0), 0.0).astype(np.float32), seen
