"""The stage `timeline`: the maps of many scenes combined into one set of outlines per period.

The study grid, the maps of each period, the glaciers of all periods, and the final outlines of each period are steps of
their own: a run that was killed is resumable, and the result has the same bytes.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import geopandas as gpd
import numpy as np
from affine import Affine
from odc.geo.geobox import GeoBox
from pyproj import Transformer

from trimline.errors import ProjectError
from trimline.file_identity import file_identity
from trimline.melt_season import melt_season_at
from trimline.outlines import area_km2, read_outlines, write_outlines
from trimline.outlines.edit_layer import MARKS
from trimline.progress import track
from trimline.project import Area, Period, Project, SceneEntry
from trimline.reprojecting import reprojected
from trimline.study.candidates import candidates_of, off_glaciers
from trimline.study.coregistration_steps import open_placed, placed_source
from trimline.study.editing import FINAL as OUTLINES
from trimline.study.editing import OUTCOMES, digest_of, edits_of, replay_period, tell_lost
from trimline.study.editing import TIMELINE as FOLDER
from trimline.study.folders import map_folder, outlines_path, period_folder
from trimline.study.ledger import Done
from trimline.study.needs import require_scenes
from trimline.study.scenes import select
from trimline.study.snow_steps import snow_step
from trimline.study.study import Study
from trimline.timeline import preferred
from trimline.timeline.added import with_dates_and_subregions
from trimline.timeline.bridging import HINDCAST, INFERRED, PATCHES, TraceOptions, trace_period
from trimline.timeline.glaciers import AUTOMATIC, GLACIERS, TABLE, Attribution, write_glaciers
from trimline.timeline.inventory import read_inventory
from trimline.timeline.period_maps import (
    MASK,
    PROBABILITY,
    SOURCE_LIST,
    SOURCES,
    UNCERTAIN,
    UNSEEN_GROUND,
    combine_period,
)
from trimline.timeline.place import Place, common_crs, footprint_of, footprints, ground_of, lay_out_grid
from trimline.timeline.scene_view import MappedScene
from trimline.timeline.states import STATES_FILE, write_states
from trimline.timeline.subregion import refuse_areas_beyond

_LOG = logging.getLogger(__name__)

FOOTPRINTS = "footprints.gpkg"
RESULTS_VERSION = 2
"""Raised when the same inputs and settings give other results."""


@dataclass(frozen=True)
class Mapped:
    """The scenes of a period that have been mapped."""

    period: Period
    entries: tuple[SceneEntry, ...]
    left_out: tuple[str, ...]
    """Ids of its scenes that `map.scenes` leaves out."""


def run(study: Study) -> Done:
    """Write ``<output>/timeline``: a folder per period, and the glaciers of all; nothing where there are no periods."""
    project, ledger = study.project, study.ledger
    edits = edits_of(project)  # invalid edits are an error before anything is computed
    mapped, skipped = _by_period(project)
    if not mapped:
        if not project.periods:
            _LOG.info("timeline: nothing to do, the project names no periods")
        return ledger.together("timeline", [], _result([], skipped, {}))
    laid = _lay_out(study, mapped)
    place = _place(project, laid)
    season = _melt_season(project, place)
    combined = [_combine(study, each, place, laid, season) for each in track(mapped, "timeline")]
    drawn = _draw(study, mapped, combined, place)
    named = _name(study, mapped, combined, drawn, place)
    final = [_correct(study, each, laid, named, edits) for each in mapped]
    told = _tell(study, mapped, combined, final)
    periods = []
    for each, *results in zip(mapped, combined, drawn, final, strict=True):
        unseen = named.result["unseen_glaciers"][each.period.name]
        left_out = list(each.left_out)
        merged = {key: value for step in results for key, value in step.result.items()}
        periods.append({**merged, "unseen_glaciers": unseen, "not_mapped": left_out})
    steps = (laid, *combined, *drawn, named, *final, told)
    return ledger.together("timeline", steps, _result(periods, skipped, named.result, laid.result))


def _by_period(project: Project) -> tuple[list[Mapped], list[str]]:
    """Return the periods with their mapped scenes, and the names of those whose scenes `map.scenes` leaves out."""
    require_scenes(project)
    chosen = {entry.id for entry in select(project, project.map.scenes, "map.scenes")}
    mapped, skipped = [], []
    for period in project.periods:
        entries = [entry for entry in project.scenes if entry.period == period.name]
        own = tuple(entry for entry in entries if entry.id in chosen)
        left_out = tuple(entry.id for entry in entries if entry.id not in chosen)
        if own:
            mapped.append(Mapped(period, own, left_out))
        else:
            _LOG.warning("the period %s is skipped: map.scenes leaves out all its scenes", period.name)
            skipped.append(period.name)
    return mapped, skipped


def _result(
    periods: Sequence[dict[str, Any]],
    skipped: Sequence[str],
    named: Mapping[str, Any],
    laid: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the result of the stage."""
    if not periods and not skipped:
        return {}
    grid = {key: laid[key] for key in ("crs", "resolution_m", "ground_km2")} if laid else {}
    return {
        "timeline": {
            **grid,
            "glaciers": named.get("glaciers", 0),
            "periods": {each["period"]: each for each in periods},
            "skipped": list(skipped),
        }
    }


def _lay_out(study: Study, mapped: Sequence[Mapped]) -> Done:
    """Find the study grid and the ground that its scenes cover."""
    project = study.project
    path = project.output / FOLDER / FOOTPRINTS
    masks = {entry.id: map_folder(project, entry.id) / MASK for each in mapped for entry in each.entries}
    inputs = {
        "masks": {scene: study.ledger.steps[f"map/{scene}"].sha256_of(mask.name) for scene, mask in masks.items()},
        "region": file_identity(project.region) if project.region is not None else None,
    }
    settings = {"crs": project.crs, "resolution_m": project.resolution_m}

    def work() -> dict[str, Any]:
        shown = []
        for scene_id, mask in track(masks.items(), "footprints"):
            each = footprint_of(scene_id, mask)
            if each is None:
                _LOG.warning("scene %s has no data anywhere, and is left out of the ground of the study", scene_id)
            else:
                shown.append(each)
        if not shown:
            raise ProjectError("no mapped scene has any data", where="map.scenes", remedy="check the products")
        grids = [each.grid for each in shown]
        crs = project.crs or common_crs(grids)
        prints = footprints(shown, crs)
        place = lay_out_grid(prints, grids, resolution_m=project.resolution_m, region=_region(project))
        write_outlines(prints, path)
        return {
            "crs": str(place.geobox.crs),
            "resolution_m": float(place.geobox.resolution.x),
            "shape": [int(side) for side in place.geobox.shape],
            "affine": [float(each) for each in place.geobox.affine[:6]],
            "islands": [list(island) for island in place.islands],
            "ground_km2": float(area_km2(place.ground).sum()),
        }

    return study.ledger.once("timeline-place", inputs, [path], work, settings=settings, results_version=RESULTS_VERSION)


def _place(project: Project, laid: Done) -> Place:
    """Return the study grid from the result of `_lay_out`, with the ground of the study."""
    found = laid.result
    # Footprints overlap, which read_outlines would report.
    prints = gpd.read_file(project.output / FOLDER / FOOTPRINTS, engine="pyogrio")
    geobox = GeoBox(tuple(found["shape"]), Affine(*found["affine"]), found["crs"])
    islands = tuple((a, b, c, d) for a, b, c, d in found["islands"])
    return Place(geobox, islands, ground_of(reprojected(prints, found["crs"]), _region(project)))


def _melt_season(project: Project, place: Place) -> tuple[str, str]:
    """Return the melt season that the project sets, or that of its place, and say it."""
    given = project.timeline.melt_season
    if given is not None:
        return given
    box = place.geobox.extent.boundingbox
    to_degrees = Transformer.from_crs(str(place.geobox.crs), "EPSG:4326", always_xy=True)
    _, latitude = to_degrees.transform((box.left + box.right) / 2, (box.bottom + box.top) / 2)
    first, last = melt_season_at(latitude)
    _LOG.info(
        "timeline: the melt season is taken as %s to %s, at %.1f degrees %s (timeline.melt_season sets another)",
        first,
        last,
        abs(latitude),
        "north" if latitude >= 0 else "south",
    )
    return first, last


def _combine(study: Study, mapped: Mapped, place: Place, laid: Done, season: tuple[str, str]) -> Done:
    """Write the maps of one period."""
    project = study.project
    name, settings = mapped.period.name, project.timeline
    snow = {each.id: study.ledger.steps[snow_step(each.id)] for each in mapped.entries}
    folder = period_folder(project, name)
    inputs = {
        "place": laid.outputs_digest,
        "scenes": {each.id: placed_source(study, each) for each in mapped.entries},
        "maps": {each.id: study.ledger.steps[f"map/{each.id}"].outputs_digest for each in mapped.entries},
        "snow": {each.id: snow[each.id].result for each in mapped.entries},
    }
    decided = {
        "scenes": [[each.id, each.reference, each.cloud_cover] for each in mapped.entries],
        "timeline": {"rule": settings.rule, "melt_season": season},
    }

    def work() -> dict[str, Any]:
        views = {
            entry.id: MappedScene.of(open_placed(study, entry), map_folder(project, entry.id))
            for entry in mapped.entries
        }
        candidates = candidates_of(mapped.entries, views, {scene: step.result for scene, step in snow.items()})
        ordered = [(each, views[each.id]) for each in preferred(candidates, season)]
        written = combine_period(ordered, place, folder, period=name, rule=settings.rule)
        return {
            "period": name,
            "unseen_km2": written["unseen_km2"],
            "scenes": [
                {
                    "scene_id": each.id,
                    "pixels": written["pixels"][each.id],
                    "snow": off_glaciers(each),
                }
                for each, _ in ordered
            ],
        }

    outputs = [folder / each for each in (MASK, SOURCES, SOURCE_LIST, PROBABILITY, UNCERTAIN, UNSEEN_GROUND)]
    return study.ledger.once(
        f"timeline/{name}", inputs, outputs, work, settings=decided, results_version=RESULTS_VERSION
    )


def _draw(study: Study, mapped: Sequence[Mapped], combined: Sequence[Done], place: Place) -> list[Done]:
    """Write the patches of ice of every period, with unseen ground inferred from the periods around."""
    folder = study.project.output / FOLDER
    periods = [each.period.name for each in mapped]
    options, bridged = _trace_options(study.project), study.project.timeline.unseen == "bridge"
    steps = []
    for name, own in zip(periods, combined, strict=True):
        inputs = {"masks": {step.step: step.outputs_digest for step in (combined if bridged else [own])}}

        def work(name: str = name) -> dict[str, Any]:
            return trace_period(folder, periods, name, place, options=options, bridged=bridged)

        outputs = [folder / name / each for each in (INFERRED, HINDCAST, PATCHES)]
        step = study.ledger.once(
            f"timeline-patches/{name}",
            inputs,
            outputs,
            work,
            settings={"drawing": asdict(options), "bridged": bridged},
            results_version=RESULTS_VERSION,
        )
        steps.append(step)
    return steps


def _name(
    study: Study, mapped: Sequence[Mapped], combined: Sequence[Done], drawn: Sequence[Done], place: Place
) -> Done:
    """Give the glaciers of all periods their ids, and write the outlines of each before corrections by hand."""
    project = study.project
    folder = project.output / FOLDER
    periods = _middles(mapped)
    homes = {entry.id: entry.area for each in mapped for entry in each.entries}
    inputs = {
        "periods": {step.step: step.outputs_digest for step in (*combined, *drawn)},
        "inventory": file_identity(project.inventory) if project.inventory is not None else None,
        "areas": {each.name: file_identity(each.outline) for each in project.areas if each.outline is not None},
    }
    settings = {
        "name": project.name,
        "areas": [area.name for area in project.areas],
        "homes": homes,
        "minimum_area_m2": _trace_options(project).minimum_area_m2,
    }

    def work() -> dict[str, Any]:
        crs = str(place.geobox.crs)
        pixel_m2 = float(place.geobox.resolution.x) ** 2
        areas = {area.name: _outline_of(area, crs) for area in project.areas}
        region = _region(project)
        refuse_areas_beyond(place.ground if region is None else region, areas)
        inventory = None if project.inventory is None else read_inventory(project.inventory, crs, pixel_m2=pixel_m2)
        attribution = Attribution(
            project.name, inventory, areas, homes, minimum_area_m2=_trace_options(project).minimum_area_m2
        )
        return write_glaciers(folder, periods, attribution)

    outputs = [folder / GLACIERS, folder / TABLE, *(folder / period / AUTOMATIC for period in periods)]
    return study.ledger.once(
        "timeline-glaciers", inputs, outputs, work, settings=settings, results_version=RESULTS_VERSION
    )


def _correct(study: Study, mapped: Mapped, laid: Done, named: Done, edits: gpd.GeoDataFrame) -> Done:
    """Write the final outlines of one period: the automatic ones, with the corrections made by hand."""
    project, name = study.project, mapped.period.name
    folder, path = period_folder(project, name), outlines_path(project, name)
    middle = mapped.period.middle
    inputs = {"glaciers": named.outputs_digest, "edits": digest_of(edits, name, middle=middle)}

    def work() -> dict[str, Any]:
        outcomes = replay_period(folder, edits, name, middle=middle)
        lost = tell_lost(outcomes)
        crs = str(laid.result["crs"])
        final = with_dates_and_subregions(
            read_outlines(path),
            folder,
            middle=middle,
            areas={area.name: _outline_of(area, crs) for area in project.areas},
            area_of_scene={entry.id: entry.area for entry in mapped.entries},
        )
        write_outlines(final, path)
        area, year = final["area_km2"].to_numpy(dtype=float), final["src_year"].to_numpy(dtype=float)
        dated = np.isfinite(year) & (area > 0)
        return {
            "area_km2": float(area.sum()),
            "inferred_km2": float(final["inferred_km2"].sum()),
            "glaciers": len(final),
            "year": float(np.average(year[dated], weights=area[dated])) if dated.any() else float("nan"),
            "edits": sum(each.state == "applied" and each.operation not in MARKS for each in outcomes),
            "edits_not_applied": [each.edit_id for each in lost],
        }

    outputs = [path, folder / OUTCOMES]
    return study.ledger.once(f"timeline-outlines/{name}", inputs, outputs, work, results_version=RESULTS_VERSION)


def _tell(study: Study, mapped: Sequence[Mapped], combined: Sequence[Done], final: Sequence[Done]) -> Done:
    """Write the state of every glacier in every period, with its outlines as corrected by hand."""
    folder = study.project.output / FOLDER
    periods = _middles(mapped)
    inputs = {step.step: step.outputs_digest for step in (*combined, *final)}

    def work() -> dict[str, Any]:
        states = write_states(folder, periods, OUTLINES).groupby(["period", "state"]).size()
        return {"states": {name: {str(key): int(n) for key, n in states.get(name, {}).items()} for name in periods}}

    return study.ledger.once(
        "timeline-states",
        inputs,
        [folder / STATES_FILE],
        work,
        settings={"periods": periods},
        results_version=RESULTS_VERSION,
    )


def _middles(mapped: Sequence[Mapped]) -> dict[str, float]:
    """Return the year in the middle of each period."""
    return {each.period.name: each.period.middle for each in mapped}


def _trace_options(project: Project) -> TraceOptions:
    """Return how outlines of periods are traced: as for single scenes, unless the project has keys of its own."""
    own, of_maps = project.timeline, project.map
    area, hole = own.minimum_area_km2, own.minimum_hole_km2
    return TraceOptions(
        minimum_area_m2=(of_maps.minimum_area_km2 if area is None else area) * 1e6,
        minimum_hole_m2=(of_maps.minimum_hole_km2 if hole is None else hole) * 1e6,
        smoothing=of_maps.smoothing if own.smoothing is None else own.smoothing,
    )


def _region(project: Project) -> gpd.GeoDataFrame | None:
    return None if project.region is None else read_outlines(project.region)


def _outline_of(area: Area, crs: str) -> gpd.GeoDataFrame | None:
    return None if area.outline is None else reprojected(read_outlines(area.outline), crs)
