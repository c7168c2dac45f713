"""The stage `evaluate`: scores of every method on ground, scenes or dates that it was not trained on.

Where no method is trained, every pixel of the scenes is judged; where no scene has a truth, none is.

Where a split keeps ground, scenes or dates for the test, maps of whole scenes are scored, each pixel once. The papers'
random split has no ground of its own, so its tiles are scored; tiles are scored for a split by blocks too, so that the
two can be compared.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimline.errors import SampleError
from trimline.evaluation import Error, SceneScores, classify, mean_of, pool, score_scene, write_scores
from trimline.files import whole_folder
from trimline.inference import Model
from trimline.mapping import MapOptions
from trimline.own_files import own_raster
from trimline.project import Method, Project, SceneEntry
from trimline.rasters import write_raster
from trimline.report.panels import write_panels
from trimline.samples import GROUND, ICE, SampleStore
from trimline.study.ledger import Done
from trimline.study.map_options import DECIDE_MASKS, map_options
from trimline.study.method_models import load_method
from trimline.study.samples_stage import FOLDER as SAMPLES
from trimline.study.scenes import (
    date_of,
    has_any_truth,
    open_entry,
    select,
    split_of,
    tested_scenes,
    truth_identities,
)
from trimline.study.study import Study
from trimline.study.tested_maps import tested_maps

_LOG = logging.getLogger(__name__)

FOLDER = "evaluation"
RESULTS_VERSION = 5
"""Raised when the same inputs and settings give other results."""


@dataclass(frozen=True)
class Judged:
    """Map and truth of one scene or set of tiles."""

    scene_id: str
    truth: NDArray[np.bool_]
    mapped: NDArray[np.bool_]
    valid: NDArray[np.bool_]
    pixel_m: float
    labelled: int
    """Pixels with a label, also those that the method did not see: without data, or behind cloud."""

    @property
    def scores(self) -> SceneScores:
        """How well the map agrees with the truth."""
        return score_scene(self.truth, self.mapped, self.valid, self.pixel_m)


def run(study: Study) -> Done:
    """Write ``<output>/evaluation``; nothing where no scene has a truth.

    Scores as CSV; per scene and method a GeoTIFF of hits, false and missed ice (values of `Error`), and per scene a
    picture of the errors of all methods.
    """
    project = study.project
    folder = project.output / FOLDER
    if not has_any_truth(project):
        _LOG.info("evaluate: nothing to do, no scene has a truth")
        return study.ledger.once("evaluate", {}, [], dict)
    trained = study.done["train"].result["training"]
    entries, within = tested_scenes(project), map_options(project).within
    inputs = {
        "train": study.done["train"].outputs_digest,
        "samples": study.done["samples"].outputs_digest,
        "scenes": {entry.id: study.source_of(entry) for entry in entries},
        "truths": truth_identities(project, entries),
        "within": within.digest if within is not None else None,
    }
    settings = {
        "order": [entry.id for entry in entries],
        "methods": [method.name for method in project.methods],
        "map": project.map.model_dump(mode="json", include=set(DECIDE_MASKS)),
        "groups": _groups(project),
    }

    def work() -> dict[str, Any]:
        with whole_folder(folder) as temporary:
            scores = {
                method.name: _judge(project, method, temporary, trained[method.name]["sha256"])
                for method in project.methods
            }
            write_scores(scores, temporary / "scores.csv")
            if split_of(project) != "paper":
                for entry in entries:
                    _draw(project, entry, temporary)
        return {"methods": scores}

    return study.ledger.once("evaluate", inputs, [folder], work, settings=settings, results_version=RESULTS_VERSION)


def _judge(project: Project, method: Method, folder: Path, digest: str) -> dict[str, Any]:
    """Return the pooled scores of a method, with those of each scene below ``scenes``, of each year below ``years``."""
    options = map_options(project)
    model = load_method(project, method, options, digest)
    split = split_of(project)
    judged = _tiles(project, model) if split == "paper" else _maps(project, method, model, options, folder)
    scenes: dict[str, SceneScores] = {}
    labelled: Counter[str] = Counter()
    ground: dict[str, float] = {}
    ice: dict[str, float] = {}
    for each in judged:
        labelled[each.scene_id] += each.labelled
        km2 = each.pixel_m**2 / 1e6
        ground[each.scene_id] = ground.get(each.scene_id, 0.0) + float(each.valid.sum()) * km2
        ice[each.scene_id] = ice.get(each.scene_id, 0.0) + float((each.truth & each.valid).sum()) * km2
        known = scenes.get(each.scene_id)
        scenes[each.scene_id] = each.scores if known is None else pool([known, each.scores])
    if not scenes:
        raise SampleError("no scene shares ground with the test", where="evaluate.scenes")

    def pooled(members: Iterable[str]) -> dict[str, Any]:
        """Return the pooled scores of scenes, and the share of their labelled pixels that the method did not see.

        `ground_km2` is the ground that they rest on, each date counted, and `ice_km2` the ice on it.
        """
        keys = list(members)
        scores = pool(scenes[key] for key in keys)
        unjudged = 1.0 - scores.confusion.n / sum(labelled[key] for key in keys)
        sums = {"ground_km2": sum(ground[key] for key in keys), "ice_km2": sum(ice[key] for key in keys)}
        return {**scores.as_dict(), "not_judged": unjudged, **sums}

    result: dict[str, Any] = pooled(scenes)
    result["scenes"] = {key: pooled([key]) for key in scenes}
    result["years"] = {year: pooled(members) for year, members in _years(project, scenes).items()}
    result["mean"] = mean_of(result["years"].values())
    if split == "blocks":
        # Compared with the random split of the papers: the same kind of tiles, of ground never trained on.
        result["tiles"] = pool(each.scores for each in _tiles(project, model)).as_dict()
    groups = _groups(project)
    if groups:
        result["groups"] = {
            name: pool(scenes[key] for key in members if key in scenes).as_dict() for name, members in groups.items()
        }
    return result


def _years(project: Project, scenes: Iterable[str]) -> dict[str, list[str]]:
    """Return the ids of the scenes of each year, in order of time."""
    entries = {entry.id: entry for entry in project.scenes}
    found: dict[str, list[str]] = {}
    for scene_id in scenes:
        entry = entries[scene_id]
        found.setdefault((entry.date or date_of(entry, open_entry(entry)))[:4], []).append(scene_id)
    return dict(sorted(found.items()))


def _groups(project: Project) -> dict[str, list[str]]:
    """Return the ids of the scenes of each group."""
    return {
        name: [entry.id for entry in select(project, names, f"evaluate.groups.{name}")]
        for name, names in project.evaluate.groups.items()
    }


def _maps(project: Project, method: Method, model: Model, options: MapOptions, folder: Path) -> Iterator[Judged]:
    """Map the test scenes, and yield map and truth within the ground of the test."""
    for each in tested_maps(project, model, options):
        mapped = each.probability >= options.threshold_of(model)
        classes = classify(each.truth, mapped, each.valid)
        write_raster(class_path(folder, each.scene_id, method), classes, each.geobox, nodata=int(Error.UNKNOWN))
        yield Judged(each.scene_id, each.truth, mapped, each.valid, each.pixel_m, each.labelled)


def class_path(folder: Path, scene_id: str, method: Method) -> Path:
    """Return the path of the raster of `Error` classes of a scene and method."""
    return folder / f"{scene_id}_{method.name}.tif"


def _draw(project: Project, entry: SceneEntry, folder: Path) -> None:
    """Draw the errors of all methods on a scene, where it was scored."""
    classes = {}
    for method in project.methods:
        path = class_path(folder, entry.id, method)
        if path.exists():
            with own_raster(path) as source:
                classes[method.name] = source.read(1)
    if classes:
        scene = open_entry(entry)
        title = f"{entry.id}, {date_of(entry, scene)}"
        write_panels(folder / f"{entry.id}.png", scene=scene, classes=classes, title=title)


def _tiles(project: Project, model: Model) -> Iterator[Judged]:
    """Yield map and truth of each test tile."""
    store = SampleStore(project.output / SAMPLES)
    rows = store.index[store.index["part"] == "test"]
    tested = {entry.id for entry in tested_scenes(project)}
    for scene_id, of_scene in rows[rows["scene_id"].isin(tested)].groupby("scene_id", sort=True):
        samples = store.read(of_scene, bands=model.bands, units=model.units)
        probability = model.predict(samples.images)
        for p, mask in zip(probability, samples.masks, strict=True):
            labelled = (mask == GROUND) | (mask == ICE)
            known, pixel_m = np.isfinite(p) & labelled, float(of_scene["resolution_m"].iloc[0])
            yield Judged(str(scene_id), mask == ICE, p >= model.threshold, known, pixel_m, int(labelled.sum()))
