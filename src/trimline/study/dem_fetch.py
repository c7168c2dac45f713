"""Elevation of a study from the tiles of a catalogue, fetched before anything reads it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from trimline.errors import ProjectError, StageError
from trimline.project import Project
from trimline.study.archive_scenes import region_of

if TYPE_CHECKING:
    from trimline.terrain import FetchedDem

_LOG = logging.getLogger(__name__)


def fetch_elevation(project: Project) -> FetchedDem | None:
    """Fetch the elevation that a project names a catalogue of; None where it names none.

    Parameters
    ----------
    project
        The project.

    Raises
    ------
    ProjectError
        The project has no region.
    CatalogueError, RemoteError, DiskError
        As `trimline.terrain.fetch_dem`.
    """
    if project.dem_catalogue is None or project.dem is None:
        return None
    region = region_of(project)
    if region is None:
        raise ProjectError(
            "elevation is fetched for a region, and the project has none",
            where="dem_catalogue",
            remedy="give a region, or elevation of your own as dem",
        )
    from trimline.catalogues import transport_for
    from trimline.terrain import fetch_dem

    found = fetch_dem(region, project.dem, project.dem_catalogue, transport_for(project.dem_catalogue))
    how = "fetched" if found.is_new else "nothing to do, it is there"
    _LOG.info("elevation: %s (%d tiles, %s)", how, len(found.tiles), found.path)
    return found


def require_elevation(project: Project) -> None:
    """Raise `StageError` where the elevation that a project names a catalogue of was not fetched."""
    if project.dem_catalogue is not None and project.dem is not None and not project.dem.exists():
        raise StageError("elevation has not been fetched", where="dem_catalogue", remedy="run `trimline fetch` first")
