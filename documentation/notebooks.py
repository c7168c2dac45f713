"""A tutorial's Markdown as a notebook: which fences are cells, and which images are files that the run writes.

Fences ``python`` and ``sh`` are cells; other fences are only shown. An image on a line of its own, whose file is not
part of the documentation, is one that the run wrote: it becomes a cell that displays it, so that the page shows the
file as it was at that point, and a run elsewhere shows its own.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jupytext
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

SHELL = "%%sh -e"
PICTURE = "picture"
"""Tag of the cells that display a file of the run."""

_PYTHON = "---\njupyter:\n  kernelspec: {display_name: Python 3, language: python, name: python3}\n---\n\n"
"""Header that says which language needs no magic; otherwise that of the first fence."""

_IMAGE = re.compile(r"^!\[(?P<alt>[^\]\n]*)\]\((?P<path>[^)\s]+)\)[ \t]*$", re.MULTILINE)
_FENCE = re.compile(r"^(`{3,}|~{3,}).*?^\1`*[ \t]*$", re.MULTILINE | re.DOTALL)
_ELSEWHERE = re.compile(r"^[a-z]+:|^/")


def notebook_of(text: str, page: Path) -> NotebookNode:
    """Return the notebook of a tutorial, not yet executed.

    Parameters
    ----------
    text : str
        The page's Markdown, without front matter.
    page : Path
        The page's file, beside which images of the documentation lie.

    Returns
    -------
    NotebookNode
        Its code cells carry ``metadata.line``, the line of the page at which they begin.
    """
    notebook: NotebookNode = jupytext.reads(_PYTHON + text, fmt="md")
    cells: list[NotebookNode] = []
    start = 0
    for cell in notebook.cells:
        shown = _fence_of_another_language(cell.source, text) if cell.cell_type == "code" else cell.source
        cells += [_code(cell.source)] if shown is None else _split(shown, page)
    for cell in cells:
        sought = cell.source if cell.cell_type == "markdown" else cell.metadata.pop("sought")
        found = text.find(sought, start)
        start = found if found >= 0 else start
        if cell.cell_type == "code":
            cell.metadata["line"] = 1 + text.count("\n", 0, start)
    notebook.cells = cells
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"  # otherwise drawn by lot, and no two builds would be equal
    notebook.metadata = {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        "language_info": {"name": "python"},
    }
    return notebook


def _fence_of_another_language(source: str, text: str) -> str | None:
    """Return the fence that a cell was made of, where it is neither `python` nor `sh`; jupytext runs `bash` too."""
    header, newline, rest = source.partition("\n")
    fence = f"```{header.removeprefix('%%')}{newline}{rest}\n```"
    return fence if header.startswith("%%") and header != "%%sh" and fence in text else None


def _code(source: str) -> NotebookNode:
    shell, newline, commands = source.partition("\n")
    if shell.strip() == "%%sh":  # a command that fails ends the cell
        return _cell(f"{SHELL}{newline}{commands}", sought=commands)
    return _cell(source, sought=source)


def _cell(source: str, **metadata: Any) -> NotebookNode:
    cell: NotebookNode = new_code_cell(source, metadata=metadata)
    return cell


def _split(text: str, page: Path) -> list[NotebookNode]:
    """Return Markdown in pieces, with a cell for each image of the run between them."""
    shown_only = [match.span() for match in _FENCE.finditer(text)]
    cells: list[NotebookNode] = []
    done = 0
    for match in _IMAGE.finditer(text):
        path = match["path"]
        if any(start <= match.start() < end for start, end in shown_only):
            continue
        if _ELSEWHERE.match(path) or (page.parent / path).exists():
            continue
        cells += _markdown(text[done : match.start()])
        display = f"SVG({path!r})" if path.endswith(".svg") else f"Image({path!r}, alt={match['alt']!r})"
        source = f"from IPython.display import {display.partition('(')[0]}\n\n{display}"
        cells.append(_cell(source, tags=[PICTURE], alt=match["alt"], path=path, sought=match[0].strip()))
        done = match.end()
    return cells + _markdown(text[done:])


def _markdown(text: str) -> list[NotebookNode]:
    return [new_markdown_cell(text.strip("\n"))] if text.strip() else []
