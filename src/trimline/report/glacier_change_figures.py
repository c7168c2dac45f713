"""Figures of glacier-by-glacier change: a map, change against size, areas and outlines of single glaciers.

Each is written as PNG for screens and SVG for papers; the same numbers give the same bytes. None needs an image.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import Collection, PatchCollection
from matplotlib.colors import LinearSegmentedColormap, Normalize, TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path as Outline

from trimline.change import equal_area_crs
from trimline.files import StrPath
from trimline.report.change_figures import save_figure
from trimline.report.map_frame import within
from trimline.report.period_colours import Colour, colour_of_year, colours_of
from trimline.reprojecting import reprojected

_LOSS, _GAIN, _NONE, _FLAG = "#c1272d", "#1d6fa5", "#8b97a3", "#e08a00"
_COLOURS = "RdBu"
_UNKNOWN, _HATCH, _EDGE = "#c9cfd5", "////", "#5b6b7a"
"""Fill and hatch of glaciers whose change is not known, unlike any colour of the scale, and edges of all glaciers."""
_LARGEST_GAIN = 25.0
"""Gain at the end of the colour scale [%]; losses reach to 100 %."""


_TOO_SMALL = 0.006
"""Glaciers are drawn as discs where the side of the median one is less than this share of the map's."""

_NAMED_PERIODS = 8
"""Periods up to which each has a colour of its own in the legend."""

_WITH_BARS = 150
"""Number of glaciers up to which each has an error bar."""

_DISC_POINTS2 = 12.0
"""Area of a disc per km2 of ice [points squared]."""

_SMALLEST_DISC_KM2 = 0.2
"""Smaller glaciers have a disc of this area."""


def draw_change_map(stem: StrPath, outlines: gpd.GeoDataFrame, changed: pd.DataFrame) -> list[Path]:
    """Write a map of all glaciers: the ground of the first period coloured by its change, the last period as a line.

    Ground whose change is not known is grey and hatched.

    Where the region is so wide that its glaciers would be dots, discs of their first area stand for them.

    Parameters
    ----------
    stem
        The files without their suffixes; `.png` and `.svg` are written.
    outlines
        One row per glacier and period, in any CRS: `glac_id`, `period`.
    changed
        The rows of one span of `trimline.change.glacier_changes`.
    """
    first, last = str(changed["first"].iloc[0]), str(changed["last"].iloc[0])
    plane = reprojected(outlines, equal_area_crs(outlines))
    before, after = (plane[plane["period"] == each] for each in (first, last))
    percent = changed.set_index("glac_id")["change_percent"]
    own = percent.groupby(level=0).first()
    members = changed.assign(each=changed["glac_ids"].str.split(";")).explode("each").dropna(subset="change_percent")
    of_whole = members.drop_duplicates("each").set_index("each")["change_percent"]
    values = before["glac_id"].map(own).fillna(before["glac_id"].map(of_whole)).to_numpy(float)
    west, south, east, north = plane.total_bounds / 1e3
    frame = within(plane.crs, tuple(plane.total_bounds), strip=True)
    figure = Figure(figsize=(8.2, 7.2 * min(max(frame.ratio, 0.35), 1.5) + 1.1), layout="constrained")
    axes = figure.add_subplot()
    norm = TwoSlopeNorm(0.0, -100.0, _LARGEST_GAIN)
    shown = np.clip(values, -100.0, _LARGEST_GAIN)
    side = 1e3 * max(east - west, north - south)
    as_discs = float(np.sqrt(before.area.median())) < _TOO_SMALL * side
    coloured: Collection
    handles: list[Line2D | Patch]
    known = np.isfinite(values)
    if as_discs:
        order = np.argsort(-before.area.to_numpy(), kind="stable")
        order = np.concatenate([order[~known[order]], order[known[order]]])
        number = int((~known).sum())
        middle = before.geometry.centroid.iloc[order]
        size = _DISC_POINTS2 * np.maximum(before.area.to_numpy()[order] / 1e6, _SMALLEST_DISC_KM2)
        if number:
            lacking = middle.iloc[:number]
            axes.scatter(
                lacking.x / 1e3, lacking.y / 1e3, size[:number], _UNKNOWN, ec=_EDGE, lw=0.3, hatch=2 * _HATCH, alpha=0.9
            )
        coloured = axes.scatter(
            middle.x.iloc[number:] / 1e3,
            middle.y.iloc[number:] / 1e3,
            size[number:],
            shown[order[number:]],
            cmap=_COLOURS,
            norm=norm,
            ec=_EDGE,
            lw=0.3,
            alpha=0.9,
        )
        handles = [
            Line2D(
                [], [], color="#e5b5a8", marker="o", ls="", ms=float(np.sqrt(_DISC_POINTS2 * km2)), label=f"{km2:g} km²"
            )
            for km2 in (0.5, 2, 10)
        ]
    else:
        if not known.all():
            lacking = [_patch(each) for each in before.geometry[~known]]
            axes.add_collection(PatchCollection(lacking, lw=0.3, ec=_EDGE, fc=_UNKNOWN, hatch=_HATCH))
        patches = PatchCollection([_patch(each) for each in before.geometry[known]], linewidths=0.3, edgecolors=_EDGE)
        patches.set(array=shown[known], cmap=_COLOURS, norm=norm)
        coloured = axes.add_collection(patches)
        lines = after.boundary.affine_transform([1e-3, 0, 0, 1e-3, 0, 0])
        if len(lines):
            lines.plot(ax=axes, color="#1b2733", linewidth=0.7, aspect=None)
        handles = [
            Line2D([], [], color="#e5b5a8", marker="s", ls="", ms=8, label=f"ground of {first}, by its change"),
            Line2D([], [], color="#1b2733", lw=1, label=f"outline of {last}"),
        ]
    if not known.all():
        words = f"change unknown ({int((~known).sum())})"
        handles.append(Patch(fc=_UNKNOWN, ec=_EDGE, lw=0.3, hatch=_HATCH, label=words))
    frame.finish(axes)
    bar = figure.colorbar(coloured, ax=axes, shrink=0.7, ticks=[-100, -75, -50, -25, 0, _LARGEST_GAIN])
    bar.set_label(f"change of area from {first} to {last}, %")
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    return save_figure(figure, Path(stem))


def draw_change_by_size(stem: StrPath, changed: pd.DataFrame) -> list[Path]:
    """Write the change of each glacier in percent against its first area; grey where not significant.

    Up to 150 glaciers have error bars.

    Parameters
    ----------
    stem
        The files without their suffixes; `.png` and `.svg` are written.
    changed
        The rows of one span of `trimline.change.glacier_changes`.
    """
    known = changed[np.isfinite(changed["change_percent"]) & (changed["area_first_km2"] > 0)]
    figure = Figure(figsize=(7.2, 4.4), layout="constrained")
    axes = figure.add_subplot()
    for words, colour in (
        ("no significant change", _NONE),
        ("significant loss", _LOSS),
        ("significant gain", _GAIN),
    ):
        some = known[known["verdict"] == words]
        if len(some):
            axes.errorbar(
                some["area_first_km2"],
                some["change_percent"],
                some["change_error_percent"] if len(known) <= _WITH_BARS else None,
                fmt="o",
                ms=3.5,
                lw=0.6,
                color=colour,
                ecolor=colour,
                alpha=0.8,
                label=f"{words} ({len(some)})",
            )
    counted = changed[np.isfinite(changed["change_km2"])]
    whole = float(counted["area_first_km2"].sum())
    if whole > 0:
        total = 100 * counted["change_km2"].sum() / whole
        axes.axhline(total, color="#1b2733", ls="--", lw=1, label=f"all together ({total:+.1f} %)")
    axes.axhline(0, color="#1b2733", lw=0.6)
    highest = known["change_percent"].max() if len(known) else 0.0
    axes.set_ylim(-108, max(20.0, min(1.2 * float(highest), 200.0)))
    axes.set_xscale("log")
    first, last = changed["first"].iloc[0], changed["last"].iloc[0]
    axes.set(xlabel=f"area in {first}, km²", ylabel=f"change to {last}, %")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#d5dde4", lw=0.6)
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    return save_figure(figure, Path(stem))


def draw_glacier_series(
    stem: StrPath,
    areas: pd.DataFrame,
    glaciers: Sequence[str],
    titles: Mapping[str, str],
    flagged: Mapping[str, Sequence[str]],
) -> list[Path]:
    """Write the areas of single glaciers over time, a panel each; periods that jump out have an open mark.

    Parameters
    ----------
    stem
        The files without their suffixes; `.png` and `.svg` are written.
    areas
        The table of `trimline.change.glacier_areas`.
    glaciers
        Ids of the glaciers shown.
    titles
        Names of glaciers by id; without one the id is shown.
    flagged
        Periods that jump out, by id.
    """
    columns = min(3, len(glaciers))
    rows = math.ceil(len(glaciers) / columns)
    figure = Figure(figsize=(3.3 * columns + 0.4, 2.3 * rows + 0.3), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, name in zip(panels, glaciers, strict=False):
        table = areas[areas["glac_id"] == name].sort_values("src_year")
        off = table["period"].isin(flagged.get(name, ())).to_numpy()
        for some, face, colour in ((~off, _GAIN, _GAIN), (off, "white", _FLAG)):
            part = table[some]
            axes.errorbar(
                part["src_year"],
                part["area_km2"],
                part["uncertainty_km2"],
                fmt="o",
                ms=4,
                lw=1,
                capsize=2,
                color=colour,
                mfc=face,
            )
        axes.plot(table.loc[~off, "src_year"], table.loc[~off, "area_km2"], color=_GAIN, lw=0.8)
        axes.set_title(titles.get(name) or name, loc="left", fontsize=9)
        axes.set_ylim(bottom=0)
        axes.tick_params(labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    for axes in panels[len(glaciers) :]:
        axes.set_axis_off()
    figure.supylabel("glacier area, km²", fontsize=10)
    return save_figure(figure, Path(stem))


def draw_glacier_outlines(
    stem: StrPath,
    outlines: gpd.GeoDataFrame,
    periods: Sequence[str],
    glaciers: Sequence[str],
    titles: Mapping[str, str],
) -> list[Path]:
    """Write the outlines of all periods around single glaciers, a panel each, from violet (first) to orange (last).

    Parameters
    ----------
    stem
        The files without their suffixes; `.png` and `.svg` are written.
    outlines
        One row per glacier and period, in any CRS.
    periods
        In order of time.
    glaciers
        Ids of the glaciers shown.
    titles
        Names of glaciers by id; without one the id is shown.
    """
    plane = reprojected(outlines, equal_area_crs(outlines))
    columns = min(3, len(glaciers))
    rows = math.ceil(len(glaciers) / columns)
    figure = Figure(
        figsize=(3.6 * columns, 3.5 * rows + 0.3 + 0.2 * math.ceil(len(periods) / min(3 * columns, 6))),
        layout="constrained",
    )
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    years = plane.groupby(plane["period"].astype(str))["src_year"].mean() if "src_year" in plane else None
    many = len(periods) > _NAMED_PERIODS and years is not None
    ends = (float(years.min()), float(years.max())) if years is not None else (0.0, 0.0)
    colours = (
        {period: colour_of_year(float(years[period]), *ends) for period in periods}
        if many and years is not None
        else colours_of(periods)
    )
    for axes, name in zip(panels, glaciers, strict=False):
        _draw_one(axes, plane, name, colours, {periods[0], periods[-1]} if many else set())
        axes.set_title(titles.get(name) or name, loc="left", fontsize=9)
    for axes in panels[len(glaciers) :]:
        axes.set_axis_off()
    # So many colours are not told apart one by one: a scale of years says which is which, and the ends are named.
    named = [periods[0], periods[-1]] if many else list(periods)
    handles = [Line2D([], [], color=colours[each], lw=2.2 if many else 1.6, label=each) for each in named]
    if many:
        scale = LinearSegmentedColormap.from_list("years", [colour_of_year(y, 0, 1) for y in np.linspace(0, 1, 64)])
        figure.colorbar(ScalarMappable(Normalize(*ends), scale), ax=list(panels), shrink=0.6, label="year of outlines")
    figure.legend(
        handles=handles, loc="outside lower center", ncols=min(3 * columns, 6, len(handles)), frameon=False, fontsize=9
    )
    return save_figure(figure, Path(stem))


def _draw_one(
    axes: Axes, plane: gpd.GeoDataFrame, name: str, colours: Mapping[str, Colour], bold: AbstractSet[str]
) -> None:
    west, south, east, north = plane[plane["glac_id"] == name].total_bounds
    half = 0.55 * max(east - west, north - south)
    x, y = (west + east) / 2, (south + north) / 2
    near = plane.cx[x - half : x + half, y - half : y + half]
    for period, colour in colours.items():
        lines = near[near["period"] == period].boundary.affine_transform([1e-3, 0, 0, 1e-3, 0, 0])
        lines = lines[~lines.is_empty]
        if len(lines):
            lines.plot(ax=axes, color=colour, linewidth=1.6 if period in bold else 0.9, aspect=None)
    within(plane.crs, (x - half, y - half, x + half, y + half), strip=True, margin=0.0).finish(axes)
    axes.set(xlabel="", ylabel="", xticks=[], yticks=[])  # bar and arrow say all that a panel has room for


def _patch(polygon: object) -> PathPatch:
    """Return a polygon or multipolygon [m] as a patch [km]; holes stay holes."""
    parts = getattr(polygon, "geoms", [polygon])
    rings = [ring for part in parts for ring in (part.exterior, *part.interiors)]
    paths = [Outline(np.asarray(ring.coords)[:, :2] / 1e3, closed=True) for ring in rings]
    return PathPatch(Outline.make_compound_path(*paths))
