"""The dictionary of the tables of a release: what each column of each CSV file holds, and in which unit."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from trimline.errors import ReleaseError
from trimline.files import StrPath
from trimline.outlines import COLUMNS

FILE = "columns.csv"

HEADS = ("table", "name", "unit", "meaning")
"""Columns of the dictionary, in order."""

_MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        "absent_glaciers": "glaciers without an outline of which nothing says that they are gone",
        "acq_time": "acquisition of the image",
        "added_km2": "area that an edit added",
        "after_km2": "area after the repair",
        "anlst_givn": "given name of the analyst",
        "anlst_surn": "surname of the analyst",
        "anlys_time": "date of the analysis",
        "area_bias": "mapped minus true area, as a fraction of the true one",
        "area_first_km2": "area in the first period",
        "area_inner_km2": "area with the outline moved inwards by its error",
        "area_km2": "area in an equal-area projection, holes left out",
        "area_last_km2": "area in the last period",
        "area_outer_km2": "area with the outline moved outwards by its error",
        "author": "who made the edit",
        "band": "band that was compared",
        "band_lower_m": "lower edge of the elevation band",
        "band_upper_m": "upper edge of the elevation band",
        "before_km2": "area before the repair",
        "boundary_m": "mean distance of the mapped margin from the true one",
        "box_width_m": "width of the box of the box method",
        "break": "period at which the rate may change",
        "change_error_km2": "error of the change",
        "change_error_percent": "error of the change, in percent of the first area",
        "change_km2": "last minus first area; losses are negative",
        "change_percent": "change in percent of the first area",
        "chosen": "whether the glacier is measured",
        "class": "class of glaciers, or all",
        "cloud": "share of the scene under cloud, as measured",
        "cloud_percent": "cloud cover of the scene",
        "conditions": "what bears on the result, separated by ;: split, detached, "
        "lake front, marine front, or why it was not measured",
        "confidence": "confidence of the interval",
        "date": "date of the scene, ISO 8601",
        "debris_share": "share of debris-covered ice, where the outlines have it",
        "dem_cover": "share of the ice with heights",
        "difference_km2": "sum over pixels minus the areas of the outlines",
        "difference_km2_per_a": "second rate minus first",
        "difference_percent": "our area minus the published one, in percent of it",
        "direction_deg": "direction of flow at the terminus, clockwise from north",
        "east_m": "how far the scene lies too far east",
        "edit_id": "identifier of the edit",
        "edited": "number of outlines corrected by hand",
        "edited_km2": "area of the outlines corrected by hand",
        "end_found_by": "what told which end of the glacier is its terminus",
        "error_km2": "error of the difference from the line of the other periods",
        "error_km2_per_a": "standard error of the rate, or of the difference of two",
        "excess_km2": "area minus what the other periods would have there",
        "excess_percent": "the same in percent",
        "expected_km2": "area on the line between the neighbours in the consistent set of periods",
        "experiment": "title of the experiment, or the study's own split",
        "f1": "harmonic mean of precision and recall",
        "file": "file of the outlines",
        "first": "first period of the span",
        "flagged": "first or last period of the span, or both separated by ;, where its area jumps out of the series; "
        "empty where neither does",
        "gained_km2": "area of outlines that the inventory lacks",
        "glac_ids": "glaciers that are compared as one, separated by ;",
        "glaciers": "number of glaciers with an outline",
        "glob_unc_x": "accuracy of the position of the images along x [m]",
        "glob_unc_y": "accuracy of the position of the images along y [m]",
        "gone_glaciers": "glaciers whose ground was seen without ice: their area is 0",
        "ground_km2": "ground that the scores rest on, each date counted",
        "group": "group of scenes; empty for all",
        "half_pixel_error_m": "error of the change where termini err by half a pixel",
        "half_pixel_error_m_per_a": "the same per year, half a pixel",
        "hidden_by": "what hides the ground: cloud, shadow, missing data, ...",
        "high_km2_per_a": "upper end of the confidence interval of the rate",
        "ice_km2": "true ice on that ground",
        "ids": "glaciers of the study in the group, separated by ;",
        "image": "scene or picture that was consulted",
        "index": "number of the scene in sources.tif",
        "inside": "whether the true value lies within the stated error",
        "inst_name": "sensor of the image",
        "intersection_km2": "ground that the study and the inventory share",
        "inventory_ids": "glaciers of the inventory in the group, separated by ;",
        "inventory_km2": "area in the inventory",
        "iou": "intersection over union",
        "kappa": "Cohen's kappa, agreement beyond chance",
        "kind": "what became of a glacier or group, or what a period that jumps out looks like",
        "largest_difference_percent": "largest difference of one glacier, in percent of its area",
        "largest_part_share": "least share of its area that its largest connected part holds, over the periods",
        "last": "last period of the span",
        "length": "length of the longest flow line [m]",
        "level": "what areas are summed over: region, subregion, size_class or glacier",
        "line_source": "where the flow line is from: computed or given",
        "line_type": "kind of the line or polygon",
        "lines": "parallel lines that cut both termini",
        "lines_laid": "parallel lines that were laid",
        "loc_unc_x": "precision of the vertices along x [m]",
        "loc_unc_y": "precision of the vertices along y [m]",
        "local_id": "identifier of the glacier within the study",
        "lost_km2": "area of the inventory that the outlines lack",
        "low_km2_per_a": "lower end of the confidence interval of the rate",
        "main_part_retreat_m": "retreat to the largest part of the later ice, where a detached piece lies before it",
        "max_elev": "highest height [m]",
        "mean_elev": "mean height [m]",
        "meaning": "what the column holds",
        "method": "method of mapping, or of the fitted line",
        "methods_median_m": "median retreat over the methods",
        "methods_spread_m": "largest less smallest retreat over the methods",
        "min_elev": "lowest height [m]",
        "moved": "whether the scene was mapped where it belongs: yes or no",
        "name": "name of the column",
        "nearest_km2": "area in the nearest period with a known one, of a glacier without an outline",
        "north_m": "how far the scene lies too far north",
        "note": "why nothing is compared",
        "oa": "share of pixels mapped correctly",
        "operation": "what the edit does",
        "optimum": "1 at the best threshold, on the training samples where there are any",
        "orig_id": "scene",
        "other_id": "the glacier that it merged into or split off",
        "outline": "number or id of the outline in its file",
        "p_value": "probability of so large a difference if the rates were equal",
        "parameters": "number of parameters of the network",
        "part": "name of the region, subregion, size class or glacier",
        "perimeter_km": "length of the outline and of its holes",
        "periods": "number of areas that the line is fitted to",
        "pixel_m": "pixel of the coarser image",
        "pixels": "pixels taken from the scene",
        "precision": "share of the mapped ice that is ice",
        "problem": "what was wrong with the outline",
        "proc_desc": "how the outlines were made",
        "published_km2": "published area",
        "rank": "place of the scene in the order of preference, from 1",
        "rate_error_km2_per_a": "error of the rate",
        "rate_error_percent_per_a": "error of the rate, in percent of the first area",
        "rate_km2_per_a": "rate of change; losses are negative",
        "rate_percent_per_a": "rate in percent of the first area",
        "reason": "why",
        "rec_status": "status of the record, okay",
        "recall": "share of the ice that is mapped",
        "reference": "whether the scene is the main image of its place and period",
        "region": "the part that is compared",
        "relative_error_percent": "size of the difference in percent of the published area",
        "removed_km2": "area that an edit removed",
        "repair": "what was done about it",
        "residual_km2": "scatter of the areas around the line",
        "retreat_m": "retreat of the terminus; advance is negative",
        "retreat_m_per_a": "retreat per year",
        "reverts": "edit_id of the edit that this one reverts",
        "scene": "scene, all scenes together, or the mean of the years",
        "sector": "sector of aspect: N, NE, E, SE, S, SW, W or NW",
        "seen_km2": "sum of the areas of all outlines, also where the total is unknown",
        "sensor": "sensor of the scene",
        "shapefile_name": "name of the column in the Shapefiles",
        "share": "share of the area of the glacier, or of all glaciers",
        "shared_border_km": "length of the outline shared with neighbours",
        "shared_km2": "ground that both glaciers have in common",
        "size_class": "size class of the first period in which the glacier was mapped, in km2",
        "snow": "share of ground under snow",
        "snow_by": "what ground the share of snow is of",
        "source": "where the published area is from",
        "split": "how training and test were split: blocks, scenes, dates, paper or none",
        "spread_m": "standard deviation between the parallel lines",
        "spread_m_per_a": "standard deviation between glaciers, per year",
        "state": "mapped, inferred, gone, unseen, or not in period",
        "stated_error_km2_per_a": "standard error of the rate if the stated errors were independent",
        "statistic": "difference over its error, or Chow's F",
        "status": "kept, new, vanished, merged, split off, or unknown on a date",
        "step_m": "retreat since the date before",
        "step_m_per_a": "retreat since the date before, per year",
        "submit_giv": "given name of the submitter",
        "submit_sur": "surname of the submitter",
        "subregion": "area of the study that the glacier or scene belongs to, or all",
        "table": "file of the table",
        "terminus": "what the termini were taken from: outline, drawn (lines), or one at each date",
        "terminus_after_m": "height of the later terminus",
        "terminus_before_m": "height of the earlier terminus",
        "terminus_rise_m": "rise of the terminus",
        "test": "kind of test: ends, slopes or one line",
        "texts_cut_in_shapefile": "number of texts that were cut in the Shapefiles",
        "tile": "WRS-2 path/row or MGRS tile",
        "time": "when the edit was made, ISO 8601 and UTC",
        "training_s": "time of training",
        "true_change_km2": "true change",
        "true_km2": "true area",
        "true_rate_km2_per_a": "true rate",
        "type": "type of the column",
        "uncertainty_independent_km2": "error if outlines err by themselves: root of the sum of squares over glaciers",
        "uncertainty_km2": "error of the area: outlines moved, uncertain pixels and unseen ground together",
        "uncertainty_map_km2": "error from uncertain pixels of the map",
        "uncertainty_outline_km2": "error from outlines moved in and out; of gone glaciers the detection limit",
        "uncertainty_perimeter_km2": "length of the outline times half a pixel",
        "uncertainty_unseen_km2": "error from ground that no scene shows",
        "unit": "unit of the column",
        "unseen_glaciers": "glaciers without an outline, most of whose ground was not seen: their area is unknown",
        "unseen_km2": "area that unknown glaciers had in their nearest periods",
        "value": "JSON object: columns and their values, and options of the operation",
        "verdict": "significant loss or significant gain: the change is larger than its error (one standard error, "
        "about 68 %; no test at 95 %); no significant change: it is no larger; empty: change or error unknown",
        "whole_pixel_error_m": "error of the change where termini err by a whole pixel",
        "whole_pixel_error_m_per_a": "the same per year, a whole pixel",
        "windows": "windows of ground that were compared",
        "within_error": "whether the change is within its error",
        "within_uncertainty": "whether the published area is within our error",
        "without": "periods left out of the fit, separated by ;",
        "year": "year of the published area",
        "year_first": "decimal year of the first area",
        "year_last": "decimal year of the last area",
        "years": "years between the two areas",
        "zone": "part of the ground: all, near termini or elsewhere",
    }
)
"""Meaning of the columns of tables. Those that outlines have too are in `trimline.outlines.COLUMNS`."""

_UNITS = (
    ("_km2_per_a", "km2 per year"),
    ("_percent_per_a", "% per year"),
    ("_km2", "km2"),
    ("_km", "km"),
    ("_m_per_a", "m per year"),
    ("_m", "m"),
    ("_s", "s"),
    ("_deg", "degree"),
    ("_percent", "%"),
)
_YEARS = ("src_year", "year", "year_first", "year_last", "years")
_FRACTIONS = frozenset(
    [
        "area_bias",
        "cloud",
        "confidence",
        "debris_share",
        "dem_cover",
        "f1",
        "iou",
        "kappa",
        "largest_part_share",
        "oa",
        "precision",
        "recall",
        "share",
        "snow",
    ]
)


def described_columns(paths: Sequence[Path]) -> list[tuple[str, str, str, str]]:
    """Return the dictionary of some CSV files: `HEADS` for each column of each.

    Raises
    ------
    ReleaseError
        A column is not described.
    """
    rows = []
    for path in paths:
        with path.open(encoding="utf-8", newline="") as stream:
            names = next(csv.reader(stream), [])
        rows += [(path.name, name, unit_of(name), meaning_of(name, path)) for name in names]
    return rows


def meaning_of(name: str, where: StrPath | None = None) -> str:
    """Return the meaning of a column of tables; raise `ReleaseError` where it has none."""
    found = _MEANINGS.get(name) or (COLUMNS[name].meaning if name in COLUMNS else None)
    if found is None:
        raise ReleaseError(
            f"the column '{name}' is not described", where=where, remedy="leave out the table, which is not of trimline"
        )
    return found


def unit_of(name: str) -> str:
    """Return the unit of a column of tables; empty where it has none."""
    if name in _YEARS:
        return "a"
    if name in _FRACTIONS:
        return "1"
    return next((unit for ending, unit in _UNITS if name.endswith(ending)), "")
