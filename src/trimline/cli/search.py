"""`trimline search PROJECT`: scenes of the periods in the catalogues of archives."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trimline.cli.stage_commands import AsJson, Overrides

if TYPE_CHECKING:
    from trimline.catalogues import Archive, Candidate, SearchResult
    from trimline.project import Project


def search(
    project: Annotated[Path | None, typer.Argument(help="The project file (YAML), with the key 'search'.")] = None,
    list_archives: Annotated[
        bool, typer.Option("--list", help="List the known archives, their collections and what reading them needs.")
    ] = False,
    overrides: Overrides = None,
    json: AsJson = False,
) -> None:
    """Search catalogues for the scenes of a project's periods."""
    from trimline.catalogues import archive_names, known_archive
    from trimline.cli.results import print_json, print_table

    if list_archives:
        archives = [known_archive(name) for name in archive_names()]
        if json:
            print_json({archive.name: _facts(archive) for archive in archives})
            return
        rows = [[each.name, each.title, "\n".join(_collections(each)), each.access] for each in archives]
        print_table("Archives", ["name", "title", "collections", "reading needs"], rows)
        return
    if project is None:
        raise typer.BadParameter("give a project file, or --list")
    found = _found(project, overrides or [])
    if json:
        print_json({"candidates": [_candidate(each) for each in found.candidates], "notes": list(found.notes)})
        return
    rows = [
        [each.id, each.time.date().isoformat(), each.tile or "", each.sensor, _percent(each), each.collection]
        for each in found.candidates
    ]
    print_table("Candidates", ["id", "date", "tile", "sensor", "cloud [%]", "collection"], rows)


def _found(path: Path, overrides: list[str]) -> SearchResult:
    from trimline.catalogues import search as search_catalogues
    from trimline.errors import ProjectError
    from trimline.project import load_project

    project = load_project(path, overrides)
    if project.search is None:
        raise ProjectError("the project says not where to search", where=path, remedy="give it the key 'search'")
    periods = [(each.name, each.first, each.last) for each in project.periods]
    return search_catalogues(project.search, _region(project, path), periods)


def _region(project: Project, path: Path) -> Any:
    """Return the ground of the study in degrees: its region, or its inventory where it has none."""
    from trimline.errors import ProjectError
    from trimline.outlines import read_outlines

    source = project.region or project.inventory
    if source is None:
        raise ProjectError("the project has no region", where=path, remedy="give it the key 'region' or 'inventory'")
    return read_outlines(source).to_crs("EPSG:4326").union_all()


def _facts(archive: Archive) -> dict[str, Any]:
    return {
        "access": archive.access,
        "address": archive.address,
        "collections": {each.collection: [*each.instruments, each.level] for each in archive.holdings},
        "elevation": archive.elevation,
        "title": archive.title,
    }


def _collections(archive: Archive) -> list[str]:
    own = [f"{each.collection} ({', '.join(each.instruments)}; {each.level})" for each in archive.holdings]
    return [*own, f"{archive.elevation} (elevation)"] if archive.elevation else own


def _candidate(candidate: Candidate) -> dict[str, Any]:
    return {
        "catalogue": candidate.catalogue,
        "cloud_cover": candidate.cloud_cover,
        "collection": candidate.collection,
        "id": candidate.id,
        "level": candidate.level,
        "sensor": candidate.sensor,
        "sun_elevation": candidate.sun_elevation,
        "tile": candidate.tile,
        "time": candidate.time.isoformat(),
    }


def _percent(candidate: Candidate) -> str:
    return "" if candidate.cloud_cover is None else f"{candidate.cloud_cover:.0f}"
