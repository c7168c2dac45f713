"""Map a whole scene: probability and mask as Cloud Optimized GeoTIFF, outlines as GeoPackage."""

from __future__ import annotations

import hashlib
import json
import logging
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
from odc.geo.geobox import GeoBox
from pyogrio.errors import DataSourceError
from rasterio.errors import RasterioError

from trimline import __version__
from trimline.errors import MappingError
from trimline.files import whole_file
from trimline.mapping.engine import Answers, Rows, ahead, finished_rows, here
from trimline.mapping.fitting import check_fits
from trimline.mapping.journal import Journal, disk_error, open_journal
from trimline.mapping.survey import WINDOW, Survey
from trimline.mapping.windows import Strip
from trimline.outlines import RowTracer, area_and_perimeter_km, write_outlines
from trimline.rasters import (
    MASK_NODATA,
    PROBABILITY_NODATA,
    PROBABILITY_SCALE,
    bounded_cache,
    encode_mask,
    encode_probability,
    write_cog,
)
from trimline.scenes import scene_content
from trimline.scenes.asset import first_line
from trimline.training.freed_memory import freed_memory_kept

if TYPE_CHECKING:
    from trimline.mapping.screen import Within
    from trimline.scenes import Scene
    from trimline.training import Segmenter

_LOG = logging.getLogger(__name__)

_GROWTH = 1.4e9
"""By how much the process may grow before what is freed is given back [bytes]."""

MINIMUM_AREA_M2 = 10_000.0
"""Smaller outlines are left out: 0.01 km2, the usual limit of inventories (Paul and others, 2009)."""


@dataclass(frozen=True)
class MapResult:
    """Where a scene's maps lie."""

    probability: Path
    """COG of uint16: probability of ice in counts of 0.0001, 65535 where there are no data."""
    mask: Path
    """COG of uint8: 1 ice, 0 ground, 255 no data; small patches included."""
    outlines: Path
    """GeoPackage of the patches of ice that are large enough, the largest first."""
    asked: float
    """Share of the pixels with data that the network was shown; NaN where there are none."""


def map_scene(
    scene: Scene,
    segmenter: Segmenter,
    folder: Path,
    *,
    region: GeoBox | None = None,
    window: int | None = None,
    halo: int | None = None,
    screen: bool = True,
    within: Within | None = None,
    threshold: float | None = None,
    minimum_area_m2: float = MINIMUM_AREA_M2,
    minimum_hole_m2: float = 0.0,
    smoothing: int = 0,
    answers: Answers | None = None,
    progress: bool = True,
) -> MapResult:
    """Map a scene into a folder, in memory that does not grow with the scene's height.

    A map that was interrupted goes on where it stopped.

    Parameters
    ----------
    scene
        What is mapped.
    segmenter
        The network that maps it.
    folder
        Gets ``probability.tif``, ``mask.tif`` and ``outlines.gpkg``, all three whole or none.
    region
        The grid to map onto, projected; None means the scene's own.
    window
        Rows that are worked on at a time, and columns of a window of so many rows [pixels]; the network sees `halo`
        more on each side. None means up to 896, as the network's memory allows.
    halo
        That margin [pixels]; None means what the network needs for a map that does not depend on the windows.
    screen
        Whether the network is shown only ground near pixels that could be snow or ice by their spectrum; without
        green, SWIR 1 or a calibration it is shown all, and the log says so.
    within
        Ground to which the map is confined; beyond it there is no ice.
    threshold
        Probability from which on a pixel is ice; None means that of the weights.
    minimum_area_m2
        Smaller outlines are left out [m2]. The mask keeps them.
    minimum_hole_m2
        Smaller holes of outlines are filled [m2]; not those of the mask.
    smoothing
        How often the corners of outlines are cut, see `trimline.outlines.smooth`; 0 follows the pixels.
    answers
        Who asks the network, for instance `trimline.mapping.on_cluster`; None means this machine.
    progress
        Whether to show a bar.

    Returns
    -------
    MapResult
        The three files. Each carries the scene, the weights' hash, the threshold and the version.

    Raises
    ------
    WeightsError
        The scene lacks a band that the weights need, or cannot be read in their units.
    ProductError
        A raster of the scene is damaged.
    MappingError
        The region is not projected, the threshold, the window or the halo cannot be, the disk is full, or another run
        maps into the folder.
    """
    threshold = segmenter.threshold if threshold is None else threshold
    if not 0 <= threshold <= 1:
        raise MappingError(f"a probability is never {threshold}", where="threshold", remedy="give one from 0 to 1")
    check_fits(scene, segmenter)
    if answers is None:
        segmenter = segmenter.fastest((window or WINDOW, window or WINDOW))
        answers = here(segmenter)
    survey = Survey.of(scene, segmenter, region, window=window, halo=halo, screen=screen, within=within)
    if survey.region.crs is None or not survey.region.crs.projected:
        raise MappingError("the region must lie in a projected CRS", remedy="give a grid in UTM, for instance")
    tracer = RowTracer(
        survey.region, minimum_area_m2=minimum_area_m2, minimum_hole_m2=minimum_hole_m2, smoothing=smoothing
    )
    folder.mkdir(parents=True, exist_ok=True)
    key = _key(survey, segmenter, threshold)
    with freed_memory_kept(_GROWTH), bounded_cache(), open_journal(folder, survey.region.width, key) as journal:
        for mask in journal.mask(WINDOW):
            tracer.add(mask == 1)

        def keep(rows: Rows) -> None:
            mask = encode_mask(rows.probability, threshold)
            journal.append(encode_probability(rows.probability), mask, asked=rows.asked, known=rows.known)
            tracer.add(mask == 1)

        # What is finished is encoded, written and traced while the network is busy with the next strip.
        for _ in ahead(keep, _remaining(survey, journal, answers, progress=progress)):
            pass
        outlines = _described(tracer.finish(), scene, segmenter, threshold)
        return _write(folder, journal, survey, outlines, _provenance(survey, segmenter, threshold))


def _remaining(survey: Survey, journal: Journal, answers: Answers, *, progress: bool) -> Iterator[Rows]:
    """Yield the rows that are not in the journal, those of the region beyond the scene included."""
    height = survey.region.height
    done = min(journal.rows, height)
    if done:
        _LOG.info("%s: going on after row %d of %d", survey.scene.id, done, height)
    strips = survey.strips
    first = strips[0].complete.start if strips else height
    yield from _without_data(slice(done, first), survey)
    for rows in finished_rows(survey, _from(strips, done), answers, progress=progress):
        if rows.rows.start >= done:
            yield rows
    last = strips[-1].complete.stop if strips else height
    yield from _without_data(slice(max(done, last), height), survey)


def _from(strips: list[Strip], done: int) -> list[Strip]:
    """Return the strips that add to rows which are not done."""
    remaining = [strip for strip in strips if strip.complete.start >= done]
    if not remaining:
        return []
    return [strip for strip in strips if strip.cut.kept.stop > remaining[0].complete.start]


def _without_data(rows: slice, survey: Survey) -> Iterator[Rows]:
    for start in range(rows.start, rows.stop, survey.tiling.window):
        stop = min(start + survey.tiling.window, rows.stop)
        yield Rows(slice(start, stop), np.full((stop - start, survey.region.width), np.nan, np.float32), 0, 0)


def _write(
    folder: Path, journal: Journal, survey: Survey, outlines: gpd.GeoDataFrame, tags: dict[str, str]
) -> MapResult:
    result = MapResult(
        folder / "probability.tif",
        folder / "mask.tif",
        folder / "outlines.gpkg",
        journal.asked / journal.known if journal.known else float("nan"),
    )
    with _writing(folder), ExitStack() as stack:
        # Renamed together at the end of the block, so that the three always belong to one another.
        probability, mask, gpkg = (
            stack.enter_context(whole_file(path)) for path in (result.probability, result.mask, result.outlines)
        )
        source = journal.raster(
            "probability",
            survey.region,
            nodata=PROBABILITY_NODATA,
            scale=PROBABILITY_SCALE,
            description="probability of ice",
            tags=tags,
        )
        write_cog(source, probability)
        source = journal.raster("mask", survey.region, nodata=MASK_NODATA, scale=1, description="ice", tags=tags)
        write_cog(source, mask)
        write_outlines(outlines, gpkg)
    return result


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Say what the user can do where a file cannot be written."""
    kept = "the map is finished but for its files"
    try:
        yield
    except OSError as error:
        raise disk_error(error, folder, kept) from error
    except (RasterioError, DataSourceError) as error:
        raise MappingError(
            f"the files cannot be written ({first_line(error)}); {kept}",
            where=folder,
            remedy="see that the disk has room, and run again: it goes on there",
        ) from error


def _described(outlines: gpd.GeoDataFrame, scene: Scene, segmenter: Segmenter, threshold: float) -> gpd.GeoDataFrame:
    """Return outlines with the published columns, the largest first."""
    inside = outlines.representative_point().to_crs(4326)
    area, perimeter = area_and_perimeter_km(outlines)
    outlines = outlines.assign(
        src_date=scene.time.strftime("%Y-%m-%dT%H:%M:%SZ") if scene.time is not None else scene.date,
        cenlon=inside.x,
        cenlat=inside.y,
        utm_zone=((inside.x + 180) // 6 % 60 + 1).astype("int64"),
        area_km2=area,
        perimeter_km=perimeter,
        scene_id=scene.id,
        sensor=scene.sensor.id,
        network=segmenter.metadata.network,
        threshold=threshold,
        weights_sha256=segmenter.sha256,
        trimline_version=__version__,
    )
    return outlines.sort_values("area_km2", ascending=False, kind="stable", ignore_index=True)


def _key(survey: Survey, segmenter: Segmenter, threshold: float) -> str:
    """Return what tells maps apart of which one could go on with the rows of the other."""
    if not segmenter.sha256:
        return uuid.uuid4().hex
    region, within = survey.region, survey.within
    said: dict[str, Any] = {
        "scene": survey.scene.identity,
        "region": [*region.shape, *region.affine, str(region.crs)],
        "tiling": repr(survey.tiling),
        "screen": survey.screen,
        "within": within.digest if within is not None else None,
        "weights": segmenter.sha256,
        "arithmetic": segmenter.arithmetic,
        "threshold": threshold,
        "version": __version__,
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _provenance(survey: Survey, segmenter: Segmenter, threshold: float) -> dict[str, str]:
    """Return the tags that both rasters carry."""
    scene = survey.scene
    said = {
        "TIFFTAG_SOFTWARE": f"trimline {__version__}",
        "TRIMLINE_SCENE": scene.id,
        "TRIMLINE_SCENE_IDENTITY": scene_content(scene),
        "TRIMLINE_SENSOR": scene.sensor.id,
        "TRIMLINE_TIME": scene.time.isoformat() if scene.time is not None else scene.date,
        "TRIMLINE_NETWORK": segmenter.metadata.network,
        "TRIMLINE_WEIGHTS_SHA256": segmenter.sha256,
        "TRIMLINE_BANDS": ",".join(segmenter.bands),
        "TRIMLINE_UNITS": segmenter.units,
        "TRIMLINE_THRESHOLD": f"{threshold:g}",
        "TRIMLINE_ARITHMETIC": segmenter.arithmetic,
        "TRIMLINE_SCREEN": "on" if survey.screen else "off",
        "TRIMLINE_VERSION": __version__,
    }
    return {key: value for key, value in said.items() if value}
