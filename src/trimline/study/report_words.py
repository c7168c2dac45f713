"""Sentences of the report that tables do not say: what is unknown, what scores rest on, and what is biased."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from trimline.report.change_figures import FEWEST_FOR_LINE
from trimline.report.tables import sized
from trimline.study.study import Study


def linked(output: Path, *folders: str) -> list[str]:
    """Return the CSV files and layers in folders of the output, as links from the folder of the report."""
    found = [path for name in folders for path in sorted((output / name).glob("*")) if path.suffix in (".csv", ".gpkg")]
    return [f"../{path.relative_to(output).as_posix()}" for path in found]


def series_caption(totals: pd.DataFrame) -> str:
    """Return the caption of the areas over time: it names a fitted line only where there is one."""
    region = totals[totals["level"] == "region"]
    known = int(region["area_km2"].notna().sum())
    line = "; the dashed line is fitted to all of them" if known >= FEWEST_FOR_LINE else ""
    unknown = [str(period) for period in region.loc[region["area_km2"].isna(), "period"]]
    gaps = f" The area of {', '.join(unknown)} is unknown." if unknown else ""
    return f"Areas of all periods with their uncertainty{line}.{gaps}"


def unknown_words(totals: pd.DataFrame) -> list[str]:
    """Return what is not known of the region, period by period; nothing where all of it is."""
    words = []
    for row in totals[totals["level"] == "region"].to_dict("records"):
        counts = [
            (row["unseen_glaciers"], "unseen"),
            (row["absent_glaciers"], "without an outline, and need not be gone"),
        ]
        named = [f"{count} {'is' if count == 1 else 'are'} {what}" for count, what in counts if count]
        if not named or not row["unseen_km2"] > 0:
            continue
        outcome = (
            "This is more than the project allows, so that the area is unknown."
            if math.isnan(row["area_km2"])
            else "The error of the area holds this; the area does not."
        )
        words.append(
            f"{row['period']}: of the glaciers {' and '.join(named)}, with {sized(row['unseen_km2'])} km² in the "
            f"nearest period. {outcome}"
        )
    return words


def ground_words(study: Study) -> list[str]:
    """Return how much ground the scores rest on, in words."""
    methods: Mapping[str, Any] = study.done["evaluate"].result.get("methods", {})
    known = [scores for scores in methods.values() if "ground_km2" in scores]
    if not known:
        return []
    ground, ice = (max(float(scores[key]) for scores in known) for key in ("ground_km2", "ice_km2"))
    samples = (study.done["samples"].result.get("samples") or {}).get("test")
    tiles = f", the ground of {int(samples['samples'])} test tiles" if samples else ""
    scenes = max(len(scores["scenes"]) for scores in known)
    return [
        f"They rest on {sized(ground)} km² in {scenes} scene{'' if scenes == 1 else 's'}{tiles}; {sized(ice)} km² of "
        "it are ice. On less than some square kilometres of ice, a few pixels along the margin decide."
    ]


def bias_words(study: Study) -> list[str]:
    """Return by how much the mapping method is off in area where it was judged; nothing where it was not."""
    name = study.project.mapping_method.name
    scores = study.done["evaluate"].result.get("methods", {}).get(name)
    bias = None if scores is None else scores.get("area_bias")
    if bias is None or not math.isfinite(bias):
        return []
    more = "more" if bias > 0 else "less"
    on = f" ({sized(scores['ice_km2'])} km² of ice)" if "ice_km2" in scores else ""
    return [
        f"Where it was judged{on}, {name} maps {100 * abs(bias):.1f} % {more} ice than the truth "
        "has. The stated errors of areas do not hold this: it moves all areas the same way."
    ]
