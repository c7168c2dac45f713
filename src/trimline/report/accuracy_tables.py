"""Table of methods by experiment (Chen and others, 2022, table III), and the effect of a leaking split."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from trimline.files import StrPath
from trimline.report.on_disk import write_csv, write_latex
from trimline.report.tables import UNDEFINED, Best, Table, number, percent

PAPER = ("precision", "recall", "f1", "kappa", "oa")
"""The scores of the paper's table, in its order."""
BEYOND = ("iou", "area_bias", "boundary_m")
_HEADS = {
    "precision": "precision %",
    "recall": "recall %",
    "f1": "F1 %",
    "kappa": "kappa %",
    "oa": "OA %",
    "iou": "IoU %",
    "area_bias": "area bias %",
    "boundary_m": "boundary m",
}


SPLIT_TITLES = {
    "blocks": "Split by ground",
    "paper": "Split at random after augmentation, as published",
    "scenes": "Split by scenes",
    "dates": "Split by dates",
    "none": "Whole scenes, nothing trained",
}
"""Titles of a study's own split in tables."""


@dataclass(frozen=True)
class AccuracyRow:
    """One method in one experiment, on one group of scenes."""

    experiment: str
    group: str
    """Empty where the experiment has no groups."""
    method: str
    scores: Mapping[str, Any]
    """Scores by name, see `trimline.evaluation.SceneScores.as_dict`; fractions and metres."""
    parameters: int | None
    """Trained ones; None where the method was not trained here."""
    training_s: float
    """Wall time of the training [s]."""
    split: str
    """Kind of split: `blocks`, `scenes`, `dates` or `paper`, or `none` where nothing is trained."""

    @property
    def block(self) -> str:
        """Experiment and group in one line."""
        return f"{self.experiment}: {self.group}" if self.group else self.experiment


def accuracy_tables(rows: Sequence[AccuracyRow]) -> list[tuple[str, Table]]:
    """Return one table per experiment and group; in each column of scores the best is marked."""
    tables = []
    for block, members in groupby(rows, key=lambda row: row.block):
        of_block = list(members)
        best = {key: _best([row.scores[key] for row in of_block], key) for key in (*PAPER, *BEYOND)}
        lines = [
            [
                row.method,
                *(_cell(row.scores[key], key, best[key]) for key in (*PAPER, *BEYOND)),
                UNDEFINED if row.parameters is None else f"{row.parameters:,}".replace(",", " "),
                number(row.training_s / 60, 1),
            ]
            for row in of_block
        ]
        tables.append((block, (["method", *_HEADS.values(), "parameters", "training min"], lines)))
    return tables


def leak_table(rows: Iterable[AccuracyRow]) -> Table | None:
    """Return the F1 of a random split and of the split by ground, with their difference; None without both.

    Both are scored on the same kind of tiles, since maps of whole blocks hold more ground without ice.
    """
    f1: dict[str, dict[str, float | None]] = {}
    for row in rows:
        if not row.group and row.split in ("paper", "blocks"):
            f1.setdefault(row.method, {})[row.split] = row.scores.get("tiles", row.scores)["f1"]
    both = {method: of for method, of in f1.items() if {"paper", "blocks"} <= of.keys()}
    if not both:
        return None
    lines = []
    for method, of in both.items():
        random, ground = (math.nan if each is None else each for each in (of["paper"], of["blocks"]))
        lines.append([method, percent(random), percent(ground), percent(random - ground, signed=True)])
    return ["method", "F1 %, tiles at random", "F1 %, tiles by ground", "flattery, points"], lines


def write_accuracy(rows: Sequence[AccuracyRow], folder: StrPath) -> None:
    """Write ``accuracy.csv`` (fractions, metres, seconds) and ``accuracy.tex`` (percent; the best in bold).

    Parameters
    ----------
    rows
        In the order of the table.
    folder
        Gets the two files.
    """
    folder = Path(folder)
    keys = (*PAPER, *BEYOND)
    write_csv(
        folder / "accuracy.csv",
        ("experiment", "group", "split", "method", *keys, "parameters", "training_s"),
        (
            (r.experiment, r.group, r.split, r.method, *(r.scores[key] for key in keys), r.parameters, r.training_s)
            for r in rows
        ),
    )
    write_latex(folder / "accuracy.tex", accuracy_tables(rows))


def _cell(value: float | None, key: str, best: str | None) -> str:
    text = number(value, 1) if key == "boundary_m" else percent(value, signed=key == "area_bias")
    return Best(text) if text.lstrip("+-") == best else text


def _best(values: Iterable[float | None], key: str) -> str | None:
    """Return the best value as printed, without its sign; methods with the same printed value are equally good."""
    known: list[Any] = [value for value in values if value is not None and math.isfinite(value)]
    if not known:
        return None
    if key == "boundary_m":
        return number(min(known), 1)
    if key == "area_bias":
        return percent(min(abs(value) for value in known))
    return percent(max(known))
