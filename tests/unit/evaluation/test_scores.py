"""Scores are kept per scene, pooled over pixels, and written as a table."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest

from trimline.evaluation import Confusion, SceneScores, boundary_distance, pool, score_scene, write_scores


def square(side: int, first: int, last: int) -> np.ndarray:
    mask = np.zeros((side, side), bool)
    mask[first:last, first:last] = True
    return mask


def test_a_scene_has_every_score_by_the_published_name() -> None:
    scores = score_scene(square(20, 4, 14), square(20, 5, 14), None, 30.0).as_dict()
    assert list(scores) == ["f1", "iou", "precision", "recall", "kappa", "oa", "area_bias", "boundary_m"]
    assert scores["precision"] == 1
    assert scores["recall"] == pytest.approx(0.81)
    assert scores["area_bias"] == pytest.approx(-0.19)
    assert 0 < scores["boundary_m"] < 30


def test_pooling_counts_pixels_and_not_scenes() -> None:
    large = score_scene(square(100, 0, 80), square(100, 0, 80), None, 30.0)
    small = score_scene(square(10, 2, 6), np.zeros((10, 10), bool), None, 30.0)
    pooled = pool([large, small])
    assert pooled.confusion == large.confusion + small.confusion
    assert pooled.confusion.recall == pytest.approx(6400 / 6416)
    assert pooled.as_dict()["boundary_m"] == 0
    assert math.isnan(small.as_dict()["boundary_m"])


def test_the_pooled_distance_weighs_boundaries_by_their_length() -> None:
    pairs = [(square(60, 10, 40), square(60, 12, 40)), (square(60, 10, 20), square(60, 10, 25))]
    distances = [boundary_distance(a, b, 30.0) for a, b in pairs]
    pooled = pool([score_scene(a, b, None, 30.0) for a, b in pairs]).boundary
    assert pooled.truth_edges == 4 * 30 + 4 * 10
    assert pooled.truth_sum_m == pytest.approx(sum(d.truth_sum_m for d in distances))


def test_nothing_pools_to_nothing() -> None:
    assert pool([]).confusion == Confusion()
    assert all(math.isnan(value) for value in pool([]).as_dict().values())


def test_the_table_has_a_row_per_scene_and_one_for_all(tmp_path: Path) -> None:
    scene = score_scene(square(20, 4, 14), square(20, 5, 14), None, 30.0)
    empty = SceneScores(Confusion(tn=4), boundary_distance(np.zeros((2, 2)), np.zeros((2, 2)), 30))
    methods = {"unet": scene.as_dict() | {"scenes": {"a, b": scene.as_dict(), "c": empty.as_dict()}}}
    write_scores(methods, tmp_path / "scores.csv")
    with (tmp_path / "scores.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["method"], row["scene"]) for row in rows] == [("unet", "all"), ("unet", "a, b"), ("unet", "c")]
    assert float(rows[0]["recall"]) == pytest.approx(0.81)
    assert rows[2]["f1"] == ""
    assert rows[2]["oa"] == "1"
