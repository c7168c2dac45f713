"""Tables of a time series: images (table IV of Chen and others, 2022), areas (V a), changes (V b), comparison (VI).

All cells are text, rounded as papers print them; the full numbers are in CSV files.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from trimline.change import REGION
from trimline.report.tables import UNDEFINED, Table, number, sized, with_error

_METHODS = {"ols": "least squares", "wls": "weighted least squares", "theil-sen": "Theil-Sen"}
_TESTS = {
    "ends": "three areas and their errors (z)",
    "slopes": "slopes before and after (t)",
    "one line": "one line or two (Chow's F)",
}


_CAUSES = {
    "uncertainty_outline_km2": "outlines moved",
    "uncertainty_map_km2": "uncertain pixels",
    "uncertainty_unseen_km2": "unseen ground",
    "uncertainty_km2": "together",
}
"""Causes of uncertainty, and their heads in tables."""


def parts_of(table: pd.DataFrame) -> list[tuple[str, str]]:
    """Return level and part of the region and its subregions, as shown; a region of one subregion is listed once."""
    subregions = [("subregion", str(each)) for each in pd.unique(table.loc[table["level"] == "subregion", "part"])]
    return [("region", REGION), *(subregions if len(subregions) > 1 else [])]


def areas_table(totals: pd.DataFrame, titles: Mapping[str, str]) -> Table:
    """Return a row per period, a column per part: areas with their errors [km2]."""
    shown = parts_of(totals)
    heads = ["period", "year", "glaciers", *(f"{titles.get(part, part)}, km²" for _, part in shown)]
    rows = []
    for period, table in totals.groupby("period", sort=False):
        cells = table.set_index(["level", "part"])
        region = cells.loc[("region", REGION)]
        values = (cells.loc[key] for key in shown)
        rows.append(
            [
                str(period),
                number(region["src_year"], 1),
                f"{int(region['glaciers'])}",
                *(_area(each) for each in values),
            ]
        )
    return heads, rows


def uncertainty_table(totals: pd.DataFrame) -> Table:
    """Return a row per period: the causes of the uncertainty of the region's area [km2]."""
    heads = ["period", *(f"{cause}, km²" for cause in _CAUSES.values())]
    region = totals[totals["level"] == "region"]
    return heads, [[row["period"], *(sized(row[key]) for key in _CAUSES)] for row in region.to_dict("records")]


def region_table(periods: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return a row per period: the region's area, with its error for correlated and for independent outlines."""
    heads = ["period", "year", "glaciers", "area km²", "if errors are independent"]
    rows = [
        [
            name,
            number(each["src_year"], 2),
            str(each["glaciers"]),
            _area(each),
            f"± {sized(each['uncertainty_independent_km2'])}",
        ]
        for name, each in periods.items()
    ]
    return heads, rows


def changes_table(changes: Sequence[Mapping[str, Any]], titles: Mapping[str, str]) -> Table:
    """Return a row per span and part: change and rate with their errors; size classes are in the CSV only."""
    heads = ["span, part", "years", "change km²", "change %", "rate km² a⁻¹", "rate % a⁻¹"]
    in_words = any(row.get("verdict") for row in changes)
    heads += ["in words"] if in_words else []
    rows = []
    subregions = {row["part"] for row in changes if row["level"] == "subregion"}
    for row in changes:
        if row["level"] == "size_class" or (row["level"] == "subregion" and len(subregions) == 1):
            continue
        rows.append(
            [
                f"{row['first']} to {row['last']}, {titles.get(row['part'], row['part'])}",
                number(row["years"], 1),
                *(
                    with_error(_known(row[value]), _known(row[error]))
                    for value, error in (
                        ("change_km2", "change_error_km2"),
                        ("change_percent", "change_error_percent"),
                        ("rate_km2_per_a", "rate_error_km2_per_a"),
                        ("rate_percent_per_a", "rate_error_percent_per_a"),
                    )
                ),
                *([_in_words(row)] if in_words else []),
            ]
        )
    return heads, rows


def rates_table(rates: pd.DataFrame, titles: Mapping[str, str]) -> Table:
    """Return a row per line through three areas or more: its slope, and error and confidence interval of the slope."""
    rates = rates[rates["periods"] > 2]  # two areas make no line: their change is in the table of changes
    share = f"{100 * float(rates['confidence'].iloc[0]):g}" if len(rates) else "95"
    if len(pd.unique(rates.loc[rates["level"] == "subregion", "part"])) == 1:
        rates = rates[rates["level"] != "subregion"]  # it is the region
    left_out = "without" in rates and bool((rates["without"].fillna("") != "").any())
    heads = ["part, span, method", "periods", "km² a⁻¹", "standard error", f"{share} % interval", "% a⁻¹"]
    rows = [
        [
            f"{titles.get(row['part'], row['part'])}, {row['first']} to {row['last']}, {_METHODS[row['method']]}"
            + (f", without {row['without'].replace(';', ', ')}" if left_out and row["without"] else ""),
            str(row["periods"]),
            sized(row["rate_km2_per_a"], 3),
            sized(row["error_km2_per_a"], 3),
            _interval(row["low_km2_per_a"], row["high_km2_per_a"]),
            number(row["rate_percent_per_a"], 2),
        ]
        for row in rates.to_dict("records")
    ]
    return heads, rows


def tests_table(rate_changes: pd.DataFrame, titles: Mapping[str, str]) -> Table:
    """Return a row per test of whether a rate changed."""
    heads = ["part, break, test", "difference km² a⁻¹", "statistic", "p"]
    rows = [
        [
            f"{titles.get(row['part'], row['part'])}, {row['break']}, {_TESTS[row['test']]}",
            with_error(row["difference_km2_per_a"], row["error_km2_per_a"]),
            number(row["statistic"], 2),
            number(row["p_value"], 3),
        ]
        for row in rate_changes.to_dict("records")
    ]
    return heads, rows


def published_table(compared: pd.DataFrame, titles: Mapping[str, str]) -> Table:
    """Return a row per published area with ours and the relative error."""
    heads = ["region, year", "published km²", "this study km²", "relative error %", "source"]
    rows = [
        [
            f"{titles.get(row['region'], row['region'])}, {row['year']}",
            sized(row["published_km2"]),
            with_error(row["area_km2"], row["uncertainty_km2"]),
            number(row["relative_error_percent"], 2),
            row["source"] if not row["note"] else f"{row['source']} ({row['note']})",
        ]
        for row in compared.to_dict("records")
    ]
    return heads, rows


def images_table(images: pd.DataFrame, titles: Mapping[str, str]) -> list[tuple[str, Table]]:
    """Return a table per subregion: the images of each period and place, a star after the main reference image."""
    periods = list(pd.unique(images["period"]))
    tables = []
    most = max(of_part["tile"].nunique() for _, of_part in images.groupby("subregion", sort=False))
    for part, of_part in images.groupby("subregion", sort=False):
        tiles = list(pd.unique(of_part["tile"]))
        rows = []
        for period in periods:
            here = of_part[of_part["period"] == period]
            cells = [
                ", ".join(_image(each) for each in here[here["tile"] == tile].to_dict("records")) for tile in tiles
            ]
            rows.append([period, *(cell or UNDEFINED for cell in cells), *([""] * (most - len(tiles)))])
        heads = ["period", *(f"place {i + 1}" for i in range(most))]
        named = f"{titles.get(str(part), str(part))}: {', '.join(tile or 'place' for tile in tiles)}"
        tables.append((named, (heads, rows)))
    return tables


def truth_table(truth: pd.DataFrame, titles: Mapping[str, str]) -> Table:
    """Return a row per period: the true and the mapped area of each part, a star where it lies outside."""
    shown = parts_of(truth)
    heads = ["period"]
    for _, part in shown:
        heads += [f"{titles.get(part, part)}: true km²", "mapped km²"]
    rows = []
    for period, table in truth.groupby("period", sort=False):
        cells = table.set_index(["level", "part"])
        row = [str(period)]
        for key in shown:
            if key not in cells.index:
                row += [UNDEFINED, UNDEFINED]
                continue
            each = cells.loc[key]
            star = "" if each["inside"] else " *"
            row += [sized(each["true_km2"]), with_error(each["area_km2"], each["uncertainty_km2"]) + star]
        rows.append(row)
    return heads, rows


def true_changes_table(changes: pd.DataFrame, titles: Mapping[str, str]) -> Table:
    """Return a row per span and part: the true and the mapped change and rate, a star where outside."""
    heads = ["span, part", "true km²", "mapped km²", "true km² a⁻¹", "mapped km² a⁻¹"]
    rows = [
        [
            f"{row['first']} to {row['last']}, {titles.get(row['part'], row['part'])}",
            sized(row["true_change_km2"]),
            with_error(row["change_km2"], row["change_error_km2"]) + ("" if row["inside"] else " *"),
            sized(row["true_rate_km2_per_a"], 3),
            with_error(row["rate_km2_per_a"], row["rate_error_km2_per_a"], 3),
        ]
        for row in changes.to_dict("records")
    ]
    return heads, rows


def edits_table(outcomes: Sequence[Mapping[str, Any]]) -> Table:
    """Return a row per edit and period: its outcome, and the areas it added and removed [km2]."""
    heads = ["edit, period", "operation", "glacier", "state", "added km²", "removed km²", "what came of it"]
    rows = [
        [
            f"{each['edit_id']}, {each['period']}",
            each["operation"],
            each["glac_id"] or UNDEFINED,
            each["state"],
            *(number(each[key], 4) for key in ("added_km2", "removed_km2")),
            each["text"],
        ]
        for each in outcomes
    ]
    return heads, rows


def inventory_table(matches: pd.DataFrame) -> Table:
    """Return how many glaciers of an inventory were kept, lost, split, merged and gained, and their areas [km2]."""
    heads = ["glaciers", "groups", "inventory km²", "this study km²", "shared km²"]
    rows = [
        [str(kind), str(len(group)), *(sized(float(group[key].sum())) for key in _MATCHED)]
        for kind, group in matches.groupby("kind", sort=False)
    ]
    return heads, rows


_MATCHED = ("inventory_km2", "area_km2", "intersection_km2")


def _image(row: Mapping[str, Any]) -> str:
    cloud = "" if not math.isfinite(row["cloud_percent"]) else f" ({row['cloud_percent']:.3g} %)"
    return f"{row['date'][:10]}{cloud}{'*' if row['reference'] else ''}"


def _area(row: Mapping[str, Any]) -> str:
    """Return an area with its error, and what is unknown of it."""
    area, unseen = _known(row["area_km2"]), _known(row.get("unseen_km2", 0.0))
    if not unseen > 0:
        return with_error(area, _known(row["uncertainty_km2"]))
    if math.isfinite(area):
        return f"{with_error(area, _known(row['uncertainty_km2']))}, unseen {sized(unseen)}"
    return f"unknown: seen {sized(_known(row['seen_km2']))}, unseen {sized(unseen)}"


def _in_words(row: Mapping[str, Any]) -> str:
    """Return whether a change is larger than its error, and which of its ends jump out of the series."""
    words = str(row.get("verdict") or UNDEFINED).removeprefix("significant ")
    return f"{words}; {row['flagged'].replace(';', ', ')} jumps out" if row.get("flagged") else words


def _known(value: float | None) -> float:
    """Return a number from JSON; null is NaN."""
    return math.nan if value is None else value


def _interval(low: float, high: float) -> str:
    ends: Sequence[float] = (low, high)
    return f"{sized(low, 3)} to {sized(high, 3)}" if all(map(math.isfinite, ends)) else UNDEFINED
