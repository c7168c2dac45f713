"""The stage `change`: areas, their change, and comparisons with published numbers and an inventory.

Everything is measured on the final outlines of the timeline. The tables are in ``<output>/change`` as CSV, and those
that papers print as LaTeX too.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from trimline.change import (
    REGION,
    changes,
    compare_published,
    fitted_rates,
    glacier_areas,
    lineage,
    match_inventory,
    rate_changes,
    read_published,
    totals,
    with_states,
)
from trimline.file_identity import file_identity
from trimline.files import whole_folder
from trimline.outlines import area_km2
from trimline.project import Project
from trimline.report.change_tables import (
    areas_table,
    changes_table,
    images_table,
    parts_of,
    published_table,
    truth_table,
)
from trimline.report.on_disk import write_csv, write_latex
from trimline.study.glacier_tables import (
    glacier_tables,
    left_out,
    outlying_of,
    verdicts_by_span,
    with_verdicts,
    write_layers,
)
from trimline.study.ledger import Done
from trimline.study.own_series import corrected_series, edited_identities
from trimline.study.series import Series, series_of, smallest_km2
from trimline.study.simulated_truth import true_areas
from trimline.study.study import Study
from trimline.timeline.inventory import read_inventory

_LOG = logging.getLogger(__name__)

FOLDER = "change"
RESULTS_VERSION = 3
"""Raised when the same inputs and settings give other results."""


def run(study: Study) -> Done:
    """Write ``<output>/change``; nothing where there are no periods."""
    project, ledger = study.project, study.ledger
    if project.has_own_outlines:
        return _run_own(study)
    timeline = study.done["timeline"].result.get("timeline")
    if not timeline or not timeline["periods"]:
        return ledger.once("change", {"timeline": None}, [], dict)
    folder = project.output / FOLDER
    settings = project.change
    inputs = {
        "simulate": study.done["simulate"].outputs_digest,
        "timeline": study.done["timeline"].outputs_digest,
        "published": file_identity(settings.published) if settings.published is not None else None,
        "inventory": file_identity(project.inventory) if settings.inventory_period and project.inventory else None,
    }
    decided = {
        "scenes": {each.id: [each.area, each.tile, each.cloud_cover] for each in project.scenes},
        "change": settings.model_dump(mode="json"),
        "smallest_km2": smallest_km2(project),
        "areas": [[each.name, each.title] for each in project.areas],
    }

    def work() -> dict[str, Any]:
        series = series_of(project, timeline)
        with whole_folder(folder) as temporary:
            return {"change": _measure(project, series, temporary)}

    return ledger.once("change", inputs, [folder], work, settings=decided, results_version=RESULTS_VERSION)


def _run_own(study: Study) -> Done:
    """Write ``<output>/change`` of outlines that are given."""
    project, settings = study.project, study.project.change
    folder = project.output / FOLDER
    inputs = {
        "outlines": edited_identities(project),
        "published": file_identity(settings.published) if settings.published is not None else None,
        "inventory": file_identity(project.inventory) if settings.inventory_period and project.inventory else None,
        "regions": file_identity(settings.regions) if settings.regions is not None else None,
    }
    decided = {
        "periods": [each.model_dump(mode="json") for each in project.periods],
        "change": settings.model_dump(mode="json"),
        "smallest_km2": smallest_km2(project),
        "areas": [[each.name, each.title] for each in project.areas],
    }

    def work() -> dict[str, Any]:
        series, ids = corrected_series(project)
        with whole_folder(folder) as temporary:
            return {"change": {**_measure(project, series, temporary), "ids": ids}}

    return study.ledger.once("change", inputs, [folder], work, settings=decided, results_version=RESULTS_VERSION)


def _measure(project: Project, series: Series, folder: Path) -> dict[str, Any]:
    settings, periods = project.change, list(series.periods)
    measured = glacier_areas(series.outlines, pixel_m=series.pixel_m, buffer_m=settings.buffer_m)
    events = lineage(series.outlines, periods=periods)
    areas = with_states(
        measured,
        series.states,
        lineage=events,
        absent=settings.absent,
        periods=periods,
        limit_km2=series.limit_km2,
    )
    present = set(areas["subregion"])
    parts = [each.name for each in project.areas] + sorted(present - {each.name for each in project.areas})
    sums = totals(areas, periods=periods, parts=parts, unknown_above=settings.unknown_above)
    spans, skipped = spans_of(project, periods)
    found = {
        "areas": areas,
        "totals": sums,
        **({"scenes": series.images} if not project.has_own_outlines else {}),
        **(
            {"edits": _edited(series.outlines)}
            if not project.has_own_outlines or "edit_ids" in series.outlines.columns
            else {}
        ),
        **({"repairs": series.repairs} if series.repairs is not None else {}),
    }
    labels = {each.name: (each.first, each.last) for each in project.periods}
    if len(periods) > 1:
        outlying = outlying_of(sums, areas, periods)
        found |= glacier_tables(series.outlines, areas, events, spans, outlying, settings)
        by_span = changes(sums, spans, correlation=settings.correlation, years=settings.years, labels=labels)
        by_span = with_verdicts(by_span, outlying)
        breaks = [each for each in settings.breaks if each in periods]
        if len(breaks) < len(settings.breaks):
            missing = ", ".join(each for each in settings.breaks if each not in periods)
            _LOG.warning("rates are not fitted before and after %s, which was not mapped", missing)
        found["changes"] = by_span
        found["rates"] = fitted_rates(sums, breaks, confidence=settings.confidence, without=left_out(outlying))
        found["rate_changes"] = rate_changes(sums, breaks)
    if settings.published is not None:
        found["published"] = compare_published(read_published(settings.published), sums, labels)
    if settings.inventory_period is not None and project.inventory is not None:
        if settings.inventory_period in periods:
            found["inventory"] = _beside_inventory(project.inventory, series, settings.inventory_period)
        else:
            _LOG.warning("nothing is compared with the inventory: %s was not mapped", settings.inventory_period)
    if not project.has_own_outlines:
        found |= _beside_truth(project, series, sums, found.get("changes"))
    write_layers(
        folder, series.outlines, areas.loc[measured.index], found.get("glacier_changes"), found.get("outlying")
    )
    for name, table in found.items():
        write_csv(folder / f"{name}.csv", list(table.columns), table.itertuples(index=False))
    _write_latex(project, found, folder)
    return _result(series, sums, found, skipped)


def spans_of(project: Project, periods: Sequence[str]) -> tuple[list[tuple[str, str]], list[str]]:
    """Return the spans of time whose change is measured, the longest first, and those whose periods were not mapped.

    Where none of the project's spans was mapped, the span is from the first to the last mapped period.
    """
    if project.change.spans is not None:
        wanted = list(project.change.spans)
    else:
        ends = [periods[0], *(each for each in project.change.breaks if each in periods), periods[-1]]
        wanted = [(periods[0], periods[-1]), *pairwise(ends), *pairwise(periods)]
    known = [span for span in dict.fromkeys(wanted) if span[0] in periods and span[1] in periods and span[0] != span[1]]
    skipped = [f"{first} to {last}" for first, last in wanted if not {first, last} <= set(periods)]
    if skipped:
        _LOG.warning("no change is measured over %s: its periods were not mapped", ", ".join(skipped))
    return known or [(periods[0], periods[-1])], skipped


def _edited(outlines: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the number of outlines and the area corrected by hand, by period."""
    edited = outlines["edit_ids"].fillna("").astype(str) != "" if "edit_ids" in outlines else None
    table = pd.DataFrame({"period": outlines["period"], "edited": False if edited is None else edited})
    areas = outlines["area_km2"] if "area_km2" in outlines.columns else area_km2(outlines)
    table["edited_km2"] = np.where(table["edited"], areas, 0.0)
    table["glaciers"] = 1
    return table.groupby("period", sort=False, as_index=False)[["glaciers", "edited", "edited_km2"]].sum()


def _beside_inventory(path: Path, series: Series, period: str) -> pd.DataFrame:
    outlines = series.outlines[series.outlines["period"] == period]
    inventory = read_inventory(path, str(outlines.crs), pixel_m2=series.resolution_m**2)
    return match_inventory(outlines, inventory)


def _beside_truth(
    project: Project, series: Series, sums: pd.DataFrame, by_span: pd.DataFrame | None
) -> dict[str, pd.DataFrame]:
    """Return areas and changes with the true ones, where the study is simulated."""
    preferred = {
        period: list(of_period.sort_values("rank")["scene_id"])
        for period, of_period in series.images.groupby("period", sort=False)
    }
    true = true_areas(project, series.outlines, preferred)
    if true.empty:
        return {}
    keys = ["level", "part", "period"]
    areas = true.merge(sums[[*keys, "src_year", "area_km2", "uncertainty_km2"]], on=keys, how="left")
    areas["inside"] = (areas["area_km2"] - areas["true_km2"]).abs() <= areas["uncertainty_km2"]
    if by_span is None:
        return {"truth": areas}
    compared = by_span
    for end in ("first", "last"):
        of_period = true.rename(columns={"period": end, "true_km2": f"true_{end}_km2"})
        compared = compared.merge(of_period, on=["level", "part", end])
    compared["true_change_km2"] = compared["true_last_km2"] - compared["true_first_km2"]
    compared["true_rate_km2_per_a"] = compared["true_change_km2"] / compared["years"]
    compared["inside"] = (compared["change_km2"] - compared["true_change_km2"]).abs() <= compared["change_error_km2"]
    kept = ["level", "part", "first", "last", "years", "true_change_km2", "change_km2", "change_error_km2"]
    kept += ["true_rate_km2_per_a", "rate_km2_per_a", "rate_error_km2_per_a", "inside"]
    return {"truth": areas, "true_changes": compared[kept]}


def _write_latex(project: Project, found: Mapping[str, pd.DataFrame], folder: Path) -> None:
    titles = titles_of(project)
    write_latex(folder / "areas.tex", [("", areas_table(found["totals"], titles))])
    if "scenes" in found:
        write_latex(folder / "scenes.tex", images_table(found["scenes"], titles))
    if "changes" in found:
        write_latex(folder / "changes.tex", [("", changes_table(found["changes"].to_dict("records"), titles))])
    if "published" in found:
        write_latex(folder / "published.tex", [("", published_table(found["published"], titles))])
    if "truth" in found:
        write_latex(folder / "truth.tex", [("", truth_table(found["truth"], titles))])


def titles_of(project: Project) -> dict[str, str]:
    """Return the titles of the region and its parts in tables and figures."""
    return {REGION: "Whole region"} | {area.name: area.title or area.name for area in project.areas}


def _result(
    series: Series, sums: pd.DataFrame, found: Mapping[str, pd.DataFrame], skipped: Sequence[str]
) -> dict[str, Any]:
    """Return the numbers of the region and its subregions as one object."""
    kept = ["src_year", "glaciers", "area_km2", *(name for name in sums.columns if name.startswith("uncertainty"))]
    kept += ["seen_km2", "unseen_km2", "gone_glaciers", "unseen_glaciers", "absent_glaciers"]
    region = sums[sums["level"] == "region"].set_index("period")[kept]
    result: dict[str, Any] = {"periods": region.to_dict("index"), "skipped_spans": list(skipped)}
    if "changes" in found:
        table = found["changes"]
        result["spans"] = table[table["level"] != "size_class"].to_dict("records")
    if "glacier_changes" in found:
        result["glaciers"] = verdicts_by_span(found["glacier_changes"])
        shown = [level for level, _ in parts_of(sums)]
        result["flagged"] = found["outlying"][found["outlying"]["level"].isin(shown)].to_dict("records")
    if "truth" in found:
        whole = found["truth"][found["truth"]["level"] == "region"]
        result["truth"] = {"inside": int(whole["inside"].sum()), "periods": len(whole)}
    return result
