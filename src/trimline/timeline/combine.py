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
from trimline.mapping.rasters import BLOCK, bounded_cache, write_cog
from trimline.outlines import RowTracer, area_km2, rasterise, write_outlines
from trimline.project.measuring import Rule
from trimline.rasters import grid_options
from trimline.timeline.place import Place, Rectangle, strips
from trimline.timeline.preference import Candidate
from trimline.timeline.rules import UNSEEN, combine
from trimline.timeline.views import View

MASK, SOURCES, SOURCE_LIST = "mask.tif", "sources.tif", "sources.json"
UNSEEN_GROUND = "unseen.gpkg"

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
        uint16: number of the scene in ``sources.json``, 0 for none) and ``unseen.gpkg`` (ground of the study that no
        scene of the period saw).
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
        drafts = {name: Path(temporary) / name for name in (MASK, SOURCES)}
        tags = {"TRIMLINE_PERIOD": period, "TRIMLINE_RULE": rule, "TRIMLINE_VERSION": __version__}
        with (
            draft(drafts[MASK], place.geobox, "uint8", UNSEEN, tags) as mask_file,
            draft(drafts[SOURCES], place.geobox, "uint16", 0, tags) as source_file,
        ):
            for island in place.islands:
                tracer = RowTracer(place.of_island(island))
                for rows, columns in strips(island):
                    mask, source, blind = _strip(rows, columns, place, views, rectangles, rule)
                    tracer.add(blind)
                    used += np.bincount(source.ravel(), minlength=len(used))
                    window = Window(columns.start, rows.start, mask.shape[1], mask.shape[0])
                    mask_file.write(mask, 1, window=window)
                    source_file.write(source, 1, window=window)
                unseen.append(tracer.finish())
        blind_ground = joined(unseen, place).assign(period=period)
        # Renamed together at the end of the block, so that all belong to one another.
        paths = {name: all_.enter_context(whole_file(folder / name)) for name in (MASK, SOURCES, UNSEEN_GROUND)}
        write_cog(drafts[MASK], paths[MASK], overviews="nearest", sparse=True)
        write_cog(drafts[SOURCES], paths[SOURCES], overviews="nearest", sparse=True)
        write_outlines(blind_ground, paths[UNSEEN_GROUND])
    write_json(folder / SOURCE_LIST, _listed(scenes, used))
    return {
        "unseen_km2": float(area_km2(blind_ground).sum()),
        "pixels": {candidate.id: int(count) for (candidate, _), count in zip(scenes, used[1:], strict=True)},
    }


def _strip(
    rows: slice, columns: slice, place: Place, views: Sequence[View], rectangles: Sequence[Rectangle], rule: Rule
) -> tuple[NDArray[np.uint8], NDArray[np.uint16], NDArray[np.bool_]]:
    """Return mask, source and unseen ground of a strip, (h, w) each."""
    shape = rows.stop - rows.start, columns.stop - columns.start
    mask, source = np.full(shape, UNSEEN, np.uint8), np.zeros(shape, np.uint16)
    blind = np.zeros(shape, np.bool_)
    for start in range(columns.start, columns.stop, _COLUMNS):
        stop = min(start + _COLUMNS, columns.stop)
        here = slice(start - columns.start, stop - columns.start)
        block = place.geobox[rows, start:stop]
        ground = rasterise(place.ground, block).astype(np.bool_)
        asked = [i for i, each in enumerate(rectangles) if _cut(each, (rows.start, rows.stop, start, stop)) is not None]
        said = np.full((len(asked), *block.shape), UNSEEN, np.uint8)
        saturated = np.zeros(said.shape, np.bool_)
        for position, i in enumerate(asked):
            part = _cut(rectangles[i], (rows.start, rows.stop, start, stop))
            if part is None:
                continue
            top, bottom, left, right = part
            inside = (position, slice(top - rows.start, bottom - rows.start), slice(left - start, right - start))
            said[inside], saturated[inside] = views[i].look(place.geobox[top:bottom, left:right], place.geobox)
        combined = combine(rule, said, saturated)
        numbers = np.array([0, *(i + 1 for i in asked)], np.uint16)
        mask[:, here] = np.where(ground, combined.ice, np.uint8(UNSEEN))
        source[:, here] = np.where(ground, numbers[combined.source], np.uint16(0))
        blind[:, here] = ground & (combined.ice == UNSEEN)
    return mask, source, blind


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
