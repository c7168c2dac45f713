"""The terminus lines of a project's edits, by period, as the stage `terminus` measures them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import geopandas as gpd
import pandas as pd

from trimline.outlines.drawn_termini import drawn_termini
from trimline.project import Project
from trimline.reprojecting import reprojected
from trimline.study.editing import edits_of


def drawn_by_period(project: Project) -> dict[str, gpd.GeoDataFrame]:
    """Return the terminus lines in force of each period that has any, keyed by `glac_id`.

    Raises
    ------
    EditError
        The edits cannot be read, or one is invalid.
    """
    edits = edits_of(project)
    found = {
        period.name: drawn_termini(edits, period.name, (period.first + period.last + 1) / 2.0)
        for period in project.periods
    }
    return {name: lines for name, lines in found.items() if len(lines)}


def digest_of_lines(drawn: Mapping[str, gpd.GeoDataFrame]) -> str | None:
    """Return, as an input of a step, what was drawn; None where nothing was."""
    if not drawn:
        return None
    said = [
        (period, str(lines.crs), [*zip(lines["glac_id"], lines.geometry.to_wkb(hex=True), strict=True)])
        for period, lines in drawn.items()
    ]
    return hashlib.sha256(repr(said).encode()).hexdigest()


def with_dates(drawn: Mapping[str, gpd.GeoDataFrame], outlines: gpd.GeoDataFrame) -> gpd.GeoDataFrame | None:
    """Return the lines of all periods with the date of their glacier's outline; None where there are none.

    Parameters
    ----------
    drawn
        Lines by period.
    outlines
        `glac_id`, `period` and `src_year`, a row per glacier and period. Lines of other glaciers are left out.
    """
    dates = outlines[["glac_id", "period", "src_year"]].astype({"glac_id": str}).drop_duplicates(["glac_id", "period"])
    parts = [
        reprojected(lines, outlines.crs, like=outlines).assign(period=period).merge(dates, on=["glac_id", "period"])
        for period, lines in drawn.items()
    ]
    known = [each for each in parts if len(each)]
    return gpd.GeoDataFrame(pd.concat(known, ignore_index=True), crs=outlines.crs) if known else None
