"""The stage `thresholds`: scores of the band ratio at several thresholds (Chen and others, 2022, table II).

The optimum is the threshold with the best F1 on the training samples. The scores are of maps of the test scenes, made
with the options that the stage `map` takes; with the papers' random split, which keeps no ground for the test, of the
test samples; and of the training samples where there is no test.
"""

from __future__ import annotations

from typing import Any

from trimline.evaluation import Confusion
from trimline.files import whole_folder
from trimline.mapping import MapOptions
from trimline.project import Project
from trimline.report.threshold_tables import draw_thresholds, write_thresholds
from trimline.samples import SampleStore
from trimline.sensors import Units
from trimline.study.ledger import Done
from trimline.study.map_options import DECIDE_MASKS, map_options
from trimline.study.samples_stage import FOLDER as SAMPLES
from trimline.study.scenes import tested_scenes, truth_identities
from trimline.study.study import Study
from trimline.study.tested_maps import tested_maps

FOLDER = "thresholds"
SCORES = ("precision", "recall", "f1", "kappa", "oa")
"""What the table has of each threshold."""
RESULTS_VERSION = 2
"""Raised when the same inputs and settings give other results."""


def run(study: Study) -> Done:
    """Write ``<output>/thresholds``: CSV, LaTeX and picture; nothing where the project names no thresholds."""
    project = study.project
    if project.thresholds is None:
        return study.ledger.once("thresholds", {}, [], dict)
    thresholds = project.thresholds
    folder = project.output / FOLDER
    units = _units(project)
    by_maps, options = project.split.by != "paper", map_options(project)
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
        from trimline.training import threshold_scores

        store = SampleStore(project.output / SAMPLES)
        parts = {part: store.load(part, bands=("red", "swir1"), units=units) for part in ("train", "test")}
        judged = "test" if len(parts["test"]) else "train"
        scores = {part: threshold_scores(samples, thresholds) for part, samples in parts.items() if len(samples)}
        best = max(scores["train"], key=lambda row: row["f1"])["threshold"]
        if by_maps and judged == "test":
            scores["test"] = _scores_of_maps(project, options, units)
        with whole_folder(folder) as temporary:
            write_thresholds(temporary, scores[judged], best)
            draw_thresholds(temporary / "thresholds.png", scores[judged], best)
        return {"thresholds": {"optimum": best, "judged_on": judged, "scores": scores[judged]}}

    return study.ledger.once("thresholds", inputs, [folder], work, settings=settings, results_version=RESULTS_VERSION)


def _scores_of_maps(project: Project, options: MapOptions, units: Units) -> list[dict[str, float]]:
    """Return the scores at each threshold, pooled over the pixels of all test scenes."""
    from trimline.training import ratio_model, ratio_threshold

    thresholds = project.thresholds or ()
    pooled = [Confusion(0, 0, 0, 0) for _ in thresholds]
    for each in tested_maps(project, ratio_model(units), options):
        truth, probability = each.truth[each.valid], each.probability[each.valid]
        for at, threshold in enumerate(thresholds):
            pooled[at] += Confusion.from_masks(truth, probability >= ratio_threshold(threshold))
    return [
        {"threshold": float(threshold), **{name: float(getattr(found, name)) for name in SCORES}}
        for threshold, found in zip(thresholds, pooled, strict=True)
    ]


def _units(project: Project) -> Units:
    """Return the units of the input of the project's band ratio, or of its first method where it has none."""
    ratios = [method for method in project.methods if method.network == "band_ratio"]
    return (ratios or project.methods)[0].recipe.units
