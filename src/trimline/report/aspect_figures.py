"""Polar figures by the eight aspects: areas of two dates, their change, and the retreat of termini.

Each is written as PNG for screens and SVG for papers; the same numbers give the same bytes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from matplotlib.projections.polar import PolarAxes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from trimline.files import StrPath
from trimline.report.change_figures import save_figure
from trimline.report.hypsometry_figures import (
    FIRST,
    GAIN,
    LAST,
    LOSS,
    NONE,
    change_colours,
    change_handles,
    without_class,
)
from trimline.report.map_frame import GROUND, INK, write_words
from trimline.report.retreat_map import one_method

SECTORS = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")
"""Names of the eight sectors, clockwise from north."""
_ANGLES = np.radians(45.0 * np.arange(8))
_FIRST_ERROR = "#7a4b00"
"""Colour of the error bars of the earlier date, which stand out from its areas."""
_WIDTH = np.radians(36.0)
"""Width of a bar; a sector has 45 degrees."""
_SCALE_AT = np.radians(112.5)
"""Angle at which the radius is labelled, between two sectors."""
_APART = np.radians(7.0)
"""Angle of the error bars of two dates from the middle of a sector."""
_PANEL, _CIRCLE, _AROUND = 4.3, 2.3, 0.55
"""Width of a panel, diameter of its circle, and height of the words above and below the circle [inch]."""
_TITLE, _NOTE, _KEY_LINE = 0.4, 0.3, 0.22
"""Heights of the titles, of the line on ground without aspect, and of a line of the key [inch]."""
_KEYS = 3
"""Entries of the key in a line."""
_FEW, _PALE = 3, 0.4
"""Glaciers below which a mean retreat has a pale bar, and its opacity."""


def draw_aspects(
    stem: StrPath,
    totals: pd.DataFrame,
    changed: pd.DataFrame,
    retreat: pd.DataFrame | None = None,
    *,
    method: str | None = None,
) -> list[Path]:
    """Write polar plots by aspect: the area of two dates, its change in percent, and the retreat of termini.

    Parameters
    ----------
    stem
        The files without their suffixes; `.png` and `.svg` are written.
    totals
        Area by aspect and period, of `trimline.glaciers.band_totals`, or the rows of one glacier of `aspects`:
        `period`, `sector`, `area_km2`, `uncertainty_km2`. Ground without aspect is stated in words.
    changed
        The change of the same sectors between two of the periods, of `trimline.glaciers.change_by_band`.
    retreat
        Mean retreat by aspect, of `trimline.glaciers.terminus.retreat_by`; None leaves its panel out.
    method
        Method of the retreat that is shown; None where the table has one.

    Raises
    ------
    ChangeError
        The retreat is by several methods and none is named, or the named one is not there.
    """
    if retreat is not None:
        retreat = one_method(retreat, method)
    there = changed[changed["sector"].notna()] if len(changed) else changed
    if not len(there):
        return write_words(stem, "no ground with an aspect")
    first, last = str(changed["first"].iloc[0]), str(changed["last"].iloc[0])
    handles = _handles(first, last, there, retreat)
    panels = 2 if retreat is None else 3
    # A layout of its own: that of matplotlib does not reckon with words around a circle.
    foot = _KEY_LINE * -(-len(handles) // _KEYS) + 0.2
    width, height = _PANEL * panels, foot + _NOTE + 2 * _AROUND + _CIRCLE + _TITLE
    figure = Figure(figsize=(width, height))
    all_axes: list[Any] = []
    for number, title in zip(range(panels), ("area", "change of area", "retreat of termini"), strict=False):
        left = number * _PANEL
        box = ((left + (_PANEL - _CIRCLE) / 2) / width, (foot + _NOTE + _AROUND) / height)
        all_axes.append(figure.add_axes((*box, _CIRCLE / width, _CIRCLE / height), projection="polar"))
        words = f"({'abc'[number]}) {title}"
        figure.text((left + 0.2) / width, 1 - 0.15 / height, words, ha="left", va="top", fontsize=10)
    _draw_areas(all_axes[0], totals, first, last)
    _draw_change(all_axes[1], there)
    if retreat is not None:
        _draw_retreat(all_axes[2], retreat)
    note = without_class(totals, "sector", (first, last), "without aspect")
    figure.text(0.2 / width, (foot + _NOTE / 2) / height, note, va="center", fontsize=8, color=GROUND)
    figure.legend(handles=handles, loc="lower center", ncols=_KEYS, frameon=False, fontsize=9)
    return save_figure(figure, Path(stem))


def _handles(first: str, last: str, changed: pd.DataFrame, retreat: pd.DataFrame | None) -> list[Patch]:
    """Return the entries of the legend."""
    known = changed[changed["change_percent"].notna()]
    handles = [
        Patch(fc=FIRST, alpha=0.45, label=f"(a) {first}, with its uncertainty"),
        Patch(fc="none", ec=LAST, lw=1.6, label=f"(a) {last}, with its uncertainty"),
        *change_handles(change_colours(known, "change_percent", "change_error_percent"), "(b) "),
    ]
    if retreat is not None:
        shown = retreat[retreat["class"].isin(SECTORS)]
        rates = shown["retreat_m_per_a"]
        for colour, word, there in ((LOSS, "retreat", rates > 0), (GAIN, "advance", rates < 0)):
            if there.any():
                handles.append(Patch(fc=colour, label=f"(c) {word}, error of half a pixel"))
        if (shown["glaciers"] < _FEW).any():
            handles.append(Patch(fc=LOSS, alpha=_PALE, label=f"(c) pale: fewer than {_FEW} glaciers"))
    return handles


def _draw_areas(axes: PolarAxes, totals: pd.DataFrame, first: str, last: str) -> None:
    filled: dict[str, Any] = {"facecolor": FIRST, "alpha": 0.45}
    drawn: dict[str, Any] = {"facecolor": "none", "edgecolor": LAST, "linewidth": 1.6}
    for period, style, side in ((first, filled, -1), (last, drawn, 1)):
        rows = totals[totals["period"].astype(str) == period]
        area, error = _of_sectors(rows, "sector", "area_km2"), _of_sectors(rows, "sector", "uncertainty_km2")
        axes.bar(_ANGLES, np.nan_to_num(area), _WIDTH, **style)
        colour = _FIRST_ERROR if side < 0 else LAST
        axes.errorbar(_ANGLES + side * _APART, area, error, fmt="none", ecolor=colour, elinewidth=1, capsize=1.5)
    _compass(axes, list(SECTORS), "km²")


def _draw_change(axes: PolarAxes, changed: pd.DataFrame) -> None:
    value = _of_sectors(changed, "sector", "change_percent")
    error = _of_sectors(changed, "sector", "change_error_percent")
    colours = change_colours(pd.DataFrame({"value": value, "error": error}), "value", "error")
    axes.bar(_ANGLES, np.nan_to_num(np.abs(value)), _WIDTH, color=colours)
    axes.errorbar(_ANGLES, np.abs(value), error, fmt="none", ecolor=INK, elinewidth=0.9, capsize=1.5)
    _compass(axes, _words(value, error, "{:+.1f}", "%"), "%")


def _draw_retreat(axes: PolarAxes, retreat: pd.DataFrame) -> None:
    value = _of_sectors(retreat, "class", "retreat_m_per_a")
    error = _of_sectors(retreat, "class", "half_pixel_error_m_per_a")
    number = np.nan_to_num(_of_sectors(retreat, "class", "glaciers")).astype(int)
    colours = [NONE if not np.isfinite(each) else LOSS if each > 0 else GAIN for each in value]
    bars = axes.bar(_ANGLES, np.nan_to_num(np.abs(value)), _WIDTH, color=colours)
    for bar, glaciers in zip(bars, number, strict=True):
        bar.set_alpha(_PALE if glaciers < _FEW else 1.0)
    axes.errorbar(_ANGLES, np.abs(value), error, fmt="none", ecolor=INK, elinewidth=0.9, capsize=1.5)
    words = [
        each if np.isnan(one) else f"{each}\nn = {glaciers}"
        for each, one, glaciers in zip(_words(value, error, "{:.1f}", "m a⁻¹"), value, number, strict=True)
    ]
    _compass(axes, words, "m a⁻¹")


def _of_sectors(table: pd.DataFrame, key: str, column: str) -> NDArray[np.float64]:
    """Return (8,) values by sector; NaN for a sector without a row."""
    rows = table[table[key].isin(SECTORS)].set_index(key)[column]
    sums = rows.astype(float).groupby(level=0).sum(min_count=1).reindex(list(SECTORS))
    values: NDArray[np.float64] = sums.to_numpy(float)
    return values


def _words(values: NDArray[np.float64], errors: NDArray[np.float64], form: str, unit: str) -> list[str]:
    found = []
    for sector, value, error in zip(SECTORS, values, errors, strict=True):
        number = form.format(value).replace("-", "−")
        off = f" ± {error:.1f}" if np.isfinite(error) else ""
        found.append(f"{sector}\n{number}{off} {unit}" if np.isfinite(value) else f"{sector}\n–")
    return found


def _compass(axes: PolarAxes, labels: list[str], unit: str) -> None:
    """Turn north upwards and write the sectors around, with the radius labelled between two of them."""
    axes.set_theta_zero_location("N")
    axes.set_theta_direction(-1)
    axes.set_thetagrids(np.degrees(_ANGLES), [""] * 8)
    axes.yaxis.set_major_locator(MaxNLocator(4, prune="lower"))
    axes.set_ylim(bottom=0)
    top = axes.get_ylim()[1]
    axes.set_yticks([tick for tick in axes.get_yticks() if 0 < tick <= top])
    axes.tick_params(axis="y", labelleft=False)
    halo = [withStroke(linewidth=2, foreground="#ffffffd0")]
    for tick in axes.get_yticks():
        words = f"{tick:g} {unit}"
        axes.text(_SCALE_AT, tick, words, fontsize=7, color=INK, ha="center", va="center", path_effects=halo, zorder=6)
    axes.grid(color="#d5dde4", lw=0.6)
    axes.set_axisbelow(True)
    axes.spines["polar"].set_color("#b6c2cd")
    for angle, label in zip(_ANGLES, labels, strict=True):
        across, up = np.sin(angle), np.cos(angle)
        beside = "left" if across > 0.1 else "right" if across < -0.1 else "center"
        above = "bottom" if up > 0.1 else "top" if up < -0.1 else "center"
        axes.text(angle, 1.05 * top, label, ha=beside, va=above, fontsize=8, multialignment="center")
