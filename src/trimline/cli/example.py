"""`trimline example`: the inputs of a tutorial."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def example(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Which example; without one, they are listed.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FOLDER",
            help="Folder to write into.",
            show_default="a folder of the example's name",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Write the inputs of a tutorial: real data where TRIMLINE_DATA has them, else simulated ones of the same names."""
    from trimline.cli.results import print_json, print_table
    from trimline.examples import EXAMPLES, write_example

    if name is None:
        if json:
            print_json({each.name: each.summary for each in EXAMPLES.values()})
            return
        rows = [[each.name, each.summary] for each in EXAMPLES.values()]
        print_table("Examples: trimline example NAME", ["name", "what"], rows)
        return
    written = write_example(name, out)
    if json:
        from dataclasses import asdict

        print_json(asdict(written))
        return
    if written.is_real:
        typer.echo("real data, copied from the folder of TRIMLINE_DATA or ../shared/data")
    else:
        typer.echo(f"simulated ground, not real data: {written.why_simulated}")
    typer.echo(f"{written.folder}: {'is there already, nothing was written' if written.was_there else 'written'}")
    longest = max(map(len, written.files))
    for file, what in written.files.items():
        typer.echo(f"  {file:<{longest}}  {what}")
    for step in written.next_steps:
        typer.echo(f"next: {step}")
