"""Tables of a study as columns and rows of text, for the terminal and the report."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

Table = tuple[list[str], list[list[str]]]
"""Column titles, and rows of the same length."""


class Best(str):
    """A cell that holds the best of its column; it is printed bold."""


_OF_YEARS = ("precision", "recall", "f1", "iou", "area_bias", "not_judged")
"""The scores of single years, in the order of the table."""

_MOST_DECIMALS = 6
"""Decimals that no number of a table exceeds: those of a square metre in km2."""

UNDEFINED = "–"
"""Text for an undefined number."""


def method_table(methods: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return the scores of each method, pooled over all scored pixels, in percent as in the papers."""
    columns = [
        "method",
        "precision %",
        "recall %",
        "F1 %",
        "kappa %",
        "OA %",
        "IoU %",
        "area bias %",
        "boundary m",
        "ground km²",
    ]
    keys = ("precision", "recall", "f1", "kappa", "oa", "iou", "area_bias")
    rows = [
        [
            name,
            *(percent(scores[key], signed=key == "area_bias") for key in keys),
            number(scores["boundary_m"], 1),
            sized(scores.get("ground_km2"), 1),
        ]
        for name, scores in methods.items()
    ]
    if not any("ground_km2" in scores for scores in methods.values()) and methods:
        return columns[:-1], [row[:-1] for row in rows]
    return columns, rows


def scene_table(methods: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return the scores of each method on each scene."""
    columns, rows = method_table(
        {
            f"{name}, {scene_id}": of_scene
            for name, scores in methods.items()
            for scene_id, of_scene in scores["scenes"].items()
        }
    )
    return ["method, scene", *columns[1:]], rows


def year_table(methods: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return the scores of each method in each year, and their mean over the years, which all count the same.

    Not seen are labelled pixels that count in no score, because the method found no data there, or cloud or shadow.
    """
    columns = ["method, year", "precision %", "recall %", "F1 %", "IoU %", "area bias %", "not seen %", "boundary m"]
    rows = []
    for name, scores in methods.items():
        for year, of_year in {**scores.get("years", {}), "mean": scores.get("mean", {})}.items():
            if of_year:
                shares = [percent(of_year[key], signed=key == "area_bias") for key in _OF_YEARS]
                rows.append([f"{name}, {year}", *shares, number(of_year["boundary_m"], 1)])
    return columns, rows


def area_table(dates: Mapping[str, Mapping[str, float]], *, same_ground: bool = True) -> Table:
    """Return the true and mapped area of each date in km2, and the change since the first in percent.

    There is no change where dates do not show the same ground, and the mapped area alone where no date has a truth.
    """
    if not any("area_true_km2" in area for area in dates.values()):
        return _mapped_table(dates, same_ground=same_ground)
    columns = ["date", "true km²", "mapped km²", "difference %", "true change %", "mapped change %"]
    first = next(iter(dates.values()), None)
    rows = []
    for date, area in dates.items():
        true, mapped = area["area_true_km2"], area["area_mapped_km2"]
        change = [UNDEFINED, UNDEFINED]
        if first is not None and area is not first:
            change = [
                percent(_relative(true, first["area_true_km2"]), signed=True),
                percent(_relative(mapped, first["area_mapped_km2"]), signed=True),
            ]
        rows.append([date, sized(true, 3), sized(mapped, 3), percent(_relative(mapped, true), signed=True), *change])
    return (columns, rows) if same_ground else (columns[:4], [row[:4] for row in rows])


def _mapped_table(dates: Mapping[str, Mapping[str, float]], *, same_ground: bool) -> Table:
    mapped = {date: area["area_mapped_km2"] for date, area in dates.items()}
    first = next(iter(mapped.values()), math.nan)
    change = [UNDEFINED, *(percent(_relative(area, first), signed=True) for area in list(mapped.values())[1:])]
    rows = [[date, sized(area, 3), each] for (date, area), each in zip(mapped.items(), change, strict=False)]
    columns = ["date", "mapped km²", "mapped change %"]
    return (columns, rows) if same_ground else (columns[:2], [row[:2] for row in rows])


def period_table(periods: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return the area, the inferred area and the unseen ground of each period, in km2."""
    columns = ["period", "year", "glaciers", "area km²", "of it inferred km²", "ground unseen km²", "scenes"]
    rows = [
        [
            name,
            number(each["year"], 2),
            str(each["glaciers"]),
            *(sized(each[key], 3) for key in ("area_km2", "inferred_km2", "unseen_km2")),
            str(len(each["scenes"])),
        ]
        for name, each in periods.items()
    ]
    if any("snow" in scene for each in periods.values() for scene in each["scenes"]):
        columns.append("snow off glaciers %")
        for row, each in zip(rows, periods.values(), strict=True):
            row.append(percent(_mean_snow(each["scenes"])))
    return columns, rows


def _mean_snow(scenes: Sequence[Mapping[str, Any]]) -> float | None:
    """Return the mean snow off the glaciers of the scenes of a period by the pixels taken from each."""
    known = [(each["pixels"], each["snow"]) for each in scenes if each["pixels"] and each["snow"] is not None]
    pixels = sum(count for count, _ in known)
    return sum(count * share for count, share in known) / pixels if pixels else None


def snow_table(snow: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return the snow off the glaciers of each scene, and by what ground is off the glaciers; by date."""
    columns = ["scene", "date", "snow off glaciers %", "ground km²", "off the glaciers by", "snow or ice of all %"]
    rows = [
        [
            scene,
            str(each["date"]),
            percent(each["share"]),
            number(each["ground_km2"], 1),
            each["reference"],
            percent(each["snow_or_ice"]),
        ]
        for scene, each in sorted(snow.items(), key=lambda item: (str(item[1]["date"]), item[0]))
    ]
    return columns, rows


def shift_table(shifts: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return how far scenes, and an inventory, lie off the reference image of their place."""
    columns = ["scene", "reference", "east m", "north m", "error m", "pixels", "windows", "note"]
    rows = [
        [
            name,
            each["reference"],
            number(each["east_m"], 1),
            number(each["north_m"], 1),
            number(each["error_m"], 1),
            number(each["pixels"], 2),
            UNDEFINED if each["windows"] is None else str(each["windows"]),
            f"cannot be told: {each['reason']}" if each["reason"] else "",
        ]
        for name, each in sorted(shifts.items())
    ]
    return columns, rows


def shadow_table(shadow: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return the mapped ice of each scene in terrain shadow; by date."""
    columns = ["scene", "date", "mapped ice km²", "in cast shadow km²", "in self shadow km²", "not known km²"]
    rows = [
        [
            scene,
            str(each["date"]),
            *(number(each[key], 2) for key in ("ice_km2", "cast_km2", "self_km2", "unknown_km2")),
        ]
        for scene, each in sorted(shadow.items(), key=lambda item: (str(item[1]["date"]), item[0]))
    ]
    return columns, rows


def sample_table(summary: Mapping[str, Mapping[str, float]]) -> Table:
    """Return the number of samples of each part of the split."""
    columns = ["part", "samples", "places", "scenes", "mean ice %"]
    order = [part for part in ("train", "validation", "test") if part in summary]
    rows = [
        [
            part,
            *(str(int(summary[part][key])) for key in ("samples", "places", "scenes")),
            percent(summary[part]["ice_fraction"]),
        ]
        for part in order
    ]
    return columns, rows


def percent(fraction: float | None, *, signed: bool = False) -> str:
    """Return a fraction as percent with two decimals."""
    if fraction is None or not math.isfinite(fraction):
        return UNDEFINED
    return f"{fraction * 100:+.2f}" if signed else f"{fraction * 100:.2f}"


def number(value: float | None, decimals: int) -> str:
    """Return a number with fixed decimals."""
    return UNDEFINED if value is None or not math.isfinite(value) else f"{value:.{decimals}f}"


def sized(value: float | None, least: int = 2) -> str:
    """Return a number with fixed decimals, and more where it is so small that fewer than two digits would be left."""
    return number(value, _decimals(value, None, least))


def with_error(value: float | None, error: float | None, least: int = 2, *, signed: bool = False) -> str:
    """Return a number and its error; their digits follow their size, so that small glaciers are not rounded away.

    Both have `least` decimals, or more where the error would else be 0, and where the value would have fewer than two
    digits that its error leaves certain within a factor of ten.
    """
    if value is None or not math.isfinite(value):
        return UNDEFINED
    decimals = _decimals(value, error, least)
    return f"{value:{'+' if signed else ''}.{decimals}f} ± {number(error, decimals)}"


def _decimals(value: float | None, error: float | None, least: int) -> int:
    """Return how many decimals a number and its error are printed with."""
    own = least if not value or not math.isfinite(value) else 1 - math.floor(math.log10(abs(value)))
    if error is not None and math.isfinite(error) and error > 0:
        first = -math.floor(math.log10(error))
        own = max(first, min(own, first + 1))
    return min(max(least, own), _MOST_DECIMALS)


def _relative(value: float, reference: float) -> float:
    return (value - reference) / reference if reference else math.nan
