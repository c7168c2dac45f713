"""Snow off the glaciers of every mapped scene, a step of its own: a new inventory or DEM maps nothing again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trimline.file_identity import file_identity
from trimline.mapping.snow_file import SNOW_FILE, SnowReference
from trimline.project import SceneEntry
from trimline.study.coregistration_steps import open_placed, placed_source
from trimline.study.ledger import Done

if TYPE_CHECKING:
    from trimline.study.study import Study

RESULTS_VERSION = 1
"""Raised when the same inputs and settings give other results."""


def measure_snow(
    study: Study, entry: SceneEntry, mask: Path, mask_sha256: str, measured: Callable[[], dict[str, Any]] | None = None
) -> Done:
    """Write ``snow.json`` of a mapped scene, and log the share, as a warning above the project's limit.

    Parameters
    ----------
    study
        The study.
    entry
        The scene.
    mask
        Its map.
    mask_sha256
        Hash of the map.
    measured
        Writes ``snow.json`` and gives its record where it is measured elsewhere, on a cluster; None measures here.
    """
    from trimline.mapping.snow import SnowOffGlaciers, log_snow

    project = study.project
    inputs = {
        "scene": placed_source(study, entry),
        "mask": mask_sha256,
        "inventory": None if project.inventory is None else file_identity(project.inventory),
        "dem": None if project.dem is None else file_identity(project.dem),
    }
    path = mask.with_name(SNOW_FILE)

    def work() -> dict[str, Any]:
        if measured is not None:
            return measured()
        return SnowReference(project.inventory, project.dem).measure(open_placed(study, entry), mask).record()

    done = study.ledger.once(snow_step(entry.id), inputs, [path], work, results_version=RESULTS_VERSION)
    log_snow(entry.id, SnowOffGlaciers.of_record(done.result), project.map.snow_limit)
    return done


def snow_step(scene_id: str) -> str:
    """Return the name of the step of a scene."""
    return f"snow/{scene_id}"
