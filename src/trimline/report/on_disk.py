"""Tables as files: CSV for machines, LaTeX for papers."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from trimline.files import StrPath, whole_file
from trimline.report.tables import Best, Table

_DIGITS = 9
"""Significant digits of numbers: a square metre in a thousand square kilometres, so that a table sums up."""


def write_csv(path: StrPath, heads: Sequence[str], rows: Iterable[Iterable[object]]) -> None:
    """Write a table of plain values: floats with nine digits, empty cells for missing values."""
    path = Path(path)
    with whole_file(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(heads)
        table.writerows([_plain(value) for value in row] for row in rows)


def write_latex(path: StrPath, tables: Sequence[tuple[str, Table]]) -> None:
    """Write a ``tabular`` in the style of booktabs, the best of each column in bold.

    Parameters
    ----------
    path
        The file.
    tables
        Titles and tables with the same columns. A title spans all columns above its rows; an empty one is
        left out.
    """
    path = Path(path)
    heads, _ = tables[0][1]
    lines = [rf"\begin{{tabular}}{{l{'r' * (len(heads) - 1)}}}", r"\toprule"]
    lines.append(rf"{' & '.join(_escaped(head) for head in heads)} \\")
    for title, (_, rows) in tables:
        lines.append(r"\midrule")
        if title:
            lines.append(rf"\multicolumn{{{len(heads)}}}{{l}}{{{_escaped(title)}}} \\")
        lines += [rf"{' & '.join(_shown(cell) for cell in row)} \\" for row in rows]
    with whole_file(path) as temporary:
        temporary.write_text("\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""]), encoding="utf-8")


def _plain(value: object) -> object:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    return f"{value:.{_DIGITS}g}" if isinstance(value, float) else value


def _shown(cell: str) -> str:
    return rf"\textbf{{{_escaped(cell)}}}" if isinstance(cell, Best) else _escaped(cell)


def _escaped(text: str) -> str:
    for character in "_%&#":
        text = text.replace(character, rf"\{character}")
    return text.replace("²", "$^2$").replace("⁻¹", "$^{-1}$").replace("–", "--").replace("±", r"$\pm$")
