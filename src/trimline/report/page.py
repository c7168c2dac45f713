"""The HTML report: one self-contained file with tables and pictures."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from trimline.files import StrPath, whole_file
from trimline.report.tables import Best, Table


@dataclass(frozen=True)
class Picture:
    """A picture with its caption."""

    path: Path
    """A PNG file; it is embedded in the page."""
    caption: str

    @property
    def data_uri(self) -> str:
        """The picture as a data URI."""
        return "data:image/png;base64," + base64.b64encode(self.path.read_bytes()).decode("ascii")


@dataclass(frozen=True)
class Card:
    """A small picture with some lines below it; several stand side by side."""

    title: str
    lines: Sequence[str]
    jpeg: bytes | None
    """The picture, embedded in the page; None where there is none."""
    is_marked: bool = False

    @property
    def data_uri(self) -> str | None:
        """The picture as a data URI."""
        if self.jpeg is None:
            return None
        return "data:image/jpeg;base64," + base64.b64encode(self.jpeg).decode("ascii")


@dataclass(frozen=True)
class Section:
    """A part of the page: paragraphs, then tables, then pictures, then cards."""

    title: str
    paragraphs: Sequence[str] = ()
    tables: Sequence[tuple[str, Table]] = ()
    """Captions and tables."""
    pictures: Sequence[Picture] = ()
    cards: Sequence[Card] = ()


def write_page(
    path: StrPath,
    *,
    title: str,
    summary: str,
    sections: Sequence[Section],
    provenance: Mapping[str, str],
    files: Sequence[str] = (),
) -> None:
    """Write a self-contained page.

    Parameters
    ----------
    path
        The HTML file, written whole or not at all.
    title, summary
        The heading, and the sentence below it.
    sections
        The body, in order. All text is escaped.
    provenance
        Origin of the numbers: versions, hashes, scenes.
    files
        Tables and layers with all digits, relative to the folder of the page; the page links them.
    """
    path = Path(path)
    environment = Environment(
        loader=PackageLoader("trimline.report"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.tests["best"] = lambda cell: isinstance(cell, Best)
    page = environment.get_template("page.html").render(
        title=title, summary=summary, sections=sections, provenance=provenance, files=files
    )
    with whole_file(path) as temporary:
        temporary.write_text(page, encoding="utf-8")
