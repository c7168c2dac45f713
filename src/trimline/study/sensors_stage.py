"""The stage `sensors`: two sensors compared on the same ground and date (Li and others, 2024, section 3.1).

Each sensor is trained and tested at its own resolution, in an experiment of its own. Here both maps are resampled to
the finer grid and scored against the finer truth, near termini and elsewhere, so that the coarse pixels of one sensor
count as errors.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from trimline.errors import ProjectError
from trimline.evaluation import Error, SceneScores, is_ice, is_mapped, near_termini, pool, score_scene
from trimline.file_identity import file_identity
from trimline.files import whole_folder
from trimline.heights import check_heights, read_heights
from trimline.project import Project, SceneEntry, SensorStudy
from trimline.rasters import read_onto
from trimline.report.sensor_tables import ZONES, write_sensors
from trimline.study.evaluate_stage import FOLDER as EVALUATION
from trimline.study.evaluate_stage import class_path
from trimline.study.ledger import Done
from trimline.study.scenes import date_of, has_any_truth, open_entry
from trimline.study.study import Study

_LOG = logging.getLogger(__name__)

FOLDER = "sensors"
RESULTS_VERSION = 1
"""Raised when the same inputs and settings give other results."""

Classes = NDArray[np.uint8]


def run(study: Study) -> Done:
    """Write ``<output>/sensors/sensors.csv``; nothing where the project compares no sensors, or has no truth."""
    project, settings = study.project, study.project.sensors
    if settings is None:
        return study.ledger.once("sensors", {}, [], dict)
    if not has_any_truth(project):
        _LOG.info("sensors: nothing to do, no scene has a truth")
        return study.ledger.once("sensors", {}, [], dict)
    dem = project.dem
    if dem is None:
        raise ProjectError("to tell termini from the rest, elevation is needed", where="sensors", remedy="give a dem")
    folder = project.output / FOLDER
    inputs = {
        "experiments": {name: study.experiments[name].done["evaluate"].outputs_digest for name in settings.experiments},
        "dem": file_identity(dem),
    }

    def work() -> dict[str, Any]:
        found: dict[str, dict[str, list[SceneScores]]] = {
            name: {zone: [] for zone in ZONES} for name in settings.experiments
        }
        pairs = 0
        for geobox, classes in _pairs(study, settings):
            pairs += 1
            fine = classes[0]
            pixel_m = abs(float(geobox.resolution.x))
            check_heights(dem, geobox, "dem")
            truth = is_ice(fine)
            both = (classes[0] != Error.UNKNOWN) & (classes[1] != Error.UNKNOWN)
            near = near_termini(truth, read_heights(dem, geobox), pixel_m, settings.near_termini_m)
            for name, each in zip(settings.experiments, classes, strict=True):
                mapped = is_mapped(each)
                for zone, where in zip(ZONES, (both, both & near, both & ~near), strict=True):
                    found[name][zone].append(score_scene(truth, mapped, where, pixel_m))
        scores = {name: {zone: pool(each).as_dict() for zone, each in of.items()} for name, of in found.items()}
        with whole_folder(folder) as temporary:
            write_sensors(temporary / "sensors.csv", scores)
        return {"sensors": {"pairs": pairs, "near_termini_m": settings.near_termini_m, "scores": scores}}

    said = {"sensors": settings.model_dump(mode="json")}
    return study.ledger.once("sensors", inputs, [folder], work, settings=said, results_version=RESULTS_VERSION)


def _pairs(study: Study, settings: SensorStudy) -> Iterator[tuple[GeoBox, tuple[Classes, Classes]]]:
    """Yield the `Error` classes of the two maps of each date, on the grid of the first."""
    first, second = (study.experiments[name].project for name in settings.experiments)
    others = {date_of(entry, open_entry(entry)): entry for entry in second.scenes}
    paired = False
    for entry in first.scenes:
        scene = open_entry(entry)
        other = others.get(date_of(entry, scene))
        paths = [_classes_of(project, each, settings) for project, each in ((first, entry), (second, other))]
        if any(path is None or not path.exists() for path in paths):
            continue
        fine, coarse = (read_onto(path, scene.geobox, classes=True) for path in paths if path is not None)
        if ((fine != Error.UNKNOWN) & (coarse != Error.UNKNOWN)).any():
            paired = True
            yield scene.geobox, (fine, coarse)
    if not paired:
        raise ProjectError(
            "the two experiments judged no ground in common on any date",
            where="sensors.experiments",
            remedy="split both by blocks of the same ground, and give both sensors scenes of the same dates",
        )


def _classes_of(project: Project, entry: SceneEntry | None, settings: SensorStudy) -> Path | None:
    if entry is None:
        return None
    (method,) = (each for each in project.methods if each.name == settings.method)
    return class_path(project.output / EVALUATION, entry.id, method)
