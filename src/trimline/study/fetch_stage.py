"""The stage `fetch`: scenes that a catalogue's item describes are brought to the paths that the project gives them.

Elevation that the project names a catalogue of is fetched first (`trimline.study.dem_fetch`).

What a product holds is told by the ``fetched.json`` in it, so this stage keeps no record of its own: a product that is
there, whole, and holds the bands and the window that the study needs is left as it is.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trimline.errors import ProjectError, StageError, TrimlineError
from trimline.project import Project, SceneEntry
from trimline.study.archive_scenes import is_users_own, region_of, request_of
from trimline.study.dem_fetch import fetch_elevation, require_elevation
from trimline.study.ledger import Done
from trimline.study.running import only_run
from trimline.study.scenes import select
from trimline.study.stages import PATIENCE_S
from trimline.study.study import Study

if TYPE_CHECKING:
    import shapely

    from trimline.fetching import Fetched, Task
    from trimline.remote import Transport

_LOG = logging.getLogger(__name__)

_SHOWN = 3
"""Scenes that an error names."""


@dataclass(frozen=True)
class Fetching:
    """What came of fetching the scenes of a project."""

    fetched: dict[str, Fetched]
    """By the id of the scene, those that were there already too."""
    failed: dict[str, TrimlineError]
    """Why others could not be fetched, by the id of the scene."""
    bytes: int = 0
    """What was transferred [bytes]."""
    requests: int = 0

    def require_all(self) -> None:
        """Raise `StageError` that names the scenes that could not be fetched."""
        if not self.failed:
            return
        reasons = [f"{scene} ({error.what})" for scene, error in list(self.failed.items())[:_SHOWN]]
        more = [f"{len(self.failed) - _SHOWN} more"] if len(self.failed) > _SHOWN else []
        remedies = {error.remedy for error in self.failed.values()}
        common = remedies.pop() if len(remedies) == 1 else None
        first = f"{common}; then run" if common else "run"
        raise StageError(
            f"{len(self.failed)} of {len(self.failed) + len(self.fetched)} scenes could not be fetched: "
            f"{'; '.join([*reasons, *more])}",
            remedy=f"{first} `trimline fetch` again, which fetches only what is missing; or take these scenes out of "
            "the project file",
        )


def run(study: Study) -> Done:
    """Fetch the scenes of a project that have an item; nothing where none has.

    Raises
    ------
    StageError
        A scene cannot be fetched; or nothing may be done, and one is missing.
    """
    entries = [entry for entry in study.project.scenes if entry.item is not None]
    if study.ledger.read_only:
        require_elevation(study.project)
    else:
        fetch_elevation(study.project)
    if entries and study.workers_fetch:
        _LOG.info("fetch: nothing to do here, the cluster's workers fetch what they map")
        return study.ledger.together("fetch", [], {})
    if study.ledger.read_only:
        for entry in entries:
            _require_there(study.project, entry)
        return study.ledger.together("fetch", [], {})
    if entries:
        fetch_entries(study.project, entries).require_all()
    return study.ledger.together("fetch", [], {})


def fetch_project(
    project: Project,
    *,
    scenes: Iterable[str] | None = None,
    skip: Iterable[str] = (),
    whole: bool = False,
    wait_s: float = PATIENCE_S,
) -> Fetching:
    """Fetch scenes of a project, as `trimline fetch` does.

    Parameters
    ----------
    project
        The project.
    scenes
        Ids, dates, areas, periods, sensors or path/rows of the scenes; None means all that have an item.
    skip
        The same of scenes that are left out.
    whole
        Whether whole products are fetched instead of windows.
    wait_s
        How long to wait for another run of the same project to end [s].

    Raises
    ------
    ProjectError
        No scene has an item, or a name selects none.
    StageError
        Another run is at work in the output folder.
    DiskError
        The disk is full, or fails.
    """
    left_out = {entry.id for entry in select(project, skip, "--skip")}
    wanted = select(project, scenes, "--scenes")
    entries = [entry for entry in wanted if entry.item is not None and entry.id not in left_out]
    if not entries and project.dem_catalogue is None:
        raise ProjectError(
            "no scene has an item of a catalogue that it could be fetched from",
            where="scenes",
            remedy="choose scenes with `trimline search`, which writes them into the project file",
        )
    with only_run(project.output, wait_s):
        fetch_elevation(project)
        return fetch_entries(project, entries, whole=whole)


def fetch_entries(project: Project, entries: Sequence[SceneEntry], *, whole: bool = False) -> Fetching:
    """Fetch the products of scenes; one that cannot be fetched is named, and the others go on."""
    from trimline.fetching import fetch_scenes
    from trimline.study.fetch_progress import shown_progress

    region = region_of(project)
    if region is None and not whole:
        _LOG.info("fetch: the project has no region, so all of each scene is fetched")
    transports: dict[str, Transport] = {}
    tasks: list[Task] = []
    fetched: dict[str, Fetched] = {}
    failed: dict[str, TrimlineError] = {}
    for entry in entries:
        if is_users_own(entry):
            _LOG.info("%s: its product is there, and was not fetched; it is used as it is", entry.id)
            continue
        try:
            tasks.append(_task(project, entry, region, whole, transports))
        except TrimlineError as error:
            failed[entry.id] = error
            _LOG.warning("%s: cannot be fetched: %s", entry.id, error)
    with ExitStack() as stack:
        for each in transports.values():
            stack.callback(each.close)
        watch = stack.enter_context(shown_progress(len(tasks)))
        for task, outcome in fetch_scenes(tasks, watch):
            if isinstance(outcome, TrimlineError):
                failed[task.name] = outcome
                _LOG.warning("%s: cannot be fetched: %s", task.name, outcome)
                continue
            fetched[task.name] = outcome
            how = "fetched" if outcome.is_new else "nothing to do, it is there"
            done = f"{len(fetched) + len(failed)} of {len(entries)}"
            _LOG.info("%s: %s (%s, %.1f MB; %s)", task.name, how, outcome.extent, outcome.bytes / 1e6, done)
    counts = [each.counts for each in transports.values()]
    return Fetching(
        {entry.id: fetched[entry.id] for entry in entries if entry.id in fetched},
        {entry.id: failed[entry.id] for entry in entries if entry.id in failed},
        bytes=sum(each.bytes for each in counts),
        requests=sum(each.requests for each in counts),
    )


def _require_there(project: Project, entry: SceneEntry) -> None:
    """Raise `StageError` where a scene's product is not there as the study needs it."""
    if is_users_own(entry):
        return
    request = request_of(project, entry, region_of(project), whole=False)
    if request.answered_by(entry.path) is None:
        what = "must be fetched again" if entry.path.exists() else "has not been fetched"
        raise StageError(f"the scene {what}", where=f"scenes.{entry.id}", remedy="run `trimline fetch` first")


def _task(
    project: Project,
    entry: SceneEntry,
    region: shapely.Geometry | None,
    whole: bool,
    transports: dict[str, Transport],
) -> Task:
    from trimline.catalogues import transport_for
    from trimline.fetching import Task as OneTask

    request = request_of(project, entry, region, whole=whole)
    catalogue = request.candidate.catalogue
    if catalogue not in transports:
        transports[catalogue] = transport_for(catalogue)
    return OneTask(entry.id, request, _place_of(entry), transports[catalogue])


def _place_of(entry: SceneEntry) -> Path:
    if "*" in str(entry.path):
        raise ProjectError(
            "a product that is fetched needs a path without '*'",
            where=f"scenes.{entry.id}.path",
            remedy="give the folder that it is to be fetched into",
        )
    return entry.path


def summary(project: Project, fetching: Fetching) -> dict[str, Any]:
    """Return what ``--json`` prints: paths, sizes and sources of what is there, and errors of the rest."""
    return {
        "fetched": {
            scene: {
                "path": str(each.path),
                "is_new": each.is_new,
                "extent": each.extent,
                "files": len(each.product.files),
                "bytes": each.bytes,
                "catalogue": each.product.catalogue,
                "item": each.product.item,
            }
            for scene, each in fetching.fetched.items()
        },
        "failed": {
            scene: {"what": error.what, "where": str(error.where or ""), "remedy": error.remedy or ""}
            for scene, error in fetching.failed.items()
        },
        "transferred_bytes": fetching.bytes,
        "requests": fetching.requests,
        "project": project.name,
    }
