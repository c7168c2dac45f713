"""Map a whole scene: probability and mask as Cloud Optimized GeoTIFF, outlines as GeoPackage."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from trimline.errors import MappingError
from trimline.files import StrPath, made_folder, whole_file
from trimline.mapping.journal import Journal, disk_kept, open_journal
from trimline.mapping.options import MapOptions
from trimline.mapping.plan import MapPlan
from trimline.mapping.provenance import described, journal_key, tags_of
from trimline.mapping.stream import FinishedRows, StripPredictor, ahead, finished_rows, predict_here
from trimline.mapping.strip_prediction import NOTHING, PixelCounts
from trimline.mapping.windows import Strip
from trimline.outlines import RowTracer, write_outlines
from trimline.outlines.schema import NOT_SEEN
from trimline.rasters import (
    MASK_NODATA,
    PROBABILITY_NODATA,
    PROBABILITY_SCALE,
    bounded_cache,
    encode_mask,
    encode_probability,
    write_cog,
)
from trimline.surfaces import CLASS_COLOURS, CLASSES_NODATA, SurfaceClass

if TYPE_CHECKING:
    from trimline.inference import Model
    from trimline.scenes import Scene

_LOG = logging.getLogger(__name__)

_ROWS_AT_A_TIME = 512
"""Rows that are read from the journal, or filled without data, at a time [pixels]."""


@dataclass(frozen=True)
class MapResult:
    """Where a scene's maps lie."""

    probability: Path
    """COG of uint16: probability of ice in counts of 0.0001, 65535 where there are no data."""
    mask: Path
    """COG of uint8: 1 ice, 0 ground, 255 not seen; small patches included."""
    classes: Path
    """COG of uint8: `trimline.surfaces.SurfaceClass`, 255 no data."""
    outlines: Path
    """GeoPackage of the patches of ice that are large enough, the largest first. Its layer `not_seen` holds the ground
    that cloud, shadow or missing data hide."""
    counts: PixelCounts
    """Pixels by what became of them."""

    @property
    def asked(self) -> float:
        """Share of the pixels with data that the network was shown; NaN where there are none."""
        return self.share("shown")

    def share(self, name: str) -> float:
        """Return the share of one of `PixelCounts` in the pixels with data; NaN where there are none."""
        return float(getattr(self.counts, name) / self.counts.known) if self.counts.known else float("nan")


def map_scene(
    scene: Scene,
    model: Model,
    folder: StrPath,
    *,
    region: GeoBox | None = None,
    options: MapOptions | None = None,
    predictor: StripPredictor | None = None,
    progress: bool = True,
) -> MapResult:
    """Map a scene into a folder, in memory that does not grow with the scene's height.

    A map that was interrupted goes on where it stopped.

    Parameters
    ----------
    scene
        What is mapped.
    model
        What maps it, see `trimline.inference.load_weights`.
    folder
        Gets ``probability.tif``, ``mask.tif``, ``classes.tif`` and ``outlines.gpkg``, all whole or none.
    region
        The grid to map onto, projected; None means the scene's own.
    options
        Threshold, windows, screen, clouds, confinement, smallest areas; None means the defaults of `MapOptions`. Its
        engine and precision are those that the model was loaded with.
    predictor
        What predicts strips, for instance `trimline.mapping.cluster_strips.on_cluster`; None means this machine.
    progress
        Whether to show a bar.

    Returns
    -------
    MapResult
        The files. Each carries the scene, the weights' hash, the threshold, the engine, its precision and the
        version.

    Raises
    ------
    WeightsError
        The scene lacks a band that the model needs, or cannot be read in its units.
    ProductError
        A raster of the scene is damaged.
    MappingError
        The region is not projected, the disk is full, or another run maps into the folder.

    Examples
    --------
    >>> import trimline
    >>> scene = trimline.open_scene("LC08_L1TP_139036_20180823_20200831_02_T1.tar")
    >>> model = trimline.load_weights("weights.safetensors")
    >>> outlines = trimline.read_outlines(trimline.map_scene(scene, model, "out").outlines)
    """
    folder = Path(folder)
    options = MapOptions() if options is None else options
    threshold = options.threshold_of(model)
    plan = MapPlan.of(scene, model, region, options)
    if plan.region.crs is None or not plan.region.crs.projected:
        raise MappingError("the region must lie in a projected CRS", remedy="give a grid in UTM, for instance")
    predictor = predict_here(model) if predictor is None else predictor
    tracers = _Tracers(plan.region, options)
    made_folder(folder)
    key = journal_key(plan, model, threshold)
    with bounded_cache(), open_journal(folder, plan.region.width, key) as journal:
        for mask, classes in journal.finished(_ROWS_AT_A_TIME):
            tracers.add(mask, classes)

        def keep(rows: FinishedRows) -> None:
            mask = encode_mask(rows.probability, threshold)
            rows.classes[mask == 1] = SurfaceClass.ICE
            journal.append(encode_probability(rows.probability, threshold), mask, rows.classes, rows.counts)
            tracers.add(mask, rows.classes)

        # What is finished is encoded, written and traced while the network is busy with the next strip.
        for _ in ahead(keep, _remaining(plan, journal, predictor, progress=progress)):
            pass
        outlines = described(tracers.ice.finish(), scene, model, threshold)
        _report(plan, journal.counts)
        if outlines.empty and journal.counts.known:
            _LOG.warning("%s: no outline: no ice of at least %g km2 was found", scene.id, options.minimum_area_m2 / 1e6)
        return _write(folder, journal, plan, outlines, tracers.not_seen(), tags_of(plan, model, threshold))


def _remaining(plan: MapPlan, journal: Journal, predictor: StripPredictor, *, progress: bool) -> Iterator[FinishedRows]:
    """Yield the rows that are not in the journal, those of the region beyond the scene included."""
    height = plan.region.height
    done = min(journal.rows, height)
    if done:
        _LOG.info("%s: going on after row %d of %d", plan.scene.id, done, height)
    strips = plan.strips
    first = strips[0].complete.start if strips else height
    yield from _without_data(slice(done, first), plan)
    for rows in finished_rows(plan, _from(strips, done), predictor, progress=progress):
        if rows.rows.start >= done:
            yield rows
    last = strips[-1].complete.stop if strips else height
    yield from _without_data(slice(max(done, last), height), plan)


def _from(strips: list[Strip], done: int) -> list[Strip]:
    """Return the strips that add to rows which are not done."""
    remaining = [strip for strip in strips if strip.complete.start >= done]
    if not remaining:
        return []
    return [strip for strip in strips if strip.cut.kept.stop > remaining[0].complete.start]


def _without_data(rows: slice, plan: MapPlan) -> Iterator[FinishedRows]:
    for start in range(rows.start, rows.stop, _ROWS_AT_A_TIME):
        stop = min(start + _ROWS_AT_A_TIME, rows.stop)
        shape = stop - start, plan.region.width
        probability, classes = np.full(shape, np.nan, np.float32), np.full(shape, CLASSES_NODATA, np.uint8)
        yield FinishedRows(slice(start, stop), probability, classes, NOTHING)


class _Tracers:
    """Traces ice, and what is not seen, row by row."""

    def __init__(self, region: GeoBox, options: MapOptions) -> None:
        self.ice = RowTracer(
            region,
            minimum_area_m2=options.minimum_area_m2,
            minimum_hole_m2=options.minimum_hole_m2,
            smoothing=options.smoothing,
        )
        self._hidden = {name: RowTracer(region) for name in ("cloud", "shadow", "no data")}

    def add(self, mask: NDArray[np.uint8], classes: NDArray[np.uint8]) -> None:
        """Add the next rows of both, (h, w)."""
        self.ice.add(mask == 1)
        unseen = mask == MASK_NODATA
        values = (SurfaceClass.CLOUD, SurfaceClass.SHADOW, CLASSES_NODATA)
        for tracer, value in zip(self._hidden.values(), values, strict=True):
            tracer.add(unseen & (classes == value))

    def not_seen(self) -> gpd.GeoDataFrame:
        """Return the polygons of what is not seen, with the column `hidden_by`."""
        parts = [tracer.finish().assign(hidden_by=name) for name, tracer in self._hidden.items()]
        return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=parts[0].crs)


def _report(plan: MapPlan, counts: PixelCounts) -> None:
    """Say in the log how much of a scene is not seen, and where flags and network disagree."""
    scene = plan.scene
    if not counts.known:
        _LOG.warning("%s: no pixel has data in all bands that are needed", scene.id)
        return
    shares = {name: 100 * value / counts.known for name, value in counts._asdict().items()}
    if not str(plan.clouds):
        _LOG.info("%s: clouds are kept, and mapped like ground", scene.id)
    else:
        _LOG.info(
            "%s: of the pixels with data %.1f %% are not seen for cloud, %.1f %% for shadow%s",
            scene.id,
            shares["cloud"],
            shares["shadow"],
            f", {shares['lost']:.1f} % saturated, dropped or behind terrain" if counts.lost else "",
        )
    if counts.flagged_ice:
        _LOG.warning(
            "%s: the quality flags call %.1f %% of the scene cloud or shadow that is snow or ice by its spectrum; "
            "%.1f %% are taken for seen, because the network is sure of ice there",
            scene.id,
            shares["flagged_ice"],
            shares["overruled"],
        )


def _write(
    folder: Path,
    journal: Journal,
    plan: MapPlan,
    outlines: gpd.GeoDataFrame,
    not_seen: gpd.GeoDataFrame,
    tags: Mapping[str, str],
) -> MapResult:
    result = MapResult(
        folder / "probability.tif",
        folder / "mask.tif",
        folder / "classes.tif",
        folder / "outlines.gpkg",
        journal.counts,
    )
    kept = "the map is finished but for its files"
    with disk_kept(folder, lambda: kept), ExitStack() as stack:
        # Renamed together at the end of the block, so that they always belong to one another.
        probability, mask, classes, gpkg = (
            stack.enter_context(whole_file(path))
            for path in (result.probability, result.mask, result.classes, result.outlines)
        )
        source = journal.raster(
            "probability",
            plan.region,
            nodata=PROBABILITY_NODATA,
            scale=PROBABILITY_SCALE,
            description="probability of ice",
            tags=tags,
        )
        write_cog(source, probability, overviews="average")
        source = journal.raster("mask", plan.region, nodata=MASK_NODATA, description="ice", tags=tags)
        write_cog(source, mask, overviews="mode")
        source = journal.raster(
            "classes",
            plan.region,
            nodata=CLASSES_NODATA,
            description=", ".join(f"{each.value} {each.name.lower()}" for each in SurfaceClass),
            tags=tags,
            colours={each.value: colour for each, colour in CLASS_COLOURS.items()},
        )
        write_cog(source, classes, overviews="mode")
        write_outlines(outlines, gpkg, metadata=tags, further={NOT_SEEN: not_seen})
    return result
