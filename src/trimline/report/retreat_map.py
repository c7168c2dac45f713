"""Map of glaciers with an arrow at each terminus, as long as it moved."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from trimline.errors import ChangeError
from trimline.files import StrPath
from trimline.report.change_figures import save_figure
from trimline.report.map_frame import (
    GROUND,
    INK,
    MapFrame,
    draw_polygons,
    drawable,
    frame_around,
    write_words,
)
from trimline.report.period_colours import periods_of

_Table = TypeVar("_Table", bound=pd.DataFrame)

_RETREAT, _ADVANCE, _NONE = "#c1272d", "#1d6fa5", "#8b97a3"
_BEFORE, _AFTER = "#dfe7ee", "#b4c7d8"
_MANY = 300
"""Glaciers from which on a map is wider, and marks smaller."""
_FEW_INCHES, _MANY_INCHES = 7.3, 10.5
"""Width of a map of few glaciers, and of many [inch]."""
_LONGEST_ARROW, _SHORTEST_ARROW = 0.5, 0.13
"""Length on the page of the arrow in the key, with few glaciers and with many [inch]."""
_FEW = 60
"""Glaciers up to which arrows have their full length."""
_CUT = 2.5
"""Arrows longer than this many such lengths are cut."""
_MARKED = ("no change", "vanished", "appeared")
"""Results with a mark of their own."""
_TRUE_INCHES = 0.15
"""Length on the page from which on arrows have the scale of the map [inch]."""


def draw_retreat_map(
    stem: StrPath, changes: gpd.GeoDataFrame, outlines: gpd.GeoDataFrame, *, method: str | None = None
) -> list[Path]:
    """Write a map of glaciers with an arrow at each terminus, as long as the terminus moved.

    On a map of few kilometres arrows have the scale of the map. On a larger one they have a scale of their own, which a
    key shows; those more than two and a half times as long as the key's are cut there and counted.

    Parameters
    ----------
    stem
        The files without their suffixes; `.png` and `.svg` are written.
    changes
        A table of `trimline.glaciers.terminus_change`: `glac_id`, `method`, `retreat_m` [m], `status`, and lines from
        the earlier terminus to the later one, in any CRS.
    outlines
        Polygons in any CRS with `glac_id`; where there is a column `period`, the first and the last are shown, in order
        of `src_year`, else of rows.
    method
        Method whose rows are shown; None where the table has one.

    Raises
    ------
    ChangeError
        The table has several methods and none is named, or lacks the named one.
    """
    shown = one_method(changes, method).reset_index(drop=True)
    if not len(shown) and not len(outlines):
        return write_words(stem, "no terminus was measured")
    frame = frame_around(outlines, drawable(shown))
    inches = _FEW_INCHES if len(shown) <= _MANY else _MANY_INCHES
    figure = Figure(figsize=(inches + 0.7, inches * frame.ratio + 1.3), layout="constrained")
    axes = figure.add_subplot()
    periods = periods_of(outlines)
    first = outlines if len(periods) < 2 else outlines[outlines["period"].astype(str) == periods[0]]
    draw_polygons(axes, frame.shapes(first), facecolor=_BEFORE, edgecolor=GROUND, linewidth=0.3, zorder=1)
    handles: list[Line2D | Patch] = [Patch(fc=_BEFORE, ec=GROUND, lw=0.5, label=f"glaciers {periods[0]}".strip())]
    if len(periods) > 1:
        last = frame.shapes(outlines[outlines["period"].astype(str) == periods[-1]])
        draw_polygons(axes, last, facecolor=_AFTER, edgecolor=GROUND, linewidth=0.3, zorder=2)
        handles.append(Patch(fc=_AFTER, ec=GROUND, lw=0.5, label=f"glaciers {periods[-1]}"))
    handles += _draw_arrows(axes, frame, shown, inches)
    handles += _draw_others(axes, frame, shown, outlines)
    if not len(shown):
        axes.text(0.5, 0.5, "no terminus was measured", transform=axes.transAxes, ha="center", color=INK)
    frame.finish(axes)
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    return save_figure(figure, Path(stem))


def one_method(changes: _Table, method: str | None) -> _Table:
    """Return the rows of one method of a table of terminus changes.

    Raises
    ------
    ChangeError
        The table has several methods and none is named, or lacks the named one.
    """
    if "method" not in changes.columns:
        return changes
    there = list(dict.fromkeys(changes["method"].astype(str)))
    if method is None and len(there) > 1:
        raise ChangeError(f"the table has the methods {', '.join(there)}", remedy="name one: method=...")
    if method is not None and there and method not in there:
        raise ChangeError(f"the table has no method '{method}'", remedy=f"it has {', '.join(there)}")
    if method is None:
        return changes
    rows: _Table = changes[changes["method"].astype(str) == method]
    return rows


def _draw_arrows(axes: Axes, frame: MapFrame, shown: gpd.GeoDataFrame, map_inches: float) -> list[Line2D | Patch]:
    """Draw the arrows and their key; return the entries of the legend."""
    known = drawable(shown[shown["status"].isin(("retreat", "advance"))])
    handles: list[Line2D | Patch] = []
    if not len(known):
        return handles
    lines = frame.shapes(known)
    starts, ends = (shapely.get_coordinates(shapely.get_point(lines, at)) for at in (0, -1))
    metres = known["retreat_m"].abs().to_numpy(float)
    heading = ends - starts
    heading = heading / np.maximum(np.hypot(*heading.T), 1e-12)[:, None]
    typical = _round_below(float(np.percentile(metres, 90)))
    west, _, east, _ = frame.bounds_km
    inches_per_m = map_inches / (1e3 * (east - west))
    to_scale = inches_per_m * typical >= _TRUE_INCHES
    longest = float(np.clip(_LONGEST_ARROW * (_FEW / len(known)) ** 0.5, _SHORTEST_ARROW, _LONGEST_ARROW))
    limit = np.inf if to_scale else _CUT * typical
    vectors = heading * np.minimum(metres, limit)[:, None]
    scale: dict[str, Any] = {"units": "inches", "angles": "uv", "scale_units": "inches", "scale": typical / longest}
    if to_scale:
        scale = {"units": "inches", "angles": "xy", "scale_units": "xy", "scale": 1e3}
    retreats = known["status"].to_numpy() == "retreat"
    order = np.lexsort((-metres, ~retreats))  # the fewer advances on top, and short arrows above long ones
    width = float(np.clip(0.045 * longest, 0.009, 0.02))
    arrows = axes.quiver(
        *starts[order].T, *vectors[order].T, color=np.where(retreats, _RETREAT, _ADVANCE)[order],
        width=width, headwidth=4, headlength=4.5, headaxislength=4, minlength=0.5, zorder=5, **scale,
    )  # fmt: skip
    if not to_scale:
        axes.quiverkey(
            arrows, 0.97 - longest / 2 / map_inches, 0.04, typical, f"{typical:g} m",
            angle=0, labelpos="W", color=INK, labelcolor=INK, fontproperties={"size": 9},
        )  # fmt: skip
    for status, colour in (("retreat", _RETREAT), ("advance", _ADVANCE)):
        number = int((known["status"] == status).sum())
        if number:
            handles.append(Line2D([], [], color=colour, lw=2, marker=">", ms=6, label=f"{status} ({number})"))
    cut = int((metres > limit).sum())
    if to_scale or cut:
        label = "arrows to the scale of the map" if to_scale else f"{cut} longer than {limit:g} m, cut there"
        handles.append(Line2D([], [], ls="", label=label))
    return handles


def _draw_others(
    axes: Axes, frame: MapFrame, shown: gpd.GeoDataFrame, outlines: gpd.GeoDataFrame
) -> list[Line2D | Patch]:
    """Mark glaciers without an arrow where their outlines lie; return the entries of the legend."""
    handles: list[Line2D | Patch] = []
    status = shown["status"].astype(object).where(shown["status"].notna(), "not measured")
    arrow = status.isin(("retreat", "advance")) & shown.index.isin(drawable(shown).index)
    inside = gpd.GeoSeries(outlines.representative_point().to_numpy(), outlines["glac_id"].astype(str), outlines.crs)
    for words, marker, colour, face in (
        ("no change", "o", _NONE, _NONE),
        ("vanished", "x", GROUND, GROUND),
        ("appeared", "+", _ADVANCE, _ADVANCE),
        ("other", "o", GROUND, "white"),
    ):
        these = ~arrow & (status == words if words != "other" else ~status.isin(_MARKED))
        if not these.any():
            continue
        at = inside[~inside.index.duplicated()].reindex(shown.loc[these, "glac_id"].astype(str))
        there = at[~(shapely.is_missing(at.to_numpy()) | shapely.is_empty(at.to_numpy()))]
        xy = shapely.get_coordinates(frame.shapes(gpd.GeoSeries(there, crs=outlines.crs)))
        size = 16 if len(shown) <= _MANY else 6
        edge: dict[str, Any] = {"edgecolors": colour} if marker == "o" else {}
        axes.scatter(xy[:, 0], xy[:, 1], s=size, marker=marker, c=face, lw=0.8, zorder=4, **edge)
        label = "not measured" if words == "other" else words
        off = f", {int(these.sum()) - len(there)} not on the map" if len(there) < these.sum() else ""
        handles.append(
            Line2D([], [], ls="", marker=marker, ms=5, color=colour, mfc=face, label=f"{label} ({these.sum()}{off})")
        )
    return handles


def _round_below(metres: float) -> float:
    """Return the largest of 1, 2, 5, 10, 20, ... that is not longer; 1 for less."""
    if not metres > 1:
        return 1.0
    power = 10.0 ** np.floor(np.log10(metres))
    return float(power * max(digit for digit in (1, 2, 5) if digit * power <= metres * (1 + 1e-9)))
