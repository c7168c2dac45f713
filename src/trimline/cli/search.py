"""`trimline search PROJECT`: scenes of catalogues, chosen by what they show of the glaciers."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trimline.cli.stage_commands import AsJson, Overrides, Quick

if TYPE_CHECKING:
    from trimline.catalogues import Archive
    from trimline.study.searching import SearchOutcome

_MOST_LEFT = 12
"""Rows of scenes that are left, in the table of a period."""


def search(
    project: Annotated[Path | None, typer.Argument(help="The project file (YAML).", show_default=False)] = None,
    overrides: Overrides = None,
    quick: Quick = False,
    most: Annotated[int | None, typer.Option("--most", min=1, help="Most scenes of one period and place.")] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="NEW.yaml", help="Write the choice into a file that extends PROJECT."),
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace a choice that was edited by hand too.")] = False,
    pictures: Annotated[
        bool, typer.Option("--pictures/--no-pictures", help="Whether the contact sheet has pictures.")
    ] = True,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Search and choose, and write nothing.")] = False,
    list_archives: Annotated[
        bool, typer.Option("--list", help="List the known archives, and what each needs.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Search catalogues for the scenes of a study, and choose those that show its glaciers best.

    The choice is written into the project file between two comments, with the reasons; edit it, then fetch the scenes.
    """
    if list_archives:
        _list(json)
        return
    if project is None:
        raise typer.BadParameter("name the project file, or --list the known archives", param_hint="PROJECT")
    from trimline.project import load_project

    loaded = load_project(project, overrides or [], quick=quick)
    from trimline.study.searching import search_project

    outcome = search_project(project, loaded, to=output, most=most, pictures=pictures, dry_run=dry_run, replace=replace)
    if json:
        from trimline.cli.results import print_json

        print_json(outcome.as_dict())
    else:
        _print(outcome, project if output is None else output, dry_run=dry_run)


def _print(outcome: SearchOutcome, path: Path, *, dry_run: bool) -> None:
    from trimline.cli.results import print_table
    from trimline.report.candidate_sheet import candidate_table, heads_explained, kept_in_words

    for choice in outcome.choices:
        shown = f"show {choice.seen:.1%} of the {'ice' if choice.of_glaciers else 'region'} clearly"
        beyond = len(choice.left) - _MOST_LEFT
        more = f" ({beyond} more are left, see --json or the contact sheet)" if beyond > 0 else ""
        candidates = "candidates" if outcome.kept is None else "candidates, as proposed,"
        title = f"Period {choice.period}: {len(choice.taken)} of {len(choice.ranked)} {candidates} {shown}{more}"
        print_table(title, *candidate_table(choice, _MOST_LEFT, outcome.kept))
    lines = [heads_explained(all(choice.of_glaciers for choice in outcome.choices))]
    if outcome.kept is not None:
        lines += [kept_in_words(choice, outcome.kept) for choice in outcome.choices]
    if outcome.unread:
        lines.append(f"{len(outcome.unread)} candidates could not be read, and are left out")
    lines.append(f"read: {outcome.bytes / 1e3:.0f} kB in {outcome.requests} requests")
    if outcome.sheet is not None:
        lines.append(f"contact sheet: {outcome.sheet}")
    if dry_run:
        lines.append("nothing was written (--dry-run)")
    elif outcome.is_kept:
        lines.append(f"{path}: its choice was edited by hand and is kept; --replace writes the new one in its place")
    else:
        lines.append(f"the choice stands in {path}: edit it, then run: trimline fetch {path}")
    sys.stdout.write("\n".join(lines) + "\n")


def _list(as_json: bool) -> None:
    from trimline.catalogues import archive_names, known_archive
    from trimline.cli.results import print_json, print_table

    archives = [known_archive(name) for name in archive_names()]
    if as_json:
        print_json({archive.name: _facts(archive) for archive in archives})
        return
    rows = [[each.name, each.title, "\n".join(_collections(each)), each.access] for each in archives]
    print_table("Archives", ["name", "title", "collections", "reading needs"], rows)


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
