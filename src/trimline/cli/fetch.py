"""`trimline fetch PROJECT`: the chosen scenes of archives, brought to the disk."""

from __future__ import annotations

from typing import Annotated

import typer

from trimline.cli.results import print_json, print_table
from trimline.cli.stage_commands import AsJson, Overrides, ProjectFile, Quick, Wait
from trimline.study.stages import PATIENCE_S


def fetch(
    project: ProjectFile,
    whole: Annotated[
        bool, typer.Option("--whole", help="Fetch the archives' own files whole, not only what meets the region.")
    ] = False,
    scenes: Annotated[
        list[str] | None,
        typer.Option(
            "--scenes", metavar="NAME", help="Fetch these only: ids, dates, periods, path/rows; may be repeated."
        ),
    ] = None,
    skip: Annotated[
        list[str] | None, typer.Option("--skip", metavar="NAME", help="Leave these out; may be repeated.")
    ] = None,
    overrides: Overrides = None,
    quick: Quick = False,
    wait: Wait = PATIENCE_S,
    json: AsJson = False,
) -> None:
    """Fetch the scenes that `trimline search` chose: of their rasters the windows that meet the region.

    What is there and whole is not fetched again, and a run that was stopped goes on where it ended. A scene that cannot
    be fetched is named, the others are, and the exit code is 2.
    """
    from trimline.project import load_project

    loaded = load_project(project, overrides or [], quick=quick)
    from trimline.study.fetch_stage import fetch_project, summary

    fetching = fetch_project(loaded, scenes=scenes, skip=skip or (), whole=whole, wait_s=wait)
    if json:
        print_json(summary(loaded, fetching))
    else:
        rows = [
            [scene, each.extent, f"{each.bytes / 1e6:.1f}", "" if each.is_new else "was there"]
            for scene, each in fetching.fetched.items()
        ]
        title = f"Fetched with {fetching.requests} requests, {fetching.bytes / 1e6:.1f} MB"
        print_table(title, ["scene", "extent", "MB on the disk", ""], rows)
    fetching.require_all()
