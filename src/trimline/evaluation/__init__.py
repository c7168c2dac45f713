"""How well a map agrees with the truth: scores, distances and pictures.

Everything here works on arrays of pixels that lie on one grid. The room hands out `Confusion` and the scores that
follow from it, the `BoundaryDistance` between two outlines in metres, `score_scene` and `pool` to have both per scene
and over all scenes, and pictures of hits, false and missed ice: `write_error_map` of one method, `write_panels` of
several.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from trimline.evaluation.boundary import BoundaryDistance, boundary_distance, boundary_distance_m
from trimline.evaluation.classes import Error, classify, is_ice, is_mapped
from trimline.evaluation.confusion import SCORES, Confusion
from trimline.evaluation.scores import SceneScores, pool, score_scene, write_scores
from trimline.evaluation.termini import near_termini

if TYPE_CHECKING:
    from trimline.evaluation.composite import false_colour
    from trimline.evaluation.error_map import write_error_map
    from trimline.evaluation.panels import write_panels

__all__ = [
    "SCORES",
    "BoundaryDistance",
    "Confusion",
    "Error",
    "SceneScores",
    "boundary_distance",
    "boundary_distance_m",
    "classify",
    "false_colour",
    "is_ice",
    "is_mapped",
    "near_termini",
    "pool",
    "score_scene",
    "write_error_map",
    "write_panels",
    "write_scores",
]

_DRAWING = {
    "write_error_map": "error_map",
    "write_panels": "panels",
    "false_colour": "composite",
}


def __getattr__(name: str) -> Any:
    """Import what draws only when it is asked for: scores need no matplotlib."""
    if name not in _DRAWING:
        raise AttributeError(f"module 'trimline.evaluation' has no attribute {name!r}")
    return getattr(import_module(f"trimline.evaluation.{_DRAWING[name]}"), name)
