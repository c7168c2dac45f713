"""The stage that judges every method on what it was not trained on.

Where a split keeps ground, scenes or dates for the test, methods are judged on maps of whole scenes, each pixel once.
The papers' random split has no ground of its own: there they are judged tile by tile.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from trimline.errors import SampleError
from trimline.evaluation import SceneScores, pool, score_scene, write_error_map, write_scores
from trimline.files import whole_folder
from trimline.mapping import predict_array
from trimline.outlines import rasterise
from trimline.project import Method, Project
from trimline.samples import GROUND, ICE, IGNORE, LabelledScene, SampleStore
from trimline.samples.store import GROUND_FILE
from trimline.study.ledger import Done, stamp
from trimline.study.samples_stage import FOLDER as SAMPLES
from trimline.study.scenes import labelled_scene, tested_scenes, truth_of
from trimline.study.study import Study
from trimline.study.train_stage import weights_path
from trimline.training import Segmenter, load_weights

_LOG = logging.getLogger(__name__)

FOLDER = "evaluation"


@dataclass(frozen=True)
class Judged:
    """One scene or set of tiles as a method mapped it."""

    scene_id: str
    truth: NDArray[np.bool_]
    mapped: NDArray[np.bool_]
    valid: NDArray[np.bool_]
    pixel_m: float


def run(study: Study) -> Done:
    """Write ``<output>/evaluation``: scores as CSV, and a picture of hits, false and missed ice per scene."""
    project = study.project
    folder = project.output / FOLDER
    entries = tested_scenes(project)
    inputs = {
        "train": study.done["train"].fingerprint,
        "samples": study.done["samples"].fingerprint,
        "scenes": [[entry.model_dump(mode="json"), stamp(entry.product)] for entry in entries],
        "truths": [stamp(path) for path in {truth_of(project, e): None for e in entries} if path is not None],
        "methods": [method.name for method in project.methods],
        "window": project.map.window,
    }

    def work() -> dict[str, Any]:
        with whole_folder(folder) as temporary:
            scores = {method.name: _judge(project, method, temporary) for method in project.methods}
            write_scores(scores, temporary / "scores.csv")
        return {"methods": scores}

    return study.ledger.once("evaluate", inputs, [folder], work)


def _judge(project: Project, method: Method, folder: Path) -> dict[str, Any]:
    """Return the pooled scores of a method with those of each scene below ``scenes``."""
    segmenter = load_weights(weights_path(project, method))
    judged = _tiles(project, segmenter) if project.split.by == "paper" else _maps(project, method, segmenter, folder)
    scenes: dict[str, SceneScores] = {}
    for each in judged:
        one = score_scene(each.truth, each.mapped, each.valid, each.pixel_m)
        scenes[each.scene_id] = pool([scenes[each.scene_id], one]) if each.scene_id in scenes else one
    if not scenes:
        raise SampleError("no scene shares ground with the test", where="evaluate.scenes")
    return pool(list(scenes.values())).as_dict() | {"scenes": {key: s.as_dict() for key, s in scenes.items()}}


def _maps(project: Project, method: Method, segmenter: Segmenter, folder: Path) -> Iterator[Judged]:
    """Map the tested scenes and show them within the ground of the test."""
    ground = _test_ground(project)
    for entry in tested_scenes(project):
        labelled = labelled_scene(project, entry)
        geobox = labelled.scene.geobox
        tested = np.ones(geobox.shape, bool) if ground is None else rasterise(ground, geobox).astype(bool)
        if not tested.any():
            _LOG.warning("%s shares no ground with the test and is not judged", entry.id)
            continue
        each = _map(labelled, segmenter, geobox, tested, project.map.window)
        write_error_map(
            folder / f"{entry.id}_{method.name}.png",
            scene=labelled.scene,
            truth=each.truth,
            mapped=each.mapped,
            valid=each.valid,
            title=f"{method.name}, {labelled.date}",
        )
        yield each


def _map(
    labelled: LabelledScene, segmenter: Segmenter, geobox: GeoBox, tested: NDArray[np.bool_], window: int
) -> Judged:
    probability = predict_array(labelled.scene, segmenter, geobox, window=window)
    truth = labelled.truth.mask(geobox)
    valid = tested & np.isfinite(probability) & (truth != IGNORE)
    mapped = probability >= segmenter.threshold
    return Judged(labelled.id, truth == ICE, mapped, valid, abs(float(geobox.resolution.x)))


def _tiles(project: Project, segmenter: Segmenter) -> Iterator[Judged]:
    """Show each tile of the test by itself."""
    store = SampleStore(project.output / SAMPLES)
    rows = store.index[store.index["part"] == "test"]
    tested = {entry.id for entry in tested_scenes(project)}
    for scene_id, of_scene in rows[rows["scene_id"].isin(tested)].groupby("scene_id", sort=True):
        samples = store.read(of_scene, bands=segmenter.bands, units=segmenter.units)
        left, _, right, _ = of_scene.geometry.iloc[0].bounds
        probability = segmenter.probability(samples.images)
        for p, mask in zip(probability, samples.masks, strict=True):
            known = np.isfinite(p) & ((mask == GROUND) | (mask == ICE))
            yield Judged(str(scene_id), mask == ICE, p >= segmenter.threshold, known, (right - left) / mask.shape[-1])


def _test_ground(project: Project) -> gpd.GeoDataFrame | None:
    """Return the blocks of ground kept for the test; None where whole scenes are."""
    if project.split.by != "blocks":
        return None
    ground = gpd.read_parquet(project.output / SAMPLES / GROUND_FILE)
    return ground[ground["part"] == "test"]
