"""Mapped ice in terrain shadow of every scene, a step of its own: a new elevation model maps nothing again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from trimline.file_identity import file_identity
from trimline.mapping.shadow_file import SHADOW_FILE, SHADOW_RASTER, IceInShadow, log_shadow, measure_shadow
from trimline.project import SceneEntry
from trimline.study.coregistration_steps import open_placed, placed_source
from trimline.study.ledger import Done

if TYPE_CHECKING:
    from trimline.study.study import Study

RESULTS_VERSION = 1
"""Raised when the same inputs and settings give other results."""

_ON_WORKERS = "the product was fetched and mapped by a worker of the cluster, and is not here"


def shadow_step(study: Study, entry: SceneEntry, dem: Path, mask: Path, mask_sha256: str) -> Done:
    """Write ``shadow.tif`` and ``shadow.json`` of a mapped scene.

    Parameters
    ----------
    study
        The study.
    entry
        The scene.
    dem
        Elevation model.
    mask
        Its map.
    mask_sha256
        Hash of the map.
    """
    inputs = {"scene": placed_source(study, entry), "mask": mask_sha256, "dem": file_identity(dem)}
    if study.workers_fetch and not entry.path.exists():
        inputs["workers"] = "fetch"

    def work() -> dict[str, Any]:
        if "workers" in inputs:
            return IceInShadow.untold(_ON_WORKERS).record()
        found = measure_shadow(open_placed(study, entry), mask, dem)
        log_shadow(entry.id, found)
        return found.record()

    files = [] if "workers" in inputs else [mask.with_name(name) for name in (SHADOW_RASTER, SHADOW_FILE)]
    return study.ledger.once(f"shadow/{entry.id}", inputs, files, work, results_version=RESULTS_VERSION)
