"""Tables and layers of the stage `change` that are about single glaciers, and periods that jump out."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from trimline.change import (
    fitted_rates,
    flagged_periods,
    glacier_changes,
    outlying_periods,
    told_apart,
    totals,
    verdict,
)
from trimline.outlines import write_outlines
from trimline.project import ChangeSettings

_LOG = logging.getLogger(__name__)

OUTLINES, CHANGES = "glaciers.gpkg", "glacier_changes.gpkg"
"""Layers in the folder of the stage: outlines with their areas, and changes."""

_FOR_LINES = 3
"""Areas of a glacier from which lines are fitted to it."""


def outlying_of(sums: pd.DataFrame, areas: pd.DataFrame, periods: Sequence[str]) -> pd.DataFrame:
    """Return the periods that jump out, of the region, its subregions and every glacier; those of the region logged."""
    of_glaciers = totals(areas, ["glacier"], periods=periods)
    # A glacier without an outline has an area of 0, which is no sign of snow in the other periods.
    of_glaciers = of_glaciers[of_glaciers["glaciers"] > 0]
    parts = sums[sums["level"].isin(("region", "subregion"))]
    known = pd.concat([parts, of_glaciers], ignore_index=True)
    # Glaciers that are unknown in a period make its area uncertain, which is no scatter of the outlines.
    known = known.assign(uncertainty_km2=known["uncertainty_km2"] - known["unseen_km2"])
    outlying = outlying_periods(known)
    for row in outlying[outlying["level"] == "region"].itertuples():
        why = "snow taken for ice?" if row.kind == "too much" else "is a part missing?"
        _LOG.warning(
            "%s: %.2f km2 are %+.2f km2 off the line of the other periods (%s); rates are given with and without it",
            row.period,
            row.area_km2,
            row.excess_km2,
            why,
        )
    return outlying


def left_out(outlying: pd.DataFrame) -> dict[tuple[str, str], list[str]]:
    """Return by level and part the periods that jump out; those of the region count for its subregions too."""
    region = flagged_periods(outlying)
    found = {("region", "region"): region}
    for (level, part), table in outlying.groupby(["level", "part"]):
        found[(str(level), str(part))] = list(dict.fromkeys([*region, *table["period"]]))
    return found


def with_verdicts(changes: pd.DataFrame, outlying: pd.DataFrame) -> pd.DataFrame:
    """Return changes with what they mean in words, and which of their ends jump out of the series."""
    known = {(level, part): set(table["period"]) for (level, part), table in outlying.groupby(["level", "part"])}
    region = known.get(("region", "region"), set())
    pairs = zip(changes["change_km2"], changes["change_error_km2"], strict=True)
    keys = zip(changes["level"], changes["part"], strict=True)
    outlying_at = [region | known.get(key, set()) for key in keys]
    ends = zip(changes["first"], changes["last"], strict=True)
    return changes.assign(
        verdict=[verdict(change, error) for change, error in pairs],
        flagged=[_flagged(pair, off) for pair, off in zip(ends, outlying_at, strict=True)],
    )


def glacier_tables(
    outlines: gpd.GeoDataFrame,
    areas: pd.DataFrame,
    events: pd.DataFrame,
    spans: Sequence[tuple[str, str]],
    outlying: pd.DataFrame,
    settings: ChangeSettings,
) -> dict[str, pd.DataFrame]:
    """Return the tables `outlying`, `lineage`, `glacier_changes` and, of three periods and more, `glacier_rates`.

    `areas` is the table of `trimline.change.with_states`, `events` that of `trimline.change.lineage`.
    """
    changed = glacier_changes(areas, spans, lineage=events, correlation=settings.correlation)
    region = set(flagged_periods(outlying))
    own = outlying[outlying["level"] == "glacier"].groupby("part")["period"].agg(set).to_dict()
    ends = zip(changed["glac_id"], changed["first"], changed["last"], strict=True)
    changed["flagged"] = [_flagged((first, last), region | own.get(name, set())) for name, first, last in ends]
    if "glac_name" in outlines:
        names = outlines.dropna(subset="glac_name").drop_duplicates("glac_id").set_index("glac_id")["glac_name"]
        changed.insert(1, "glac_name", changed["glac_id"].map(names).fillna(""))
    found = {"outlying": outlying, "lineage": told_apart(events, areas), "glacier_changes": changed}
    of_glaciers = totals(areas, ["glacier"])
    of_glaciers = of_glaciers[of_glaciers["glaciers"] > 0]
    enough = of_glaciers.groupby("part")["period"].transform("size") >= _FOR_LINES
    if enough.any():
        without = left_out(outlying)
        for part in pd.unique(of_glaciers["part"]):
            without.setdefault(("glacier", str(part)), sorted(region))
        found["glacier_rates"] = fitted_rates(
            of_glaciers[enough], confidence=settings.confidence, without=without, levels=["glacier"]
        )
    return found


def write_layers(
    folder: Path,
    outlines: gpd.GeoDataFrame,
    areas: pd.DataFrame,
    changed: pd.DataFrame | None,
    outlying: pd.DataFrame | None,
) -> None:
    """Write the outlines with their areas, and the changes with the outline of the first of the two periods."""
    measured = areas.drop(columns=["glac_id", "period", "subregion", "src_year"])
    layer = outlines.drop(columns=[name for name in measured.columns if name in outlines.columns])
    layer = layer.join(measured.assign(size_class=measured["size_class"].astype(str)).drop(columns="nearest_km2"))
    if outlying is not None:
        layer["flagged"] = layer["period"].isin(flagged_periods(outlying))
    write_outlines(gpd.GeoDataFrame(layer, geometry="geometry", crs=outlines.crs), folder / OUTLINES)
    if changed is None:
        return
    shapes = outlines.drop_duplicates(["glac_id", "period"]).set_index(["glac_id", "period"]).geometry
    first = shapes.reindex(pd.MultiIndex.from_frame(changed[["glac_id", "first"]])).to_numpy()
    last = shapes.reindex(pd.MultiIndex.from_frame(changed[["glac_id", "last"]])).to_numpy()
    drawn = [one if one is not None else other for one, other in zip(first, last, strict=True)]
    known = [each is not None for each in drawn]
    geometry = gpd.GeoSeries([each for each in drawn if each is not None], crs=outlines.crs)
    table = changed[known].reset_index(drop=True).assign(size_class=lambda frame: frame["size_class"].astype(str))
    write_outlines(gpd.GeoDataFrame(table, geometry=geometry, crs=outlines.crs), folder / CHANGES)


def verdicts_by_span(changed: pd.DataFrame) -> list[dict[str, Any]]:
    """Return per span how many glaciers lost, gained, changed by no more than their error, are new or vanished."""
    rows: list[dict[str, Any]] = []
    for (first, last), table in changed.groupby(["first", "last"], sort=False):
        counts: Mapping[str, int] = table["verdict"].value_counts().to_dict()
        status: Mapping[str, int] = table["status"].value_counts().to_dict()
        joined = int(table["status"].str.startswith(("merged", "split")).sum())
        unknown = int(table["status"].str.startswith(("unseen in", "not in")).sum())
        rows.append(
            {
                "first": first,
                "last": last,
                "glaciers": len(table),
                "loss": int(counts.get("significant loss", 0)),
                "no_change": int(counts.get("no significant change", 0)),
                "gain": int(counts.get("significant gain", 0)),
                "vanished": int(status.get("vanished", 0)),
                "new": int(status.get("new", 0)),
                "unknown": unknown,
                "merged_or_split": joined,
            }
        )
    return rows


def _flagged(ends: tuple[str, str], outlying: set[str]) -> str:
    return ";".join(each for each in ends if each in outlying)
