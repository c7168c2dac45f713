"""A kind of input that is mutated: how a valid one is made, and what is run on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Input:
    """A kind of input."""

    name: str
    make: Callable[[Path], None]
    """Writes a valid one into an empty folder."""
    run: Callable[[Path], None]
    """Does with it what trimline does; must succeed on the valid one."""
    targets: tuple[str, ...] = ("*",)
    """Patterns of the files that are mutated; one file of a random pattern is."""
    share: int = 1
    """How often it is drawn, beside the others."""


def targets_in(kind: Input, folder: Path) -> list[list[Path]]:
    """Return the files that may be mutated, pattern by pattern, in order."""
    found = [sorted(each for each in folder.rglob(pattern) if each.is_file()) for pattern in kind.targets]
    return [files for files in found if files]
