"""`trimline align`: how far a scene, or outlines, lie off a reference scene."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trimline.cli.own_options import Nodata, Offset, Scale

if TYPE_CHECKING:
    from trimline.coregistration import NoShift, Shift
    from trimline.scenes import Scene

OUTLINE_SUFFIXES = (".shp", ".gpkg", ".geojson", ".json", ".parquet", ".geoparquet", ".fgb", ".kml", ".gml")
"""Of vector files; `FILE|layer=NAME` is one too."""


def align(
    reference: Annotated[Path, typer.Argument(help="The product whose place counts.")],
    other: Annotated[
        Path, typer.Argument(metavar="OTHER", help="Another product of the same place, or outlines of its glaciers.")
    ],
    glaciers: Annotated[
        Path | None,
        typer.Option(help="Glacier outlines, which are left out when two scenes are compared; without, snow and ice."),
    ] = None,
    band: Annotated[
        str | None, typer.Option(help="Band in which two scenes are compared; by default NIR, SWIR 1, red, ...")
    ] = None,
    bands: Annotated[
        str | None, typer.Option(help="Names of a stack's bands in order, as in blue,green,red,nir; - leaves one out.")
    ] = None,
    sensor: Annotated[
        str | None, typer.Option(help="Sensor of stacks that do not name theirs, as in sentinel-2-msi.")
    ] = None,
    scale: Scale = None,
    offset: Offset = None,
    nodata: Nodata = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Say how far a scene, or an inventory, lies off a scene; no file is written.

    `trimline outline --align` and `map.align` of a project map scenes where they belong. What is said of stacks holds
    where they do not say it themselves; products of agencies do.
    """
    from trimline.cli.results import print_json
    from trimline.coregistration import NoShift, inventory_shift, shift_between
    from trimline.outlines import read_outlines
    from trimline.scenes import open_unsaid

    names = bands.split(",") if bands else None

    def opened(path: Path) -> Scene:
        return open_unsaid(path, sensor=sensor, bands=names, scale=scale, offset=offset, nodata=nodata)

    first = opened(reference)
    if _is_outlines(other):
        for name, value in (("--glaciers", glaciers), ("--band", band)):
            if value is not None:
                raise typer.BadParameter(f"{name} is an option for two scenes, and {other.name} are outlines")
        found: Shift | NoShift = inventory_shift(read_outlines(other), first)
        name = other.name
    else:
        second = opened(other)
        outlines = None if glaciers is None else read_outlines(glaciers)
        found, name = shift_between(first, second, band=band, glaciers=outlines), second.id
    if as_json:
        content: dict[str, Any] = {"reference": first.id, "other": name, **found.record()}
        print_json(content)
    elif isinstance(found, NoShift):
        sys.stdout.write(f"{name}: its shift from {first.id} {found}\n")
    else:
        sys.stdout.write(f"{name} lies {found} off {first.id}: {found.pixels:.2f} pixels of {found.pixel_m:g} m\n")


def _is_outlines(path: Path) -> bool:
    """Whether a path names a vector file."""
    return "|" in path.name or path.suffix.lower() in OUTLINE_SUFFIXES
