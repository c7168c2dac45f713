"""Figures of termini: a map with an arrow for the change of each, and the termini of all dates at one glacier.

Each is written as PNG for screens and SVG for papers; the same numbers give the same bytes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import Normal, withStroke
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from odc.geo.warp import rio_reproject

from trimline.errors import ChangeError, GridError
from trimline.files import StrPath
from trimline.report.change_figures import save_figure
from trimline.report.map_frame import (
    GROUND,
    INK,
    MapFrame,
    draw_lines,
    draw_polygons,
    frame_around,
    within,
    write_words,
)

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
_TRUE_INCHES = 0.15
"""Length on the page from which on arrows have the scale of the map [inch]."""
_NAMED_PERIODS = 12
"""Dates up to which each has an entry in the key; more have a colour bar."""
_ZOOM = 0.35
"""Margin around changed ground, as a share of its extent."""
_SMALLEST_M = 600.0
"""Smallest side of a picture of termini [m]."""


def draw_retreat_map(
    stem: StrPath, changes: gpd.GeoDataFrame, outlines: gpd.GeoDataFrame, *, method: str | None = None
) -> list[Path]:
    """Write a map of glaciers with an arrow at each terminus, as long as the terminus moved.

    Arrows have a scale of their own, which a key shows; those more than twice as long as the key's are cut and counted.

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
    shown = one_method(changes, method)
    if not len(shown) and not len(outlines):
        return write_words(stem, "no terminus was measured")
    frame = frame_around(outlines, shown[shown.geometry.notna()])
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


def one_method(changes: gpd.GeoDataFrame, method: str | None) -> gpd.GeoDataFrame:
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
    return changes if method is None else changes[changes["method"].astype(str) == method]


def periods_of(table: pd.DataFrame) -> list[str]:
    """Return the periods of a table in order of their years, or of rows; one without a name where it has none."""
    if "period" not in table.columns or not len(table):
        return [""]
    if "src_year" in table.columns and table["src_year"].notna().all():
        years = table.groupby(table["period"].astype(str), sort=False)["src_year"].mean()
        return [str(each) for each in years.sort_values(kind="stable").index]
    return list(dict.fromkeys(table["period"].astype(str)))


def _draw_arrows(axes: Axes, frame: MapFrame, shown: gpd.GeoDataFrame, map_inches: float) -> list[Line2D | Patch]:
    """Draw the arrows and their key; return the entries of the legend."""
    known = shown[shown["status"].isin(("retreat", "advance")) & shown.geometry.notna()]
    known = known[~known.geometry.is_empty]
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
    scale: dict[str, Any] = {"units": "inches", "scale_units": "inches", "scale": typical / longest}
    if to_scale:
        scale = {"units": "inches", "scale_units": "x", "scale": 1e3}
    retreats = known["status"].to_numpy() == "retreat"
    order = np.lexsort((-metres, ~retreats))  # the fewer advances on top, and short arrows above long ones
    width = float(np.clip(0.045 * longest, 0.009, 0.02))
    arrows = axes.quiver(
        *starts[order].T, *vectors[order].T, color=np.where(retreats, _RETREAT, _ADVANCE)[order], angles="uv",
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
    arrow = status.isin(("retreat", "advance")) & shown.geometry.notna()
    inside = gpd.GeoSeries(outlines.representative_point().to_numpy(), outlines["glac_id"].astype(str), outlines.crs)
    for words, marker, colour, face in (
        ("no change", "o", _NONE, _NONE),
        ("vanished", "x", GROUND, GROUND),
        ("appeared", "+", _ADVANCE, _ADVANCE),
        ("other", "o", GROUND, "white"),
    ):
        these = ~arrow & (
            (status == words) if words != "other" else ~status.isin(("no change", "vanished", "appeared"))
        )
        if not these.any():
            continue
        at = inside[~inside.index.duplicated()].reindex(shown.loc[these, "glac_id"].astype(str))
        there = at[at.notna() & ~at.is_empty]
        xy = shapely.get_coordinates(frame.shapes(gpd.GeoSeries(there, crs=outlines.crs)))
        size = 16 if len(shown) <= _MANY else 6
        edge = {"edgecolors": colour} if marker == "o" else {}
        axes.scatter(*xy.T, s=size, marker=marker, c=face, lw=0.8, zorder=4, **edge)
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


def draw_terminus_lines(
    stem: StrPath,
    termini: gpd.GeoDataFrame,
    *,
    image: NDArray[np.uint8] | None = None,
    geobox: GeoBox | None = None,
    measuring_lines: gpd.GeoDataFrame | None = None,
    bounds: tuple[float, float, float, float] | None = None,
    title: str = "",
) -> list[Path]:
    """Write the termini of all dates at one glacier, over an image where there is one.

    Up to twelve dates have an entry in the key, from violet (first) to yellow (last); more have a colour bar.

    Parameters
    ----------
    stem
        The files without their suffixes; `.png` and `.svg` are written.
    termini
        Polygons or digitised lines in any CRS, of all dates: `period` or `src_year` (decimal year), or both.
    image
        (h, w, 3 or 4) red, green, blue and opacity, as `false_colour` returns it; None draws on white.
    geobox
        Grid of the image.
    measuring_lines
        Lines drawn thin below the termini: a flow line, the lines of the main-axis method, a box.
    bounds
        West, south, east and north of the picture in the CRS of `termini`; None shows lines whole, and of polygons the
        largest piece of ground that changed.
    title
        Title above the picture.

    Raises
    ------
    ChangeError
        There is neither `period` nor `src_year`.
    GridError
        An image without its grid, or of another shape.
    """
    if "period" not in termini.columns and "src_year" not in termini.columns:
        raise ChangeError("the termini have no dates", remedy="give a column 'period' or 'src_year'")
    if image is not None and (geobox is None or tuple(geobox.shape) != image.shape[:2]):
        raise GridError(
            f"an image of shape {image.shape[:2]} does not lie on the grid {geobox and tuple(geobox.shape)}",
            remedy="give the grid that the image was read on",
        )
    there = termini[termini.geometry.notna()]
    there = there[~there.geometry.is_empty]
    if not len(there):
        return write_words(stem, "no terminus")
    frame = _frame_of_termini(there, geobox, bounds)
    figure = Figure(figsize=(6.4, 5.7 * frame.ratio + 1.2), layout="constrained")
    axes = figure.add_subplot()
    if image is not None and geobox is not None:
        _draw_image(axes, frame, image, geobox)
    if measuring_lines is not None and len(measuring_lines):
        thin = {"color": "white" if image is not None else _NONE, "linewidth": 0.6, "alpha": 0.9}
        draw_lines(axes, frame.shapes(measuring_lines), zorder=2, **thin)
    _draw_dates(figure, axes, frame, there)
    frame.finish(axes)
    axes.set_title(title, loc="left", fontsize=10)
    return save_figure(figure, Path(stem))


def _draw_dates(figure: Figure, axes: Axes, frame: MapFrame, termini: gpd.GeoDataFrame) -> None:
    periods = periods_of(termini) if "period" in termini.columns else []
    named = 0 < len(periods) <= _NAMED_PERIODS
    halo = [withStroke(linewidth=2.2, foreground="#ffffffb0"), Normal()]
    if named or "src_year" not in termini.columns:
        colours = colormaps["plasma"](np.linspace(0.05, 0.97 if len(periods) > 1 else 0.05, max(len(periods), 1)))
        keys = termini["period"].astype(str)
        handles = []
        for colour, period in zip(colours, periods, strict=False):
            draw_lines(
                axes, frame.shapes(termini[keys == period]), color=colour, linewidth=1.2, path_effects=halo, zorder=3
            )
            handles.append(Line2D([], [], color=colour, lw=1.8, label=period))
        if handles and any(handle.get_label() for handle in handles):
            figure.legend(handles=handles, loc="outside lower center", ncols=6, frameon=False, fontsize=9)
        return
    years = termini["src_year"].to_numpy(float)
    norm = Normalize(np.nanmin(years), np.nanmax(years))
    for row in np.argsort(years, kind="stable"):
        colour = colormaps["plasma"](0.05 + 0.92 * norm(years[row])) if np.isfinite(years[row]) else _NONE
        draw_lines(axes, frame.shapes(termini.iloc[[row]]), color=colour, linewidth=0.8, zorder=3)
    mappable = ScalarMappable(norm, ListedColormap(colormaps["plasma"](np.linspace(0.05, 0.97, 256))))
    figure.colorbar(mappable, ax=axes, shrink=0.7, label="date, decimal year", format="%.6g")


def _frame_of_termini(
    termini: gpd.GeoDataFrame, geobox: GeoBox | None, bounds: tuple[float, float, float, float] | None
) -> MapFrame:
    """Return the frame: in the CRS of the image where that is in metres, else in an equal-area plane."""
    plane = frame_around(termini).crs
    if geobox is not None and geobox.crs is not None and geobox.crs.projected and geobox.crs.units[0] == "metre":
        plane = geobox.crs.proj
    if bounds is not None:
        corners = gpd.GeoSeries([shapely.box(*bounds)], crs=termini.crs).segmentize((bounds[2] - bounds[0]) / 16)
        return within(plane, tuple(corners.to_crs(plane).total_bounds), margin=0.0)
    there = termini.to_crs(plane)
    extent = there.total_bounds
    polygonal = there.geom_type.str.endswith("Polygon")
    if polygonal.all():
        shapes = shapely.make_valid(there.dissolve(_dates(there)).geometry.to_numpy())
        changed = shapely.difference(shapely.union_all(shapes), shapely.intersection_all(shapes))
        pieces = shapely.get_parts(changed)
        extent = pieces[np.argmax(shapely.area(pieces))].bounds if len(pieces) else extent
    west, south, east, north = extent
    side = max(east - west, north - south, _SMALLEST_M)
    x, y = (west + east) / 2, (south + north) / 2
    half_x, half_y = (max(each, 0.5 * side) / 2 for each in (east - west, north - south))
    return within(plane, (x - half_x, y - half_y, x + half_x, y + half_y), margin=_ZOOM, strip=True)


def _dates(table: gpd.GeoDataFrame) -> NDArray[np.object_]:
    key = "period" if "period" in table.columns else "src_year"
    return table[key].astype(str).to_numpy(object)


def _draw_image(axes: Axes, frame: MapFrame, image: NDArray[np.uint8], geobox: GeoBox) -> None:
    """Draw the part of an image within the frame, on a grid of the frame's CRS."""
    west, south, east, north = (1e3 * each for each in frame.bounds_km)
    footprint = geobox.footprint(str(frame.crs), npoints=16).boundingbox
    pixel = max(max(footprint.span_x, footprint.span_y) / max(geobox.shape), (east - west) / 2000)
    grid = GeoBox.from_bbox((west, south, east, north), crs=frame.crs.to_wkt(), resolution=pixel, tight=True)
    bands = np.moveaxis(image, -1, 0)
    if len(bands) == 3:
        bands = np.concatenate([bands, np.full((1, *geobox.shape), 255, np.uint8)])
    warped = np.zeros((4, *grid.shape), np.uint8)
    for band, target in zip(bands, warped, strict=True):
        rio_reproject(np.ascontiguousarray(band), target, geobox, grid, "nearest", dst_nodata=0)
    extent = (west / 1e3, east / 1e3, south / 1e3, north / 1e3)
    axes.set_facecolor("#202428")
    axes.imshow(np.moveaxis(warped, 0, -1), extent=extent, interpolation="nearest", zorder=0)
