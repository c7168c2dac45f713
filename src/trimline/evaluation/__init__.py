"""How well a map agrees with the truth: scores and distances.

Everything here works on arrays of pixels that lie on one grid. The room hands out `Confusion` and the scores that
follow from it, the `BoundaryDistance` between two outlines in metres, `classify` for the four cells of the confusion
matrix as a raster, `score_scene` and `pool` for the scores of one scene and of all scenes together, and `mean_of` for
their mean. The pictures of a map's errors are in `trimline.report`.
"""

from __future__ import annotations

from trimline.evaluation.boundary import BoundaryDistance, boundary_distance, boundary_distance_m
from trimline.evaluation.classes import Error, classify, confusion_of_classes, is_ice, is_mapped
from trimline.evaluation.confusion import SCORES, Confusion
from trimline.evaluation.scores import SceneScores, mean_of, pool, score_scene, write_scores
from trimline.evaluation.termini import near_termini

__all__ = [
    "SCORES",
    "BoundaryDistance",
    "Confusion",
    "Error",
    "SceneScores",
    "boundary_distance",
    "boundary_distance_m",
    "classify",
    "confusion_of_classes",
    "is_ice",
    "is_mapped",
    "mean_of",
    "near_termini",
    "pool",
    "score_scene",
    "write_scores",
]
