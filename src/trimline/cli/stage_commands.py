"""`trimline run PROJECT`, and a command for each stage that most studies need by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trimline.cli.results import print_json, print_outcome
from trimline.study.stages import PATIENCE_S, STAGES, Stage, require_stage

COMMANDS = ("samples", "train", "evaluate", "map", "timeline", "report", "release")
"""Stages with a command here; `change` has a file of its own, as it takes outlines too. `trimline run` reaches all;
`trimline simulate` makes a range without a project."""

ProjectFile = Annotated[Path, typer.Argument(help="The project file (YAML).")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY.PATH=VALUE", help="Override a key of the project file; may be repeated."),
]
Scheduler = Annotated[
    str | None,
    typer.Option("--scheduler", metavar="TCP://HOST:PORT", help="Map on the dask cluster of this scheduler."),
]
Align = Annotated[
    bool,
    typer.Option("--align", help="Map scenes that lie off the reference image of their place where they belong."),
]
Force = Annotated[bool, typer.Option("--force", help="Do every stage again, also those that are up to date.")]
Quick = Annotated[bool, typer.Option("--quick", help="Apply what the project file has under 'quick'.")]
Wait = Annotated[
    float,
    typer.Option("--wait", metavar="SECONDS", min=0, help="How long to wait for another run of the project to end."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]


def add_to(app: typer.Typer) -> None:
    """Add `run` and the commands of single stages."""
    app.command()(run)
    for name in COMMANDS:
        command = map_scenes if name == "map" else _command(STAGES[name])
        app.command(name, help=STAGES[name].summary)(command)


def run(
    project: ProjectFile,
    until: Annotated[
        str | None,
        typer.Option(
            "--until", metavar="STAGE", help=f"Stop after this stage: {', '.join(STAGES)}.", show_default="report"
        ),
    ] = None,
    only: Annotated[
        str | None,
        typer.Option("--only", metavar="STAGE", help="Do this stage alone; the stages it needs must be up to date."),
    ] = None,
    overrides: Overrides = None,
    quick: Quick = False,
    force: Force = False,
    scheduler: Scheduler = None,
    align: Align = False,
    wait: Wait = PATIENCE_S,
    json: AsJson = False,
) -> None:
    """Carry out a study; stages that are up to date are skipped."""
    if until is not None and only is not None:
        raise typer.BadParameter("--until and --only: give one of them")
    carry_out(
        project,
        _with_align(overrides, align),
        until=until or "report",
        only=only,
        quick=quick,
        force=force,
        json=json,
        scheduler=scheduler,
        wait_s=wait,
    )


def map_scenes(
    project: ProjectFile,
    overrides: Overrides = None,
    quick: Quick = False,
    force: Force = False,
    scheduler: Scheduler = None,
    align: Align = False,
    wait: Wait = PATIENCE_S,
    json: AsJson = False,
) -> None:
    """Bring the stage `map` up to date, here or on a cluster."""
    carry_out(
        project,
        _with_align(overrides, align),
        until="map",
        quick=quick,
        force=force,
        json=json,
        scheduler=scheduler,
        wait_s=wait,
    )


def _with_align(overrides: list[str] | None, align: bool) -> list[str]:
    """Return the overrides of a project file, with that of `--align`."""
    return [*(overrides or []), *(["map.align=true"] if align else [])]


def _command(stage: Stage):  # type: ignore[no-untyped-def] # typer reads the inner signature
    def command(
        project: ProjectFile,
        overrides: Overrides = None,
        quick: Quick = False,
        force: Force = False,
        wait: Wait = PATIENCE_S,
        json: AsJson = False,
    ) -> None:
        carry_out(project, overrides or [], until=stage.name, quick=quick, force=force, json=json, wait_s=wait)

    return command


def carry_out(
    path: Path,
    overrides: list[str],
    *,
    until: str,
    force: bool,
    json: bool,
    only: str | None = None,
    quick: bool = False,
    scheduler: str | None = None,
    wait_s: float = PATIENCE_S,
) -> None:
    """Load a project, carry it out as `run_study` does, and print the result."""
    from trimline.project import load_project

    require_stage(until if only is None else only)
    loaded = load_project(path, overrides, quick=quick)
    from trimline.study import run_study

    study = run_study(loaded, until=until, only=only, force=force, scheduler=scheduler, wait_s=wait_s)
    outcome = study.outcome()
    if json:
        print_json(outcome)
    else:
        print_outcome(outcome, study.project)
