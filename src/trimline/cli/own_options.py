"""Options that the commands on outlines of one's own share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ElevationModels = Annotated[
    list[Path] | None,
    typer.Option("--dem", metavar="DEM", help="Elevation model, or a folder of them. May be repeated."),
]
IdColumn = Annotated[str | None, typer.Option("--id", metavar="COLUMN", help="Column of the glaciers' ids.")]
