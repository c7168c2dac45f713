"""Folders that the build of the documentation reads and keeps things in, and what its results depend on."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
DOCS = REPOSITORY / "docs"
SOURCE = REPOSITORY / "src" / "trimline"
KEPT = REPOSITORY / ".tutorials"
"""Executed notebooks and drawn pictures, by digest; git ignores it, and it may be deleted at any time."""


def real_data() -> Path | None:
    """Return the folder of real imagery, that of ``TRIMLINE_DATA`` or ``../shared/data``, if there is one."""
    folder = Path(os.environ.get("TRIMLINE_DATA", REPOSITORY.parent / "shared" / "data")).resolve()
    return folder if folder.is_dir() else None


def sources_of_trimline() -> list[Path]:
    """Return the files of the package that decide what its commands print; not the page of `trimline review`."""
    kept_apart = {"__pycache__", "static"}
    return [path for path in _files_below(SOURCE) if kept_apart.isdisjoint(path.relative_to(SOURCE).parts)]


def digest(texts: Iterable[str], files: Iterable[Path]) -> str:
    """Return 16 hexadecimal digits of the texts, the files, the interpreter, and whether real data are there."""
    whole = hashlib.sha256()
    for text in (*texts, sys.version, (REPOSITORY / "constraints.txt").read_text("utf-8"), str(real_data() is None)):
        whole.update(f"{len(text)}:{text}".encode())
    for path in sorted(files):
        content = path.read_bytes()
        whole.update(f"{path.relative_to(REPOSITORY).as_posix()}:{len(content)}:".encode() + content)
    return whole.hexdigest()[:16]


def _files_below(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]
