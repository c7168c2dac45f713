"""The stage `terminus`: how far the terminus of each glacier moved, by several methods."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from trimline.file_identity import file_identity
from trimline.files import whole_folder
from trimline.glaciers import retreat_by, select_glaciers, terminus_change
from trimline.report.on_disk import write_csv
from trimline.study.change_stage import Series, spans_of
from trimline.study.glaciers_stage import ATTRIBUTES, FLOW_LINES
from trimline.study.glaciers_stage import FOLDER as GLACIERS
from trimline.study.ledger import Done
from trimline.study.period_series import outlines_identity, period_series
from trimline.study.study import Study

_LOG = logging.getLogger(__name__)

FOLDER = "terminus"
LAYER = "terminus.gpkg"
"""Layer in the folder of the stage: an arrow from the earlier terminus to the later one."""

RESULTS_VERSION = 1
"""Raised when the same inputs and settings give other results."""


def run(study: Study) -> Done:
    """Write ``<output>/terminus``; nothing where there are no two periods."""
    project, ledger = study.project, study.ledger
    outlines = outlines_identity(study)
    if outlines is None or len(project.periods) < 2:
        return ledger.once("terminus", {"outlines": None}, [], dict)
    folder, settings = project.output / FOLDER, project.terminus
    inputs = {
        "outlines": outlines,
        "glaciers": study.done["glaciers"].outputs_digest,
        "dem": None if project.dem is None else file_identity(project.dem),
        "points": None if settings.points is None else file_identity(settings.points),
    }
    decided = {
        "terminus": settings.model_dump(mode="json"),
        "change": project.change.model_dump(mode="json"),
        "periods": [each.model_dump(mode="json") for each in project.periods],
    }

    def work() -> dict[str, Any]:
        series = period_series(study)
        if len(series.periods) < 2:
            return {}
        with whole_folder(folder) as temporary:
            return {"terminus": _measure(study, series, temporary)}

    return ledger.once("terminus", inputs, [folder], work, settings=decided, results_version=RESULTS_VERSION)
