"""Scores of single scenes, scores pooled over scenes, and the table of both."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from trimline.evaluation.boundary import BoundaryDistance, boundary_distance
from trimline.evaluation.confusion import SCORES, Confusion
from trimline.files import StrPath, whole_file

GROUND = ("ground_km2", "ice_km2")
"""Ground that scores rest on, and the true ice on it [km2]."""

POOLED = "all"
"""Name of the pooled scores in the table."""
MEAN = "mean of years"
"""Name of the mean over years in the table."""


@dataclass(frozen=True)
class SceneScores:
    """Scores of the map of one scene, or of several."""

    confusion: Confusion
    boundary: BoundaryDistance

    def as_dict(self) -> dict[str, float]:
        """Return f1, iou, precision, recall, kappa, oa and area_bias as fractions, and boundary_m in metres."""
        return self.confusion.scores() | {"boundary_m": self.boundary.mean_m}


def score_scene(truth: NDArray[Any], mapped: NDArray[Any], valid: NDArray[Any] | None, pixel_m: float) -> SceneScores:
    """Score the map of a scene.

    Parameters
    ----------
    truth, mapped
        (h, w); what is not 0 is ice.
    valid
        (h, w), or None for all: pixels where it is 0 count in no score.
    pixel_m
        Side of a pixel [m].

    Raises
    ------
    GridError
        The shapes differ.
    """
    return SceneScores(Confusion.from_masks(truth, mapped, valid), boundary_distance(truth, mapped, pixel_m, valid))


def pool(scores: Iterable[SceneScores]) -> SceneScores:
    """Add the pixels and the boundaries of scenes: each pixel, not each scene, counts the same."""
    confusion, boundary = Confusion(), BoundaryDistance()
    for one in scores:
        confusion, boundary = confusion + one.confusion, boundary + one.boundary
    return SceneScores(confusion, boundary)


def mean_of(scores: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Return the mean of each score, all counting the same; undefined ones are left out, NaN where none is defined."""
    listed = list(scores)
    keys = listed[0] if listed else ()
    defined = {key: [one[key] for one in listed if one[key] == one[key]] for key in keys}
    return {key: sum(values) / len(values) if values else float("nan") for key, values in defined.items()}


def write_scores(methods: Mapping[str, Mapping[str, Any]], path: StrPath) -> None:
    """Write a CSV with one row per method and scene, one for all scenes together, and one for the mean of the years.

    Parameters
    ----------
    methods
        By method: its pooled scores, as `SceneScores.as_dict` names them, those of each scene below ``scenes``, and
        their mean over the years, where there is one, below ``mean``.
    path
        The file. Undefined scores are empty fields. The ground that the scores rest on, `GROUND`, follows them where
        all methods have it.
    """
    path = Path(path)
    keys = (*SCORES, "boundary_m", *(key for key in GROUND if all(key in scores for scores in methods.values())))
    with whole_file(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(("method", "scene", *keys))
        for method, scores in methods.items():
            mean = {MEAN: scores["mean"]} if "mean" in scores else {}
            for scene, row in ({POOLED: scores} | mean | dict(scores.get("scenes", {}))).items():
                # A mean of years rests on all of their ground, not on a mean of it.
                left_out = GROUND if scene == MEAN else ()
                table.writerow((method, scene, *("" if key in left_out else _field(row[key]) for key in keys)))


def _field(value: float) -> str:
    return "" if value != value else f"{value:.6g}"
