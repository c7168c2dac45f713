"""`trimline demo`: a simulated range, every stage, a report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


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
    """Simulate a range at two dates, map its glaciers, and show the report. No network, no data, minutes."""
    import shlex
    import sys

    from trimline.cli.screen import has_display
    from trimline.cli.stage_commands import carry_out

    project = demo_project()
    where = [f"output={out.resolve()}", *(overrides or [])]
    carry_out(project, where, until="report", force=force, json=json)
    if not json:
        options = " ".join(f"--set {shlex.quote(each)}" for each in where)
        typer.echo(f"Correct the outlines in a browser: trimline review {shlex.quote(str(project))} {options}")
    if show and not json and sys.stdout.isatty() and has_display():
        typer.launch(str(out.resolve() / "report" / "index.html"))


def demo_project() -> Path:
    """Return the demo's project file."""
    from trimline.project.shipped import shipped_project

    return shipped_project("demo.yaml")
