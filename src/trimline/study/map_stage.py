"""The stage that maps whole scenes with the project's mapping method."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trimline.outlines import area_km2, read_outlines
from trimline.project import Project, SceneEntry
from trimline.samples import open_truth
from trimline.study.ledger import Done, stamp
from trimline.study.scenes import date_of, open_entry, select, source_of, truth_of
from trimline.study.study import Study
from trimline.study.train_stage import weights_path

FOLDER = "maps"


def map_folder(project: Project, scene_id: str) -> Path:
    """Return where the maps of a scene lie."""
    return project.output / FOLDER / project.mapping_method.name / scene_id


def run(study: Study) -> Done:
    """Write ``<output>/maps/<method>/<scene>`` for every scene, each remembered by itself."""
    project = study.project
    trained = study.done["train"].result["training"][project.mapping_method.name]
    entries = select(project, project.map.scenes, "map.scenes")
    steps = [_map(study, entry, trained["sha256"]) for entry in entries]
    dates: dict[str, dict[str, float]] = {}
    for step in sorted(steps, key=lambda step: step.result["date"]):
        known = dates.setdefault(step.result["date"], {})
        for key, value in step.result["areas"].items():
            known[key] = known.get(key, 0.0) + value
    with_truth = {date: areas for date, areas in dates.items() if "area_true_km2" in areas}
    result = {"dates": with_truth, "maps": {step.result["scene"]: step.result["files"] for step in steps}}
    return study.ledger.once("map", {step.step: step.fingerprint for step in steps}, [], lambda: result)


def _map(study: Study, entry: SceneEntry, weights_sha256: str) -> Done:
    project = study.project
    folder = map_folder(project, entry.id)
    truth = truth_of(project, entry)
    inputs = {
        "weights": weights_sha256,
        "scene": source_of(entry),
        "truth": stamp(truth) if truth is not None else None,
        "map": project.map.model_dump(mode="json", exclude={"scenes"}),
    }

    def work() -> dict[str, Any]:
        from trimline.mapping import map_scene
        from trimline.training import load_weights

        scene = open_entry(entry)
        written = map_scene(
            scene,
            load_weights(weights_path(project, project.mapping_method)),
            folder,
            window=project.map.window,
            minimum_area_m2=project.map.minimum_area_km2 * 1e6,
        )
        areas = {"area_mapped_km2": float(area_km2(read_outlines(written.outlines)).sum())}
        if truth is not None:
            areas["area_true_km2"] = open_truth(truth).area_km2(scene.geobox)
        files = [written.probability, written.mask, written.outlines]
        return {
            "scene": entry.id,
            "date": date_of(entry, scene),
            "areas": areas,
            "files": [path.relative_to(project.output).as_posix() for path in files],
        }

    return study.ledger.once(f"map/{entry.id}", inputs, [folder], work)
