"""The stage `map`: whole scenes mapped with the project's mapping method."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trimline.file_identity import file_identity
from trimline.outlines import area_km2, read_outlines
from trimline.progress import track
from trimline.project import Project, SceneEntry
from trimline.samples import open_truth
from trimline.study.ledger import Done
from trimline.study.map_options import map_options
from trimline.study.method_models import load_method, model_file
from trimline.study.scenes import date_of, open_entry, select, truth_of
from trimline.study.snow_steps import measure_snow
from trimline.study.study import Study

if TYPE_CHECKING:
    from distributed import Client

    from trimline.inference import Model
    from trimline.mapping.stream import StripPredictor

FOLDER = "maps"
MASK = "mask.tif"
FILES = ("probability.tif", MASK, "classes.tif", "outlines.gpkg", "outlines.gpkg.aux.xml")
"""What a map consists of; GDAL notes what is known of the outlines beside them too."""
RESULTS_VERSION = 4
"""Raised when the same inputs and settings give other results."""
_AT_ONCE = 4
"""Scenes mapped at a time on a cluster, so that workers are busy while one scene's files are written."""


def map_folder(project: Project, scene_id: str) -> Path:
    """Return where the maps of a scene lie."""
    return project.output / FOLDER / project.mapping_method.name / scene_id


def run(study: Study) -> Done:
    """Write ``<output>/maps/<method>/<scene>`` for every scene, each a step of its own."""
    project = study.project
    trained = study.done["train"].result["training"][project.mapping_method.name]
    entries = select(project, project.map.scenes, "map.scenes")
    steps = list(_map_all(study, entries, trained["sha256"]))
    snow = [_snow(study, *each) for each in track(list(zip(entries, steps, strict=True)), "snow off the glaciers")]
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
    }
    return study.ledger.together("map", [*steps, *snow], result)


def _snow(study: Study, entry: SceneEntry, mapped: Done) -> Done:
    """Measure the snow off the glaciers of a mapped scene."""
    return measure_snow(study, entry, map_folder(study.project, entry.id) / MASK, mapped.sha256_of(MASK))


def _map_all(study: Study, entries: Sequence[SceneEntry], weights_sha256: str) -> Iterator[Done]:
    """Map scenes one after the other, or several at once on a cluster."""
    if study.scheduler is None:
        yield from (_map(study, entry, weights_sha256) for entry in entries)
        return
    from trimline.mapping.cluster import connected

    with connected(study.scheduler) as client, ThreadPoolExecutor(_AT_ONCE) as pool:
        steps = [pool.submit(_map, study, entry, weights_sha256, client) for entry in entries]
        try:
            yield from (step.result() for step in track(steps, f"map on {study.scheduler}"))
        except BaseException:
            for step in steps:
                step.cancel()
            raise


def _map(study: Study, entry: SceneEntry, weights_sha256: str, client: Client | None = None) -> Done:
    project = study.project
    folder = map_folder(project, entry.id)
    truth, options = truth_of(project, entry), map_options(project)
    inputs = {
        "weights": weights_sha256,
        "scene": study.source_of(entry),
        "truth": file_identity(truth) if truth is not None else None,
        "within": options.within.digest if options.within is not None else None,
    }

    def work() -> dict[str, Any]:
        from trimline.mapping import map_scene

        scene = open_entry(entry)
        weights = model_file(project, project.mapping_method)
        model = load_method(project, project.mapping_method, options, weights_sha256)
        written = map_scene(
            scene,
            model,
            folder,
            options=options,
            predictor=None if client is None else _on_cluster(client, weights, model),
            progress=client is None,
        )
        areas = {"area_mapped_km2": float(area_km2(read_outlines(written.outlines)).sum())}
        if truth is not None:
            areas["area_true_km2"] = open_truth(truth).area_km2(scene.geobox)
        files = [written.probability, written.mask, written.classes, written.outlines]
        return {
            "scene": entry.id,
            "date": date_of(entry, scene),
            "areas": areas,
            "asked": written.asked,
            "files": [path.relative_to(project.output).as_posix() for path in files],
        }

    return study.ledger.once(
        f"map/{entry.id}",
        inputs,
        [folder / name for name in FILES],
        work,
        settings={"map": project.map.model_dump(mode="json", exclude={"scenes", "snow_limit"})},
        results_version=RESULTS_VERSION,
    )


def _on_cluster(client: Client, weights: Path | None, model: Model) -> StripPredictor:
    from trimline.mapping.cluster import on_cluster

    return on_cluster(client, weights, model)
