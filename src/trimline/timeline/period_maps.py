"""Maps of one period: the combined state of its scenes, the source of every pixel, and the ground that none shows.

The islands of the study grid are processed one by one, in strips of rows, and only scenes that touch a strip are read.
Memory depends on the width of an island and on how many scenes overlap there, not on the size of the region. In the
files, ground that no scene shows takes no space.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from types import MappingProxyType
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.windows import Window

from trimline import __version__
from trimline.files import StrPath, made_folder, whole_file, write_json
from trimline.outlines import RowTracer, area_km2, rasterise, write_outlines
from trimline.project.measuring import Rule
from trimline.rasters import PROBABILITY_NODATA, bounded_cache, encode_probability, write_cog
from trimline.timeline.drafts import open_draft
from trimline.timeline.place import Place, Rectangle, strips
from trimline.timeline.preference import Candidate
from trimline.timeline.rules import ICE, UNSEEN, combine
from trimline.timeline.scene_view import MappedScene
from trimline.timeline.uncertain import CERTAIN, UNCERTAIN_GROUND, UNCERTAIN_ICE
from trimline.workplace import workplace

MASK, SOURCES, SOURCE_LIST = "mask.tif", "sources.tif", "sources.json"
PROBABILITY, UNCERTAIN = "probability.tif", "uncertain.tif"
UNSEEN_GROUND = "unseen.gpkg"

_LAYERS: Mapping[str, tuple[str, int]] = MappingProxyType(
    {
        MASK: ("uint8", UNSEEN),
        SOURCES: ("uint16", 0),
        PROBABILITY: ("uint16", PROBABILITY_NODATA),
        UNCERTAIN: ("uint8", UNSEEN),
    }
)
"""Data type and nodata value of each raster of a period."""

_COLUMNS = 2048
"""Columns that are processed at a time [pixels]."""


def combine_period(
    scenes: Sequence[tuple[Candidate, MappedScene]], place: Place, folder: StrPath, *, period: str, rule: Rule
) -> dict[str, Any]:
    """Combine the scenes of a period and write the maps.

    Parameters
    ----------
    scenes
        The scenes in order of preference.
    place
        The grid and the ground of the study.
    folder
        Gets ``mask.tif`` (COG of uint8: 1 ice, 0 ground, 255 unseen or beyond the study), ``sources.tif`` (COG of
        uint16: number of the scene in ``sources.json``, 0 for none), ``probability.tif`` (COG of uint16: that of ice by
        the same scene, in counts of 0.0001), ``uncertain.tif`` (COG of uint8: pixels that are uncertain in that scene,
        1 if mapped as ground and 2 if as ice; 0 elsewhere, 255 as in the mask) and ``unseen.gpkg`` (ground of the study
        that no scene of the period saw).
    period
        Its name.
    rule
        See `trimline.timeline.rules.combine`.

    Returns
    -------
    dict
        `unseen_km2`, and `pixels`: how many were taken from each scene.
    """
    folder = made_folder(folder)
    mapped = [view for _, view in scenes]
    rectangles = [view.rectangle(place.geobox) for view in mapped]
    used = np.zeros(len(mapped) + 1, np.int64)
    unseen: list[gpd.GeoDataFrame] = []
    with (
        bounded_cache(),
        workplace(folder, "timeline") as temporary,
        ExitStack() as all_,
    ):
        drafts = {name: temporary / name for name in _LAYERS}
        tags = {"TRIMLINE_PERIOD": period, "TRIMLINE_RULE": rule, "TRIMLINE_VERSION": __version__}
        with ExitStack() as opened:
            files = {
                name: opened.enter_context(open_draft(drafts[name], place.geobox, dtype, nodata, tags))
                for name, (dtype, nodata) in _LAYERS.items()
            }
            for island in place.islands:
                tracer = RowTracer(place.of_island(island))
                for rows, columns in strips(island):
                    layers, gaps = _strip(rows, columns, place, mapped, rectangles, rule)
                    tracer.add(gaps)
                    used += np.bincount(layers[SOURCES].ravel(), minlength=len(used))
                    window = Window(columns.start, rows.start, gaps.shape[1], gaps.shape[0])
                    for name, layer in layers.items():
                        files[name].write(layer, window)
                unseen.append(tracer.finish())
        unseen_ground = joined(unseen, place).assign(period=period)
        # Renamed together at the end of the block, so that all files are of one run.
        paths = {name: all_.enter_context(whole_file(folder / name)) for name in (*_LAYERS, UNSEEN_GROUND)}
        for name, path in drafts.items():
            write_cog(path, paths[name], overviews="nearest", sparse=True)
        write_outlines(unseen_ground, paths[UNSEEN_GROUND])
    write_json(folder / SOURCE_LIST, _listed(scenes, used))
    return {
        "unseen_km2": float(area_km2(unseen_ground).sum()),
        "pixels": {candidate.id: int(count) for (candidate, _), count in zip(scenes, used[1:], strict=True)},
    }


def _strip(
    rows: slice,
    columns: slice,
    place: Place,
    mapped: Sequence[MappedScene],
    rectangles: Sequence[Rectangle],
    rule: Rule,
) -> tuple[dict[str, NDArray[Any]], NDArray[np.bool_]]:
    """Return the layers of a strip and its unseen ground, (h, w) each."""
    shape = rows.stop - rows.start, columns.stop - columns.start
    layers = {name: np.full(shape, nodata, dtype) for name, (dtype, nodata) in _LAYERS.items()}
    gaps = np.zeros(shape, np.bool_)
    for start in range(columns.start, columns.stop, _COLUMNS):
        stop = min(start + _COLUMNS, columns.stop)
        here = slice(None), slice(start - columns.start, stop - columns.start)
        block = place.geobox[rows, start:stop]
        ground = rasterise(place.ground, block).astype(np.bool_)
        found = _block(block, (rows.start, rows.stop, start, stop), place, mapped, rectangles, rule)
        for name, layer in found.items():
            layers[name][here] = np.where(ground, layer, layers[name][here])
        gaps[here] = ground & (found[MASK] == UNSEEN)
    return layers, gaps


def _block(
    block: GeoBox,
    where: Rectangle,
    place: Place,
    mapped: Sequence[MappedScene],
    rectangles: Sequence[Rectangle],
    rule: Rule,
) -> dict[str, NDArray[Any]]:
    """Return the layers of a block of the grid, (h, w) each."""
    parts = {i: part for i, each in enumerate(rectangles) if (part := _cut(each, where)) is not None}
    states = np.full((len(parts), *block.shape), UNSEEN, np.uint8)
    saturated = np.zeros(states.shape, np.bool_)
    # Indexed by source: 0 stands for no scene.
    probability = np.full((len(parts) + 1, *block.shape), np.nan, np.float32)
    uncertain = np.full(probability.shape, UNSEEN, np.uint8)
    for position, (i, (top, bottom, left, right)) in enumerate(parts.items()):
        inside = slice(top - where[0], bottom - where[0]), slice(left - where[2], right - where[2])
        view = mapped[i].view(place.geobox[top:bottom, left:right], place.geobox)
        states[position][inside], saturated[position][inside] = view.state, view.saturated
        probability[position + 1][inside] = view.probability
        mapped_as = np.where(view.state == ICE, np.uint8(UNCERTAIN_ICE), np.uint8(UNCERTAIN_GROUND))
        uncertain[position + 1][inside] = np.where(view.uncertain, mapped_as, np.uint8(CERTAIN))
    combined = combine(rule, states, saturated)
    numbers = np.array([0, *(i + 1 for i in parts)], np.uint16)
    source = combined.source[np.newaxis]
    return {
        MASK: combined.state,
        SOURCES: numbers[combined.source],
        PROBABILITY: encode_probability(np.take_along_axis(probability, source, axis=0)[0]),
        UNCERTAIN: np.take_along_axis(uncertain, source, axis=0)[0],
    }


def _cut(one: Rectangle, other: Rectangle) -> Rectangle | None:
    """Return the intersection of two rectangles; None where it is empty."""
    top, bottom, left, right = (
        max(one[0], other[0]),
        min(one[1], other[1]),
        max(one[2], other[2]),
        min(one[3], other[3]),
    )
    return (top, bottom, left, right) if top < bottom and left < right else None


def joined(parts: Sequence[gpd.GeoDataFrame], place: Place) -> gpd.GeoDataFrame:
    """Return the polygons of all islands in one frame."""
    present = [part for part in parts if not part.empty]
    if not present:
        return gpd.GeoDataFrame(geometry=[], crs=place.ground.crs)
    return gpd.GeoDataFrame(pd.concat(present, ignore_index=True), crs=place.ground.crs)


def _listed(scenes: Sequence[tuple[Candidate, MappedScene]], used: NDArray[np.int64]) -> list[dict[str, Any]]:
    """Return the entries of `sources.json`."""
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
            "snow_by": candidate.snow_by,
            "pixels": int(used[number]),
        }
        for number, (candidate, view) in enumerate(scenes, start=1)
    ]
