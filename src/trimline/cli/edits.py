"""`trimline edits PROJECT`: list, check, add, revert and apply corrections by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trimline.cli.exit_codes import USER_ERROR


def edits(
    project: Annotated[Path, typer.Argument(help="The project file (YAML), or the folder of one map.")],
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
    revert: Annotated[
        str | None, typer.Option("--revert", metavar="EDIT_ID", help="Revert an edit, named by its id or a beginning.")
    ] = None,
    adopt: Annotated[
        bool, typer.Option("--adopt", help="Fill in author, time and edit_id where rows drawn in QGIS have none.")
    ] = False,
    apply: Annotated[
        bool, typer.Option("--apply", help="Of the folder of one map: write corrected.gpkg beside its outlines.")
    ] = False,
    author: Annotated[str | None, typer.Option(help="Who makes the edit; with --add, --adopt, --revert.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why; with --add, --adopt, --revert.")] = None,
    period: Annotated[
        str | None,
        typer.Option(help="With --add: the period of rows that name none; * for all, 2004/.. from a date on."),
    ] = None,
    operation: Annotated[str | None, typer.Option(help="With --add: the operation of rows that name none.")] = None,
    glacier: Annotated[str | None, typer.Option(help="With --add: the glacier of rows that name none.")] = None,
    image: Annotated[str | None, typer.Option(help="With --add: the image consulted, where rows name none.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Apply what the project file has under 'quick'.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """List the corrections by hand and their outcomes; nothing is ever deleted."""
    from trimline.cli.edited import edited_of, list_edits, list_problems

    if sum((create, check, adopt, apply, add is not None, revert is not None)) > 1:
        raise typer.BadParameter("--create, --check, --add, --adopt, --revert and --apply: do one at a time")
    if create:
        from trimline.cli.creating_edits import create_edits

        create_edits(project, overrides or [], quick=quick, as_json=as_json)
        return
    edited = edited_of(project, overrides or [], quick=quick)
    if apply:
        edited.apply(as_json=as_json)
    elif check:
        if list_problems(edited, as_json=as_json):
            raise typer.Exit(USER_ERROR)
    elif adopt:
        from trimline.study.adding_edits import adopt as complete

        completed = complete(edited.corrected, {"author": author, "reason": reason})
        list_edits(edited, as_json=as_json, only=set(completed))
    elif revert is not None:
        from trimline.study.adding_edits import revert as take_back

        row = take_back(edited.corrected, revert, author=author, reason=reason)
        list_edits(edited, as_json=as_json, only=set(row["edit_id"]))
    elif add is not None:
        from trimline.study.adding_edits import add_file

        given = {"operation": operation, "period": period, "glac_id": glacier, "image": image}
        rows = add_file(edited.corrected, add, given | {"author": author, "reason": reason})
        list_edits(edited, as_json=as_json, only=set(rows["edit_id"]))
    else:
        list_edits(edited, as_json=as_json)
