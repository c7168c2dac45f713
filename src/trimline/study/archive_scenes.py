"""Scenes of archives, told by what is fetched of them: the same here, on a worker, and before it is fetched."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from trimline.errors import ProjectError
from trimline.fetching import read_fetched
from trimline.fetching.fetched_file import damage
from trimline.file_identity import file_identity
from trimline.project import Project, SceneEntry
from trimline.study.fetch_stage import region_of, request_of

if TYPE_CHECKING:
    import shapely

    from trimline.fetching import Request


def wanted(project: Project, entry: SceneEntry) -> Request:
    """Return what the study needs of a scene that has an item.

    Raises
    ------
    ProjectError
        The scene has none.
    CatalogueError
        The item cannot be used.
    """
    if entry.item is None:
        raise ProjectError("the scene has no item of a catalogue", where=f"scenes.{entry.id}")
    return request_of(project, entry, region_in_degrees(project), whole=False)


def wanted_pixels(project: Project, entry: SceneEntry) -> str:
    """Return the digest of what decides the pixels of a scene, before it is fetched."""
    return wanted(project, entry).pixels


def fetched_pixels(entry: SceneEntry) -> str | None:
    """Return the same of a scene that was fetched; None where it was not, or is no longer as it was fetched."""
    known = read_fetched(entry.path)
    return None if known is None or damage(entry.path, known) is not None else known.pixels


def region_in_degrees(project: Project) -> shapely.Geometry | None:
    """Return the region of a study in degrees, read once; None where it has none."""
    return None if project.region is None else _region(project, file_identity(project.region))


_known: dict[tuple[Path, str], shapely.Geometry | None] = {}


def _region(project: Project, identity: str) -> shapely.Geometry | None:
    key = project.region or Path(), identity
    if key not in _known:
        _known.clear()
        _known[key] = region_of(project)
    return _known[key]
