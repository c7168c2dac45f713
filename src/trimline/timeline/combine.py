"""One period on the disk: what its scenes together say of the region, whose word it was, and what none of them saw.

The islands of the region are worked on one by one, in strips of rows, and only scenes that touch a strip are read.
Memory depends on the width of an island and on how many scenes overlap there, not on the size of the region; in the
files, ground that no scene shows takes no room.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.windows import Window

from trimline import __version__
from trimline.files import whole_file, write_json
from trimline.mapping.rasters import BLOCK, PROBABILITY_NODATA, bounded_cache, encode_probability, write_cog
from trimline.outlines import RowTracer, area_km2, rasterise, write_outlines
from trimline.project.measuring import Rule
from trimline.rasters import grid_options
from trimline.timeline.doubt import DOUBTFUL_GROUND, DOUBTFUL_ICE, SURE
from trimline.timeline.place import Place, Rectangle, strips
from trimline.timeline.preference import Candidate
from trimline.timeline.rules import ICE, UNSEEN, combine
from trimline.timeline.views import View

MASK, SOURCES, SOURCE_LIST = "mask.tif", "sources.tif", "sources.json"
PROBABILITY, DOUBT = "probability.tif", "doubt.tif"
UNSEEN_GROUND = "unseen.gpkg"

_LAYERS: Mapping[str, tuple[str, int]] = MappingProxyType(
    {
        MASK: ("uint8", UNSEEN),
        SOURCES: ("uint16", 0),
        PROBABILITY: ("uint16", PROBABILITY_NODATA),
        DOUBT: ("uint8", UNSEEN),
    }
)
"""Types of the rasters of a period, and what stands where nothing is known."""

_COLUMNS = 2048
"""Columns that are worked on at a time [pixels]."""


def combine_period(
    scenes: Sequence[tuple[Candidate, View]], place: Place, folder: Path, *, period: str, rule: Rule
) -> dict[str, Any]:
    """Write what the scenes of a period together say of a region.

    Parameters
    ----------
    scenes
        The scenes in order of preference, the one to ask first at the front.
    place
        The grid and the ground of the study.
    folder
        Gets ``mask.tif`` (COG of uint8: 1 ice, 0 ground, 255 unseen or beyond the study), ``sources.tif`` (COG of
        uint16: number of the scene in ``sources.json``, 0 for none), ``probability.tif`` (COG of uint16: that of ice by
        the same scene, in counts of 0.0001), ``doubt.tif`` (COG of uint8: where that scene's map is in doubt, 1 if it
        took the pixel for ground and 2 if for ice; 0 elsewhere, 255 as in the mask) and ``unseen.gpkg`` (ground of the
        study that no scene of the period saw).
    period
        Its name.
    rule
        See `trimline.timeline.rules.combine`.

    Returns
    -------
    dict
        `unseen_km2`, and `pixels`: how many were taken from each scene.
    """
    folder.mkdir(parents=True, exist_ok=True)
    views = [view for _, view in scenes]
    rectangles = [view.rectangle(place.geobox) for view in views]
    used = np.zeros(len(views) + 1, np.int64)
    unseen: list[gpd.GeoDataFrame] = []
    with (
        bounded_cache(),
        tempfile.TemporaryDirectory(prefix=".timeline.", dir=folder) as temporary,
        ExitStack() as all_,
    ):
        drafts = {name: Path(temporary) / name for name in _LAYERS}
        tags = {"TRIMLINE_PERIOD": period, "TRIMLINE_RULE": rule, "TRIMLINE_VERSION": __version__}
        with ExitStack() as opened:
            files = {
                name: opened.enter_context(draft(drafts[name], place.geobox, dtype, nodata, tags))
                for name, (dtype, nodata) in _LAYERS.items()
            }
            for island in place.islands:
                tracer = RowTracer(place.of_island(island))
                for rows, columns in strips(island):
                    layers, blind = _strip(rows, columns, place, views, rectangles, rule)
                    tracer.add(blind)
                    used += np.bincount(layers[SOURCES].ravel(), minlength=len(used))
                    window = Window(columns.start, rows.start, blind.shape[1], blind.shape[0])
                    for name, layer in layers.items():
                        files[name].write(layer, 1, window=window)
                unseen.append(tracer.finish())
        blind_ground = joined(unseen, place).assign(period=period)
        # Renamed together at the end of the block, so that all belong to one another.
        paths = {name: all_.enter_context(whole_file(folder / name)) for name in (*_LAYERS, UNSEEN_GROUND)}
        for name, path in drafts.items():
            write_cog(path, paths[name], overviews="nearest", sparse=True)
        write_outlines(blind_ground, paths[UNSEEN_GROUND])
    write_json(folder / SOURCE_LIST, _listed(scenes, used))
    return {
        "unseen_km2": float(area_km2(blind_ground).sum()),
        "pixels": {candidate.id: int(count) for (candidate, _), count in zip(scenes, used[1:], strict=True)},
    }


def _strip(
    rows: slice, columns: slice, place: Place, views: Sequence[View], rectangles: Sequence[Rectangle], rule: Rule
) -> tuple[dict[str, NDArray[Any]], NDArray[np.bool_]]:
    """Return the layers of a strip and its unseen ground, (h, w) each."""
    shape = rows.stop - rows.start, columns.stop - columns.start
    layers = {name: np.full(shape, nodata, dtype) for name, (dtype, nodata) in _LAYERS.items()}
    blind = np.zeros(shape, np.bool_)
    for start in range(columns.start, columns.stop, _COLUMNS):
        stop = min(start + _COLUMNS, columns.stop)
        here = slice(None), slice(start - columns.start, stop - columns.start)
        block = place.geobox[rows, start:stop]
        ground = rasterise(place.ground, block).astype(np.bool_)
        found = _block(block, (rows.start, rows.stop, start, stop), place, views, rectangles, rule)
        for name, layer in found.items():
            layers[name][here] = np.where(ground, layer, layers[name][here])
        blind[here] = ground & (found[MASK] == UNSEEN)
    return layers, blind


def _block(
    block: GeoBox, where: Rectangle, place: Place, views: Sequence[View], rectangles: Sequence[Rectangle], rule: Rule
) -> dict[str, NDArray[Any]]:
    """Return the layers of a block of the grid, (h, w) each."""
    parts = {i: part for i, each in enumerate(rectangles) if (part := _cut(each, where)) is not None}
    said = np.full((len(parts), *block.shape), UNSEEN, np.uint8)
    saturated = np.zeros(said.shape, np.bool_)
    # What each view says besides, under its number; that of nobody, number 0, says nothing.
    probability = np.full((len(parts) + 1, *block.shape), np.nan, np.float32)
    doubt = np.full(probability.shape, UNSEEN, np.uint8)
    for position, (i, (top, bottom, left, right)) in enumerate(parts.items()):
        inside = slice(top - where[0], bottom - where[0]), slice(left - where[2], right - where[2])
        seen = views[i].look(place.geobox[top:bottom, left:right], place.geobox)
        said[position][inside], saturated[position][inside] = seen.said, seen.saturated
        probability[position + 1][inside] = seen.probability
        taken_for = np.where(seen.said == ICE, np.uint8(DOUBTFUL_ICE), np.uint8(DOUBTFUL_GROUND))
        doubt[position + 1][inside] = np.where(seen.doubtful, taken_for, np.uint8(SURE))
    combined = combine(rule, said, saturated)
    numbers = np.array([0, *(i + 1 for i in parts)], np.uint16)
    witness = combined.source[np.newaxis]
    return {
        MASK: combined.ice,
        SOURCES: numbers[combined.source],
        PROBABILITY: encode_probability(np.take_along_axis(probability, witness, axis=0)[0]),
        DOUBT: np.take_along_axis(doubt, witness, axis=0)[0],
    }


def _cut(one: Rectangle, other: Rectangle) -> Rectangle | None:
    """Return what two rectangles share; None where that is nothing."""
    top, bottom, left, right = (
        max(one[0], other[0]),
        min(one[1], other[1]),
        max(one[2], other[2]),
        min(one[3], other[3]),
    )
    return (top, bottom, left, right) if top < bottom and left < right else None


def draft(path: Path, geobox: GeoBox, dtype: str, nodata: int, tags: Mapping[str, str]) -> Any:
    """Open a raster that takes windows in any order, and no room where nothing is written."""
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
    return opened


def joined(parts: Sequence[gpd.GeoDataFrame], place: Place) -> gpd.GeoDataFrame:
    """Return the polygons of all islands in one frame."""
    present = [part for part in parts if not part.empty]
    if not present:
        return gpd.GeoDataFrame(geometry=[], crs=place.ground.crs)
    return gpd.GeoDataFrame(pd.concat(present, ignore_index=True), crs=place.ground.crs)


def _listed(scenes: Sequence[tuple[Candidate, View]], used: NDArray[np.int64]) -> list[dict[str, Any]]:
    """Return what `sources.json` says of each scene."""
    return [
        {
            "index": number,
            "scene_id": candidate.id,
            "date": candidate.date,
            "sensor": view.scene.sensor.id,
            "rank": number,
            "reference": candidate.reference,
            "cloud": candidate.cloud,
            "snow": candidate.snow,
            "pixels": int(used[number]),
        }
        for number, (candidate, view) in enumerate(scenes, start=1)
    ]
