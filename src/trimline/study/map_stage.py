"""The stage `map`: whole scenes mapped with the project's mapping method."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trimline.errors import TrimlineError
from trimline.file_identity import file_identity
from trimline.outlines import area_km2, read_outlines
from trimline.progress import track
from trimline.project import SceneEntry
from trimline.samples import open_truth
from trimline.study.cluster_maps import ClusterMaps, cluster_of
from trimline.study.coregistration_steps import compare_scenes, open_placed, placed_source, shifts_in
from trimline.study.folders import MASK, map_folder
from trimline.study.ledger import Done
from trimline.study.map_options import map_options
from trimline.study.method_models import load_method, model_file
from trimline.study.needs import check_elevation
from trimline.study.scenes import known_date, select, truth_of
from trimline.study.shadow_steps import shadow_step
from trimline.study.snow_steps import measure_snow
from trimline.study.study import Study

if TYPE_CHECKING:
    from trimline.mapping import MapResult
    from trimline.scenes import Scene

_NAMED = ("probability.tif", MASK, "classes.tif", "outlines.gpkg")
FILES = (*_NAMED, "outlines.gpkg.aux.xml")
"""What a map consists of; GDAL notes what is known of the outlines beside them too."""
RESULTS_VERSION = 4
"""Raised when the same inputs and settings give other results."""


def run(study: Study) -> Done:
    """Write ``<output>/maps/<method>/<scene>`` for every scene, each a step of its own."""
    project = study.project
    trained = study.done["train"].result["training"][project.mapping_method.name]
    check_elevation(project)
    entries = select(project, project.map.scenes, "map.scenes")
    with cluster_of(study, entries, trained["sha256"]) as cluster:
        compared = compare_scenes(study, entries)
        steps = list(_map_all(study, entries, trained["sha256"], cluster))
        pairs = track(list(zip(entries, steps, strict=True)), "snow off the glaciers")
        snow = [_snow(study, *each, cluster) for each in pairs]
    shadow = _shadow(study, list(zip(entries, steps, strict=True)))
    dates: dict[str, dict[str, float]] = {}
    for step in sorted(steps, key=lambda step: step.result["date"]):
        known = dates.setdefault(step.result["date"], {})
        for key, value in step.result["areas"].items():
            known[key] = known.get(key, 0.0) + value
    with_truth = {date: areas for date, areas in dates.items() if "area_true_km2" in areas}
    place_of = {entry.id: entry.tile or entry.area for entry in entries}
    places = [
        {place_of[step.result["scene"]] for step in steps if step.result["date"] == date}
        for date in with_truth or dates
    ]
    same_ground = all(each == places[0] for each in places)
    result = {
        "dates": with_truth or dates,
        "same_ground": same_ground,
        "maps": {step.result["scene"]: step.result["files"] for step in steps},
        "snow": {
            step.result["scene"]: {"date": step.result["date"], **each.result}
            for step, each in zip(steps, snow, strict=True)
        },
        "coregistration": shifts_in(compared),
    }
    if shadow:
        result["shadow"] = {
            step.result["scene"]: {"date": step.result["date"], **each.result}
            for step, each in zip(steps, shadow, strict=True)
        }
    return study.ledger.together("map", [*compared, *steps, *snow, *shadow], result)


def _shadow(study: Study, mapped: Sequence[tuple[SceneEntry, Done]]) -> list[Done]:
    """Tell mapped ice in terrain shadow apart, scene by scene; nothing without an elevation model."""
    if study.project.dem is None:
        return []
    return [
        shadow_step(study, entry, study.project.dem, map_folder(study.project, entry.id) / MASK, step.sha256_of(MASK))
        for entry, step in track(mapped, "terrain shadow")
    ]


def _snow(study: Study, entry: SceneEntry, mapped: Done, cluster: ClusterMaps | None) -> Done:
    """Measure the snow off the glaciers of a mapped scene."""
    folder = map_folder(study.project, entry.id)
    measured = None
    if cluster is not None and cluster.are_whole:

        def measured() -> dict[str, Any]:
            return cluster.snow(entry, folder)

    return measure_snow(study, entry, folder / MASK, mapped.sha256_of(MASK), measured)


def _map_all(
    study: Study, entries: Sequence[SceneEntry], weights_sha256: str, cluster: ClusterMaps | None
) -> Iterator[Done]:
    """Map scenes one after the other, or several at once on a cluster."""
    if cluster is None:
        yield from (_map(study, entry, weights_sha256) for entry in entries)
        return
    with ThreadPoolExecutor(cluster.at_once) as pool:
        steps = [pool.submit(_map, study, entry, weights_sha256, cluster) for entry in entries]
        try:
            yield from (step.result() for step in track(steps, f"map on {study.scheduler}"))
        except BaseException as error:
            for step in steps:
                step.cancel()
            if not isinstance(error, TrimlineError):  # else what is under way is worth having
                cluster.stop()
            raise


def _map(study: Study, entry: SceneEntry, weights_sha256: str, cluster: ClusterMaps | None = None) -> Done:
    project = study.project
    folder = map_folder(project, entry.id)
    truth, options = truth_of(project, entry), map_options(project)
    inputs = {
        "weights": weights_sha256,
        "scene": placed_source(study, entry),
        "truth": file_identity(truth) if truth is not None else None,
        "within": options.within.digest if options.within is not None else None,
    }

    def work() -> dict[str, Any]:
        if cluster is not None and cluster.are_whole:
            found = cluster.map(entry, folder)
            date, mapped_km2, asked = found.facts["date"], found.facts["area_km2"], found.facts["asked"]
            grid = found.grid
        else:
            scene, written = _map_by_strips(study, entry, weights_sha256, folder, cluster)
            date, grid, asked = scene.date, scene.geobox, written.asked
            mapped_km2 = float(area_km2(read_outlines(written.outlines)).sum())
        areas = {"area_mapped_km2": mapped_km2}
        if truth is not None:
            areas["area_true_km2"] = open_truth(truth).area_km2(grid)
        return {
            "scene": entry.id,
            "date": known_date(entry, date),
            "areas": areas,
            "asked": asked,
            "files": [(folder / name).relative_to(project.output).as_posix() for name in _NAMED],
        }

    return study.ledger.once(
        f"map/{entry.id}",
        inputs,
        [folder / name for name in FILES],
        work,
        settings={"map": project.map.model_dump(mode="json", exclude={"scenes", "snow_limit", "align"})},
        results_version=RESULTS_VERSION,
    )


def _map_by_strips(
    study: Study, entry: SceneEntry, weights_sha256: str, folder: Path, cluster: ClusterMaps | None
) -> tuple[Scene, MapResult]:
    """Map a scene into a folder, its strips one after the other here, or as tasks of a cluster."""
    from trimline.mapping import map_scene

    project = study.project
    scene, options = open_placed(study, entry), map_options(project)
    model = load_method(project, project.mapping_method, options, weights_sha256)
    written = map_scene(
        scene,
        model,
        folder,
        options=options,
        predictor=None if cluster is None else cluster.predictor(model_file(project, project.mapping_method), model),
        progress=cluster is None,
    )
    return scene, written
