"""`trimline demo`: a simulated range, every stage, a report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

UNTRAINED = "methods=[{name: default, weights: default}, {name: band_ratio, ratio: 2.0}]"
"""What the demo maps with where the extra `train` is not installed: the weights that come along and a band ratio."""


def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write into.")] = Path("runs/demo"),
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY.PATH=VALUE", help="Override a key of the demo's project file."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Do every stage again.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
    show: Annotated[bool, typer.Option(help="Open the report where there is a display.")] = True,
) -> None:
    """Simulate a range at two dates, map its glaciers, and show the report. No network, no data, minutes.

    Without the extra `train` nothing is trained: the weights that come along and a band ratio map the glaciers.
    """
    import shlex
    import sys

    from trimline.cli.screen import has_display
    from trimline.cli.stage_commands import carry_out

    project = demo_project()
    where = [f"output={out.resolve()}", *_untrained(overrides or []), *(overrides or [])]
    carry_out(project, where, until="report", force=force, json=json)
    if not json:
        options = " ".join(f"--set {shlex.quote(each)}" for each in where)
        typer.echo(f"Correct the outlines in a browser: trimline review {shlex.quote(str(project))} {options}")
    if show and not json and sys.stdout.isatty() and has_display():
        typer.launch(str(out.resolve() / "report" / "index.html"))


def _untrained(overrides: list[str]) -> list[str]:
    """Return the override that needs no training, and say so, where what trains is not installed."""
    from trimline.extras import missing_for_training

    if not missing_for_training() or any(each.startswith("methods") for each in overrides):
        return []
    typer.echo(
        "Nothing is trained here: the weights that come along and a band ratio of 2 map the range.\n"
        'To train as well: pip install "trimline[train]"',
        err=True,
    )
    return [UNTRAINED]


def demo_project() -> Path:
    """Return the demo's project file."""
    from trimline.project.shipped import shipped_project

    return shipped_project("demo.yaml")
