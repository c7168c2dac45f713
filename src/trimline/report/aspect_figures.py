"""Polar figures by the eight aspects: areas of two dates, their change, and the retreat of termini.

Each is written as PNG for screens and SVG for papers; the same numbers give the same bytes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.projections.polar import PolarAxes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from trimline.errors import ChangeError
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

SECTORS = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")
"""Names of the eight sectors, clockwise from north."""
_ANGLES = np.radians(45.0 * np.arange(8))
_WIDTH = np.radians(36.0)
"""Width of a bar; a sector has 45 degrees."""
_APART = np.radians(7.0)
"""Angle of the error bars of two dates from the middle of a sector."""
_FEW = 3
"""Glaciers below which a mean retreat has a pale bar."""


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
        retreat = _by_method(retreat, method)
    there = changed[changed["sector"].notna()] if len(changed) else changed
    if not len(there):
        return write_words(stem, "no ground with an aspect")
    first, last = str(changed["first"].iloc[0]), str(changed["last"].iloc[0])
    panels = 2 if retreat is None else 3
    figure = Figure(figsize=(3.9 * panels, 5.0), layout="constrained")
    all_axes = [figure.add_subplot(1, panels, number + 1, projection="polar") for number in range(panels)]
    areas, percent = all_axes[:2]
    _draw_areas(areas, totals, first, last)
    colours = _draw_change(percent, there)
    handles = [
        Patch(fc=FIRST, alpha=0.45, label=f"{first}, with its uncertainty"),
        Patch(fc="none", ec=LAST, lw=1.6, label=f"{last}, with its uncertainty"),
        *change_handles(colours),
    ]
    if retreat is not None:
        _draw_retreat(all_axes[2], retreat)
    for letter, axes, title in zip("abc", all_axes, ("area", "change of area", "retreat of termini"), strict=False):
        axes.set_title(f"({letter}) {title}", loc="left", fontsize=10, pad=22)
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False, fontsize=9)
    words = without_class(totals, "sector", (first, last), "without aspect")
    if words:
        figure.suptitle(words, fontsize=8, color=GROUND, x=0.99, ha="right")
    return save_figure(figure, Path(stem))


def _by_method(retreat: pd.DataFrame, method: str | None) -> pd.DataFrame:
    there = list(dict.fromkeys(retreat["method"].astype(str)))
    if method is None and len(there) > 1:
        raise ChangeError(f"the retreat is by the methods {', '.join(there)}", remedy="name one: method=...")
    if method is not None and method not in there:
        raise ChangeError(f"the retreat has no method '{method}'", remedy=f"it has {', '.join(there) or 'none'}")
    return retreat if method is None else retreat[retreat["method"].astype(str) == method]


def _draw_areas(axes: PolarAxes, totals: pd.DataFrame, first: str, last: str) -> None:
    for period, style, side in (
        (first, {"facecolor": FIRST, "alpha": 0.45}, -1),
        (last, {"facecolor": "none", "edgecolor": LAST, "linewidth": 1.6}, 1),
    ):
        rows = totals[totals["period"].astype(str) == period]
        area, error = _of_sectors(rows, "sector", "area_km2"), _of_sectors(rows, "sector", "uncertainty_km2")
        axes.bar(_ANGLES, np.nan_to_num(area), _WIDTH, **style)
        colour = FIRST if side < 0 else LAST
        axes.errorbar(_ANGLES + side * _APART, area, error, fmt="none", ecolor=colour, elinewidth=1, capsize=1.5)
    _compass(axes, list(SECTORS), "km²")


def _draw_change(axes: PolarAxes, changed: pd.DataFrame) -> list[str]:
    value = _of_sectors(changed, "sector", "change_percent")
    error = _of_sectors(changed, "sector", "change_error_percent")
    colours = change_colours(pd.DataFrame({"value": value, "error": error}), "value", "error")
    axes.bar(_ANGLES, np.nan_to_num(np.abs(value)), _WIDTH, color=colours, alpha=0.8)
    axes.errorbar(_ANGLES, np.abs(value), error, fmt="none", ecolor=INK, elinewidth=0.9, capsize=1.5)
    _compass(axes, _words(value, error, "{:+.1f}", "%"), "%")
    return [each for each, known in zip(colours, np.isfinite(value), strict=True) if known]


def _draw_retreat(axes: PolarAxes, retreat: pd.DataFrame) -> None:
    value = _of_sectors(retreat, "class", "retreat_m_per_a")
    error = _of_sectors(retreat, "class", "half_pixel_error_m_per_a")
    number = np.nan_to_num(_of_sectors(retreat, "class", "glaciers")).astype(int)
    colours = [NONE if not np.isfinite(each) else LOSS if each > 0 else GAIN for each in value]
    bars = axes.bar(_ANGLES, np.nan_to_num(np.abs(value)), _WIDTH, color=colours)
    for bar, glaciers in zip(bars, number, strict=True):
        bar.set_alpha(0.4 if glaciers < _FEW else 0.8)
    axes.errorbar(_ANGLES, np.abs(value), error, fmt="none", ecolor=INK, elinewidth=0.9, capsize=1.5)
    words = [
        each if np.isnan(one) else f"{each}\nn = {glaciers}"
        for each, one, glaciers in zip(_words(value, error, "{:.1f}", "m a⁻¹"), value, number, strict=True)
    ]
    _compass(axes, words, "m a⁻¹")


def _of_sectors(table: pd.DataFrame, key: str, column: str) -> NDArray[np.float64]:
    """Return (8,) values by sector; NaN for a sector without a row."""
    rows = table[table[key].isin(SECTORS)].set_index(key)[column]
    return rows.astype(float).groupby(level=0).sum(min_count=1).reindex(list(SECTORS)).to_numpy(float)


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
    axes.set_thetagrids(np.degrees(_ANGLES), labels, fontsize=8)
    longest = max(label.count("\n") for label in labels)
    axes.tick_params(axis="x", pad=1 + 7 * longest)
    axes.yaxis.set_major_locator(MaxNLocator(4, prune="lower"))
    axes.set_ylim(bottom=0)
    axes.set_rlabel_position(67.5)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g} {unit}")
    axes.tick_params(axis="y", labelsize=7, labelcolor=GROUND)
    axes.grid(color="#d5dde4", lw=0.6)
    axes.set_axisbelow(True)
    axes.spines["polar"].set_color("#b6c2cd")
