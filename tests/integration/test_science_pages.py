"""The chapters of science hold what they promise: their numbers come out, and their evidence exists.

A Python fence that a `text` fence follows prints just that. Every test and benchmark that a chapter names is there.
"""

from __future__ import annotations

import contextlib
import io
import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
SCIENCE = REPOSITORY / "docs" / "science"
CHAPTERS = [page for page in sorted(SCIENCE.glob("*.md")) if page.name != "index.md"]
PARTS = ("Formula", "Limits", "Validation", "Sources")
"""Sections that every chapter has."""

_PYTHON = re.compile(
    r"^```python\n(?P<code>.*?)^```$(?:\n\n^```text\n(?P<printed>.*?)^```$)?", re.MULTILINE | re.DOTALL
)
_NAMED = re.compile(r"`((?:tests|benchmarks|src|projects)/[\w./-]+)`")


@pytest.mark.parametrize("page", CHAPTERS, ids=lambda page: page.stem)
def test_a_chapter_prints_what_it_shows(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    text = page.read_text(encoding="utf-8")
    for fence in _PYTHON.finditer(text):
        line = text.count("\n", 0, fence.start("code"))
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile("\n" * line + fence["code"], str(page), "exec"), names)  # noqa: S102 - our own pages
        assert printed.getvalue() == (fence["printed"] or ""), f"{page.name}:{line + 1}"


@pytest.mark.parametrize("page", CHAPTERS, ids=lambda page: page.stem)
def test_a_chapter_has_its_parts_and_its_evidence(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert [part for part in PARTS if f"\n## {part}\n" not in text] == []
    _, _, validation = text.partition("\n## Validation\n")
    named = _NAMED.findall(text)
    assert _NAMED.findall(validation.partition("\n## ")[0]), "its validation names no test and no benchmark"
    assert [name for name in named if not (REPOSITORY / name).exists()] == []


def test_the_index_leads_to_every_chapter() -> None:
    index = (SCIENCE / "index.md").read_text(encoding="utf-8")
    assert [page.name for page in CHAPTERS if f"({page.name})" not in index] == []


def test_the_corners_of_the_worked_example_are_counted_right() -> None:
    """The lines that are worked by hand in the page, from their own formula."""
    text = (SCIENCE / "uncertainty.md").read_text(encoding="utf-8")
    area, perimeter, d = 1_520_000.0, 6000.0, 15.0
    disc, square = 3.14159265 * d**2 / 4, d**2
    outer = area + perimeter * d + 6 * disc - 2 * square
    inner = area - perimeter * d + 6 * square - 2 * disc
    assert f"= {outer:_.1f} m²".replace("_", " ") in text
    assert f"= {inner:_.1f} m²".replace("_", " ") in text
    assert f"= {(outer - inner) / 2:_.1f} m²".replace("_", " ") in text


def test_the_pictures_of_the_worked_example_are_those_that_the_page_shows(tmp_path: Path) -> None:
    source = REPOSITORY / "documentation" / "pictures" / "uncertainty.py"
    spec = spec_from_file_location("uncertainty_pictures", source)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    drawn = module.draw(tmp_path)
    shown = re.findall(r"\]\(\.\./pictures/([\w.]+)\)", (SCIENCE / "uncertainty.md").read_text(encoding="utf-8"))
    assert sorted(path.name for path in drawn) == sorted(shown)
    assert all(path.stat().st_size > 10_000 for path in drawn)
    inner, outer = module.one_sided(module.glacier(800))
    assert (outer.area - inner.area) / 2 == pytest.approx(89_806.9, rel=1e-4)
