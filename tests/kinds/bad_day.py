"""The bad day: disks, deletions, leftovers."""

from __future__ import annotations

from pathlib import Path

import yaml
from tests.kinds.kind import Kind

_PROJECT = {
    "name": "small",
    "output": "out",
    "scenes": [{"id": "1988", "path": "1988.tif", "truth": "truth.gpkg"}],
    "bands": ["green", "red", "swir1"],
    "methods": ["band_ratio"],
}


def _project(folder: Path) -> list[str]:
    (folder / "study.yaml").write_text(yaml.safe_dump(_PROJECT))
    for name in ("1988.tif", "truth.gpkg"):
        (folder / name).touch()
    return ["samples", "study.yaml"]


def _lock_that_is_a_link(folder: Path) -> list[str]:
    (folder / "out" / "stages").mkdir(parents=True)
    (folder / "notes.txt").write_text("mine")
    (folder / "out" / "stages" / "run.lock").symlink_to(folder / "notes.txt")
    return _project(folder)


def _file_in_the_way(folder: Path) -> list[str]:
    (folder / "out").write_text("a file")
    return _project(folder)


KINDS: tuple[Kind, ...] = (
    Kind(
        title="An output folder that holds a link where trimline writes",
        chapter="The bad day",
        make=_lock_that_is_a_link,
        story="A link in an output folder that someone shared would send what is written to another place. The lock of "
        "a run and the journal of a map are never written through a link; an output that is a link is replaced by the "
        "output, and what the link names is left as it is.",
        message="out/stages/run.lock: is a link, which would be written to\nremove the link",
    ),
    Kind(
        title="A file where the output folder should be",
        chapter="The bad day",
        make=_file_in_the_way,
        story="A file has the name of the project's output folder. Nothing is deleted to make room for the output.",
        message="out: the output folder cannot be made (a file is in the way)\nmove it, or give another output",
    ),
)
