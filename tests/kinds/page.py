"""`docs/what-can-go-wrong.md`, written from the kinds: ``python -m tests.kinds.page`` in the repository."""

from __future__ import annotations

import os
import shlex
import tempfile
import textwrap
from itertools import groupby
from pathlib import Path

from tests.kinds.all_kinds import KINDS
from tests.kinds.kind import Kind

PAGE = Path(__file__).resolve().parents[2] / "docs" / "what-can-go-wrong.md"

_HEAD = """\
# What can go wrong

Inputs as people make them: what trimline says to each, and what to do. A file whose reading is unique is read right;
any other is refused in two lines, the first with what is wrong and where, the second with what to do about it. Nothing
is guessed in silence. The exit code is then 2, and nothing is written under a final name.

This page is written from the inputs of the tests (`python -m tests.kinds.page`), so each command below was run, and
each message is what it printed.

Where the inputs were taken and the outlines are wrong, [My outlines are wrong: what now?](trouble.md) goes by symptoms.
"""


def page() -> str:
    """Return the page as Markdown."""
    parts = [_HEAD]
    for chapter, kinds in groupby(KINDS, key=lambda kind: kind.chapter):
        parts.append(f"## {chapter}\n")
        parts.extend(_section(kind) for kind in kinds)
    return "\n".join(parts)


def _section(kind: Kind) -> str:
    with tempfile.TemporaryDirectory() as name:
        folder, before = Path(name).resolve(), Path.cwd()
        os.chdir(folder)
        try:
            command = shlex.join(["trimline", *kind.make(folder)])
        finally:
            os.chdir(before)
    command = command.replace(f"{folder}/", "")
    lines = [f"### {kind.title}\n", textwrap.fill(kind.story, 120) + "\n"]
    said = f"$ {command}\n" + (f"trimline: {kind.message}\n" if kind.message else "")
    said += "".join(f"... {text}\n" for text in kind.shown)
    lines.append(f"```text\n{said}```\n")
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
