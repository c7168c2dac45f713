"""A kind of odd input: how it is made, what is run on it, what is said, and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from typer.testing import CliRunner

from trimline.cli.app import app
from trimline.errors import TrimlineError

Chapter = Literal[
    "Where on Earth",
    "Outlines and tables",
    "Images and their numbers",
    "Projects, weights and samples",
    "From the archives",
    "The bad day",
]

_SERVER = re.compile(r"127\.0\.0\.1:\d+")
"""A server of the tests, as it stands in a message."""
_EXAMPLE = "archive.example"


@dataclass(frozen=True)
class Kind:
    """One kind of input that is read right where its reading is unique, and refused otherwise."""

    title: str
    """As a user would name it."""
    chapter: Chapter
    make: Callable[[Path], list[str]]
    """Writes the input into an empty folder and returns the arguments of `trimline` that are tried on it there."""
    story: str
    """How such a file comes about, and what trimline does, in two or three plain sentences."""
    message: str | None
    """The error, its paths relative to the folder, or None where the command succeeds."""
    shown: tuple[str, ...] = ()
    """Where it succeeds: texts that its output contains."""


@dataclass(frozen=True)
class Outcome:
    """What a command did: its error, or its output."""

    error: str | None
    output: str


def tried(kind: Kind, folder: Path) -> Outcome:
    """Make the input in a folder, which must be the working one, and run its command."""
    arguments = kind.make(folder)
    result = CliRunner().invoke(app, arguments)
    if result.exception is None:
        return Outcome(None, result.output)
    if isinstance(result.exception, TrimlineError):
        said = _SERVER.sub(_EXAMPLE, str(result.exception).replace(f"{folder}/", ""))
        return Outcome(said, result.output)
    if isinstance(result.exception, SystemExit):
        said = re.sub(r"^trimline: ", "", result.output.strip())
        return Outcome(said, result.output) if result.exception.code else Outcome(None, result.output)
    raise result.exception
