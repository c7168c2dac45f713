"""Dates of outlines, and dates without any."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import shapely
from tests.kinds.kind import Kind


def _write(path: Path, widths: dict[str, float], **columns: object) -> None:
    shapes = [
        shapely.box(500_000 + 3000 * k, 5_200_000, 500_000 + 3000 * k + width, 5_201_000)
        for k, width in enumerate(widths.values())
    ]
    gpd.GeoDataFrame({"name": list(widths), **columns}, geometry=shapes, crs=32632).to_file(path)


def _unknown_date(folder: Path) -> list[str]:
    _write(folder / "rgi60.gpkg", {"a": 1000, "b": 900}, BgnDate=["20030813", "-9999999"])
    return ["change", "rgi60.gpkg", "--date", "BgnDate"]


def _nothing_left(folder: Path) -> list[str]:
    _write(folder / "ice_1990.gpkg", {"a": 1000, "b": 900})
    _write(folder / "ice_2020.gpkg", {})
    return ["change", "ice_1990.gpkg", "ice_2020.gpkg", "-o", "out"]


KINDS: tuple[Kind, ...] = (
    Kind(
        title="A date that an inventory does not know",
        chapter="Outlines and tables",
        make=_unknown_date,
        story="RGI 6.0 writes dates as 20030813, as 20039999 where only the year is known, and as -9999999 where "
        "nothing is. The first two are read; a rate over the third would be of no years at all.",
        message="rgi60.gpkg: its column 'BgnDate' holds '-9999999', which is no date\n"
        "say when that was: --date '-9999999=1850'",
    ),
    Kind(
        title="A file without a glacier",
        chapter="Outlines and tables",
        make=_nothing_left,
        story="The ice may be gone, or the file may be the wrong one, and nothing tells the two apart. A missing "
        "outline is never taken for an area of 0 unless you say so.",
        message="ice_2020.gpkg: no outline belongs to 2020\n"
        "where the files hold all glaciers and these are gone, say so: --absent gone, or change.absent",
    ),
)
