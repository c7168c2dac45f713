"""The stage `glaciers`: attributes, flow lines, hypsometry and aspects of every glacier and period."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from trimline import __version__
from trimline.file_identity import file_identity
from trimline.files import whole_folder
from trimline.glaciers import ElevationModel, copy_divides, divide, open_models
from trimline.outlines.reading import read_unchecked
from trimline.outlines.states import UNKNOWN
from trimline.project import Project
from trimline.report.glims import GlimsSession
from trimline.study.change_stage import spans_of
from trimline.study.glacier_files import write_glaciers
from trimline.study.ledger import Done
from trimline.study.period_series import outlines_identity, period_series
from trimline.study.series import Series
from trimline.study.study import Study

_LOG = logging.getLogger(__name__)

FOLDER = "glaciers"
RESULTS_VERSION = 4
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


def _measure(study: Study, dem: Path, folder: Path) -> dict[str, Any]:
    project, settings = study.project, study.project.glaciers
    models, series = open_models(dem), period_series(study)
    periods = list(series.periods)
    outlines = _divided(series.outlines, periods, models) if settings.divides == "draw" else series.outlines
    return write_glaciers(
        folder,
        outlines,
        models,
        band_m=settings.band_m,
        lines=None if settings.flow_lines is None else read_unchecked(settings.flow_lines),
        pixel_m=series.pixel_m,
        spans=spans_of(project, periods)[0] if len(periods) > 1 else (),
        correlation=project.change.correlation,
        session=_session(project, min(series.pixel_m.values()) / 2),
        unknown=_unknown(series),
    )


def _unknown(series: Series) -> dict[str, set[str]]:
    """Return by period the glaciers that the timeline says are unseen."""
    if series.states is None:
        return {}
    hidden = series.states[series.states["state"].isin(UNKNOWN)]
    return {str(period): set(table["glac_id"].astype(str)) for period, table in hidden.groupby("period")}


def _session(project: Project, accuracy_m: float) -> GlimsSession:
    """Return what the set for GLIMS says of who analysed, and how."""
    names = [
        each.name or ", ".join(part for part in (each.family_names, each.given_names) if part)
        for each in project.authors
    ]
    processing = (
        "outlines given by the analyst" if project.has_own_outlines else f"mapped with {project.mapping_method.name}"
    )
    return GlimsSession(names, project.released or "", f"{processing}; trimline {__version__}", local_m=accuracy_m)


def _divided(outlines: gpd.GeoDataFrame, periods: list[str], dem: list[ElevationModel]) -> gpd.GeoDataFrame:
    """Return the outlines of all periods along the divides of the first one that has any."""
    of = {period: outlines[outlines["period"] == period] for period in periods}
    known = [period for period in periods if len(of[period])]
    first = divide(of[known[0]], dem)
    later = [copy_divides(of[period], first, name=f"new-{period}").assign(period=period) for period in known[1:]]
    return gpd.GeoDataFrame(pd.concat([first, *later], ignore_index=True), crs=first.crs)
