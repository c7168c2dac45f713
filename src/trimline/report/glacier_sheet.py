"""Sheet of one glacier on a page: outlines of all dates, flow line, attributes, area by elevation, area and terminus.

It is written as PNG for screens and SVG for papers; the same numbers give the same bytes.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from trimline.errors import ChangeError
from trimline.files import StrPath
from trimline.report.change_figures import save_figure
from trimline.report.hypsometry_figures import draw_band_areas, without_class
from trimline.report.map_frame import GROUND, INK, draw_lines, draw_polygons, drawable, frame_around
from trimline.report.period_colours import Colour, colours_of, periods_of
from trimline.reprojecting import in_degrees

_PAGE = (8.27, 11.69)
"""Width and height of A4 [inch]."""
_MEASURED = "#1d6fa5"
_PALE = "#eef3f7"
_GREY = "#d5dde4"

ATTRIBUTES: Mapping[str, tuple[str, str]] = {
    "area_km2": ("area, km²", ".3f"),
    "zmin_m": ("lowest point, m", ".0f"),
    "zmax_m": ("highest point, m", ".0f"),
    "zmed_m": ("median elevation, m", ".0f"),
    "zmean_m": ("mean elevation, m", ".0f"),
    "slope_deg": ("mean slope, °", ".1f"),
    "aspect_deg": ("mean aspect, °", ".0f"),
    "lmax_m": ("length of the flow line, m", ".0f"),
    "termlat": ("terminus, latitude, °", ".4f"),
    "termlon": ("terminus, longitude, °", ".4f"),
    "term_type": ("type of terminus", ""),
    "surge_type": ("surge type", ""),
    "o1region": ("RGI region, first order", ""),
    "o2region": ("RGI region, second order", ""),
    "src_date": ("date of the image", ""),
    "dem_share": ("share with heights", ".2f"),
    "dem_source": ("elevation model", ""),
}
"""Columns of the attributes that a sheet shows, in order, with their names and formats."""

_FEW_PERIODS = 6
"""Dates up to which outlines are drawn bold."""
_LONGEST_WORD = 16
"""Letters of a value in the table; longer ones are cut in the middle."""


@dataclass(frozen=True)
class GlacierTables:
    """Tables of all glaciers that sheets are drawn from; those that are None have no panel."""

    outlines: gpd.GeoDataFrame
    """Polygons in any CRS: `glac_id`, `period`, `src_year`, a row per glacier and period."""
    areas: pd.DataFrame | None = None
    """Of `trimline.change.glacier_areas`: `glac_id`, `period`, `src_year`, `area_km2`, `uncertainty_km2`."""
    attributes: pd.DataFrame | None = None
    """Of `trimline.glaciers.attributes`: `glac_id`, `period` (where there are several) and columns of `ATTRIBUTES`."""
    flow_lines: gpd.GeoDataFrame | None = None
    """Of `trimline.glaciers.flow_lines`, with `period` where there are several: lines from head to terminus."""
    hypsometry: pd.DataFrame | None = None
    """Of `trimline.glaciers.hypsometry`: `glac_id`, `period`, `band_lower_m`, `band_upper_m`, `area_km2` and
    `uncertainty_km2`."""
    termini: pd.DataFrame | None = None
    """Of `trimline.glaciers.terminus.terminus_series`: `glac_id`, `method`, `date`, `retreat_m` since the first."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Names of glaciers by id, where they have one."""


def draw_glacier_sheet(stem: StrPath, glacier: str, tables: GlacierTables) -> list[Path]:
    """Write the sheet of one glacier.

    Parameters
    ----------
    stem
        The files without their suffixes; `.png` and `.svg` are written.
    glacier
        Its `glac_id`.
    tables
        Tables that hold it, and others.

    Raises
    ------
    ChangeError
        There is no outline of the glacier at any date.
    """
    own = drawable(_rows(tables.outlines, glacier))
    if not len(own):
        raise ChangeError("there is no outline of this glacier", where=glacier, remedy="give an id of the outlines")
    periods = periods_of(tables.outlines)
    there = [each for each in periods if each == "" or (own["period"].astype(str) == each).any()]
    colours = colours_of(periods)
    figure = Figure(figsize=_PAGE, layout="constrained")
    panels, heights = _panels(glacier, tables)
    axes = figure.subplot_mosaic(panels, height_ratios=heights)  # type: ignore[arg-type] # rows of names
    layout = figure.get_layout_engine()
    if layout is not None:
        layout.set(w_pad=0.12, h_pad=0.1)  # type: ignore[call-arg] # of constrained layout
    name = tables.names.get(glacier, "")
    point = in_degrees(own.geometry.representative_point()).iloc[-1]
    place = f"{abs(point.y):.4f}° {'N' if point.y >= 0 else 'S'}, {abs(point.x):.4f}° {'E' if point.x >= 0 else 'W'}"
    figure.suptitle(
        f"{name} ({glacier})" if name else glacier, x=0.02, ha="left", fontsize=15, fontweight="bold", color=INK
    )
    missing = [each for each in periods if each not in there]
    _draw_map(axes["map"], own, _of(tables.flow_lines, glacier), colours, missing)
    series = _of(tables.termini, glacier)
    bars = "" if series is None else "; error bars of the terminus: half a pixel"
    figure.supxlabel(f"a point on the glacier: {place}{bars}", x=0.02, ha="left", fontsize=8, color=GROUND)
    if "table" in axes:
        _draw_table(axes["table"], _of(tables.attributes, glacier), periods)
    if "bands" in axes:
        _draw_bands(axes["bands"], _of(tables.hypsometry, glacier), colours, there)
    if "areas" in axes:
        _draw_area_series(axes["areas"], _of(tables.areas, glacier), tables.outlines, missing)
    if "termini" in axes:
        _draw_termini(axes["termini"], series)
    return save_figure(figure, Path(stem))


def _panels(glacier: str, tables: GlacierTables) -> tuple[list[list[str]], list[float]]:
    """Return the panels of a sheet row by row, and heights of the rows; a row of which nothing is known is left out."""
    rows: list[tuple[list[tuple[str, object]], float]] = [
        ([("table", tables.attributes), ("bands", tables.hypsometry)], 1.55),
        ([("areas", tables.areas), ("termini", tables.termini)], 1.0),
    ]
    panels, heights = [["map", "map"]], [2.1]
    for pair, height in rows:
        known = [name for name, table in pair if _of(table, glacier) is not None]
        if known:
            panels.append([known[0], known[-1]])
            heights.append(height)
    return panels, heights


def _rows(table: Any, glacier: str) -> Any:
    return table[table["glac_id"].astype(str) == glacier]


def _of(table: Any, glacier: str) -> Any:
    """Return the rows of a glacier; None where there is no table, or none of its rows."""
    if table is None:
        return None
    rows = _rows(table, glacier)
    return rows if len(rows) else None


def _empty(axes: Axes, words: str) -> None:
    axes.set_axis_off()
    axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center", fontsize=9, color=GROUND)


def _draw_map(
    axes: Axes,
    own: gpd.GeoDataFrame,
    flow: gpd.GeoDataFrame | None,
    colours: Mapping[str, Colour],
    missing: Sequence[str],
) -> None:
    frame = frame_around(own)
    handles: list[Line2D] = []
    width = 1.1 if len(colours) <= _FEW_PERIODS else 0.6
    for period in [each for each in colours if each not in missing]:
        shapes = frame.shapes(own if period == "" else own[own["period"].astype(str) == period])
        if not handles:
            draw_polygons(axes, shapes, facecolor=_PALE, edgecolor="none", zorder=1)
        draw_lines(axes, shapes, color=colours[period], linewidth=width, zorder=3)
        handles.append(Line2D([], [], color=colours[period], lw=1.6, label=period or "outline"))
    if flow is not None:
        last = periods_of(flow)[-1]
        lines = flow if last == "" else flow[flow["period"].astype(str) == last]
        lines = drawable(lines)
        if len(lines):
            draw_lines(axes, frame.shapes(lines), color=_MEASURED, linewidth=1.3, linestyle="--", zorder=4)
            handles.append(Line2D([], [], color=_MEASURED, lw=1.3, ls="--", label=f"flow line {last}".strip()))
    if missing:
        words = textwrap.fill(f"no outline in {', '.join(missing)}", 60)
        handles.append(Line2D([], [], ls="", marker="x", color=INK, label=words))
    frame.finish(axes)
    axes.legend(handles=handles, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=6, frameon=False, fontsize=8)


def _draw_table(axes: Axes, attributes: pd.DataFrame, periods: Sequence[str]) -> None:
    axes.set_axis_off()
    order = {period: number for number, period in enumerate(periods)}
    named = periods_of(attributes)
    named = sorted(named, key=lambda each: order.get(each, len(order)))
    shown = list(dict.fromkeys([named[0], named[-1]]))
    rows = [attributes if each == "" else attributes[attributes["period"].astype(str) == each] for each in shown]
    lines = []
    for column, (words, form) in ATTRIBUTES.items():
        if column in attributes.columns and attributes[column].notna().any():
            lines.append((words, [_value(row[column].iloc[0], form) for row in rows]))
    at = [0.80, 1.0] if len(shown) > 1 else [1.0]
    height = 1 / (max(len(lines), 12) + 1)
    for x, period in zip(at, shown, strict=True):
        axes.text(x, 1 - height / 2, period, ha="right", va="center", fontsize=8.5, fontweight="bold", color=INK)
    axes.text(0, 1 - height / 2, "attributes", ha="left", va="center", fontsize=8.5, fontweight="bold", color=INK)
    for number, (words, values) in enumerate(lines, start=1):
        y = 1 - (number + 0.5) * height
        axes.plot([0, 1], [y + height / 2] * 2, color=_GREY, lw=0.6, clip_on=False)
        axes.text(0, y, words, ha="left", va="center", fontsize=8, color=INK)
        if len(set(values)) == 1 and len(values[0]) > 8:
            values = [*[""] * (len(values) - 1), values[0]]
        for x, value in zip(at, values, strict=True):
            axes.text(x, y, value, ha="right", va="center", fontsize=8, color=INK)
    axes.set(xlim=(0, 1), ylim=(0, 1))


def _value(value: object, form: str) -> str:
    if value is None or value is pd.NA or (isinstance(value, float | np.floating) and not np.isfinite(value)):
        return "–"
    if form:
        return format(float(value), form).replace("-", "−")  # type: ignore[arg-type] # a number: it has a format
    words = value.date().isoformat() if isinstance(value, pd.Timestamp) else str(value)
    half = _LONGEST_WORD // 2
    return words if len(words) <= _LONGEST_WORD else f"{words[:half]}…{words[-half + 1 :]}"


def _draw_bands(
    axes: Axes,
    bands: pd.DataFrame,
    colours: Mapping[str, Colour],
    there: Sequence[str],
) -> None:
    if not bands["band_lower_m"].notna().any():
        _empty(axes, "no heights on this glacier")
        return
    named = bands if "period" in bands.columns else bands.assign(period="")
    shown = [each for each in periods_of(named) if each in colours] or [""]
    ends = list(dict.fromkeys([shown[0], shown[-1]]))
    draw_band_areas(axes, named, {each: colours.get(each, INK) for each in ends})
    axes.set_ylabel("elevation, m", fontsize=9)
    axes.tick_params(labelsize=8)
    title = f"area by elevation, {' and '.join(ends)}" if any(ends) else "area by elevation"
    axes.set_title(title, loc="left", fontsize=9)
    words = without_class(named, "band_lower_m", tuple(ends), "without height")
    if words:
        axes.text(0.99, 0.99, words.replace("; ", "\n"), transform=axes.transAxes, ha="right", va="top", fontsize=7)


def _draw_area_series(axes: Axes, areas: pd.DataFrame, outlines: gpd.GeoDataFrame, missing: Sequence[str]) -> None:
    table = areas.sort_values("src_year")
    axes.errorbar(
        table["src_year"], table["area_km2"], table["uncertainty_km2"], fmt="o-", ms=4, lw=1, capsize=2.5,
        color=_MEASURED, zorder=3,
    )  # fmt: skip
    last = float(table["src_year"].max())
    if "src_year" in outlines.columns and missing:
        years = outlines.groupby(outlines["period"].astype(str))["src_year"].mean().reindex(list(missing))
        gone = years[years > last].to_numpy(float)
        if len(gone):
            axes.plot(gone, np.zeros(len(gone)), "x", color=INK, ms=6, mew=1.4, label="no outline", clip_on=False)
            axes.legend(loc="upper right", frameon=False, fontsize=8)
    if len(table) == 1 and not missing:
        axes.set_xlim(last - 5, last + 5)
    axes.set_ylim(bottom=0)
    _plain(axes, "glacier area, km²")


def _draw_termini(axes: Axes, series: pd.DataFrame) -> None:
    """Draw the advance (up) and retreat (down) of the terminus since the first date, by the first method or several."""
    known = series[series["retreat_m"].notna()]
    if not len(known):
        _empty(axes, "no series of the terminus")
        return
    if known["date"].nunique() < 2:
        gone = series.loc[series["status"] == "vanished", "date"] if "status" in series.columns else []
        words = "the terminus was measured at one date"
        _empty(axes, f"{words};\nvanished by {decimal_years(gone).min():.6g}" if len(gone) else words)
        return
    methods = list(dict.fromkeys(known["method"].astype(str)))
    palette = colormaps["viridis"](np.linspace(0.0, 0.85, len(methods))) if len(methods) > 1 else [_MEASURED]
    markers = "os^Dv"
    for number, (method, colour) in enumerate(zip(methods, palette, strict=True)):
        rows = known[known["method"].astype(str) == method]
        error = rows["half_pixel_error_m"].to_numpy(float)
        axes.errorbar(
            decimal_years(rows["date"]), -rows["retreat_m"], np.where(rows["retreat_m"] == 0, np.nan, error),
            fmt=f"{markers[number % 5]}-", ms=3.5, lw=1, capsize=2, color=colour, label=method.replace("_", " "),
        )  # fmt: skip
    axes.axhline(0, color=INK, lw=0.6)
    axes.legend(loc="best", frameon=False, fontsize=7.5)
    _plain(axes, "terminus since the first date, m\n(retreat negative)")


def decimal_years(dates: pd.Series) -> NDArray[np.float64]:
    """Return dates, or numbers that are years already, as decimal years."""
    if pd.api.types.is_numeric_dtype(dates):
        numbers: NDArray[np.float64] = dates.to_numpy(np.float64)
        return numbers
    moments = pd.to_datetime(dates, utc=True, format="mixed")
    start = pd.to_datetime(moments.dt.year.astype(str) + "-01-01", utc=True)
    length = np.where(moments.dt.is_leap_year, 366.0, 365.0)
    years: NDArray[np.float64] = np.asarray(
        moments.dt.year + (moments - start).dt.total_seconds() / 86_400 / length, np.float64
    )
    return years


def _plain(axes: Axes, label: str) -> None:
    axes.set_ylabel(label, fontsize=9)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))
    axes.ticklabel_format(style="plain", useOffset=False)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color=_GREY, lw=0.6)
    axes.tick_params(labelsize=8)
