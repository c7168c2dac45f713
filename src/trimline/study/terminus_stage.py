"""The stage `terminus`: how far the terminus of each glacier moved, by several methods."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import geopandas as gpd
import pandas as pd

from trimline.file_identity import file_identity
from trimline.files import whole_folder
from trimline.glaciers import retreat_by, select_glaciers, terminus_change, terminus_series
from trimline.glaciers.terminus import RETREAT_COLUMNS
from trimline.outlines import write_lines
from trimline.outlines.reading import read_unchecked
from trimline.outlines.states import GONE, OUTLINED, UNKNOWN, State
from trimline.report.on_disk import write_csv
from trimline.study.change_stage import spans_of
from trimline.study.drawn_fronts import digest_of_lines, drawn_by_period, with_dates
from trimline.study.glacier_files import ATTRIBUTES, FLOW_LINES
from trimline.study.glaciers_stage import FOLDER as GLACIERS
from trimline.study.ledger import Done
from trimline.study.period_series import outlines_identity, period_series
from trimline.study.series import Series
from trimline.study.study import Study
from trimline.study.terminus_files import LAYER

_LOG = logging.getLogger(__name__)

FOLDER = "terminus"
RESULTS_VERSION = 3
"""Raised when the same inputs and settings give other results."""


def run(study: Study) -> Done:
    """Write ``<output>/terminus``; nothing where there are no two periods."""
    project, ledger = study.project, study.ledger
    outlines = outlines_identity(study)
    if outlines is None or len(project.periods) < 2:
        return ledger.once("terminus", {"outlines": None}, [], dict)
    folder, settings = project.output / FOLDER, project.terminus
    drawn = drawn_by_period(project)
    inputs = {
        "outlines": outlines,
        "glaciers": study.done["glaciers"].outputs_digest,
        "dem": None if project.dem is None else file_identity(project.dem),
        "points": None if settings.points is None else file_identity(settings.points),
        "drawn": digest_of_lines(drawn),
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
            return {"terminus": _measure(study, series, drawn, temporary)}

    return ledger.once("terminus", inputs, [folder], work, settings=decided, results_version=RESULTS_VERSION)


def _measure(study: Study, series: Series, drawn: Mapping[str, gpd.GeoDataFrame], folder: Path) -> dict[str, Any]:
    project, settings = study.project, study.project.terminus
    periods = list(series.periods)
    outlines, lines, aspects = _measured_glaciers(study, series)
    chosen = _selection(study, outlines, periods)
    kept = chosen.loc[chosen["chosen"], "glac_id"]
    _LOG.info("terminus: %d of %d glaciers are measured", len(kept), len(chosen))
    points = None if settings.points is None else read_unchecked(settings.points)
    spans = spans_of(project, periods)[0]
    found = []
    for first, last in spans:
        before, after = (outlines[outlines["period"] == period] for period in (first, last))
        if not len(before) or not len(after):
            continue
        table = terminus_change(
            before,
            after,
            project.dem,
            settings.methods,
            spacing_m=settings.spacing_m,
            count=settings.lines,
            points=points,
            lines=None if lines is None else lines[lines["period"] == first],
            pixel_m=max(series.pixel_m[first], series.pixel_m[last]),
            unknown=_unknown(study, series, first, last),
            drawn=(drawn.get(first), drawn.get(last)),
        )
        # All outlines are given, because neighbours tell borders from margins; only the chosen ones are kept.
        found.append(table[table["glac_id"].isin(kept)].assign(first=first, last=last))
    if not found:
        _LOG.warning("terminus: no two periods have outlines")
        return {}
    table = gpd.GeoDataFrame(pd.concat(found, ignore_index=True), crs=series.outlines.crs)
    if aspects is not None:
        table = table.merge(aspects, left_on=["glac_id", "first"], right_on=["glac_id", "period"], how="left")
        table = table.drop(columns="period")
    write_lines(table, folder / LAYER)
    plain = pd.DataFrame(table.drop(columns=table.geometry.name))
    tables = {
        "terminus": plain[["first", "last", *plain.columns.drop(["first", "last"])]],
        "selection": chosen,
        "by_aspect": _by_span(table, "aspect", settings.class_m),
        "by_elevation": _by_span(table, "elevation", settings.class_m),
    }
    if len(periods) > 2:
        measured = outlines[outlines["glac_id"].isin(kept)]
        tables["series"] = _series(study, series, measured, lines, points, with_dates(drawn, measured))
    for name, each in tables.items():
        write_csv(folder / f"{name}.csv", list(each.columns), each.itertuples(index=False))
    shown = tables["by_aspect"]
    means = shown[shown["class"] == "all"].to_dict("records")
    return {"glaciers": len(kept), "left_out": int(len(chosen) - len(kept)), "spans": means}


def _series(
    study: Study,
    series: Series,
    outlines: gpd.GeoDataFrame,
    lines: gpd.GeoDataFrame | None,
    points: gpd.GeoDataFrame | None,
    drawn: gpd.GeoDataFrame | None,
) -> pd.DataFrame:
    """Return the termini of the chosen glaciers in all periods, by the first method."""
    settings = study.project.terminus
    first = None if lines is None else lines.drop_duplicates("glac_id")
    return terminus_series(
        outlines,
        study.project.dem,
        settings.methods[0],
        spacing_m=settings.spacing_m,
        count=settings.lines,
        points=points,
        lines=first,
        pixel_m=max(series.pixel_m.values()),
        gone=_gone(study, series),
        drawn=drawn,
    )


def _state_of(study: Study, series: Series, period: str) -> Mapping[str, State]:
    """Return the state of every glacier without an outline in a period, as for its area."""
    outlines, told = series.outlines, series.states
    ids = outlines["glac_id"].astype(str)
    missing = sorted(set(ids) - set(ids[(outlines["period"] == period).to_numpy()]))
    said: dict[str, State] = {}
    if told is not None:
        of_period = told[(told["period"] == period).to_numpy()]
        said = dict(zip(of_period["glac_id"].astype(str), of_period["state"], strict=True))
    absent = study.project.change.absent
    found = {glacier: said.get(glacier, absent) for glacier in missing}
    # Of one that is said to be outlined, the outline was taken away since.
    return {glacier: absent if state in OUTLINED else state for glacier, state in found.items()}


def _unknown(study: Study, series: Series, *periods: str) -> dict[str, State]:
    """Return the glaciers of which nothing is known in one of two periods, and why."""
    found: dict[str, State] = {}
    for period in periods:
        states = _state_of(study, series, period)
        found.update({glacier: state for glacier, state in states.items() if state in UNKNOWN})
    return found


def _gone(study: Study, series: Series) -> dict[str, float]:
    """Return when glaciers are gone, after the last of their outlines [decimal year]."""
    found: dict[str, float] = {}
    there: set[str] = set()
    outlines, told = series.outlines, series.states
    every = set(outlines["glac_id"].astype(str))
    for period in reversed(series.periods):
        states = _state_of(study, series, period)
        there |= every - set(states)
        middle = float(outlines.loc[outlines["period"] == period, "src_year"].mean())
        years: dict[str, float] = {}
        if told is not None and "src_year" in told:
            of_period = told[(told["period"] == period).to_numpy()]
            years = dict(zip(of_period["glac_id"].astype(str), of_period["src_year"].astype(float), strict=True))
        gone = [glacier for glacier, state in states.items() if state == GONE and glacier not in there]
        found.update({glacier: years.get(glacier, middle) for glacier in gone})
    return {glacier: year for glacier, year in found.items() if math.isfinite(year)}


def _measured_glaciers(
    study: Study, series: Series
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame | None, pd.DataFrame | None]:
    """Return outlines, flow lines and aspects as the stage `glaciers` wrote them, or the bare outlines."""
    if not study.done["glaciers"].result.get("glaciers"):
        return series.outlines, None, None
    folder = study.project.output / GLACIERS
    outlines, lines = gpd.read_file(folder / ATTRIBUTES), gpd.read_file(folder / FLOW_LINES)
    aspects = pd.DataFrame(outlines[["glac_id", "period", "aspect_deg"]])
    return outlines, lines[lines["lmax_m"].notna()], aspects


def _selection(study: Study, outlines: gpd.GeoDataFrame, periods: list[str]) -> pd.DataFrame:
    """Return which glaciers are measured, and why others are not."""
    rules = study.project.terminus.select
    return select_glaciers(
        outlines,
        ids=rules.glaciers,
        smallest_km2=rules.smallest_km2,
        largest_km2=rules.largest_km2 if rules.largest_km2 is not None else float("inf"),
        smallest_main_part=rules.smallest_main_part,
        most_unseen=rules.most_unseen,
        periods=periods if rules.seen_in_all else [],
        count=rules.count,
    )


def _by_span(table: gpd.GeoDataFrame, by: Literal["aspect", "elevation"], class_m: float) -> pd.DataFrame:
    """Return the mean retreat of classes, span by span."""
    parts: list[pd.DataFrame] = [pd.DataFrame(columns=["first", "last", *RETREAT_COLUMNS])]
    for (first, last), of_span in table.groupby(["first", "last"], sort=False):
        means = retreat_by(of_span, by, class_m)
        means.insert(0, "first", first)
        means.insert(1, "last", last)
        parts.append(means)
    return pd.concat(parts[1:] or parts, ignore_index=True)
