"""The report of outlines that are given, and the sections on single glaciers of every report."""

from __future__ import annotations

import math
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from trimline import __version__
from trimline.change import LANDSAT_PIXEL_M
from trimline.files import whole_folder
from trimline.project import Project
from trimline.report.change_figures import draw_area_series
from trimline.report.change_tables import areas_table, changes_table, inventory_table, published_table, rates_table
from trimline.report.glacier_change_figures import (
    draw_change_by_size,
    draw_change_map,
    draw_glacier_outlines,
    draw_glacier_series,
)
from trimline.report.glacier_change_tables import (
    glacier_changes_table,
    lineage_table,
    outlying_table,
    repairs_table,
    size_class_table,
    verdict_counts_table,
)
from trimline.report.page import Picture, Section, write_page
from trimline.report.tables import with_error
from trimline.study.change_stage import FOLDER, titles_of
from trimline.study.glacier_report import glacier_report
from trimline.study.glacier_tables import OUTLINES, left_out
from trimline.study.ledger import Done
from trimline.study.report_words import linked, series_caption, unknown_words
from trimline.study.study import Study
from trimline.study.tables_on_disk import read_tables

REPORT = "report"
RESULTS_VERSION = 3
"""Raised when the same inputs and settings give other results."""

_LISTED = 40
"""Glaciers listed in the table of the report, the largest first."""

_DRAWN = 9
"""Glaciers that have a panel of their own, the largest first."""

_OUTLYING = (
    "Robust fit: the largest set of periods that follow one another without a significant rise (5 % of a one-sided "
    "test). A period outside of it jumps out where its area is as far off the line between its neighbours in the set. "
    "Seasonal snow only adds area, and is gone in the next clear year. Nothing is corrected: rates are given with "
    "these periods and without."
)
_GLACIERS = (
    "A change is significant where it is larger than its error, the root of the sum of squares of the errors of both "
    "areas (correlation {correlation:g}). Glaciers that merged or split in between are compared as one."
)


def run_own(study: Study) -> Done:
    """Write ``<output>/report/index.html`` of a project whose outlines are given."""
    project = study.project
    folder = project.output / REPORT

    def work() -> dict[str, Any]:
        with whole_folder(folder) as temporary:
            tables = read_tables(project.output / FOLDER)
            result = study.done["change"].result["change"]
            write_page(
                temporary / "index.html",
                title=project.title or project.name,
                summary=_summary(result),
                sections=[*_sections(project, tables, result, temporary), *glacier_report(study, temporary)],
                provenance=_provenance(study, result),
                files=linked(project.output, FOLDER),
            )
        return {"report": f"{REPORT}/index.html"}

    return study.ledger.once(
        "report",
        {name: study.done[name].outputs_digest for name in ("change", "glaciers", "terminus")},
        [folder],
        work,
        settings={"project": study.ledger.project_sha256},
        results_version=RESULTS_VERSION,
    )


def glacier_sections(
    project: Project, tables: Mapping[str, pd.DataFrame], result: Mapping[str, Any], folder: Path
) -> list[Section]:
    """Return the sections on periods that jump out and on single glaciers; none where there is one period only."""
    if "glacier_changes" not in tables:
        return []
    sections = []
    outlying = [row for row in result.get("flagged", []) if row["level"] == "region"] or result.get("flagged", [])
    if outlying:
        table = outlying_table(outlying, titles_of(project))
        sections.append(Section("Periods that jump out", [_OUTLYING], [("Outlying periods", table)]))
    changed = tables["glacier_changes"]
    first, last = result["periods"] and (next(iter(result["periods"])), list(result["periods"])[-1])
    longest = changed[(changed["first"] == first) & (changed["last"] == last)]
    if longest.empty:
        longest = changed[(changed["first"] == changed["first"].iloc[0]) & (changed["last"] == changed["last"].iloc[0])]
    longest = longest.sort_values("area_first_km2", ascending=False, na_position="last")
    shown = longest.head(_LISTED)
    title = f"{'The ' + str(_LISTED) + ' largest glaciers' if len(longest) > _LISTED else 'All glaciers'}"
    listed = [
        ("How many changed", verdict_counts_table(result["glaciers"])),
        (title, glacier_changes_table(shown)),
        *([("What became of glaciers", lineage_table(tables["lineage"]))] if len(tables["lineage"]) else []),
    ]
    words = [_GLACIERS.format(correlation=project.change.correlation)]
    sections.append(Section("Glacier by glacier", words, listed, _pictures(project, tables, longest, folder)))
    return sections


def _pictures(
    project: Project, tables: Mapping[str, pd.DataFrame], longest: pd.DataFrame, folder: Path
) -> list[Picture]:
    outlines = gpd.read_file(project.output / FOLDER / OUTLINES, engine="pyogrio")
    outlines = outlines.astype({"glac_id": str, "period": str})
    periods = list(pd.unique(outlines.sort_values("src_year", kind="stable")["period"]))
    first, last = longest["first"].iloc[0], longest["last"].iloc[0]
    names = {}
    if "glac_name" in longest:
        names = dict(zip(longest["glac_id"], longest["glac_name"].fillna(""), strict=True))
    largest = [str(name) for name in longest["glac_id"].head(_DRAWN)]
    png, _ = draw_change_map(folder / "change_map", outlines, longest)
    pictures = [Picture(png, f"Change of each glacier from {first} to {last}; north is up.")]
    png, _ = draw_change_by_size(folder / "change_by_size", longest)
    pictures.append(Picture(png, f"Change from {first} to {last} by size."))
    png, _ = draw_glacier_outlines(folder / "glacier_outlines", outlines, periods, largest, names)
    pictures.append(Picture(png, "Outlines of all periods of the largest glaciers."))
    if len(periods) > 2:
        flagged = left_out(tables["outlying"])
        region = flagged.get(("region", "region"), [])
        off = {name: flagged.get(("glacier", name), region) for name in largest}
        png, _ = draw_glacier_series(folder / "glacier_series", tables["areas"], largest, names, off)
        pictures.append(Picture(png, "Areas of the largest glaciers; open marks jump out of the series."))
    return pictures


def _sections(
    project: Project, tables: Mapping[str, pd.DataFrame], result: Mapping[str, Any], folder: Path
) -> list[Section]:
    titles, settings = titles_of(project), project.change
    sums = tables["totals"]
    errors = [
        f"{each.name}: {settings.buffer_m or each.error_m or LANDSAT_PIXEL_M / 2:g} m"
        + (" (assumed, half a pixel of Landsat)" if each.error_m is None and settings.buffer_m is None else "")
        for each in project.periods
    ]
    said = {text.partition(": ")[2] for text in errors}
    of_outlines = f"{said.pop()} on all dates" if len(said) == 1 else "; ".join(errors)
    ids = "the ground they share" if result["ids"] == "overlap" else f"the column '{result['ids']}'"
    words = [
        "Areas in an equal-area projection. The error is half the difference between the areas with outlines moved out "
        f"and in by the error of the outlines ({of_outlines}). Over glaciers errors add up, as if one cause "
        "moved all outlines alike.",
        f"The same glacier on several dates is found by {ids}.",
    ]
    flagged = left_out(tables["outlying"]) if "outlying" in tables else {}
    png, _ = draw_area_series(
        folder / "area_series",
        sums,
        titles,
        breaks=[each for each in settings.breaks if each in result["periods"]],
        method=settings.fit,
        flagged=flagged,
    )
    shown = [("Areas", areas_table(sums, titles)), ("Size classes of the first date", size_class_table(sums))]
    words += unknown_words(sums)
    sections = [Section("Areas by period", words, shown, [Picture(png, series_caption(sums))])]
    if len(tables.get("repairs", ())):
        text = "Polygons that could not be measured as they were, what was done about them, and what that changed."
        sections.append(Section("Repairs", [text], [("Problems and repairs", repairs_table(tables["repairs"]))]))
    if "changes" in tables:
        rows = tables["changes"].to_dict("records")
        listed = [("Change between periods", changes_table(rows, titles))]
        if (tables["rates"]["periods"] > 2).any():
            listed.append(("Fitted lines", rates_table(tables["rates"], titles)))
        text = "Losses are negative. A change no larger than its error is no significant change."
        sections.append(Section("Change and rates", [text], listed))
    sections += glacier_sections(project, tables, result, folder)
    compared = []
    if "published" in tables:
        compared.append(("Published areas", published_table(tables["published"], titles)))
    if "inventory" in tables:
        compared.append((f"The inventory and {settings.inventory_period}", inventory_table(tables["inventory"])))
    return [*sections, *([Section("Compared with others", tables=compared)] if compared else [])]


def _summary(result: Mapping[str, Any]) -> str:
    periods = result["periods"]
    names = list(periods)
    words = f"{len(names)} dates from {names[0]} to {names[-1]}"
    region = [row for row in result.get("spans", []) if row["level"] == "region"]
    if not region:
        return f"{words}."
    whole = next((row for row in region if (row["first"], row["last"]) == (names[0], names[-1])), region[0])
    change = f"{with_error(whole['change_km2'], whole['change_error_km2'], signed=True)} km²"
    percent = "" if whole["change_percent"] is None else f" ({whole['change_percent']:+.1f} %)"
    if whole["change_km2"] is None or not math.isfinite(whole["change_km2"]):
        return f"{words}. The change of the region is unknown: too much of its ice has no outline on a date."
    flagged = list(dict.fromkeys(row["period"] for row in result.get("flagged", []) if row["level"] == "region"))
    off = f" Out of line with the others: {', '.join(flagged)}." if flagged else ""
    return f"{words}: {change}{percent}, {whole['verdict']}.{off}"


def _provenance(study: Study, result: Mapping[str, Any]) -> dict[str, str]:
    project = study.project
    return {
        "trimline": __version__,
        "project": f"{project.name}, sha256 {study.ledger.project_sha256}",
        "ids": str(result["ids"]),
        **{
            f"outlines of {each.name}": ", ".join(path.name for path in each.outlines or ())
            + "".join(
                f", {column} = {value if isinstance(value, str) else ' or '.join(value)}"
                for column, value in each.where.items()
            )
            for each in project.periods
        },
        "python": platform.python_version(),
    }
