"""`trimline terminus`: the stage of a project, or the termini of outlines or lines that one already has."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any

import typer

from trimline.cli.change import PROJECT_SUFFIXES
from trimline.cli.own_options import ElevationModels, IdColumn, positive
from trimline.cli.results import print_json, print_table
from trimline.cli.stage_commands import AsJson, Force, Overrides, Quick, Wait, carry_out
from trimline.errors import ChangeError
from trimline.study.stages import PATIENCE_S


def terminus(
    inputs: Annotated[
        list[Path],
        typer.Argument(
            metavar="PROJECT|BEFORE AFTER...",
            help="A project file (YAML), or outlines or terminus lines of two or more dates, in order of time.",
        ),
    ],
    out: Annotated[Path, typer.Option("-o", "--output", metavar="FOLDER", help="Where layers and tables go.")] = Path(
        "terminus"
    ),
    dem: ElevationModels = None,
    lines: Annotated[
        Path | None, typer.Option("--lines", metavar="FILE", help="Centre lines from head to terminus, by id.")
    ] = None,
    points: Annotated[
        Path | None, typer.Option("--points", metavar="FILE", help="Points at the termini, by id.")
    ] = None,
    directions: Annotated[
        list[str] | None,
        typer.Option(
            "--direction",
            metavar="DEGREES|ID=DEGREES",
            help="Flow direction at the terminus, clockwise from north; lines without a centre line need it. May be "
            "repeated.",
        ),
    ] = None,
    box: Annotated[Path | None, typer.Option("--box", metavar="FILE", help="Boxes of the box method, by id.")] = None,
    id_column: IdColumn = None,
    dates: Annotated[
        list[str] | None,
        typer.Option(
            "--date",
            metavar="DATE",
            help="The date of each file, in order: 1973, 2010-08-31.",
            show_default="the years in the names of the files",
        ),
    ] = None,
    method: Annotated[
        list[str] | None,
        typer.Option("--method", metavar="METHOD", help="May be repeated.", show_default="all that fit"),
    ] = None,
    spacing: Annotated[
        float | None,
        typer.Option(
            "--spacing", callback=positive, metavar="METRES", help="Distance between the lines of the main-axis method."
        ),
    ] = None,
    pixel: Annotated[
        float | None,
        typer.Option("--pixel", callback=positive, metavar="METRES", help="Width of a pixel, for the uncertainty."),
    ] = None,
    overrides: Overrides = None,
    quick: Quick = False,
    force: Force = False,
    wait: Wait = PATIENCE_S,
    json: AsJson = False,
) -> None:
    """Measure how far the terminus of each glacier moved, by several methods."""
    if inputs[0].suffix.lower() in PROJECT_SUFFIXES:
        if len(inputs) > 1:
            raise ChangeError("a project file stands alone", where=inputs[1])
        carry_out(inputs[0], overrides or [], until="terminus", quick=quick, force=force, json=json, wait_s=wait)
        return
    from trimline.files import whole_folder
    from trimline.study.own_glaciers import expanded, read_dates, read_keyed, years_of_files
    from trimline.study.terminus_files import write_terminus

    if overrides or quick:
        raise ChangeError("--set and --quick are for a project file", where=inputs[0])
    files = expanded(inputs)
    if len(files) < 2:
        raise ChangeError("there is one date only", where=inputs[0], remedy="give the files of two dates or more")
    years = years_of_files(files, dates or [])
    tables = read_dates(files, years, id_column)
    given = {
        name: None if path is None else read_keyed(path, id_column)
        for name, path in (("lines", lines), ("points", points), ("boxes", box))
    }
    with whole_folder(out) as folder:
        found = write_terminus(
            folder,
            tables,
            years,
            dem=dem or None,
            methods=method or "all",
            directions=_directions(directions or [], tables[0]),
            spacing_m=spacing,
            pixel_m=pixel,
            **given,
        )
    if json:
        print_json({"terminus": found, "folder": str(out)})
        return
    heads = ["method", "glaciers", "retreat m", "m per year", "spread m per year"]
    rows = [
        [
            row["method"],
            str(row["glaciers"]),
            f"{row['retreat_m']:+.1f}",
            f"{row['retreat_m_per_a']:+.2f}",
            f"{row['spread_m_per_a']:.2f}",
        ]
        for row in found["means"]
    ]
    print_table("Terminus change, means over glaciers (retreat is positive)", heads, rows)
    typer.echo(f"layers and tables: {out}")


def _directions(given: list[str], table: Any) -> dict[str, float] | None:
    """Return flow directions by glacier: of `DEGREES` for all, or `ID=DEGREES`."""
    found: dict[str, float] = {}
    for text in given:
        name, _, degrees = text.rpartition("=")
        try:
            value = float(degrees)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise ChangeError(f"--direction is '{text}'", remedy="give degrees clockwise from north, or ID=DEGREES")
        found |= {name: value} if name else dict.fromkeys(table["glac_id"], value)
    return found or None
