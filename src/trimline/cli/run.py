"""`trimline run PROJECT`, and each stage of it by its own name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trimline.cli.results import print_json, print_outcome
from trimline.study.stages import STAGES, Stage

ProjectFile = Annotated[Path, typer.Argument(help="The project file (YAML).")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY.PATH=VALUE", help="Override a key of the project file; may be repeated."),
]
Scheduler = Annotated[
    str | None,
    typer.Option("--scheduler", metavar="TCP://HOST:PORT", help="Map on the dask cluster of this scheduler."),
]
Force = Annotated[bool, typer.Option("--force", help="Do every stage again, whatever is done already.")]
Quick = Annotated[bool, typer.Option("--quick", help="Carry out what the project file says under 'quick'.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]


def add_to(app: typer.Typer) -> None:
    """Add `run` and one command per stage."""
    app.command()(run)
    for stage in STAGES.values():
        if stage.name == "map":
            app.command(stage.name, help=stage.summary)(map_scenes)
        elif stage.name != "simulate":  # `trimline simulate` makes a range without a project
            app.command(stage.name, help=stage.summary)(_command(stage))


def run(
    project: ProjectFile,
    overrides: Overrides = None,
    quick: Quick = False,
    force: Force = False,
    scheduler: Scheduler = None,
    json: AsJson = False,
) -> None:
    """Carry out the whole study; stages whose inputs did not change are skipped."""
    carry_out(project, overrides or [], until="report", quick=quick, force=force, json=json, scheduler=scheduler)


def map_scenes(
    project: ProjectFile,
    overrides: Overrides = None,
    quick: Quick = False,
    force: Force = False,
    scheduler: Scheduler = None,
    json: AsJson = False,
) -> None:
    """Bring the stage `map` up to date, here or on a cluster."""
    carry_out(project, overrides or [], until="map", quick=quick, force=force, json=json, scheduler=scheduler)


def _command(stage: Stage):  # type: ignore[no-untyped-def] # typer reads the inner signature
    def command(
        project: ProjectFile,
        overrides: Overrides = None,
        quick: Quick = False,
        force: Force = False,
        json: AsJson = False,
    ) -> None:
        carry_out(project, overrides or [], until=stage.name, quick=quick, force=force, json=json)

    return command


def carry_out(
    path: Path,
    overrides: list[str],
    *,
    until: str,
    force: bool,
    json: bool,
    quick: bool = False,
    scheduler: str | None = None,
) -> None:
    """Load a project, bring a stage up to date with all it stands on, and print what came of it."""
    from trimline.project import load_project
    from trimline.study import run_study

    loaded = load_project(path, overrides, quick=quick)
    if until == "release":
        from trimline.report.release_words import require_citable

        require_citable(loaded)  # before hours of work, not after them
    study = run_study(loaded, until=until, force=force, scheduler=scheduler)
    outcome = study.outcome()
    if json:
        print_json(outcome)
    else:
        print_outcome(outcome, study.project)
