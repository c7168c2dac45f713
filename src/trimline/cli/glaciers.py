"""`trimline glaciers`: the stage of a project, or attributes and hypsometry of outlines that one already has."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trimline.cli.change import PROJECT_SUFFIXES
from trimline.cli.own_options import ElevationModels, IdColumn, positive
from trimline.cli.results import print_json, print_table
from trimline.cli.stage_commands import AsJson, Force, Overrides, Quick, Wait, carry_out
from trimline.errors import ChangeError
from trimline.study.stages import PATIENCE_S


def glaciers(
    input_file: Annotated[
        Path, typer.Argument(metavar="PROJECT|OUTLINES", help="A project file (YAML), or outlines of one date.")
    ],
    dem: ElevationModels = None,
    out: Annotated[Path, typer.Option("-o", "--output", metavar="FOLDER", help="Where layers and tables go.")] = Path(
        "glaciers"
    ),
    id_column: IdColumn = None,
    divide: Annotated[
        bool, typer.Option("--divide", help="Split connected ice along the drainage divides of the DEM first.")
    ] = False,
    lines: Annotated[
        Path | None, typer.Option("--lines", metavar="FILE", help="Flow lines of your own; the others are computed.")
    ] = None,
    band: Annotated[
        float, typer.Option("--band", callback=positive, metavar="METRES", help="Height of an elevation band.")
    ] = 50.0,
    pixel: Annotated[
        float,
        typer.Option(
            "--pixel", callback=positive, metavar="METRES", help="Width of a pixel; outlines err by half of it."
        ),
    ] = 30.0,
    glims: Annotated[
        bool, typer.Option("--glims", help="Write the set of Shapefiles for the GLIMS database too.")
    ] = False,
    overrides: Overrides = None,
    quick: Quick = False,
    force: Force = False,
    wait: Wait = PATIENCE_S,
    json: AsJson = False,
) -> None:
    """Measure glaciers one by one: attributes, flow lines, area by elevation and aspect."""
    if input_file.suffix.lower() in PROJECT_SUFFIXES:
        carry_out(input_file, overrides or [], until="glaciers", quick=quick, force=force, json=json, wait_s=wait)
        return
    if overrides or quick:
        raise ChangeError("--set and --quick are for a project file", where=input_file)
    if not dem:
        raise ChangeError("no elevation model is given", where=input_file, remedy="name one with --dem")
    from trimline.files import whole_folder
    from trimline.glaciers import divide as split
    from trimline.glaciers import open_models
    from trimline.outlines import check
    from trimline.outlines.check import report
    from trimline.report.glims import GlimsSession
    from trimline.study.glacier_files import write_glaciers
    from trimline.study.own_glaciers import one_row_each, read_keyed

    models = open_models(dem)
    outlines, problems = check(read_keyed(input_file, id_column))
    report(problems, where=input_file)
    outlines = one_row_each(outlines)
    if divide:
        outlines = split(outlines, models)
    given = None if lines is None else read_keyed(lines, id_column)
    with whole_folder(out) as folder:
        found = write_glaciers(
            folder,
            outlines,
            models,
            band_m=band,
            lines=given,
            pixel_m=pixel,
            session=GlimsSession(local_m=pixel / 2) if glims else None,
        )
    if json:
        print_json({"glaciers": found, "folder": str(out)})
        return
    rows = [[str(found["glaciers"]), str(len(found["without_heights"])), ", ".join(found["dem"])]]
    print_table("Glaciers measured", ["glaciers", "without heights", "elevation models"], rows)
    typer.echo(f"layers and tables: {out}")
