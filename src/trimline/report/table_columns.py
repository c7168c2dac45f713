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
        "added_km2": "area that an edit added",
        "area_bias": "mapped minus true area, as a fraction of the true one",
        "area_first_km2": "area in the first period",
        "area_inner_km2": "area with the outline moved inwards by its error",
        "area_km2": "area in an equal-area projection, holes left out",
        "area_last_km2": "area in the last period",
        "area_outer_km2": "area with the outline moved outwards by its error",
        "boundary_m": "mean distance of the mapped margin from the true one",
        "break": "period at which the rate may change",
        "change_error_km2": "error of the change",
        "change_error_percent": "error of the change, in percent of the first area",
        "change_km2": "last minus first area; losses are negative",
        "change_percent": "change in percent of the first area",
        "cloud": "share of the scene under cloud, as measured",
        "cloud_percent": "cloud cover of the scene",
        "confidence": "confidence of the interval",
        "date": "date of the scene, ISO 8601",
        "difference_km2_per_a": "second rate minus first",
        "difference_percent": "our area minus the published one, in percent of it",
        "edited": "number of outlines corrected by hand",
        "edited_km2": "area of the outlines corrected by hand",
        "error_km2": "error of the difference from the line of the other periods",
        "error_km2_per_a": "standard error of the rate, or of the difference of two",
        "excess_km2": "area minus what the other periods would have there",
        "excess_percent": "the same in percent",
        "expected_km2": "area on the line between the neighbours in the consistent set of periods",
        "f1": "harmonic mean of precision and recall",
        "first": "first period of the span",
        "flagged": "periods of the span, or whether the period, jumps out of the series",
        "gained_km2": "area of outlines that the inventory lacks",
        "glac_ids": "glaciers that are compared as one, separated by ;",
        "glaciers": "number of glaciers with an outline",
        "gone_glaciers": "glaciers whose ground was seen without ice: their area is 0",
        "ground_km2": "ground that the scores rest on, each date counted",
        "high_km2_per_a": "upper end of the confidence interval of the rate",
        "ice_km2": "true ice on that ground",
        "ids": "glaciers of the study in the group, separated by ;",
        "index": "number of the scene in sources.tif",
        "inside": "whether the true value lies within the stated error",
        "intersection_km2": "ground that the study and the inventory share",
        "inventory_ids": "glaciers of the inventory in the group, separated by ;",
        "inventory_km2": "area in the inventory",
        "iou": "intersection over union",
        "kappa": "Cohen's kappa, agreement beyond chance",
        "kind": "what became of a glacier or group, or what a period that jumps out looks like",
        "last": "last period of the span",
        "level": "what areas are summed over: region, subregion, size_class or glacier",
        "lost_km2": "area of the inventory that the outlines lack",
        "low_km2_per_a": "lower end of the confidence interval of the rate",
        "method": "method of mapping, or of the fitted line",
        "nearest_km2": "area in the nearest period with a known one, of a glacier without an outline",
        "note": "why nothing is compared",
        "oa": "share of pixels mapped correctly",
        "other_id": "the glacier that it merged into or split off",
        "p_value": "probability of so large a difference if the rates were equal",
        "part": "name of the region, subregion, size class or glacier",
        "perimeter_km": "length of the outline and of its holes",
        "periods": "number of areas that the line is fitted to",
        "pixels": "pixels taken from the scene",
        "precision": "share of the mapped ice that is ice",
        "published_km2": "published area",
        "rank": "place of the scene in the order of preference, from 1",
        "rate_error_km2_per_a": "error of the rate",
        "rate_error_percent_per_a": "error of the rate, in percent of the first area",
        "rate_km2_per_a": "rate of change; losses are negative",
        "rate_percent_per_a": "rate in percent of the first area",
        "recall": "share of the ice that is mapped",
        "reference": "whether the scene is the main image of its place and period",
        "region": "the part that is compared",
        "relative_error_percent": "size of the difference in percent of the published area",
        "removed_km2": "area that an edit removed",
        "residual_km2": "scatter of the areas around the line",
        "scene": "scene, all scenes together, or the mean of the years",
        "seen_km2": "sum of the areas of all outlines, also where the total is unknown",
        "sensor": "sensor of the scene",
        "shared_border_km": "length of the outline shared with neighbours",
        "shared_km2": "ground that both glaciers have in common",
        "size_class": "size class of the first period in which the glacier was mapped, in km2",
        "snow": "share of ground under snow",
        "snow_by": "what ground the share of snow is of",
        "source": "where the published area is from",
        "state": "mapped, inferred, gone, unseen, or not in period",
        "stated_error_km2_per_a": "standard error of the rate if the stated errors were independent",
        "statistic": "difference over its error, or Chow's F",
        "status": "kept, new, vanished, merged, split off, or unknown on a date",
        "subregion": "area of the study that the glacier or scene belongs to, or all",
        "test": "kind of test: ends, slopes or one line",
        "tile": "WRS-2 path/row or MGRS tile",
        "true_change_km2": "true change",
        "true_km2": "true area",
        "true_rate_km2_per_a": "true rate",
        "uncertainty_independent_km2": "error if outlines err by themselves: root of the sum of squares over glaciers",
        "uncertainty_km2": "error of the area: outlines moved, uncertain pixels and unseen ground together",
        "uncertainty_map_km2": "error from uncertain pixels of the map",
        "uncertainty_outline_km2": "error from outlines moved in and out; of gone glaciers the detection limit",
        "uncertainty_perimeter_km2": "length of the outline times half a pixel",
        "uncertainty_unseen_km2": "error from ground that no scene shows",
        "unseen_glaciers": "glaciers without an outline, most of whose ground was not seen: their area is unknown",
        "unseen_km2": "area that unknown glaciers had in their nearest periods",
        "verdict": "whether the change is larger than its error",
        "within_uncertainty": "whether the published area is within our error",
        "without": "periods left out of the fit, separated by ;",
        "year": "year of the published area",
        "year_first": "decimal year of the first area",
        "year_last": "decimal year of the last area",
        "years": "years between the two areas",
    }
)
"""Meaning of the columns of tables. Those that outlines have too are in `trimline.outlines.COLUMNS`."""

_UNITS = (
    ("_km2_per_a", "km2 per year"),
    ("_percent_per_a", "% per year"),
    ("_km2", "km2"),
    ("_km", "km"),
    ("_m", "m"),
    ("_percent", "%"),
)
_YEARS = ("src_year", "year", "year_first", "year_last", "years")
_FRACTIONS = ("area_bias", "cloud", "confidence", "f1", "iou", "kappa", "oa", "precision", "recall", "snow")


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
