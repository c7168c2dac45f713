"""Benchmark of accuracy on real ground: Glaciar Vinciguerra in three years, against outlines drawn by hand.

The network that comes along maps three Sentinel-2 images (10 m, 1.5 km on a side), as `trimline outline` does; the
peers are the thresholds that most inventories are made with, red / SWIR 1 > 2.0 and NDSI > 0.4, both opened and closed
with a window of 5 x 5 pixels; they are not tuned, and neither is the network. Beside them stands red / SWIR 1 > 3.5,
the best of twelve on these very labels, which nobody knows who has no labels. All are judged on every labelled pixel;
years count the same. It is one glacier, and its labels take in patches of seasonal snow: differences of a point say
little, and other ground may say otherwise. The project file is `projects/vinciguerra-untrained.yaml`; the images are
looked for in `TRIMLINE_DATA`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trimline.bench.figures import Figure
from trimline.errors import TrimlineError
from trimline.project import load_project, shipped_project
from trimline.study import run_study

PROJECT = "vinciguerra-untrained.yaml"
METHODS: Mapping[str, str] = {
    "default": "the network that comes along",
    "band_ratio": "red / SWIR 1 > 2.0",
    "tuned_ratio": "red / SWIR 1 > 3.5",
    "ndsi": "NDSI > 0.4",
}
_METHODS = (
    "[{name: default, weights: default}, {name: band_ratio, ratio: 2.0}, "
    "{name: tuned_ratio, ratio: 3.5}, {name: ndsi, ndsi: 0.4}]"
)
_SCORES: Mapping[str, str] = {"f1": "F1", "precision": "precision", "recall": "recall", "iou": "IoU"}

FIGURES: Mapping[str, Figure] = {
    "error_of_band_ratio_per_ours": Figure("wrong ground (1 - IoU) of the band ratio per wrong ground of ours", "more"),
    "error_of_tuned_ratio_per_ours": Figure("wrong ground of the ratio tuned on the labels per wrong ground of ours"),
    "error_of_ndsi_per_ours": Figure("wrong ground of the NDSI per wrong ground of ours", "more"),
    **{
        f"{method}_{score}_percent": Figure(f"{text} of {named} [%]", "more" if method == "default" else None)
        for method, named in METHODS.items()
        for score, text in _SCORES.items()
    },
    **{f"{method}_area_bias_percent": Figure(f"area bias of {named} [%]") for method, named in METHODS.items()},
    **{
        f"{method}_boundary_m": Figure(f"mean distance of boundaries, {named} [m]") for method, named in METHODS.items()
    },
}


def measure() -> dict[str, float]:
    """Return the scores of the network and of two thresholds [%, m], the mean of three years, and ratios of errors.

    Raises
    ------
    TrimlineError
        The images are not there.
    """
    with tempfile.TemporaryDirectory(prefix="trimline-bench-") as folder:
        changes = [f"output={folder}/out", "thresholds=[2.0]", f"methods={_METHODS}"]
        project = load_project(shipped_project(PROJECT), changes)
        missing = [entry.path for entry in project.scenes if not Path(str(entry.path)).exists()]
        if missing:
            raise TrimlineError(
                "the images that accuracy is measured on are not there",
                where=missing[0],
                remedy="set TRIMLINE_DATA to the folder that holds vinciguerra/",
            )
        judged = run_study(project, until="evaluate").done["evaluate"].result["methods"]
    return _figures({name: scores["mean"] for name, scores in judged.items()})


def _figures(scores: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    ours = 1 - scores["default"]["iou"]
    found = {f"error_of_{name}_per_ours": (1 - scores[name]["iou"]) / ours for name in METHODS if name != "default"}
    for name in METHODS:
        found |= {f"{name}_{score}_percent": 100 * scores[name][score] for score in (*_SCORES, "area_bias")}
        found[f"{name}_boundary_m"] = scores[name]["boundary_m"]
    return found
