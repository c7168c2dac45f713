"""`trimline edits PROJECT`: list, check, add and revert corrections by hand."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trimline.cli.exit_codes import USER_ERROR

if TYPE_CHECKING:
    from trimline.project import Project
    from trimline.study.editing import EditState

_HEADS = ["edit", "period", "operation", "glacier", "author", "time", "reason", "state"]


def edits(
    project: Annotated[Path, typer.Argument(help="The project file (YAML).")],
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY.PATH=VALUE", help="Override a key of the project file; may be repeated."),
    ] = None,
    create: Annotated[
        bool, typer.Option("--create", help="Write an empty layer with a form, and a QGIS project beside it.")
    ] = False,
    check: Annotated[bool, typer.Option("--check", help="List all problems; exit code 2 if there are any.")] = False,
    add: Annotated[
        Path | None, typer.Option("--add", metavar="FILE", help="Append the rows of a vector file of one layer.")
    ] = None,
    revert: Annotated[str | None, typer.Option("--revert", metavar="EDIT_ID", help="Revert an edit.")] = None,
    adopt: Annotated[
        bool, typer.Option("--adopt", help="Fill in author, time and edit_id where rows drawn in QGIS have none.")
    ] = False,
    author: Annotated[str | None, typer.Option(help="Who makes the edit; with --add, --adopt, --revert.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why; with --add, --adopt, --revert.")] = None,
    period: Annotated[
        str | None, typer.Option(help="With --add: the period of rows that name none; * for all periods.")
    ] = None,
    operation: Annotated[str | None, typer.Option(help="With --add: the operation of rows that name none.")] = None,
    glacier: Annotated[str | None, typer.Option(help="With --add: the glacier of rows that name none.")] = None,
    image: Annotated[str | None, typer.Option(help="With --add: the image consulted, where rows name none.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Apply what the project file has under 'quick'.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """List the corrections by hand and their outcomes; nothing is ever deleted."""
    from trimline.project import load_project

    if sum((create, check, adopt, add is not None, revert is not None)) > 1:
        raise typer.BadParameter("--create, --check, --add, --adopt and --revert: do one at a time")
    if create:
        from trimline.cli.creating_edits import create_edits

        create_edits(project, overrides or [], quick=quick, as_json=as_json)
        return
    study = load_project(project, overrides or [], quick=quick)
    if check:
        _check(study, as_json)
    elif adopt:
        from trimline.study.editing import adopt as complete

        _list(study, as_json, set(complete(study, {"author": author, "reason": reason})))
    elif revert is not None:
        from trimline.study.editing import revert as take_back

        _list(study, as_json, set(take_back(study, revert, author=author, reason=reason)["edit_id"]))
    elif add is not None:
        from trimline.study.editing import add_file

        given = {"operation": operation, "period": period, "glac_id": glacier, "image": image}
        _list(study, as_json, set(add_file(study, add, given | {"author": author, "reason": reason})["edit_id"]))
    else:
        _list(study, as_json)


def _list(study: Project, as_json: bool, only: set[str] | None = None) -> None:
    from trimline.cli.results import print_json, print_table
    from trimline.study.editing import states_of

    states = [each for each in states_of(study) if only is None or each.edit["edit_id"] in only]
    if as_json:
        print_json({"edits": [each.as_dict() for each in states]})
        return
    if not states:
        sys.stdout.write(f"{study.edits_file.name}: no edits\n")
        return
    title = "Edits" if only is None else "Edits, as they were appended"
    print_table(f"{title}: {study.edits_file.name}", _HEADS, [_row(each) for each in states])


def _row(state: EditState) -> list[str]:
    keys = ("edit_id", "period", "operation", "glac_id", "author", "time", "reason")
    return [*(str(state.edit[key] or "") for key in keys), f"{state.state}: {state.text}"]


def _check(study: Project, as_json: bool) -> None:
    from trimline.cli.results import print_json
    from trimline.study.editing import problems_of

    problems = problems_of(study)
    if as_json:
        print_json({"problems": [{"edit_id": p.edit_id, "text": p.text, "remedy": p.remedy} for p in problems]})
    else:
        for each in problems:
            sys.stdout.write(f"{each}\n")
        sys.stdout.write(
            f"{study.edits_file.name}: {len(problems) or 'no'} problem{'' if len(problems) == 1 else 's'}\n"
        )
    if problems:
        raise typer.Exit(USER_ERROR)
