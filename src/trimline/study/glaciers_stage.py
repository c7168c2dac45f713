"""The stage `glaciers`: attributes, flow lines, hypsometry and aspects of every glacier and period."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from trimline.file_identity import file_identity
from trimline.files import whole_folder
from trimline.glaciers import (
    area_sums,
    aspects,
    attributes,
    band_totals,
    change_by_band,
    copy_divides,
    divide,
    flow_lines,
    hypsometry,
    open_models,
)
from trimline.outlines import write_outlines
from trimline.project import Project
from trimline.report.on_disk import write_csv
from trimline.study.change_stage import spans_of
from trimline.study.ledger import Done
from trimline.study.period_series import outlines_identity, period_series
from trimline.study.study import Study

_LOG = logging.getLogger(__name__)

FOLDER = "glaciers"
ATTRIBUTES, FLOW_LINES = "attributes.gpkg", "flow_lines.gpkg"
"""Layers in the folder of the stage: outlines with their attributes, and flow lines, both of all periods."""

RESULTS_VERSION = 1
"""Raised when the same inputs and settings give other results."""


def run(study: Study) -> Done:
    """Write ``<output>/glaciers``; nothing where there are no periods or no DEM."""
    project, ledger = study.project, study.ledger
    outlines, dem = outlines_identity(study), project.dem
    if outlines is None or dem is None:
        if outlines is not None:
            _LOG.info("glaciers: nothing to do, the project has no dem")
        return ledger.once("glaciers", {"outlines": outlines, "dem": None}, [], dict)
    folder, settings = project.output / FOLDER, project.glaciers
    inputs = {
        "simulate": study.done["simulate"].outputs_digest if "simulate" in study.done else None,
        "outlines": outlines,
        "dem": file_identity(dem),
        "flow_lines": None if settings.flow_lines is None else file_identity(settings.flow_lines),
    }
    decided = {
        "glaciers": settings.model_dump(mode="json"),
        "change": project.change.model_dump(mode="json"),
        "periods": [each.model_dump(mode="json") for each in project.periods],
    }

    def work() -> dict[str, Any]:
        with whole_folder(folder) as temporary:
            return {"glaciers": _measure(study, dem, temporary)}

    return ledger.once("glaciers", inputs, [folder], work, settings=decided, results_version=RESULTS_VERSION)


def _measure(study: Study, models: Path, folder: Path) -> dict[str, Any]:
    project = study.project
    settings, dem = project.glaciers, open_models(models)
    series = period_series(study)
    periods = list(series.periods)
    outlines = _divided(series.outlines, periods, dem) if settings.divides == "draw" else series.outlines
    lines = _lines(project, outlines, periods, dem)
    measured = attributes(outlines, dem, flow_lines=lines)
    write_outlines(measured, folder / ATTRIBUTES)
    lines.to_file(folder / FLOW_LINES, layer="flow_lines")
    bands = hypsometry(outlines, dem, settings.band_m, pixel_m=series.pixel_m)
    sectors = aspects(outlines, dem, pixel_m=series.pixel_m)
    tables = {
        "attributes": pd.DataFrame(measured.drop(columns=measured.geometry.name)),
        "area_sums": area_sums(measured),
        "hypsometry": bands,
        "hypsometry_totals": band_totals(bands),
        "aspects": sectors,
        "aspect_totals": band_totals(sectors),
    }
    if len(periods) > 1:
        for name, table in (("hypsometry_changes", bands), ("aspect_changes", sectors)):
            spans = spans_of(project, periods)[0]
            changes = [change_by_band(table, *span, correlation=project.change.correlation) for span in spans]
            tables[name] = pd.concat(changes, ignore_index=True)
    for name, table in tables.items():
        write_csv(folder / f"{name}.csv", list(table.columns), table.itertuples(index=False))
    without = measured["dem_share"] == 0
    return {
        "periods": periods,
        "glaciers": int(measured["glac_id"].nunique()),
        "outlines": len(measured),
        "without_heights": sorted(measured.loc[without, "glac_id"].astype(str).unique()),
        "dem": sorted(measured["dem_source"].dropna().unique()),
    }


def _divided(outlines: gpd.GeoDataFrame, periods: list[str], dem: Any) -> gpd.GeoDataFrame:
    """Return the outlines of all periods along the divides of the first one that has any."""
    of = {period: outlines[outlines["period"] == period] for period in periods}
    known = [period for period in periods if len(of[period])]
    first = divide(of[known[0]], dem)
    later = [copy_divides(of[period], first, name=f"new-{period}").assign(period=period) for period in known[1:]]
    return gpd.GeoDataFrame(pd.concat([first, *later], ignore_index=True), crs=first.crs)


def _lines(project: Project, outlines: gpd.GeoDataFrame, periods: list[str], dem: Any) -> gpd.GeoDataFrame:
    """Return the flow lines of all periods."""
    given = None if project.glaciers.flow_lines is None else gpd.read_file(project.glaciers.flow_lines)
    found = []
    for period in periods:
        of_period = outlines[outlines["period"] == period]
        if len(of_period):
            found.append(flow_lines(of_period, dem, given).assign(period=period))
    return gpd.GeoDataFrame(pd.concat(found, ignore_index=True), crs=outlines.crs)
