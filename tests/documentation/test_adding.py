"""The page on adding things lists every file that an addition touches, and what it shows works.

The code of a section is put into a copy of the package, and its last fence is run against the copy.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = REPOSITORY / "docs" / "maintainers" / "adding.md"
SECTIONS = ("A sensor", "A network", "A terminus method", "An archive", "A recipe")

_FENCE = re.compile(r'^```(?P<language>\w+) title="(?P<title>[^"]+)"\n(?P<text>.*?)^```$', re.MULTILINE | re.DOTALL)
_LISTED = re.compile(r"^\| `(?P<path>[^`]+)` \|", re.MULTILINE)


@dataclass(frozen=True)
class Section:
    """One section of the page."""

    listed: list[str]
    """Files that its table names."""
    added: dict[str, str]
    """Content of files that are new, by path."""
    changed: dict[str, str]
    """Changes of files that there are, by path."""
    use: str
    """What uses the addition."""


def section(title: str) -> Section:
    """Return a section of the page."""
    page = PAGE.read_text(encoding="utf-8")
    text = page.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]
    fences = [match.groupdict() for match in _FENCE.finditer(text)]
    paths = {each["title"]: each for each in fences if "/" in each["title"]}
    (use,) = (each["text"] for each in fences if "/" not in each["title"])
    return Section(
        [match["path"] for match in _LISTED.finditer(text)],
        {path: each["text"] for path, each in paths.items() if each["language"] != "diff"},
        {path: each["text"] for path, each in paths.items() if each["language"] == "diff"},
        use,
    )


def changed_by(content: str, change: str) -> str:
    """Return a file's content after a change as the page shows it: `@@`, then lines kept, taken out and put in."""
    for hunk in change.split("@@\n")[1:]:
        lines = hunk.splitlines(keepends=True)
        before = "".join(line[1:] for line in lines if line[0] in " -")
        after = "".join(line[1:] for line in lines if line[0] in " +")
        assert content.count(before) == 1, f"the page shows lines that the file does not have once:\n{before}"
        content = content.replace(before, after)
    return content


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a folder with a copy of the package's sources."""
    ignored = shutil.ignore_patterns("__pycache__", "static")
    shutil.copytree(REPOSITORY / "src", tmp_path / "copy" / "src", ignore=ignored)
    return tmp_path / "copy"


def test_the_page_has_these_sections_and_no_others() -> None:
    assert tuple(re.findall(r"^## (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)) == SECTIONS


@pytest.mark.slow  # `make test-docs` runs it
@pytest.mark.parametrize("title", SECTIONS)
def test_an_addition_touches_the_listed_files_and_works(title: str, copy: Path, tmp_path: Path) -> None:
    shown = section(title)
    assert sorted(shown.listed) == sorted({**shown.added, **shown.changed})
    for path, text in shown.added.items():
        assert not (copy / path).exists()
        (copy / path).write_text(text, encoding="utf-8")
    for path, change in shown.changed.items():
        before = (copy / path).read_text(encoding="utf-8")
        (copy / path).write_text(changed_by(before, change), encoding="utf-8")
    (tmp_path / "use.py").write_text(shown.use, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(copy / "src"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "use.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_without_the_addition_the_use_fails(tmp_path: Path) -> None:
    (tmp_path / "use.py").write_text(section("A terminus method").use, encoding="utf-8")
    done = subprocess.run([sys.executable, "use.py"], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert "no terminus method is called 'toy_tip'" in done.stderr
