"""Table of two sensors on the same ground: near termini, elsewhere, and together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

from trimline.files import StrPath
from trimline.report.on_disk import write_csv
from trimline.report.tables import Table, percent

ZONES = ("all", "near termini", "elsewhere")
"""Parts of the ground with scores of their own."""

_COLUMNS = {"recall": "PA %", "precision": "UA %", "oa": "OA %", "f1": "F1 %", "iou": "IoU %"}
"""The accuracies of Li and others (2024): producer's, user's, overall, F1 and IoU."""

Scores = Mapping[str, Mapping[str, Mapping[str, float | None]]]


def sensor_table(scores: Scores, titles: Mapping[str, str]) -> Table:
    """Return a row per zone and sensor, and per zone the first sensor minus the second, in percentage points.

    Parameters
    ----------
    scores
        By experiment and zone; fractions. There are two experiments.
    titles
        Titles of the experiments.
    """
    first, second = scores
    lines = []
    for zone in ZONES:
        for name in (first, second):
            cells = [percent(scores[name][zone][key]) for key in _COLUMNS]
            lines.append([f"{zone}: {titles.get(name, name)}", *cells])
        gains = (_minus(scores[first][zone][key], scores[second][zone][key]) for key in _COLUMNS)
        lines.append([f"{zone}: difference, points", *(percent(gain, signed=True) for gain in gains)])
    return ["ground, sensor", *_COLUMNS.values()], lines


def write_sensors(path: StrPath, scores: Scores) -> None:
    """Write a CSV with a row per sensor and zone; fractions and metres."""
    path = Path(path)
    keys = list(next(iter(next(iter(scores.values())).values())))
    rows = ((name, zone, *(of[key] for key in keys)) for name, zones in scores.items() for zone, of in zones.items())
    write_csv(path, ("experiment", "zone", *keys), rows)


def _minus(one: float | None, other: float | None) -> float:
    return math.nan if one is None or other is None else one - other
