"""The stage `thresholds`: scores of the band ratio at several thresholds (Chen and others, 2022, table II).

The optimum is the threshold with the best F1 on the training samples. The scores are of the test samples, or of the
training samples where the split keeps no test.
"""

from __future__ import annotations

from typing import Any

from trimline.files import whole_folder
from trimline.project import Project
from trimline.report.threshold_tables import draw_thresholds, write_thresholds
from trimline.samples import SampleStore
from trimline.sensors import Units
from trimline.study.ledger import Done
from trimline.study.samples_stage import FOLDER as SAMPLES
from trimline.study.study import Study

FOLDER = "thresholds"
RESULTS_VERSION = 1
"""Raised when the same inputs and settings give other results."""


def run(study: Study) -> Done:
    """Write ``<output>/thresholds``: CSV, LaTeX and picture; nothing where the project names no thresholds."""
    project = study.project
    if project.thresholds is None:
        return study.ledger.once("thresholds", {}, [], dict)
    thresholds = project.thresholds
    folder = project.output / FOLDER
    units = _units(project)
    inputs = {"samples": study.done["samples"].outputs_digest}
    settings = {"thresholds": list(thresholds), "units": units}

    def work() -> dict[str, Any]:
        from trimline.training import threshold_scores

        store = SampleStore(project.output / SAMPLES)
        parts = {part: store.load(part, bands=("red", "swir1"), units=units) for part in ("train", "test")}
        judged = "test" if len(parts["test"]) else "train"
        scores = {part: threshold_scores(samples, thresholds) for part, samples in parts.items() if len(samples)}
        best = max(scores["train"], key=lambda row: row["f1"])["threshold"]
        with whole_folder(folder) as temporary:
            write_thresholds(temporary, scores[judged], best)
            draw_thresholds(temporary / "thresholds.png", scores[judged], best)
        return {"thresholds": {"optimum": best, "judged_on": judged, "scores": scores[judged]}}

    return study.ledger.once("thresholds", inputs, [folder], work, settings=settings, results_version=RESULTS_VERSION)


def _units(project: Project) -> Units:
    """Return the units of the input of the project's band ratio, or of its first method where it has none."""
    ratios = [method for method in project.methods if method.network == "band_ratio"]
    return (ratios or project.methods)[0].recipe.units
