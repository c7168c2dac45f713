"""Main flow lines: from the head of a glacier to its terminus, inside its outline and around nunataks; their length.

A flow line is the longest way of `trimline.glaciers.routes`, smoothed, from the margin at its head to the margin at the
terminus: the lowest point along the margin. A glacier in several polygons gets the line of its largest one. Lines that
users have are taken instead where there are any, cut to the outline.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from scipy import ndimage
from shapely.ops import substring

from trimline.change.equal_area import centred_on, lengths_m, projected
from trimline.files import StrPath
from trimline.glaciers.elevation import ElevationModel, open_models
from trimline.glaciers.given_lines import clipped_lines
from trimline.glaciers.ground import Ground, fall_of, ground_around, smoothed
from trimline.glaciers.parts import ids_of
from trimline.glaciers.routes import Routes, heads_of
from trimline.outlines.check import require_crs, require_polygons
from trimline.reprojecting import in_degrees

_LOG = logging.getLogger(__name__)

LINE_COLUMNS = ("glac_id", "lmax_m", "termlon", "termlat", "line_source", "dem_cover", "dem_source")
"""Columns of the table of `flow_lines`, besides the geometry."""

LEAST_COVER = 0.9
"""Share of the ice that needs heights: with less, terminus and head may lie where there are none."""

_ACROSS = 60.0
"""Pixels across a square as large as the glacier."""

_SMALLEST_PIXEL_M, _LARGEST_PIXEL_M = 5.0, 30.0

_SMOOTHING_M = 30.0
"""Standard deviation of the smoothing of heights [m]: a pixel of a 30 m elevation model."""

_FALL_M = 60.0
"""Standard deviation of the smoothing of heights that the direction of the fall is taken from [m], as for divides."""

_BENDS = 6.0
"""Standard deviation of the smoothing of a line along itself [pixels]."""

_HEADS_APART = 0.25
"""Distance within which a head is the highest margin, as a share of the side of a square as large as the glacier."""

_GAP = 0.02
"""Distance that a line ends before the margin [pixels]."""

_DENSE = 0.2
"""Vertices that lie nearer to the line without them are left out [pixels]."""


class _Line(NamedTuple):
    geometry: shapely.Geometry
    terminus: tuple[float, float] | None
    """In the CRS of the line."""
    source: str | None
    cover: float
    dem: str | None


def flow_lines(
    outlines: gpd.GeoDataFrame,
    dem: StrPath | ElevationModel | Iterable[StrPath | ElevationModel] | None = None,
    lines: gpd.GeoDataFrame | None = None,
) -> gpd.GeoDataFrame:
    """Return the main flow line of each glacier, its length and its terminus.

    Parameters
    ----------
    outlines
        Valid polygons in any CRS with the column `glac_id`, each id once.
    dem
        One elevation model, several, or a folder of them, in any CRS; of several the one with the most heights on a
        glacier. None where all lines are given.
    lines
        Lines of one's own in any CRS, by `glac_id`, or without that column by the outline that holds most of them.
        They are cut to the outline; of several of a glacier the longest is taken. Where an elevation model covers
        both ends, they are turned to end at the lower one, else they end where they were drawn to end.

    Returns
    -------
    GeoDataFrame
        `LINE_COLUMNS` and the line, a row per outline in their order, in their CRS: `lmax_m` [m] on the ground
        (horizontal), the longitude and latitude of the terminus on WGS 84, `line_source` (``computed``,
        ``given``, or None where there is no line), `dem_cover` (0 to 1) and `dem_source`. A line starts at the head,
        ends at the terminus and lies inside the outline. Without a line, where less than nine tenths of the ice have
        heights, the geometry is empty and lengths and places are NaN; the log says so.

    Raises
    ------
    OutlineError
        There is no CRS, a geometry is no polygon or no line, or `glac_id` is missing or occurs twice.
    GridError
        An elevation model cannot be read or has no CRS.
    """
    require_crs(outlines)
    require_polygons(outlines)
    names = ids_of(outlines)
    models = open_models(dem) if dem is not None else []
    given = clipped_lines(lines, outlines, names) if lines is not None else {}
    crs = CRS.from_user_input(outlines.crs)
    found = [
        _of_given(given[row], crs, outline, models) if row in given else _computed(outline, crs, models)
        for row, outline in enumerate(outlines.geometry.to_numpy())
    ]
    _log(names, found)
    ends = np.array([line.terminus or (np.nan, np.nan) for line in found], np.float64).reshape(-1, 2)
    there = in_degrees(gpd.GeoSeries(gpd.points_from_xy(ends[:, 0], ends[:, 1]), crs=crs))
    known = np.isfinite(ends[:, 0])
    return gpd.GeoDataFrame(
        {
            "glac_id": names,
            "lmax_m": [_length_m(line.geometry, crs) for line in found],
            "termlon": np.where(known, there.x, np.nan),
            "termlat": np.where(known, there.y, np.nan),
            "line_source": pd.Series([line.source for line in found], dtype="object"),
            "dem_cover": [line.cover for line in found],
            "dem_source": pd.Series([line.dem for line in found], dtype="object"),
        },
        geometry=gpd.GeoSeries([line.geometry for line in found], crs=crs),
        crs=crs,
    )


def _log(names: Sequence[str], found: Sequence[_Line]) -> None:
    without = [name for name, line in zip(names, found, strict=True) if line.source is None]
    if without:
        _LOG.warning(
            "%d of %d glaciers have no flow line: less than %.0f %% of their ice has heights, or it is smaller than "
            "a few pixels; among them %s",
            len(without),
            len(names),
            100 * LEAST_COVER,
            ", ".join(without[:5]),
        )


@lru_cache(maxsize=256)
def _plane_at(longitude: int, latitude: int) -> CRS:
    return centred_on(np.array([longitude, latitude, longitude + 1.0, latitude + 1.0]), CRS.from_epsg(4326))


def _plane_of(geometry: shapely.Geometry, crs: CRS) -> CRS:
    """Return the equal-area plane of the square degree that a geometry lies in."""
    point = in_degrees(gpd.GeoSeries([shapely.Point(*shapely.get_coordinates(geometry)[0])], crs=crs)).iloc[0]
    return _plane_at(math.floor(point.x), math.floor(point.y))


def _length_m(line: shapely.Geometry, crs: CRS) -> float:
    if line.is_empty:
        return math.nan
    return float(lengths_m(projected(np.array([line], object), crs, _plane_of(line, crs)))[0])


def _of_given(line: shapely.Geometry, crs: CRS, outline: shapely.Geometry, models: Sequence[ElevationModel]) -> _Line:
    """Return a given line, turned to end at its lower end where both have heights."""
    ends = np.array([shapely.get_coordinates(line)[0], shapely.get_coordinates(line)[-1]])
    cover, source = 0.0, None
    for model in models:
        part = model.read(shapely.bounds(outline), crs)
        if part is None:
            continue
        heights = part.at(ends, crs)
        if np.isfinite(heights).all():
            cover, source = 1.0, part.source
            if heights[0] < heights[1]:
                line, ends = shapely.reverse(line), ends[::-1]
                if line.geom_type == "MultiLineString":
                    line = shapely.multilinestrings(list(shapely.get_parts(line))[::-1])
                    ends = shapely.get_coordinates(line)[[0, -1]]
            break
    return _Line(line, (float(ends[1][0]), float(ends[1][1])), "given", cover if models else math.nan, source)


def _computed(outline: shapely.Geometry, crs: CRS, models: Sequence[ElevationModel]) -> _Line:
    nothing = shapely.LineString()
    if outline.is_empty or not models:
        return _Line(nothing, None, None, 0.0, None)
    polygons = shapely.get_parts(outline)
    plane = _plane_of(outline, crs)
    there = projected(polygons, crs, plane)
    largest = int(shapely.area(there).argmax())
    polygon = there[largest]
    pixel_m = float(np.clip(math.sqrt(polygon.area) / _ACROSS, _SMALLEST_PIXEL_M, _LARGEST_PIXEL_M))
    ground = ground_around(polygon, plane, models, pixel_m=pixel_m, margin_m=2 * pixel_m)
    if ground.cover < LEAST_COVER:
        return _Line(nothing, None, None, ground.cover, ground.source)
    line = _route(polygon, ground)
    if line is None:
        return _Line(nothing, None, None, ground.cover, ground.source)
    back = projected(np.array([line], object), plane, crs)[0]
    back = _kept_inside(back, polygons[largest])
    end = shapely.get_coordinates(back)[-1]
    return _Line(back, (float(end[0]), float(end[1])), "computed", ground.cover, ground.source)


def _kept_inside(line: shapely.Geometry, polygon: shapely.Geometry) -> shapely.Geometry:
    """Return a line without what rounding put outside: its ends lie on the margin."""
    if shapely.covers(polygon, line):
        return line
    inside = [each for each in shapely.get_parts(shapely.intersection(line, polygon)) if each.length > 0]
    longest: shapely.Geometry = max(inside, key=lambda each: float(each.length), default=line)
    for share in (1e-6, 1e-5, 1e-4):
        shorter: shapely.Geometry = substring(longest, share, 1.0 - share, normalized=True)
        if shapely.covers(polygon, shorter):
            return shorter
    return longest


def _route(polygon: shapely.Geometry, ground: Ground) -> shapely.Geometry | None:
    """Return the main line within a polygon, from head to terminus; None where its ice is too small."""
    if np.count_nonzero(ground.ice) < 2:
        return None
    surface = smoothed(ground.height_m, _SMOOTHING_M / ground.pixel_m)
    shapely.prepare(polygon)

    def is_open(ones: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.bool_]:
        ends = [ground.xy(each[:, 0], each[:, 1]) for each in (ones, others)]
        inside: NDArray[np.bool_] = shapely.covers(polygon, shapely.linestrings(np.stack(ends, axis=1)))
        return inside

    routes = Routes(surface, fall_of(smoothed(ground.height_m, _FALL_M / ground.pixel_m)), ground.ice, is_open)
    heads = heads_of(surface, routes.ice, math.sqrt(np.count_nonzero(routes.ice)) * _HEADS_APART)
    if heads is None:
        return None
    way = routes.main(heads)
    return _drawn(ground.xy(way[:, 0], way[:, 1]), polygon, ground.pixel_m) if len(way) > 1 else None


def _drawn(points: NDArray[np.float64], polygon: shapely.Geometry, pixel_m: float) -> shapely.Geometry:
    """Return a way as a smooth line from margin to margin, inside the polygon."""
    full = _to_margin(points, polygon, _GAP * pixel_m)
    sigma = _BENDS
    while sigma >= 0.5:
        smooth = ndimage.gaussian_filter1d(full, sigma, axis=0, mode="nearest", truncate=3.0)
        # Towards the ends the line is smoothed less, so that they stay where they are.
        end = np.minimum(np.arange(len(full)), np.arange(len(full))[::-1]) / (3.0 * sigma)
        weight = np.clip(end, 0.0, 1.0)[:, np.newaxis]
        line = shapely.LineString(weight * smooth + (1.0 - weight) * full)
        line = shapely.simplify(line, _DENSE * pixel_m)
        if shapely.covers(polygon, line):
            return line
        sigma /= 2.0
    return shapely.LineString(full)


def _to_margin(points: NDArray[np.float64], polygon: shapely.Geometry, gap_m: float) -> NDArray[np.float64]:
    """Return a way led on at both ends to a hair before the nearest margin, where that way is inside.

    Straight edges of the outline are not straight in the plane, which is centimetres at most: the gap keeps the line
    inside in both.
    """
    rim = polygon.exterior
    found: list[NDArray[np.float64]] = [points]
    for end, before in ((points[0], True), (points[-1], False)):
        way = shapely.shortest_line(shapely.Point(end), rim)
        if way.length <= gap_m:
            continue
        target = shapely.line_interpolate_point(way, way.length - gap_m)
        if shapely.covers(polygon, shapely.LineString([end, target])):
            added = shapely.get_coordinates(target)
            found = [added, *found] if before else [*found, added]
    return np.concatenate(found)
