"""`trimline change`: the stage of a project, or tables and figures of outlines that one has already."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from trimline.cli.results import print_json, print_outcome
from trimline.cli.stage_commands import AsJson, Force, Overrides, Quick, Wait, carry_out
from trimline.errors import ChangeError
from trimline.study.stages import PATIENCE_S

PROJECT_SUFFIXES = (".yaml", ".yml")
"""Suffixes of project files; anything else is outlines."""

PROJECT_FILE = "project.yaml"
"""The project file that is made of outlines."""


Absent = Literal["gone", "not in period"]


def change(
    inputs: Annotated[
        list[Path],
        typer.Argument(
            metavar="PROJECT|OUTLINES...",
            help="A project file (YAML), or outlines of several dates: vector files, or folders of them.",
        ),
    ],
    out: Annotated[
        Path, typer.Option("-o", "--output", metavar="FOLDER", help="Where tables, figures and the report go.")
    ] = Path("change"),
    id_column: Annotated[
        str | None,
        typer.Option(
            "--id",
            metavar="COLUMN",
            help="Column of the glaciers' ids; 'overlap' finds glaciers by the ground they share.",
            show_default="a column that all dates have and that agrees with the ground, or the ground",
        ),
    ] = None,
    dates: Annotated[
        list[str] | None,
        typer.Option(
            "--date",
            metavar="COLUMN|DATE|NAME=DATE",
            help="The column of dates; or a date for each file in order: 1850, 1840-1860, 2015-08-31; or NAME=DATE for "
            "the file whose name holds NAME. May be repeated.",
            show_default="the years in the names of the files",
        ),
    ] = None,
    dem: Annotated[
        Path | None,
        typer.Option(
            "--dem",
            metavar="DEM",
            help="Elevation model, or a folder of them: adds attributes, flow lines, area by elevation and aspect; the "
            "lowest end of a glacier is then its terminus.",
        ),
    ] = None,
    regions: Annotated[
        Path | None, typer.Option("--regions", metavar="FILE", help="Polygons of regions with totals of their own.")
    ] = None,
    region_column: Annotated[
        str | None, typer.Option("--region-column", metavar="COLUMN", help="Column of the names of the regions.")
    ] = None,
    pixel: Annotated[
        list[str] | None,
        typer.Option(
            "--pixel",
            metavar="METRES|DATE=METRES",
            help="Width of a pixel of the images; half of it is the error of the outlines. May be repeated.",
            show_default="30",
        ),
    ] = None,
    accuracy: Annotated[
        list[str] | None,
        typer.Option(
            "--accuracy",
            metavar="METRES|DATE=METRES",
            help="Stated accuracy of the outlines, in place of half a pixel. May be repeated.",
        ),
    ] = None,
    absent: Annotated[
        Absent | None,
        typer.Option(
            "--absent",
            metavar="gone|'not in period'",
            help="What a glacier without an outline on a date is: 'gone' (0 km2) where the files hold all there "
            "were; else its area is unknown.",
            show_default="not in period",
        ),
    ] = None,
    published: Annotated[
        Path | None,
        typer.Option("--published", metavar="CSV", help="Published areas to compare: region,year,area_km2,source."),
    ] = None,
    overrides: Overrides = None,
    quick: Quick = False,
    force: Force = False,
    wait: Wait = PATIENCE_S,
    json: AsJson = False,
) -> None:
    """Measure areas, their uncertainty and their change, of a project or of outlines that one has already."""
    if inputs[0].suffix.lower() in PROJECT_SUFFIXES:
        given = (dates, id_column, dem, regions, region_column, pixel, accuracy, absent, published)
        if len(inputs) > 1:
            raise ChangeError("a project file stands alone", where=inputs[1])
        if any(each is not None for each in given):
            raise ChangeError(
                "--id, --date, --dem, --regions, --pixel, --accuracy, --absent and --published are for outlines",
                where=inputs[0],
                remedy="a project says them in its periods and under 'change'",
            )
        carry_out(inputs[0], overrides or [], until="change", quick=quick, force=force, json=json, wait_s=wait)
        return
    if quick:
        raise ChangeError("--quick is for a project file", where=inputs[0])
    settings: dict[str, Any] = {
        "id_column": id_column,
        "regions": None if regions is None else str(regions.absolute()),
        "region_column": region_column,
        "absent": absent,
        "published": None if published is None else str(published.absolute()),
    }
    _of_outlines(
        inputs,
        out,
        dates=dates or [],
        pixels=pixel or [],
        accuracies=accuracy or [],
        settings={key: value for key, value in settings.items() if value is not None},
        dem=dem,
        overrides=overrides or [],
        force=force,
        wait_s=wait,
        json=json,
    )


def _of_outlines(
    inputs: list[Path],
    out: Path,
    *,
    dates: list[str],
    pixels: list[str],
    accuracies: list[str],
    settings: dict[str, Any],
    dem: Path | None,
    overrides: list[str],
    force: bool,
    wait_s: float,
    json: bool,
) -> None:
    """Make a project file of outlines, carry it out up to its report, and print the result."""
    import yaml

    from trimline.files import whole_file
    from trimline.project import load_project
    from trimline.study import run_study
    from trimline.study.own_project import project_content

    content = project_content(inputs, dates=dates, pixels=pixels, accuracies=accuracies, change=settings)
    names = [period["name"] for period in content["periods"]]
    title = f"Glacier change from {names[0]} to {names[-1]}"
    path = out / PROJECT_FILE
    with whole_file(path) as temporary:
        whole = {"name": "change", "title": title, "output": ".", **content}
        whole |= {} if dem is None else {"dem": str(dem.absolute())}
        temporary.write_text(yaml.safe_dump(whole, sort_keys=False, allow_unicode=True), encoding="utf-8")
    study = run_study(load_project(path, overrides), until="report", force=force, wait_s=wait_s)
    outcome = study.outcome()
    if json:
        print_json(outcome)
    else:
        print_outcome(outcome, study.project)
        typer.echo(f"tables and layers: {study.project.output / 'change'}")
        typer.echo(f"project: {path}")
