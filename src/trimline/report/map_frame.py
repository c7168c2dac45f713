"""Frame of a map without tiles: metric plane, kilometres along its sides, scale bar, north arrow and CRS in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Ring
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from trimline.change.equal_area import centred_on, equal_area_crs, projected
from trimline.files import StrPath
from trimline.report.change_figures import save_figure
from trimline.report.error_map import scale_bar
from trimline.reprojecting import reprojected

_MARGIN = 0.04
"""Margin around what is shown, as a share of its longer side."""
_STRIP = 0.09
"""Height of the free strip at the foot of a map, for scale bar and key, as a share of the longer side."""
_NARROWEST = 0.38
"""Half of the shorter side of a map at least, as a share of the longer side."""
_SMALLEST_KM = 0.2
"""Smallest side of a map [km]."""
_FINEST = 4000.0
"""Details smaller than the longer side of the map by this factor are not drawn: they are below a dot of print."""
_ARROW = 0.06
"""Length of the north arrow, as a share of the longer side."""
_NORTH_DEG = 0.01
"""Step to the north that the arrow is taken from [degree]."""

INK, GROUND = "#1b2733", "#5b6b7a"
"""Colours of text and of borders."""


@dataclass(frozen=True)
class MapFrame:
    """Plane and bounds of a map."""

    crs: CRS
    """Projected CRS in metres."""
    bounds_km: tuple[float, float, float, float]
    """West, south, east and north, margins included [km]."""

    @property
    def ratio(self) -> float:
        """Height of the map by its width."""
        west, south, east, north = self.bounds_km
        return (north - south) / (east - west)

    @property
    def longer_side_km(self) -> float:
        """Longer side [km]."""
        west, south, east, north = self.bounds_km
        return max(east - west, north - south)

    def shapes(self, table: gpd.GeoDataFrame | gpd.GeoSeries) -> NDArray[np.object_]:
        """Return geometries in the plane, in kilometres; missing ones are empty, and details below a dot are gone."""
        geometries = table.geometry.to_numpy().copy()
        geometries[shapely.is_missing(geometries)] = shapely.GeometryCollection()
        plane = projected(geometries, CRS.from_user_input(table.crs), self.crs) if len(geometries) else geometries
        kilometres: NDArray[np.object_] = shapely.transform(plane, lambda metres: metres / 1e3)
        coarse: NDArray[np.object_] = shapely.simplify(kilometres, self.longer_side_km / _FINEST)
        return coarse

    def finish(self, axes: Axes, *, bar: bool = True) -> None:
        """Set limits and labels, and draw scale bar and north arrow."""
        west, south, east, north = self.bounds_km
        if bar:
            scale_bar(axes, (west, east, south, north))
        axes.set(xlim=(west, east), ylim=(south, north), aspect="equal")
        names = "east of the middle", "north of the middle"
        if self.crs.to_epsg() is not None:
            names = "easting", "northing"
        axes.set_xlabel(f"{names[0]}, km ({self.words})", fontsize=9)
        axes.set_ylabel(f"{names[1]}, km", fontsize=9)
        axes.ticklabel_format(style="plain", useOffset=False)
        axes.tick_params(labelsize=8)
        self._north_arrow(axes)

    @property
    def words(self) -> str:
        """Name of the CRS: its EPSG code, or where the middle of an equal-area plane lies."""
        code = self.crs.to_epsg()
        if code is not None:
            return f"EPSG:{code}"
        longitude, latitude = Transformer.from_crs(self.crs, 4326, always_xy=True).transform(0.0, 0.0)
        return (
            f"equal-area plane, middle at {abs(latitude):.3f}° {'N' if latitude >= 0 else 'S'}, "
            f"{abs(longitude):.3f}° {'E' if longitude >= 0 else 'W'}"
        )

    @property
    def north_deg(self) -> float:
        """Direction of true north in the middle of the map, clockwise from its upper side [degree]."""
        west, south, east, north = self.bounds_km
        to_degrees = Transformer.from_crs(self.crs, 4326, always_xy=True)
        x, y = 500 * (west + east), 500 * (south + north)
        longitude, latitude = to_degrees.transform(x, y)
        step = _NORTH_DEG if latitude + _NORTH_DEG < 90 else -_NORTH_DEG
        x_north, y_north = to_degrees.transform(longitude, latitude + step, direction="INVERSE")
        return float(np.degrees(np.arctan2((x_north - x) / step, (y_north - y) / step)))

    def _north_arrow(self, axes: Axes) -> None:
        """Draw an arrow to true north at the foot of the map."""
        west, south, east, _ = self.bounds_km
        angle = np.radians(self.north_deg)
        heading = np.array([np.sin(angle), np.cos(angle)])
        length = _ARROW * self.longer_side_km
        middle = np.array([west + 0.5 * (east - west), south + 0.85 * length])
        halo = [withStroke(linewidth=2.5, foreground="white")]
        arrow = {"arrowstyle": "-|>", "color": INK, "lw": 1.2, "shrinkA": 0, "shrinkB": 0, "path_effects": halo}
        tip, tail = middle + 0.5 * length * heading, middle - 0.5 * length * heading
        axes.annotate("", xy=(tip[0], tip[1]), xytext=(tail[0], tail[1]), arrowprops=arrow)
        x, y = middle + 0.45 * length * np.array([heading[1], -heading[0]])
        axes.text(x, y, "N", ha="center", va="center", fontsize=9, color=INK, path_effects=halo)


def frame_around(*tables: gpd.GeoDataFrame | gpd.GeoSeries | None, strip: bool = True) -> MapFrame:
    """Return the frame of a map of everything in some tables, in the equal-area plane centred on them.

    Parameters
    ----------
    tables
        Geometries in any CRS. None and empty tables are passed over; without any, a map of one kilometre is returned.
    strip
        Whether a strip at the foot stays free for scale bar and key.
    """
    boxes = [
        reprojected(gpd.GeoSeries(shapely.box(*each.bounds.dropna().to_numpy().T), crs=each.crs), 4326)
        for each in tables
        if each is not None and len(each) and np.isfinite(each.total_bounds).all()
    ]
    known_boxes = gpd.GeoSeries(pd.concat(boxes, ignore_index=True)) if boxes else gpd.GeoSeries([], crs=4326)
    plane = equal_area_crs(known_boxes) if len(known_boxes) else centred_on(np.zeros(4), CRS.from_epsg(4326))
    extents = [reprojected(each, plane).total_bounds for each in tables if each is not None and len(each)]
    known = np.array([each for each in extents if np.isfinite(each).all()])
    if not len(known):
        return within(plane, (-500.0, -500.0, 500.0, 500.0), strip=strip)
    west, south = known[:, :2].min(axis=0)
    east, north = known[:, 2:].max(axis=0)
    return within(plane, (float(west), float(south), float(east), float(north)), strip=strip)


def within(
    crs: CRS, bounds_m: tuple[float, float, float, float], *, strip: bool = False, margin: float = _MARGIN
) -> MapFrame:
    """Return the frame of a map of some bounds [m], with a margin around them.

    Parameters
    ----------
    crs
        Projected CRS in metres.
    bounds_m
        West, south, east and north [m].
    strip
        Whether a strip at the foot stays free for scale bar and key.
    margin
        Width of the margin, as a share of the longer side.
    """
    west, south, east, north = (each / 1e3 for each in bounds_m)
    side = max(east - west, north - south, _SMALLEST_KM)
    # A map much longer than wide leaves no room for its labels.
    half_x, half_y = (max(each / 2, _NARROWEST * side) for each in (east - west, north - south))
    x, y = (west + east) / 2, (south + north) / 2
    edge, foot = margin * side, _STRIP * side if strip else 0.0
    return MapFrame(crs, (x - half_x - edge, y - half_y - edge - foot, x + half_x + edge, y + half_y + edge))


def drawable(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the rows that have a geometry which is not empty."""
    geometries = table.geometry.to_numpy()
    return table[~(shapely.is_missing(geometries) | shapely.is_empty(geometries))]


def draw_polygons(axes: Axes, shapes: NDArray[np.object_], **style: object) -> PatchCollection:
    """Draw polygons with their holes and return the collection, a patch for each that is not empty.

    Parameters
    ----------
    axes
        The map.
    shapes
        (n,) polygons or multipolygons of `MapFrame.shapes`.
    style
        Properties of the collection.
    """
    patches = [PathPatch(Ring.make_compound_path(*_rings(each))) for each in shapes if not each.is_empty]
    collection = PatchCollection(patches, **style)  # type: ignore[arg-type]
    axes.add_collection(collection, autolim=False)
    return collection


def draw_lines(axes: Axes, shapes: NDArray[np.object_], **style: object) -> LineCollection:
    """Draw lines, and the outlines of polygons.

    Parameters
    ----------
    axes
        The map.
    shapes
        (n,) polygons or lines of `MapFrame.shapes`.
    style
        Properties of the collection.
    """
    lines = [
        np.asarray(part.coords)[:, :2]
        for each in shapes
        if not each.is_empty
        for part in _lines(each.boundary if each.geom_type.endswith("Polygon") else each)
    ]
    collection = LineCollection(lines, **style)  # type: ignore[arg-type]
    axes.add_collection(collection, autolim=False)
    return collection


def _rings(shape: shapely.Geometry) -> list[Ring]:
    parts = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]
    parts = list(shapely.normalize(parts))  # holes run against their outer rings, or they would be filled
    rings = [ring for part in parts for ring in (part.exterior, *part.interiors)]
    return [Ring(np.asarray(ring.coords)[:, :2], closed=True) for ring in rings]


def _lines(shape: shapely.Geometry) -> Iterable[shapely.Geometry]:
    return [part for part in shapely.get_parts(shape) if part.geom_type in ("LineString", "LinearRing")]


def write_words(stem: StrPath, words: str) -> list[Path]:
    """Write a small figure of words alone, as PNG and SVG, where there is nothing to draw."""
    figure = Figure(figsize=(4.6, 1.2), layout="constrained")
    axes = figure.add_subplot()
    axes.set_axis_off()
    axes.text(0.5, 0.5, words, ha="center", va="center", fontsize=10, color=GROUND, transform=axes.transAxes)
    return save_figure(figure, Path(stem))
