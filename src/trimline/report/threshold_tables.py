"""Table and figure of the band ratio at several thresholds, the optimum marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from trimline.files import StrPath, whole_file
from trimline.report.on_disk import write_csv, write_latex
from trimline.report.tables import Best, Table, percent

_SCORES = {"precision": "precision", "recall": "recall", "f1": "F1", "kappa": "kappa", "oa": "OA"}
"""The scores of Chen and others (2022, table II), and their titles."""
_COLOURS = ("#0072b2", "#e69f00", "#000000", "#cc79a7", "#009e73")

ThresholdRows = Sequence[Mapping[str, float]]


def threshold_table(rows: ThresholdRows, optimum: float) -> Table:
    """Return the scores at each threshold in percent; the best of each column is marked, the optimum has a star."""
    best = {key: max(percent(row[key]) for row in rows) for key in _SCORES}
    lines = []
    for row in rows:
        star = "*" if row["threshold"] == optimum else ""
        cells = [percent(row[key]) for key in _SCORES]
        marked = [Best(cell) if cell == best[key] else cell for cell, key in zip(cells, _SCORES, strict=True)]
        lines.append([f"{row['threshold']:g}{star}", *marked])
    return ["threshold", *(f"{name} %" for name in _SCORES.values())], lines


def write_thresholds(folder: StrPath, rows: ThresholdRows, optimum: float) -> None:
    """Write ``thresholds.csv`` (fractions) and ``thresholds.tex`` (percent).

    Parameters
    ----------
    folder
        Gets the two files.
    rows
        Per threshold: ``threshold`` and the scores.
    optimum
        The best threshold, on the training samples where there are any.
    """
    folder = Path(folder)
    write_csv(
        folder / "thresholds.csv",
        ("threshold", *_SCORES, "optimum"),
        ((row["threshold"], *(row[key] for key in _SCORES), int(row["threshold"] == optimum)) for row in rows),
    )
    write_latex(folder / "thresholds.tex", [("", threshold_table(rows, optimum))])


def draw_thresholds(
    path: StrPath, rows: ThresholdRows, optimum: float, *, optimum_on: str = "training samples"
) -> None:
    """Write a PNG of the scores against the threshold, the optimum, and what it is the best on, as a line."""
    path = Path(path)
    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    axes = figure.add_subplot()
    thresholds = [row["threshold"] for row in rows]
    for (key, name), colour in zip(_SCORES.items(), _COLOURS, strict=True):
        axes.plot(thresholds, [row[key] * 100 for row in rows], marker="o", ms=3.5, lw=1.4, color=colour, label=name)
    axes.axvline(optimum, color="#5b6b7a", lw=1, ls="--")
    axes.annotate(
        f"optimum on {optimum_on}: {optimum:g}",
        (optimum, 0.02),
        xycoords=("data", "axes fraction"),
        rotation=90,
        ha="left" if optimum < sum(thresholds) / len(thresholds) else "right",
        va="bottom",
        fontsize=8,
    )
    axes.set(xlabel="threshold of red / SWIR 1", ylabel="%")
    axes.grid(color="#d5dde4", lw=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside upper center", ncols=len(_SCORES), frameon=False, fontsize=9)
    with whole_file(path) as temporary:
        figure.savefig(temporary, dpi=130, metadata={"Software": None})
