"""Projects, weights and samples."""

from __future__ import annotations

from pathlib import Path

from tests.kinds.kind import Kind


def _absent(folder: Path) -> list[str]:
    return ["run", "study.yaml"]


KINDS: tuple[Kind, ...] = (
    Kind(
        title="A project file that is not there",
        chapter="Projects, weights and samples",
        make=_absent,
        story="The path is wrong, or the working folder is another one.",
        message="study.yaml: cannot be read (No such file or directory)\ncheck the path of the project file",
    ),
)
