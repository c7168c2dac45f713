"""The stage that puts a study's numbers and pictures on one page."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any

from trimline import __version__
from trimline.files import whole_folder
from trimline.outlines import read_outlines
from trimline.project import Project, SceneEntry
from trimline.report.figures import draw_areas, draw_outlines
from trimline.report.page import Picture, Section, write_page
from trimline.report.tables import area_table, method_table, sample_table, scene_table
from trimline.samples import MEASURES
from trimline.study.evaluate_stage import FOLDER as EVALUATION
from trimline.study.ledger import Done
from trimline.study.map_stage import map_folder
from trimline.study.scenes import labelled_scene, open_entry, select, truth_of
from trimline.study.study import Study

FOLDER = "report"


def run(study: Study) -> Done:
    """Write ``<output>/report/index.html`` and its pictures."""
    project = study.project
    folder = project.output / FOLDER
    inputs = {name: study.done[name].fingerprint for name in ("samples", "train", "evaluate", "map")}
    inputs["title"] = project.title

    def work() -> dict[str, Any]:
        with whole_folder(folder) as temporary:
            write_page(
                temporary / "index.html",
                title=project.title or project.name,
                summary=_summary(study),
                sections=[
                    _areas(study, temporary),
                    _scores(study),
                    _error_maps(project),
                    _outlines(project, temporary),
                    _samples(study),
                ],
                provenance=_provenance(study),
            )
        return {"report": f"{FOLDER}/index.html"}

    return study.ledger.once("report", inputs, [folder / "index.html"], work)


def _summary(study: Study) -> str:
    methods = study.done["evaluate"].result["methods"]
    best = max(methods, key=lambda name: methods[name]["f1"] or 0.0)
    return (
        f"{len(study.project.scenes)} scenes, {len(methods)} methods; "
        f"{best} agrees best with the truth, with an F1 of {methods[best]['f1'] * 100:.2f} %."
    )


def _areas(study: Study, folder: Path) -> Section:
    dates = study.done["map"].result["dates"]
    method = study.project.mapping_method.name
    if not dates:
        return Section("Areas", ["No scene has a truth to compare areas with."])
    draw_areas(folder / "areas.png", dates)
    words = (
        "Geodesic areas of the outlines of whole scenes, those the method was trained on among them; the scores "
        "below are of what it was not trained on."
    )
    caption = f"Glacier area by date: the truth, and as mapped by {method}."
    return Section(
        "Areas", [words], [(f"Mapped with {method}", area_table(dates))], [Picture(folder / "areas.png", caption)]
    )


def _scores(study: Study) -> Section:
    methods = study.done["evaluate"].result["methods"]
    return Section(
        "Scores",
        [MEASURES[study.project.split.by]],
        [("Pooled over all pixels judged", method_table(methods)), ("Scene by scene", scene_table(methods))],
    )


def _error_maps(project: Project) -> Section:
    pictures = [
        Picture(path, f"{path.stem.replace('_', ', ', 1)}: red is ice mapped where none is, yellow is ice missed.")
        for path in sorted((project.output / EVALUATION).glob("*.png"))
    ]
    return Section("Where the methods err", pictures=pictures)


def _outlines(project: Project, folder: Path) -> Section:
    pictures = []
    for entry in select(project, project.map.scenes, "map.scenes"):
        path = folder / f"outlines_{entry.id}.png"
        method = project.mapping_method.name
        draw_outlines(
            path,
            scene=open_entry(entry),
            mapped=read_outlines(map_folder(project, entry.id) / "outlines.gpkg"),
            truth=_true_outlines(project, entry),
            title=f"{entry.id}: outlines by {method}",
        )
        pictures.append(Picture(path, f"Scene {entry.id}: SWIR 1, NIR and red; outlines by {method} and the truth."))
    return Section("Outlines", pictures=pictures)


def _true_outlines(project: Project, entry: SceneEntry) -> Any:
    if truth_of(project, entry) is None:
        return None
    labelled = labelled_scene(project, entry)
    return labelled.truth.outlines_on(labelled.scene.geobox)


def _samples(study: Study) -> Section:
    summary = study.done["samples"].result["samples"]
    return Section("Samples", tables=[("Tiles by part of the split", sample_table(summary))])


def _provenance(study: Study) -> dict[str, str]:
    project = study.project
    trained = study.done["train"].result["training"]
    return {
        "trimline": __version__,
        "project": f"{project.name}, sha256 {study.ledger.project_sha256}",
        "seed": str(project.seed),
        "scenes": ", ".join(f"{entry.id} ({entry.path.name})" for entry in project.scenes),
        **{f"weights, {name}": f"sha256 {result['sha256']}" for name, result in trained.items()},
        "python": platform.python_version(),
    }
