"""Tables of glacier-by-glacier change, periods that jump out, and repairs, as text for the terminal and the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from trimline.report.tables import UNDEFINED, Table, number, sized, with_error

_WORDS = {
    "significant loss": "loss",
    "significant gain": "gain",
    "no significant change": "no significant change",
    "": UNDEFINED,
}


def verdict_counts_table(spans: Sequence[Mapping[str, Any]]) -> Table:
    """Return a row per span: how many glaciers lost, gained, did not change significantly, are new or gone."""
    heads = ["span", "glaciers", "loss", "no significant change", "gain", "vanished", "new", "merged or split"]
    heads += ["unknown on a date"]
    keys = ("glaciers", "loss", "no_change", "gain", "vanished", "new", "merged_or_split", "unknown")
    return heads, [[f"{row['first']} to {row['last']}", *(str(row[key]) for key in keys)] for row in spans]


def glacier_changes_table(changed: pd.DataFrame) -> Table:
    """Return a row per glacier of one span: its areas, its change in numbers and in words."""
    first, last = changed["first"].iloc[0], changed["last"].iloc[0]
    heads = ["glacier", f"{first} km²", f"{last} km²", "change km²", "change %", "% a⁻¹", "in words"]
    named = "glac_name" in changed
    rows = []
    for row in changed.to_dict("records"):
        name = row["glac_id"]
        if named and row["glac_name"] and row["glac_name"] != name:
            name = f"{name}, {row['glac_name']}"
        words = _WORDS.get(row["verdict"], row["verdict"])
        notes = [words] if row["status"] == "kept" else [row["status"]]
        if row["glac_ids"] and ";" in row["glac_ids"] and row["status"] == "kept":
            notes.append(f"together: {row['glac_ids'].replace(';', ', ')}")
        if row.get("flagged"):
            notes.append(f"{row['flagged'].replace(';', ', ')} jumps out")
        rows.append(
            [
                name,
                sized(row["area_first_km2"], 3),
                sized(row["area_last_km2"], 3),
                with_error(row["change_km2"], row["change_error_km2"], 3, signed=True),
                with_error(row["change_percent"], row["change_error_percent"], 1, signed=True),
                number(row["rate_percent_per_a"], 2),
                "; ".join(notes),
            ]
        )
    return heads, rows


def outlying_table(outlying: Sequence[Mapping[str, Any]], titles: Mapping[str, str]) -> Table:
    """Return a row per part and period that jumps out: its area, and what the other periods would have there."""
    heads = ["part, period", "area km²", "by the others km²", "difference km²", "%", "what it looks like"]
    kinds = {"too much": "snow taken for ice", "too little": "a part is missing"}
    rows = [
        [
            f"{titles.get(row['part'], row['part'])}, {row['period']}",
            sized(row["area_km2"]),
            sized(row["expected_km2"]),
            with_error(row["excess_km2"], row["error_km2"], 2, signed=True),
            number(row["excess_percent"], 1),
            kinds[row["kind"]],
        ]
        for row in outlying
    ]
    return heads, rows


def lineage_table(events: pd.DataFrame) -> Table:
    """Return a row per period: which glaciers merged and split, and how many came and went."""
    heads = ["period", "new", "vanished", "seen again", "first seen", "missing", "merged", "split"]
    rows = []
    for period, table in events.groupby("period", sort=False):
        kinds = table.groupby("kind")
        counts = [str(len(kinds.get_group(kind))) if kind in kinds.groups else "0" for kind in heads[1:6]]
        named = [
            "; ".join(f"{row.glac_id} {word} {row.other_id}" for row in table[table["kind"] == kind].itertuples())
            for kind, word in (("merged", "into"), ("split", "off"))
        ]
        rows.append([str(period), *counts, *(each or UNDEFINED for each in named)])
    return heads, rows


def repairs_table(repairs: pd.DataFrame) -> Table:
    """Return a row per problem of a polygon: what was done about it, and its area before and after."""
    heads = ["period, file", "outline", "problem", "repair", "before km²", "after km²"]
    rows = [
        [
            f"{row['period']}, {row['file']}",
            str(row["outline"]),
            row["problem"],
            row["repair"],
            sized(row["before_km2"], 4),
            sized(row["after_km2"], 4),
        ]
        for row in repairs.to_dict("records")
    ]
    return heads, rows


def size_class_table(totals: pd.DataFrame) -> Table:
    """Return a row per size class: its glaciers in the first period, its area in every period, and the change."""
    classes = totals[totals["level"] == "size_class"]
    periods = [str(each) for each in pd.unique(classes["period"])]
    heads = ["km²", "glaciers", *(f"{each} km²" for each in periods), "change %"]
    rows = []
    for part, table in classes.groupby("part", sort=False):
        areas = table.set_index("period")["area_km2"]
        first, last = float(areas.iloc[0]), float(areas.iloc[-1])
        change = 100 * (last / first - 1) if first > 0 else np.nan
        cells = [sized(float(areas[each])) for each in periods]
        rows.append([str(part), str(int(table["glaciers"].max())), *cells, number(change, 1)])
    return heads, rows
