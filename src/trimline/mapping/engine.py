"""The loop over windows: read, ask the network, keep the core. Everything that maps goes through it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from trimline.errors import GridError, MappingError, WeightsError
from trimline.mapping.windows import Extent, Tiling, Window, plan_windows
from trimline.progress import track
from trimline.scenes.calibration import IDENTITY, NoCalibration
from trimline.scenes.grid import offset_between, positions_in

if TYPE_CHECKING:
    from trimline.scenes import Scene
    from trimline.training import Segmenter

WINDOW = 512
"""Side of a window's core unless said otherwise [pixels]."""

_POINTS_PER_EDGE = 65


def predict_array(
    scene: Scene,
    segmenter: Segmenter,
    geobox: GeoBox | None = None,
    *,
    window: int = WINDOW,
    halo: int | None = None,
    progress: bool = False,
) -> NDArray[np.float32]:
    """Return the probability of ice on a grid, in memory.

    Parameters
    ----------
    scene
        What is mapped.
    segmenter
        The network that maps it.
    geobox
        The grid; None means the scene's own. It may reach beyond the scene.
    window, halo
        As in `map_scene`.
    progress
        Whether to show a bar.

    Returns
    -------
    NDArray[np.float32]
        (h, w) in [0, 1]; NaN where the scene has no data in one of the bands.

    Raises
    ------
    WeightsError
        The scene lacks what the weights need; see `check_fits`.
    MappingError
        The window or the halo cannot be.
    GridError
        The grid has no CRS.
    """
    region = scene.geobox if geobox is None else geobox
    answer = np.full(region.shape, np.nan, np.float32)
    for each, probability in probabilities(scene, segmenter, region, window=window, halo=halo, progress=progress):
        answer[each.core] = probability
    return answer


def probabilities(
    scene: Scene,
    segmenter: Segmenter,
    region: GeoBox,
    *,
    window: int = WINDOW,
    halo: int | None = None,
    progress: bool = False,
) -> Iterator[tuple[Window, NDArray[np.float32]]]:
    """Yield the windows of a region with the probability of ice in their cores, row by row.

    Windows without data are not shown to the network, and not yielded. The parameters are those of `predict_array`.
    """
    check_fits(scene, segmenter)
    tiling = tiling_for(segmenter, window, halo)
    windows = plan_windows(region, _extent_on(scene, region), tiling)
    for each in track(windows, f"map {scene.id}") if progress else windows:
        image = _read(scene, segmenter, each.seen)
        if not np.isfinite(image[(slice(None), *each.inner)]).all(axis=0).any():
            continue
        probability = segmenter.probability(image[None])[0]
        yield each, probability[each.inner]


def tiling_for(segmenter: Segmenter, window: int = WINDOW, halo: int | None = None) -> Tiling:
    """Return how scenes are cut for a network.

    Parameters
    ----------
    segmenter
        Its halo (half its receptive field, in multiples of its stride) is what windows need to agree with the whole
        scene. Where its answer depends on the whole tile there is no such halo: it sees tiles of the size that it was
        trained on, of which the inner half is kept.
    window
        Side of a core [pixels]; a network that depends on the whole tile has its own.
    halo
        Another margin than the network's [pixels]. A smaller one is faster, and the map then depends a little on
        where windows meet.

    Raises
    ------
    MappingError
        The window or the halo cannot be, or the weights do not say which tile they were trained on.
    """
    if segmenter.halo is not None:
        return Tiling((window, window), segmenter.halo if halo is None else halo, segmenter.stride)
    tile = segmenter.metadata.tile
    if tile is None:
        raise MappingError(
            f"the answer of {segmenter.metadata.network} depends on the whole tile, "
            "and the weights do not say which tile they were trained on",
            remedy="train anew",
        )
    return Tiling.for_tile(tile, halo, segmenter.stride)


def check_fits(scene: Scene, segmenter: Segmenter) -> None:
    """Raise `WeightsError` when a scene lacks a band that weights need, or cannot be read in their units."""
    for band in segmenter.bands:
        if band not in scene.assets:
            lost = scene.missing.get(band)
            raise WeightsError(
                f"the weights need the band '{band}', which the scene lacks",
                where=scene.id,
                remedy=f"its metadata name the file {lost}, which is not there: fetch the product again"
                if lost
                else f"it holds {', '.join(scene.assets)}; take weights trained on these",
            )
        calibration = scene.assets[band].calibration
        if segmenter.units == "reflectance" and isinstance(calibration, NoCalibration):
            raise WeightsError(
                f"the weights need reflectance, and {calibration.reason}",
                where=f"{scene.id}, band {band}",
                remedy=calibration.remedy.partition(";")[0],
            )
        if segmenter.units == "dn" and calibration == IDENTITY:
            raise WeightsError(
                "the weights need digital numbers, and the scene holds reflectance only",
                where=f"{scene.id}, band {band}",
                remedy="take the Level-1 product, or weights trained on reflectance",
            )


def _read(scene: Scene, segmenter: Segmenter, seen: GeoBox) -> NDArray[np.float32]:
    """Return (bands, h, w): NaN beyond the scene and where its quality band says fill."""
    image: NDArray[np.float32] = scene.read(segmenter.bands, seen, units=segmenter.units).values
    if "pixel" in scene.quality_assets:
        image[:, scene.quality(seen)["fill"].values] = np.nan
    return image


def _extent_on(scene: Scene, region: GeoBox) -> Extent:
    """Return the rows and columns of a region's grid that a scene covers."""
    if region.crs is None:
        raise GridError("the grid to map onto has no CRS")
    start = offset_between(region, scene.geobox)
    if start is not None:
        row, column = start
        height, width = scene.geobox.shape
        return Extent((-row, height - row), (-column, width - column))
    columns, rows = positions_in(region, scene.geobox, *_edge(scene.geobox))
    known = np.isfinite(columns) & np.isfinite(rows)
    if not known.any():
        return Extent((0, 0), (0, 0))
    return Extent(_outward(rows[known]), _outward(columns[known]))


def _edge(geobox: GeoBox) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return columns and rows of points along the edge of a grid, close enough to follow where it bends."""
    height, width = geobox.shape
    along, zero, one = np.linspace(0, 1, _POINTS_PER_EDGE), np.zeros(_POINTS_PER_EDGE), np.ones(_POINTS_PER_EDGE)
    columns, rows = np.concatenate([along, along, zero, one]), np.concatenate([zero, one, along, along])
    return columns * width, rows * height


def _outward(positions: NDArray[np.float64]) -> tuple[int, int]:
    return math.floor(positions.min()), math.ceil(positions.max())
