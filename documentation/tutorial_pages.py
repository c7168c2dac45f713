"""Page and notebook of a tutorial, from its executed notebook."""

from __future__ import annotations

import base64
import re
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from documentation.notebooks import PICTURE, SHELL

HEAD_LINES, TAIL_LINES = 30, 10
"""Of longer printed text a page shows its beginning and its end; the notebook holds all of it."""

_SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif", "image/svg+xml": ".svg"}
_LANGUAGES = {".yaml": "yaml", ".yml": "yaml", ".json": "json", ".py": "python", ".toml": "toml", ".sh": "sh"}
_WRITEFILE = re.compile(r"%%writefile(?: +-a| +--append)? +(?P<name>\S+)[ \t]*\n")
_TITLE = re.compile(r"^# .+$", re.MULTILINE)
_STYLE = re.compile(r"<style.*?</style>\s*", re.DOTALL)
_PAGE_LINK = re.compile(r"(?<!!)\[(?P<text>[^\]]+)\]\((?P<path>[^):#\s]+)\.md(?:#[^)\s]*)?\)")
_IMAGE = re.compile(r"!\[(?P<alt>[^\]\n]*)\]\((?P<path>[^):\s]+)\)")


@dataclass
class TutorialPage:
    """A tutorial as it is published."""

    markdown: str
    notebook: str
    """The notebook as JSON."""
    pictures: dict[str, bytes] = field(default_factory=dict)
    """Files beside the page, by their path relative to it."""
    cells: int = 0
    """How many cells were executed."""


def page_of(notebook: NotebookNode, page: Path, ground: str | None = None) -> TutorialPage:
    """Return the page of a notebook, and the notebook as it is downloaded.

    Parameters
    ----------
    notebook : NotebookNode
        Executed, or not; a page whose notebook was not executed says so.
    page : Path
        The page's file.
    ground
        What the page itself works on, `simulated`; None where its examples are real wherever the data are there.
    """
    ran = notebook.metadata.get("trimline")
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    result = TutorialPage("", _download(notebook, page), cells=len(code) if ran else 0)
    parts: list[str] = []
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            parts.append(cell.source)
            continue
        if PICTURE not in cell.metadata.get("tags", ()):
            parts.append(_shown(cell.source))
        elif not ran:
            parts.append(f"*(The run writes this picture: {cell.metadata.alt}.)*")
        parts += _outputs(cell, f"{page.stem}_files/{number:02d}", result.pictures)
    result.markdown = _under_the_title("\n\n".join(parts) + "\n", _told(ran, page, ground))
    return result


def _told(ran: dict[str, str | int] | None, page: Path, ground: str | None) -> str:
    link = f"[Download this page as a notebook]({page.stem}.ipynb){{ .notebook download }}"
    if ran is None:
        return (
            f'{link}\n\n!!! warning "Built without executing"\n\n    Nothing of this page was executed when it was '
            "built: it shows the commands, and not what they print."
        )
    seconds = int(ran["seconds"])
    time = f"{max(10, round(seconds, -1))} seconds" if seconds < 100 else f"{round(seconds / 60)} minutes"
    where = f"{ground or ran['data']} ground"
    return f"{link} · Everything below was executed when this page was built: about {time}, on {where}."


def _under_the_title(text: str, told: str) -> str:
    title = _TITLE.search(text)
    if title is None:
        return f"{told}\n\n{text}"
    return f"{text[: title.end()]}\n\n{told}\n{text[title.end() :]}"


def _shown(source: str) -> str:
    """Return a cell's source as a fence, as a user would type it or as the file that it writes."""
    if source.startswith(SHELL):
        return _fence(source.removeprefix(SHELL).strip("\n"), "sh")
    written = _WRITEFILE.match(source)
    if written is not None:
        language = _LANGUAGES.get(PurePosixPath(written["name"]).suffix, "text")
        return _fence(source[written.end() :].strip("\n"), f'{language} title="{written["name"]}"')
    return _fence(source, "python")


def _outputs(cell: NotebookNode, stem: str, pictures: dict[str, bytes]) -> list[str]:
    parts: list[str] = []
    printed = ""
    for number, output in enumerate(cell.get("outputs", [])):
        if output.output_type == "stream":
            printed += output.text
            continue
        parts += _printed(printed)
        printed = ""
        parts += _displayed(output, cell, f"{stem}-{number}", pictures)
    if cell.source.startswith("%%writefile"):
        return parts  # "Writing NAME" says what the title says already
    return parts + _printed(printed)


def _displayed(output: NotebookNode, cell: NotebookNode, stem: str, pictures: dict[str, bytes]) -> list[str]:
    data = output.get("data", {})
    mime = next((mime for mime in _SUFFIXES if mime in data), None)
    if mime is not None:
        name = stem + _SUFFIXES[mime]
        pictures[name] = data[mime].encode() if mime == "image/svg+xml" else base64.b64decode(data[mime])
        alt = cell.metadata.get("alt") or "Picture made by the code above"
        return [f"![{alt}]({name})"]
    if '<table border="1" class="dataframe">' in data.get("text/html", ""):
        table = _STYLE.sub("", data["text/html"]).replace('<table border="1"', "<table")
        lines = [line.strip() for line in table.splitlines() if line.strip()]  # a blank line would end the block
        return ['<div class="output-table">\n' + "\n".join(lines) + "\n</div>"]
    if "text/markdown" in data:
        return [data["text/markdown"]]
    return _printed(data.get("text/plain", ""))


def _printed(text: str) -> list[str]:
    lines = [line.rstrip() for line in text.strip("\n").splitlines()]
    if not any(lines):
        return []
    if len(lines) > HEAD_LINES + TAIL_LINES:
        left_out = len(lines) - HEAD_LINES - TAIL_LINES
        note = f"[... {left_out} lines left out here; the notebook holds them ...]"
        lines = [*lines[:HEAD_LINES], note, *lines[-TAIL_LINES:]]
    return [_fence("\n".join(lines), "{ .text .output .no-copy }")]


def _fence(text: str, header: str) -> str:
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    marks = "`" * (longest + 1)
    return f"{marks}{header}\n{text}\n{marks}"


def _download(notebook: NotebookNode, page: Path) -> str:
    """Return a notebook as JSON that stands alone: pictures inside, links to pages as text."""
    copy = deepcopy(notebook)
    copy.metadata.pop("trimline", None)
    for cell in copy.cells:
        cell.metadata = {key: value for key, value in cell.metadata.items() if key == "tags"}
        if cell.cell_type == "markdown":
            _embed(cell, page)
            cell.source = _PAGE_LINK.sub(_without_link, cell.source)
    needed = (
        "*This notebook is a page of trimline's documentation. Run it in an empty folder, with the Python in which "
        'trimline is installed (`pip install "trimline[train]"`) and its programs on the path; commands run in '
        "a POSIX shell (Linux, macOS, WSL).*"
    )
    copy.cells.insert(0, new_markdown_cell(needed, id="about"))
    text: str = nbformat.writes(copy)
    return text + "\n"


def _embed(cell: NotebookNode, page: Path) -> None:
    def attach(match: re.Match[str]) -> str:
        file = page.parent / match["path"]
        if not file.is_file() or file.suffix not in (".png", ".jpg"):
            return match["alt"]
        content = base64.b64encode(file.read_bytes()).decode()
        mime = "image/png" if file.suffix == ".png" else "image/jpeg"
        cell.setdefault("attachments", {})[file.name] = {mime: content}
        return f"![{match['alt']}](attachment:{file.name})"

    cell.source = _IMAGE.sub(attach, cell.source)


def _without_link(match: re.Match[str]) -> str:
    return f"{match['text']} (page {PurePosixPath(match['path']).name} of the documentation)"
