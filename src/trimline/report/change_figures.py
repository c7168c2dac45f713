"""Figures of a time series: areas with their errors and fitted lines, and outlines of all periods over an image.

Both are written as PNG for screens and SVG for papers; the same numbers give the same bytes.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import matplotlib as mpl
import numpy as np
import pandas as pd
import shapely
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import get_font_names
from matplotlib.lines import Line2D
from matplotlib.text import Text
from odc.geo.geobox import GeoBox

from trimline.change import FitMethod, fit_rate
from trimline.errors import ChangeError
from trimline.files import StrPath, whole_file
from trimline.report.change_tables import parts_of
from trimline.report.composite import false_colour
from trimline.scenes import Scene

_LOG = logging.getLogger(__name__)

_MEASURED, _LINE, _TRUE, _FLAGGED = "#1d6fa5", "#c1272d", "#5b6b7a", "#c77700"
_COLUMNS = 2
_DOTS_PER_INCH = 150
FEWEST_FOR_LINE = 3
"""Areas from which a line is drawn: two areas lie on any line."""

_SIDE_M = 4000.0
"""Smallest side of a panel of outlines [m]."""
_FIRST_OF_EAST_ASIA = 0x2E80
"""Code point from which characters are Chinese, Japanese or Korean, which the default font lacks."""
_EAST_ASIAN_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Droid Sans Fallback",
    "PingFang SC",
    "Hiragino Sans GB",
    "Microsoft YaHei",
    "SimHei",
    "Malgun Gothic",
    "Arial Unicode MS",
)
_MARGIN = 0.25
"""Margin around the lost ground in a panel, as a share of its extent."""


def draw_area_series(
    stem: StrPath,
    totals: pd.DataFrame,
    titles: Mapping[str, str],
    *,
    breaks: Sequence[str] = (),
    method: FitMethod = "ols",
    truth: pd.DataFrame | None = None,
    flagged: Mapping[tuple[str, str], Sequence[str]] | None = None,
) -> list[Path]:
    """Write the areas of the region and its subregions over time, with error bars and fitted lines.

    Parameters
    ----------
    stem
        The files without their suffixes; `.png` and `.svg` are written.
    totals
        The table of `trimline.change.totals`.
    titles
        Titles of the parts.
    breaks
        Periods at which lines end and begin; a line through all areas is drawn too.
    method
        Method of the fitted lines.
    truth
        True areas of a simulated study: `level`, `part`, `src_year`, `true_km2`.
    flagged
        Periods that jump out, by level and part: they have an open mark, and a second line is fitted without them.
    """
    stem = Path(stem)
    shown = parts_of(totals)
    columns = 1 if len(shown) == 1 else _COLUMNS
    rows = math.ceil(len(shown) / columns)
    figure = Figure(figsize=(4.6 * columns, 2.9 * rows + 0.3), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for letter, axes, (level, part) in zip("abcdefghijklmnopqrstuvwxyz", panels, shown, strict=False):
        table = totals[(totals["level"] == level) & (totals["part"] == part)]
        _draw_areas(axes, table, breaks, method, (flagged or {}).get((level, part), ()))
        if truth is not None:
            true = truth[(truth["level"] == level) & (truth["part"] == part)]
            axes.plot(true["src_year"], true["true_km2"], "x", color=_TRUE, ms=5, mew=1.3, zorder=4)
        axes.set_title(f"({letter}) {titles.get(part, part)}", loc="left", fontsize=10)
    for axes in panels[len(shown) :]:
        axes.set_axis_off()
    figure.supylabel("glacier area, km²", fontsize=10)
    lined = {line.get_linestyle() for axes in panels for line in axes.lines}
    marked = any((flagged or {}).get(each) for each in shown)
    figure.legend(
        handles=_legend(breaks, truth, marked, lined),
        loc="outside lower center",
        ncols=2 if columns == 1 else 4,
        frameon=False,
        fontsize=9,
    )
    return save_figure(figure, stem)


def _draw_areas(
    axes: Axes, table: pd.DataFrame, breaks: Sequence[str], method: FitMethod, flagged: Sequence[str]
) -> None:
    years, areas, errors = (table[key].to_numpy(float) for key in ("src_year", "area_km2", "uncertainty_km2"))
    order = list(table["period"])
    off = np.isin(order, list(flagged))
    for some, colour, face in ((~off, _MEASURED, _MEASURED), (off, _FLAGGED, "white")):
        axes.errorbar(
            years[some], areas[some], errors[some], fmt="o", ms=4, lw=1, capsize=2.5, color=colour, mfc=face, zorder=3
        )
    if off.any() and (np.isfinite(areas) & ~off).sum() >= FEWEST_FOR_LINE:
        fit = fit_rate(years[~off], areas[~off], errors[~off], method)
        axes.plot(years[[0, -1]], fit.area_km2(years[[0, -1]]), color=_FLAGGED, lw=1.3, zorder=2)
        axes.annotate(
            f"{fit.rate_km2_per_a:+.3g} km² a⁻¹ without", (0.97, 0.84), xycoords="axes fraction", ha="right", va="top",
            fontsize=9, color=_FLAGGED,
        )  # fmt: skip
    ends = [0, *(order.index(each) for each in breaks if each in order), len(order) - 1]
    pieces = [(0, len(order) - 1, "--", 1.3)]
    pieces += [(i, j, ":", 1.6) for i, j in pairwise(ends)] if len(ends) > 2 else []
    for first, last, style, width in pieces:
        piece = slice(first, last + 1)
        if np.isfinite(areas[piece]).sum() < FEWEST_FOR_LINE:
            continue
        try:
            fit = fit_rate(years[piece], areas[piece], errors[piece], method)
        except ChangeError:
            continue  # areas of one year, or an error of 0
        at = np.array([years[first], years[last]])
        axes.plot(at, fit.area_km2(at), style, color=_LINE, lw=width, zorder=2)
        if style == "--":
            axes.annotate(
                f"{fit.rate_km2_per_a:+.3g} km² a⁻¹", (0.97, 0.94), xycoords="axes fraction", ha="right", va="top",
                fontsize=9, color=_LINE,
            )  # fmt: skip
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#d5dde4", lw=0.6)
    axes.tick_params(labelsize=9)


def _legend(breaks: Sequence[str], truth: pd.DataFrame | None, flagged: bool, lined: set[object]) -> list[Line2D]:
    """Return the entries of what is drawn; `lined` holds the styles of its lines."""
    handles = [Line2D([], [], color=_MEASURED, marker="o", ms=4, lw=1, label="area and uncertainty")]
    if "--" in lined:
        handles.append(Line2D([], [], color=_LINE, ls="--", lw=1.3, label="line through all periods"))
    if breaks and ":" in lined:
        handles.append(Line2D([], [], color=_LINE, ls=":", lw=1.6, label=f"broken at {', '.join(breaks)}"))
    if flagged:
        handles.append(
            Line2D([], [], color=_FLAGGED, marker="o", ms=4, mfc="white", lw=1.3, label="jumps out; line without these")
        )
    if truth is not None:
        handles.append(Line2D([], [], color=_TRUE, ls="", marker="x", ms=5, mew=1.3, label="true area"))
    return handles


@dataclass(frozen=True)
class Panel:
    """A panel of the figure of outlines."""

    title: str
    """Title above the panel."""
    scene: Scene
    """The image below the outlines."""
    bounds: tuple[float, float, float, float]
    """West, south, east and north in the CRS of the outlines [m]."""


def most_changed(outlines: gpd.GeoDataFrame, periods: Sequence[str]) -> tuple[str, tuple[float, float, float, float]]:
    """Return the glacier that lost most ground in one piece from the first to the last period, and a square around it.

    Parameters
    ----------
    outlines
        One row per glacier and period, projected in metres; the glaciers of the first period stand for all.
    periods
        In order of time.

    Returns
    -------
    tuple[str, tuple[float, float, float, float]]
        Its name, and west, south, east and north of the square [m].
    """
    first, last = (
        outlines[outlines["period"] == each].set_index("glac_id").geometry for each in (periods[0], periods[-1])
    )
    if first.empty:
        first = outlines.set_index("glac_id").geometry
    lost = first.difference(last.reindex(first.index).fillna(shapely.Polygon()), align=False).sort_index().explode()
    largest = int(np.argmax(lost.area.to_numpy()))
    name, piece = str(lost.index[largest]), lost.iloc[largest]
    x, y = piece.centroid.coords[0] if not piece.is_empty else first.iloc[0].representative_point().coords[0]
    west, south, east, north = piece.bounds if not piece.is_empty else (x, y, x, y)
    half = max(_SIDE_M / 2, (0.5 + _MARGIN) * max(east - west, north - south))
    return name, (x - half, y - half, x + half, y + half)


def within_image(
    bounds: tuple[float, float, float, float], scene: Scene, crs: str
) -> tuple[float, float, float, float]:
    """Move a square so that it lies within an image, a pixel from its edge; where that is small, show the whole [m]."""
    image = scene.geobox.footprint(crs, npoints=16).boundingbox.buffered(-float(abs(scene.geobox.resolution.x)))
    half = min(bounds[2] - bounds[0], max(image.span_x, image.span_y)) / 2
    moved = []
    for low, high, first, last in ((*bounds[::2], image.left, image.right), (*bounds[1::2], image.bottom, image.top)):
        inside = min(max((low + high) / 2, first + half), last - half)
        middle = inside if 2 * half <= last - first else (first + last) / 2
        moved.append((middle - half, middle + half))
    (west, east), (south, north) = moved
    return west, south, east, north


def draw_period_outlines(
    stem: StrPath, outlines: gpd.GeoDataFrame, periods: Sequence[str], panels: Sequence[Panel]
) -> list[Path]:
    """Write the outlines of all periods over images of the last one, from violet (first) to yellow (last).

    Parameters
    ----------
    stem
        The files without their suffixes; `.png` and `.svg` are written.
    outlines
        One row per glacier and period, projected in metres.
    periods
        In order of time.
    panels
        The panels, each with its image.
    """
    stem = Path(stem)
    columns = 1 if len(panels) == 1 else _COLUMNS
    rows = math.ceil(len(panels) / columns)
    figure = Figure(figsize=(4.8 * columns, 4.8 * rows + 0.8), layout="constrained")
    axes_of = figure.subplots(rows, columns, squeeze=False).ravel()
    colours = dict(zip(periods, colormaps["plasma"](np.linspace(0.05, 0.97, len(periods))), strict=True))
    for axes, panel in zip(axes_of, panels, strict=False):
        _draw_panel(axes, panel, outlines, colours)
    for axes in axes_of[len(panels) :]:
        axes.set_axis_off()
    handles = [Line2D([], [], color=colour, lw=1.6, label=period) for period, colour in colours.items()]
    figure.legend(handles=handles, loc="outside lower center", ncols=min(6, len(handles)), frameon=False, fontsize=9)
    return save_figure(figure, stem)


def _draw_panel(axes: Axes, panel: Panel, outlines: gpd.GeoDataFrame, colours: Mapping[str, np.ndarray]) -> None:
    west, south, east, north = panel.bounds
    grid = GeoBox.from_bbox(
        panel.bounds, crs=str(outlines.crs), resolution=abs(float(panel.scene.geobox.resolution.x)), tight=True
    )
    extent = (west / 1e3, east / 1e3, south / 1e3, north / 1e3)
    axes.imshow(false_colour(panel.scene, grid), extent=extent, interpolation="nearest")
    near = outlines.cx[west:east, south:north]
    for period, colour in colours.items():
        lines = near[near["period"] == period].boundary.affine_transform([1e-3, 0, 0, 1e-3, 0, 0])
        lines = lines[~lines.is_empty]
        if len(lines):
            lines.plot(ax=axes, color=colour, linewidth=0.9, aspect=None)
    axes.set(xlim=extent[:2], ylim=extent[2:], aspect="equal")
    axes.set_title(panel.title, loc="left", fontsize=10)
    axes.set_xlabel("easting, km", fontsize=9)
    axes.set_ylabel("northing, km", fontsize=9)
    axes.tick_params(labelsize=8)


def save_figure(figure: Figure, stem: StrPath) -> list[Path]:
    """Write a figure as PNG and SVG, the same bytes for the same figure; return both paths."""
    written, stem = [], Path(stem)
    _plain_words(figure)
    with _same_bytes():
        for suffix, metadata in ((".png", {"Software": None}), (".svg", {"Date": None, "Creator": None})):
            path = stem.with_suffix(suffix)
            with whole_file(path) as temporary:
                figure.savefig(temporary, dpi=_DOTS_PER_INCH, metadata=metadata)
            figure.set_layout_engine("none")  # laid out once, for both
            written.append(path)
    return written


def _plain_words(figure: Figure) -> None:
    """Draw names as they are: a dollar sign begins no formula, and characters come from any font that has them."""
    for text in figure.findobj(Text):
        words = text.get_text()
        if "$" in words and r"\mathdefault" not in words:
            text.set_parse_math(False)
        if any(ord(letter) >= _FIRST_OF_EAST_ASIA for letter in words):
            fonts = [name for name in _EAST_ASIAN_FONTS if name in set(get_font_names())]
            if fonts:
                text.set_fontfamily(["DejaVu Sans", *fonts])
            else:
                _warn_of_boxes(words)


@cache
def _warn_of_boxes(words: str) -> None:
    """Say once that a name cannot be drawn."""
    _LOG.warning("no font has the characters of '%s': PNG pictures show boxes, SVG ones the name", words)


@contextmanager
def _same_bytes() -> Iterator[None]:
    """Make the names within an SVG depend on its content alone."""
    with mpl.rc_context({"svg.hashsalt": "trimline", "svg.fonttype": "none"}):
        yield
