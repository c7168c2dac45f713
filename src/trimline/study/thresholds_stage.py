"""The stage `thresholds`: scores of the band ratio at several thresholds (Chen and others, 2022, table II).

The optimum is the threshold with the best F1 on the training samples. The scores are of maps of the test scenes, made
with the options that the stage `map` takes; with the papers' random split, which keeps no ground for the test, of the
test samples; and of the training samples where there is no test. Where no method is trained there are no samples: both
are of the maps of all scenes with a truth, and the optimum is the best of these very scenes.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from trimline.evaluation import Confusion
from trimline.files import whole_folder
from trimline.inference import ratio_model, ratio_threshold
from trimline.mapping import MapOptions
from trimline.project import Project
from trimline.report.threshold_tables import draw_thresholds, write_thresholds
from trimline.samples import SampleStore
from trimline.sensors import Units
from trimline.study.ledger import Done
from trimline.study.map_options import DECIDE_MASKS, map_options
from trimline.study.samples_stage import FOLDER as SAMPLES
from trimline.study.scenes import has_any_truth, split_of, tested_scenes, truth_identities
from trimline.study.study import Study
from trimline.study.tested_maps import tested_maps

_LOG = logging.getLogger(__name__)

FOLDER = "thresholds"
SCORES = ("precision", "recall", "f1", "kappa", "oa")
"""What the table has of each threshold."""
RESULTS_VERSION = 2
"""Raised when the same inputs and settings give other results."""


def run(study: Study) -> Done:
    """Write ``<output>/thresholds``: CSV, LaTeX and picture; nothing without thresholds in the project, or a truth."""
    project = study.project
    if project.thresholds is None:
        return study.ledger.once("thresholds", {}, [], dict)
    if not has_any_truth(project):
        _LOG.info("thresholds: nothing to do, no scene has a truth")
        return study.ledger.once("thresholds", {}, [], dict)
    thresholds = project.thresholds
    folder = project.output / FOLDER
    units = _units(project)
    by_maps, options = split_of(project) != "paper", map_options(project)
    inputs: dict[str, Any] = {"samples": study.done["samples"].outputs_digest}
    settings: dict[str, Any] = {"thresholds": list(thresholds), "units": units}
    if by_maps:
        entries = tested_scenes(project)
        inputs |= {
            "scenes": {entry.id: study.source_of(entry) for entry in entries},
            "truths": truth_identities(project, entries),
            "within": options.within.digest if options.within is not None else None,
        }
        settings["map"] = project.map.model_dump(mode="json", include=set(DECIDE_MASKS))

    def work() -> dict[str, Any]:
        if not project.learns:
            judged, scores = "scenes", {"scenes": _scores_of_maps(project, options, units)}
            return _written(folder, scores[judged], scores[judged], judged)
        from trimline.training import threshold_scores

        store = SampleStore(project.output / SAMPLES)
        parts = {part: store.load(part, bands=("red", "swir1"), units=units) for part in ("train", "test")}
        judged = "test" if len(parts["test"]) else "train"
        scores = {part: threshold_scores(samples, thresholds) for part, samples in parts.items() if len(samples)}
        if by_maps and judged == "test":
            scores["test"] = _scores_of_maps(project, options, units)
        return _written(folder, scores["train"], scores[judged], judged)

    return study.ledger.once("thresholds", inputs, [folder], work, settings=settings, results_version=RESULTS_VERSION)


def _written(
    folder: Path, chosen_by: list[dict[str, float]], scores: list[dict[str, float]], judged: str
) -> dict[str, Any]:
    """Write the scores, the threshold with the best F1 of those that it is chosen by being the optimum."""
    best = max(chosen_by, key=lambda row: row["f1"])["threshold"]
    with whole_folder(folder) as temporary:
        write_thresholds(temporary, scores, best)
        on = "these scenes" if judged == "scenes" else "training samples"
        draw_thresholds(temporary / "thresholds.png", scores, best, optimum_on=on)
    return {"thresholds": {"optimum": best, "judged_on": judged, "scores": scores}}


def _scores_of_maps(project: Project, options: MapOptions, units: Units) -> list[dict[str, float]]:
    """Return the scores at each threshold, pooled over the pixels of all test scenes."""
    thresholds = project.thresholds or ()
    pooled = [Confusion(0, 0, 0, 0) for _ in thresholds]
    for each in tested_maps(project, ratio_model(units=units), options):
        truth, probability = each.truth[each.valid], each.probability[each.valid]
        for at, threshold in enumerate(thresholds):
            pooled[at] += Confusion.from_masks(truth, probability >= ratio_threshold(threshold))
    return [
        {"threshold": float(threshold), **{name: float(getattr(found, name)) for name in SCORES}}
        for threshold, found in zip(thresholds, pooled, strict=True)
    ]


def _units(project: Project) -> Units:
    """Return the units of the input of the project's band ratio, or of its first method where it has none."""
    ratios = [each for each in project.methods if each.network == "band_ratio" or each.ratio is not None]
    return (ratios or project.methods)[0].recipe.units
