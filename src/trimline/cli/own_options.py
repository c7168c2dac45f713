"""Options that several commands share, and what numbers of options must be."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer


def finite(value: float | None) -> float | None:
    """Return the number of an option; refuse what is no finite number."""
    if value is not None and not math.isfinite(value):
        raise typer.BadParameter(f"{value} is no number to reckon with: give a finite one")
    return value


def positive(value: float | None) -> float | None:
    """Return the number of an option; refuse what is not finite and above 0."""
    if value is not None and not (math.isfinite(value) and value > 0):
        raise typer.BadParameter(f"{value} cannot be: give a finite number above 0")
    return value


Scale = Annotated[
    float | None, typer.Option(callback=positive, help="Of a stack: reflectance = (DN + offset) x scale.")
]
Offset = Annotated[float | None, typer.Option(callback=finite, help="Of a stack: added to the DN before scaling.")]
Nodata = Annotated[float | None, typer.Option(help="Of a stack: the DN that means nothing.")]
ElevationModels = Annotated[
    list[Path] | None,
    typer.Option("--dem", metavar="DEM", help="Elevation model, or a folder of them. May be repeated."),
]
IdColumn = Annotated[str | None, typer.Option("--id", metavar="COLUMN", help="Column of the glaciers' ids.")]
