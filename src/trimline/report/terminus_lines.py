"""Termini of all dates at one glacier, over an image where there is one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import Normal, withStroke
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from odc.geo.warp import rio_reproject
from pyproj import Transformer

from trimline.coordinate_systems import is_in_metres
from trimline.errors import ChangeError, GridError
from trimline.files import StrPath
from trimline.report.change_figures import save_figure
from trimline.report.map_frame import (
    INK,
    MapFrame,
    draw_lines,
    drawable,
    frame_around,
    within,
    write_words,
)
from trimline.report.period_colours import Colour, colour_of_year, colours_of, periods_of
from trimline.reprojecting import reprojected

_NONE = "#8b97a3"
"""Colour of measuring lines on white, and of termini without a date."""
_NAMED_PERIODS = 12
"""Dates up to which each has an entry in the key; more have a colour bar."""
_ZOOM = 0.2
"""Margin around changed ground, as a share of its extent."""
_HALO = (withStroke(linewidth=2.2, foreground="#ffffffb0"), Normal())
"""Pale edge of lines over an image."""
_AROUND = 0.75
"""Ground shown around the arrows of a terminus, as a share of their extent."""
_RIMS_M = (40.0, 1.0)
"""Changed ground narrower than this is no terminus but a rim drawn anew [m]; where all is narrower, the second."""
_MOST_PIXELS = 2000
"""Pixels of an image on the side of a picture; finer ones are left out."""
_SMALLEST_M = 1000.0
"""Smallest side of a picture of termini [m]."""


def draw_terminus_lines(
    stem: StrPath,
    termini: gpd.GeoDataFrame,
    *,
    image: NDArray[np.uint8] | None = None,
    geobox: GeoBox | None = None,
    measuring_lines: gpd.GeoDataFrame | None = None,
    arrows: gpd.GeoDataFrame | None = None,
    title: str = "",
) -> list[Path]:
    """Write the termini of all dates at one glacier, over an image where there is one.

    Up to twelve dates have an entry in the key, from violet (first) to orange (last); more have a colour bar.

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
    arrows
        Rows of `trimline.glaciers.terminus_change` for this glacier: their arrows from terminus to terminus are drawn,
        and the picture shows what lies around them. Without any it shows lines whole, and of polygons the largest
        piece of ground that changed.
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
    there = drawable(termini)
    if not len(there):
        return write_words(stem, "no terminus")
    frame = _frame_of_termini(there, geobox, arrows)
    named = len(periods_of(there)) <= _NAMED_PERIODS and ("period" in there.columns or "src_year" not in there.columns)
    figure = Figure(figsize=(6.4, (5.7 if named else 4.6) * frame.ratio + 1.2), layout="constrained")
    axes = figure.add_subplot()
    if image is not None and geobox is not None:
        _draw_image(axes, frame, image, geobox)
    if measuring_lines is not None and len(measuring_lines):
        thin: dict[str, Any] = {"color": "white" if image is not None else _NONE, "linewidth": 0.6, "alpha": 0.9}
        draw_lines(axes, frame.shapes(measuring_lines), zorder=2, **thin)
    handles = _draw_dates(figure, axes, frame, there, named)
    style: dict[str, Any] = {
        "arrowstyle": "-|>",
        "color": INK,
        "lw": 1.4,
        "shrinkA": 0,
        "shrinkB": 0,
        "path_effects": _HALO,
    }
    drawn = _arrows_of(arrows)
    for line in frame.shapes(drawn):
        ends = shapely.get_coordinates(line)
        axes.annotate("", xy=ends[-1], xytext=ends[0], arrowprops=style, zorder=4)
    if len(drawn):
        handles.append(Line2D([], [], color=INK, lw=1.4, marker=">", ms=5, label="typical change of the terminus"))
    if handles:
        figure.legend(handles=handles, loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    frame.finish(axes)
    axes.set_title(title, loc="left", fontsize=10)
    return save_figure(figure, Path(stem))


def _draw_dates(figure: Figure, axes: Axes, frame: MapFrame, termini: gpd.GeoDataFrame, named: bool) -> list[Line2D]:
    """Draw the termini, coloured by date; return the entries of the legend."""
    if named or "src_year" not in termini.columns:
        periods = periods_of(termini)
        keys = termini["period"].astype(str)
        handles = []
        for period, colour in colours_of(periods).items():
            of_date = frame.shapes(termini if period == "" else termini[keys == period])
            draw_lines(axes, of_date, color=colour, linewidth=1.2, path_effects=_HALO, zorder=3)
            if period:
                handles.append(Line2D([], [], color=colour, lw=1.8, label=period))
        return handles
    years = termini["src_year"].to_numpy(float)
    first, last = float(np.nanmin(years)), float(np.nanmax(years))
    for row in np.argsort(years, kind="stable"):
        of_year: Colour | str = colour_of_year(float(years[row]), first, last) if np.isfinite(years[row]) else _NONE
        draw_lines(axes, frame.shapes(termini.iloc[[row]]), color=of_year, linewidth=0.8, zorder=3)
    scale = ListedColormap([colour_of_year(share, 0.0, 1.0) for share in np.linspace(0.0, 1.0, 256)])
    mappable = ScalarMappable(Normalize(first, last), scale)
    figure.colorbar(mappable, ax=axes, shrink=0.7, label="date, decimal year", format="%.6g")
    return []


def _frame_of_termini(termini: gpd.GeoDataFrame, geobox: GeoBox | None, arrows: gpd.GeoDataFrame | None) -> MapFrame:
    """Return the frame: in the CRS of the image where that is in metres, else in an equal-area plane."""
    plane = frame_around(termini).crs
    if geobox is not None and geobox.crs is not None and is_in_metres(geobox.crs.proj):
        plane = geobox.crs.proj
    there = reprojected(termini, plane)
    extent = there.total_bounds
    polygonal = there.geom_type.str.endswith("Polygon")
    drawn = _arrows_of(arrows)
    if len(drawn):
        west, south, east, north = reprojected(drawn, plane).total_bounds
        half = _AROUND * max(east - west, north - south)
        extent = (west - half, south - half, east + half, north + half)
    elif polygonal.all():
        shapes = shapely.make_valid(there.dissolve(_dates(there)).geometry.to_numpy())
        changed = shapely.difference(shapely.union_all(shapes), shapely.intersection_all(shapes))
        for width in _RIMS_M:
            pieces = shapely.get_parts(shapely.buffer(changed, -width / 2))
            if shapely.area(pieces).sum() > 0:
                extent = pieces[np.argmax(shapely.area(pieces))].bounds
                break
    west, south, east, north = extent
    side = max(east - west, north - south, _SMALLEST_M)
    x, y = (west + east) / 2, (south + north) / 2
    half_x, half_y = (max(each, 0.5 * side) / 2 for each in (east - west, north - south))
    return within(plane, (x - half_x, y - half_y, x + half_x, y + half_y), margin=_ZOOM, strip=True)


def _arrows_of(arrows: gpd.GeoDataFrame | None) -> gpd.GeoSeries:
    """Return the arrows that have a length."""
    if arrows is None:
        return gpd.GeoSeries([], crs=4326)
    return drawable(arrows).geometry


def _dates(table: gpd.GeoDataFrame) -> NDArray[np.object_]:
    key = "period" if "period" in table.columns else "src_year"
    dates: NDArray[np.object_] = table[key].astype(str).to_numpy(object)
    return dates


def _draw_image(axes: Axes, frame: MapFrame, image: NDArray[np.uint8], geobox: GeoBox) -> None:
    """Draw the part of an image within the frame, on a grid of the frame's CRS."""
    west, south, east, north = (1e3 * each for each in frame.bounds_km)
    to_map = Transformer.from_crs(str(geobox.crs), frame.crs, always_xy=True)
    left, bottom, right, top = to_map.transform_bounds(*geobox.boundingbox.bbox)
    pixel = max(max(right - left, top - bottom) / max(geobox.shape), (east - west) / _MOST_PIXELS)
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
