"""Figures of area by elevation band: of two dates with their errors, and what changed in each band.

Each is written as PNG for screens and SVG for papers; the same numbers give the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from trimline.files import StrPath
from trimline.report.change_figures import save_figure
from trimline.report.map_frame import GROUND, INK, write_words

FIRST, LAST = "#e08a00", "#1d6fa5"
"""Colours of the earlier and the later date."""
LOSS, GAIN, NONE = "#c1272d", "#1d6fa5", "#8b97a3"
"""Colours of losses, gains, and changes smaller than their errors."""
_LARGEST_GAIN = 100.0
"""Gain at the end of the axis of percentages [%]; larger ones are cut there and marked."""


def draw_hypsometry(stem: StrPath, totals: pd.DataFrame, changed: pd.DataFrame) -> list[Path]:
    """Write the area of each elevation band at two dates, and its change in km2 and in percent.

    Parameters
    ----------
    stem
        The files without their suffixes; `.png` and `.svg` are written.
    totals
        Area by band and period, of `trimline.glaciers.band_totals`, or the rows of one glacier of `hypsometry`:
        `period`, `band_lower_m`, `band_upper_m`, `area_km2`, `uncertainty_km2`. Ground without height, whose band is
        NaN, is stated in words.
    changed
        The change of the same bands between two of the periods, of `trimline.glaciers.change_by_band`.
    """
    if not len(changed) or not changed["band_lower_m"].notna().any():
        return write_words(stem, "no ground with heights")
    first, last = str(changed["first"].iloc[0]), str(changed["last"].iloc[0])
    known = changed[changed["band_lower_m"].notna()].sort_values("band_lower_m")
    known = known[(known["area_first_km2"] > 0) | (known["area_last_km2"] > 0)]
    if not len(known):
        return write_words(stem, "no ground with heights")
    figure = Figure(figsize=(8.6, 5.4), layout="constrained")
    areas, lost, percent = figure.subplots(1, 3, sharey=True, width_ratios=(1.35, 1, 1))
    draw_band_areas(areas, totals, {first: FIRST, last: LAST})
    areas.set_title("(a) area", loc="left", fontsize=10)
    areas.set_ylabel("elevation, m", fontsize=10)
    colours = change_colours(known, "change_km2", "change_error_km2")
    middle = (known["band_lower_m"] + known["band_upper_m"]).to_numpy(float) / 2
    height = 0.8 * (known["band_upper_m"] - known["band_lower_m"]).to_numpy(float)
    style: dict[str, Any] = {"color": colours, "error_kw": {"lw": 0.7, "ecolor": INK}, "zorder": 2}
    lost.barh(middle, known["change_km2"], height, xerr=known["change_error_km2"], **style)
    lost.set_title("(b) change of area", loc="left", fontsize=10)
    lost.set_xlabel("km²", fontsize=9)
    _draw_percent(percent, known, middle, height, style)
    low, high = float(known["band_lower_m"].min()), float(known["band_upper_m"].max())
    areas.set_ylim(low - 0.02 * (high - low), high + 0.02 * (high - low))
    for axes in (lost, percent):
        axes.axvline(0, color=INK, lw=0.6, zorder=3)
        _plain(axes)
    handles = [
        Line2D([], [], color=FIRST, lw=1.6, label=f"{first}, with its uncertainty"),
        Line2D([], [], color=LAST, lw=1.6, label=f"{last}, with its uncertainty"),
        *change_handles(colours),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    words = without_class(totals, "band_lower_m", (first, last), "without height")
    if words:
        figure.suptitle(words, fontsize=8, color=GROUND, x=0.99, ha="right")
    return save_figure(figure, Path(stem))


def _draw_percent(
    axes: Axes, known: pd.DataFrame, middle: NDArray[np.float64], height: NDArray[np.float64], style: dict[str, Any]
) -> None:
    """Draw the change of each band in percent; gains off the axis are cut and marked."""
    values = known["change_percent"].to_numpy(float)
    shown = np.minimum(values, _LARGEST_GAIN)
    errors = known["change_error_percent"].to_numpy(float)
    axes.barh(middle, shown, height, xerr=np.where(values <= _LARGEST_GAIN, errors, np.nan), **style)
    for y, value in zip(middle[values > _LARGEST_GAIN], values[values > _LARGEST_GAIN], strict=True):
        axes.text(_LARGEST_GAIN, y, f"{value:+.0f} % ▸", ha="right", va="center", fontsize=7, color="white", zorder=5)
    for y in middle[~np.isfinite(values)]:
        axes.text(2, y, "new", ha="left", va="center", fontsize=7, color=GAIN)
    most = float(np.nanmax(shown + np.nan_to_num(errors), initial=0.0))
    least = float(np.nanmin(shown - np.nan_to_num(errors), initial=0.0))
    axes.set_xlim(max(-160.0, min(1.08 * least, -10.0)), min(_LARGEST_GAIN, max(1.1 * most, 10.0)))
    axes.set_title("(c) in percent", loc="left", fontsize=10)
    axes.set_xlabel("% of the first area", fontsize=9)


def draw_band_areas(axes: Axes, table: pd.DataFrame, colours: Mapping[str, Any]) -> None:
    """Draw the area of elevation bands as steps, elevation upwards, with uncertainties as shades.

    Parameters
    ----------
    axes
        The panel.
    table
        `period`, `band_lower_m`, `band_upper_m`, `area_km2`, `uncertainty_km2`, a row per band and period.
    colours
        Periods that are drawn, and their colours.
    """
    known = table[table["band_lower_m"].notna() & ((table["area_km2"] > 0) | (table["uncertainty_km2"] > 0))]
    if len(known):
        step = float((known["band_upper_m"] - known["band_lower_m"]).median())
        low = float(known["band_lower_m"].min())
        edges = low + step * np.arange(round((float(known["band_upper_m"].max()) - low) / step) + 1)
        for period, colour in colours.items():
            rows = known[known["period"].astype(str) == period]
            band = np.rint((rows["band_lower_m"].to_numpy(float) - low) / step).astype(int)
            area, error = np.zeros(len(edges) - 1), np.zeros(len(edges) - 1)
            area[band], error[band] = rows["area_km2"], rows["uncertainty_km2"]
            axes.stairs(
                area + error, edges, baseline=np.maximum(area - error, 0), orientation="horizontal", fill=True,
                color=colour, alpha=0.25, lw=0, zorder=2,
            )  # fmt: skip
            axes.stairs(area, edges, baseline=None, orientation="horizontal", color=colour, lw=1.3, zorder=3)
        axes.set_xlim(left=0)
    axes.set_xlabel("area by band, km²", fontsize=9)
    _plain(axes)


def change_colours(known: pd.DataFrame, change: str, error: str) -> list[str]:
    """Return the colour of each change: loss, gain, or grey where it is no larger than its error."""
    values, errors = known[change].to_numpy(float), known[error].to_numpy(float)
    significant = ~(np.abs(values) <= errors) & np.isfinite(values)
    return [(LOSS if value < 0 else GAIN) if large else NONE for value, large in zip(values, significant, strict=True)]


def change_handles(colours: list[str], prefix: str = "") -> list[Patch]:
    """Return the entries of the legend for the colours that occur, each with a prefix."""
    words = ((LOSS, "loss"), (GAIN, "gain"), (NONE, "change within its error"))
    return [Patch(fc=colour, label=f"{prefix}{label}") for colour, label in words if colour in colours]


def without_class(table: pd.DataFrame, column: str, periods: tuple[str, ...], words: str) -> str:
    """Return in words how much ground of each period has no class; nothing where there is none."""
    found = []
    for period in periods:
        rows = table[table["period"].astype(str) == period]
        area = float(rows.loc[rows[column].isna(), "area_km2"].sum())
        whole = float(rows["area_km2"].sum())
        if whole > 0 and area / whole > 5e-4:
            found.append(f"{period}: {area:.3g} km² ({100 * area / whole:.1f} %) {words}, not shown")
    return "; ".join(found)


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="both", color="#d5dde4", lw=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=9)
