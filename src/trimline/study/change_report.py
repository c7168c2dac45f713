"""Sections of the report on a time series: areas, change, rates, comparison, and the outlines of all periods."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from trimline.outlines.edit_layer import MARKS
from trimline.outlines.schema import REVIEW
from trimline.own_files import own_json
from trimline.project import Project
from trimline.report.change_figures import (
    Panel,
    draw_area_series,
    draw_period_outlines,
    most_changed,
    within_image,
)
from trimline.report.change_tables import (
    areas_table,
    changes_table,
    edits_table,
    images_table,
    inventory_table,
    published_table,
    rates_table,
    tests_table,
    true_changes_table,
    truth_table,
    uncertainty_table,
)
from trimline.report.page import Picture, Section
from trimline.report.tables import period_table
from trimline.study.change_stage import FOLDER, titles_of
from trimline.study.coregistration_steps import open_placed
from trimline.study.editing import OUTCOMES
from trimline.study.folders import period_folder
from trimline.study.glacier_tables import left_out
from trimline.study.own_report import glacier_sections
from trimline.study.report_words import bias_words, series_caption, unknown_words
from trimline.study.series import Series, series_of
from trimline.study.study import Study
from trimline.study.tables_on_disk import read_tables

_ADD = (
    "Areas of the parts add up to the whole. Three things make an area uncertain: half the difference between the "
    "areas with outlines moved out and in by {moved}; uncertain pixels, whose odds of ice are within a factor of four "
    "of those at the threshold, those mapped as ice or those mapped as ground, whichever is more; and ground that no "
    "scene shows, by the error rate of what is inferred there. Of each glacier the root of the sum of their squares is "
    "taken; over glaciers errors add up, as if one cause moved all outlines alike. If the errors of outlines were "
    "independent, the error of the region would be {independent:.2f} km² in {period}."
)
_CHANGE = (
    "Losses are negative. Errors of two periods are combined with a correlation of {correlation:g}: 0 is the root of "
    "the sum of squares, 1 the difference. A change no larger than its error is no significant change. "
    "Years are {years}."
)
_YEARS = {"images": "the dates of the images, weighted by area", "label": "those of the periods' names"}


def change_sections(study: Study, folder: Path) -> list[Section]:
    """Return the sections of the report on change, its pictures written into a folder; none without periods."""
    result = study.done["change"].result.get("change")
    if result is None:
        return []
    project = study.project
    series = series_of(project, study.done["timeline"].result["timeline"])
    tables = read_tables(project.output / FOLDER)
    return [
        _areas(study, series, tables, result, folder),
        *_edits(project, series),
        *_change(project, tables, result),
        *glacier_sections(project, tables, result, folder),
        *_comparison(project, tables),
        *_truth(project, tables),
        *_pictures(study, series, folder),
        Section("Images", ["A star marks the main reference image of its place and period."],
                [(title, table) for title, table in images_table(tables["scenes"], titles_of(project))]),
    ]  # fmt: skip


def _areas(
    study: Study, series: Series, tables: dict[str, pd.DataFrame], result: dict[str, Any], folder: Path
) -> Section:
    project = study.project
    titles, settings = titles_of(project), project.change
    first = next(iter(result["periods"]))
    moved = {settings.buffer_m} if settings.buffer_m else {pixel_m / 2 for pixel_m in series.pixel_m.values()}
    words = [
        _ADD.format(
            moved=" to ".join(f"{each:g} m" for each in sorted({min(moved), max(moved)})),
            independent=result["periods"][first]["uncertainty_independent_km2"] or float("nan"),
            period=first,
        )
    ]
    if result["skipped_spans"]:
        words.append(f"Left out, because periods were not mapped: {', '.join(result['skipped_spans'])}.")
    mapped = [each for each in settings.breaks if each in series.periods]
    png, _ = draw_area_series(
        folder / "area_series",
        tables["totals"],
        titles,
        breaks=mapped,
        method=settings.fit,
        truth=tables.get("truth"),
        flagged=left_out(tables["outlying"]) if "outlying" in tables else None,
    )
    words += unknown_words(tables["totals"])
    words += bias_words(study)
    caption = series_caption(tables["totals"])
    seen = period_table(study.done["timeline"].result["timeline"]["periods"])
    shown = [
        ("Areas", areas_table(tables["totals"], titles)),
        ("What makes the area of the whole region uncertain", uncertainty_table(tables["totals"])),
        ("Seen and inferred ground", seen),
    ]
    return Section("Areas by period", words, shown, [Picture(png, caption)])


def _edits(project: Project, series: Series) -> list[Section]:
    """Return the section on corrections by hand; none where there are no edits."""
    files = [period_folder(project, period) / OUTCOMES for period in series.periods]
    said = [each for path in files for each in own_json(path)]
    if not said:
        return []
    outcomes = [each for each in said if each["operation"] not in MARKS]
    edited = (series.outlines["edit_ids"].fillna("") != "").sum() if "edit_ids" in series.outlines else 0
    lost = sum(each["state"] == "not applied" for each in outcomes)
    words = [
        f"{edited} outlines of {len(series.outlines)} were corrected by hand; the column edit_ids names the edits."
    ]
    if lost:
        words.append(f"{lost} corrections changed nothing, because the outlines they correct are gone.")
    marks = series.outlines[REVIEW].value_counts() if REVIEW in series.outlines.columns else {}
    words += [f"{count} outlines are {mark} by a person." for mark, count in marks.items()]
    return [Section("Corrections by hand", words, [("Outcome of each edit", edits_table(outcomes))])]


def _change(project: Project, tables: dict[str, pd.DataFrame], result: dict[str, Any]) -> list[Section]:
    if "changes" not in tables:
        return []
    titles, settings = titles_of(project), project.change
    words = [_CHANGE.format(correlation=settings.correlation, years=_YEARS[settings.years])]
    shown = [("Change between periods", changes_table(tables["changes"].to_dict("records"), titles))]
    if (tables["rates"]["periods"] > 2).any():
        shown.append(("Fitted lines", rates_table(tables["rates"], titles)))
    if len(tables["rate_changes"]):
        shown.append(("Did the rates change?", tests_table(tables["rate_changes"], titles)))
    return [Section("Change and rates", words, shown)]


def _comparison(project: Project, tables: dict[str, pd.DataFrame]) -> list[Section]:
    shown = []
    if "published" in tables:
        shown.append(("Published areas", published_table(tables["published"], titles_of(project))))
    if "inventory" in tables:
        title = f"The inventory compared with the outlines of {project.change.inventory_period}"
        shown.append((title, inventory_table(tables["inventory"])))
    return [Section("Compared with others", tables=shown)] if shown else []


def _truth(project: Project, tables: dict[str, pd.DataFrame]) -> list[Section]:
    if "truth" not in tables:
        return []
    titles = titles_of(project)
    shown = [("Areas", truth_table(tables["truth"], titles))]
    if "true_changes" in tables:
        shown.append(("Change", true_changes_table(tables["true_changes"], titles)))
    words = (
        "The study is simulated, so that its truth is known: glaciers that are large enough to be mapped, on the days "
        "of the images. A star marks where it lies outside the stated uncertainty."
    )
    return [Section("Compared with the truth", [words], shown)]


def _pictures(study: Study, series: Series, folder: Path) -> list[Section]:
    """Return the section with a picture of every subregion, at the place of the largest loss."""
    project = study.project
    entries = {entry.id: entry for entry in project.scenes}
    last = series.images[series.images["period"] == series.periods[-1]].sort_values("rank")
    titles, panels = titles_of(project), []
    for part, outlines in series.outlines.groupby("subregion", sort=True):
        name, bounds = most_changed(outlines, series.periods)
        own = outlines[outlines["glac_id"] == name].sort_values("src_year")
        preferred = [str(own["scene_id"].iloc[-1]), *last.loc[last["subregion"] == part, "scene_id"]]
        known = [each for each in preferred if each in set(last["scene_id"])]
        if known:
            title = f"{titles.get(str(part), str(part))}: {name}"
            scene = open_placed(study, entries[known[0]])
            panels.append(Panel(title, scene, within_image(bounds, scene, str(series.outlines.crs))))
    if not panels:
        return []
    png, _ = draw_period_outlines(folder / "outlines_of_periods", series.outlines, series.periods, panels)
    caption = f"Outlines of all periods over images of {series.periods[-1]} (SWIR 1, NIR and red)."
    words = "Each panel shows the place of the largest loss in a part."
    return [Section("Outlines of all periods", [words], pictures=[Picture(png, caption)])]
