"""The grid of a study, and the ground that its scenes cover.

All periods are on one grid in one CRS, whatever UTM zones their scenes lie in, so that a pixel is the same ground in
every period. The grid may be large and mostly empty, since ranges lie far apart. Only its islands are processed:
rectangles around scenes that touch. No patch of ice reaches from one island to another.

The ground of the study is the union of the footprints of its scenes in all periods. A footprint is the convex hull of
the pixels with data: a Landsat swath is a quadrangle in a larger raster, and scan gaps lie inside it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from pyproj import CRS
from rasterio.windows import Window

from trimline.coordinate_systems import LARGEST_SCALE_ERROR, scale_error
from trimline.errors import ProjectError
from trimline.outlines.check import grid_crs
from trimline.own_files import own_raster
from trimline.reprojecting import in_degrees, reprojected
from trimline.scenes.asset import raster_grid
from trimline.timeline.rules import UNSEEN

ROWS = 512
"""Rows that are processed at a time [pixels]."""

_EDGE_PIXELS = 10.0
"""Longest edge of a footprint before it is reprojected; longer ones are split [pixels]."""

Rectangle = tuple[int, int, int, int]
"""First row, row after the last, first column, column after the last."""


@dataclass(frozen=True)
class SceneFootprint:
    """Footprint of a mapped scene."""

    scene_id: str
    grid: GeoBox
    """Grid of its map."""
    hull: shapely.Polygon
    """Convex hull of its pixels with data, in the CRS of the grid."""


@dataclass(frozen=True)
class Place:
    """The grid of a study, and the ground that its scenes cover."""

    geobox: GeoBox
    islands: tuple[Rectangle, ...]
    """Parts of the grid that are processed; they do not touch."""
    ground: gpd.GeoDataFrame
    """Polygons of the ground of the study, in the CRS of the grid."""

    def of_island(self, island: Rectangle) -> GeoBox:
        """Return the part of the grid that is an island."""
        top, bottom, left, right = island
        return self.geobox[top:bottom, left:right]


def footprint_of(scene_id: str, mask: Path) -> SceneFootprint | None:
    """Return the footprint of a mapped scene, read in bounded memory; None where it has no data at all."""
    corners = []
    with own_raster(mask) as source:
        grid = raster_grid(source)
        for top in range(0, source.height, ROWS):
            window = Window(0, top, source.width, min(ROWS, source.height - top))
            known = source.read(1, window=window) != UNSEEN
            rows = np.flatnonzero(known.any(axis=1))
            left = known[rows].argmax(axis=1)
            right = source.width - known[rows, ::-1].argmax(axis=1)
            corners += [np.column_stack([x, rows + top + below]) for x in (left, right) for below in (0, 1)]
    points = np.concatenate(corners) if corners else np.empty((0, 2))
    if not len(points):
        return None
    hull = shapely.convex_hull(shapely.multipoints(points))
    a, b, c, d, e, f, *_ = grid.affine
    return SceneFootprint(scene_id, grid, shapely.transform(hull, lambda xy: xy @ np.array([[a, d], [b, e]]) + (c, f)))


def footprints(shown: Sequence[SceneFootprint], crs: str) -> gpd.GeoDataFrame:
    """Return the hulls of scenes in one CRS, with the column `scene_id`."""
    parts = []
    for each in shown:
        hull = gpd.GeoSeries([each.hull], crs=grid_crs(each.grid))
        longest_m = _EDGE_PIXELS * float(abs(each.grid.resolution.x))
        parts.append(reprojected(hull, crs, longest_m=longest_m).iloc[0])
    return gpd.GeoDataFrame({"scene_id": [each.scene_id for each in shown]}, geometry=parts, crs=crs)


def common_crs(grids: Sequence[GeoBox]) -> str:
    """Return the CRS of most grids; of two that are equally common, the first by name."""
    count = Counter(str(grid.crs) for grid in grids)
    return min(count, key=lambda crs: (-count[crs], crs))


def lay_out_grid(
    prints: gpd.GeoDataFrame,
    grids: Sequence[GeoBox],
    *,
    resolution_m: float | None = None,
    region: gpd.GeoDataFrame | None = None,
) -> Place:
    """Lay the grid of a study over the footprints of its scenes.

    Parameters
    ----------
    prints
        Footprints of the scenes, in the CRS of the grid.
    grids
        The grids of their maps, in any order. The pixels of the study grid are those of most grids with its CRS and
        resolution, so that these maps are copied and not resampled.
    resolution_m
        Side of a pixel [m]; None means the finest of the scenes.
    region
        Polygons that bound the study; None means all ground that scenes cover.

    Raises
    ------
    ProjectError
        No scene covers the region, or lengths in the CRS are too far off there.
    """
    pixel_m = resolution_m or min(float(abs(grid.resolution.x)) for grid in grids)
    ground = ground_of(prints, region)
    boxes = shapely.bounds(shapely.get_parts(ground.geometry.to_numpy()))
    x0, y0 = _corner(grids, prints.crs, pixel_m)
    columns = np.column_stack([_down((boxes[:, 0] - x0) / pixel_m), _up((boxes[:, 2] - x0) / pixel_m)])
    rows = np.column_stack([_down((y0 - boxes[:, 3]) / pixel_m), _up((y0 - boxes[:, 1]) / pixel_m)])
    top, left = int(rows.min()), int(columns.min())
    height, width = int(rows.max()) - top, int(columns.max()) - left
    affine = Affine(pixel_m, 0.0, x0 + left * pixel_m, 0.0, -pixel_m, y0 - top * pixel_m)
    geobox = GeoBox((height, width), affine, str(grids_crs(prints)))
    _require_scale(ground)
    return Place(geobox, _islands(np.column_stack([rows - top, columns - left])), ground)


def _require_scale(ground: gpd.GeoDataFrame) -> None:
    """Raise `ProjectError` where lengths in the CRS of the ground are off by more than may be."""
    crs = CRS.from_user_input(ground.crs)
    west, south, east, north = ground.bounds.to_numpy().T
    corners = gpd.GeoSeries(
        gpd.points_from_xy(np.tile([west, east], 2).ravel(), np.repeat([south, north], 2, 0).ravel())
    )
    there = in_degrees(corners.set_crs(crs))
    error = scale_error(crs, there.x.to_numpy(), there.y.to_numpy())
    if error > LARGEST_SCALE_ERROR:
        raise ProjectError(
            f"lengths are off by {100 * error:.0f} % in '{crs.name}' where the scenes lie",
            where="crs",
            remedy="give a UTM zone, or an equal-area projection of the region",
        )


def ground_of(prints: gpd.GeoDataFrame, region: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame:
    """Return the ground of a study: what its scenes cover within its region.

    Raises
    ------
    ProjectError
        No scene covers the region.
    """
    shown = shapely.union_all(prints.geometry.to_numpy())
    if region is not None:
        shown = shapely.intersection(shown, shapely.union_all(reprojected(region, prints.crs).geometry.to_numpy()))
    polygons = [part for part in shapely.get_parts(shown) if part.geom_type == "Polygon" and part.area > 0]
    if not polygons:
        raise ProjectError("no mapped scene shows the region", where="region", remedy="check the CRS of its file")
    return gpd.GeoDataFrame(geometry=polygons, crs=prints.crs)


def grids_crs(prints: gpd.GeoDataFrame) -> str:
    """Return the CRS of footprints as text, by its code where it has one."""
    return str(prints.crs.to_string())


def strips(island: Rectangle) -> Iterator[tuple[slice, slice]]:
    """Yield rows and columns of an island's strips, from the top."""
    top, bottom, left, right = island
    for row in range(top, bottom, ROWS):
        yield slice(row, min(row + ROWS, bottom)), slice(left, right)


def _corner(grids: Sequence[GeoBox], crs: object, pixel_m: float) -> tuple[float, float]:
    """Return the pixel corner of most grids with this CRS and pixel size; the origin where there are none."""
    corners = Counter(
        (grid.affine.c % pixel_m, grid.affine.f % pixel_m)
        for grid in grids
        if grid_crs(grid).equals(crs)
        and grid.affine.b == grid.affine.d == 0
        and math.isclose(grid.affine.a, pixel_m)
        and math.isclose(grid.affine.e, -pixel_m)
    )
    return min(corners, key=lambda corner: (-corners[corner], corner)) if corners else (0.0, 0.0)


_ROUNDING_PX = 1e-3
"""Distance within which an edge counts as lying on the edge of a pixel [pixels]: coordinates in files are rounded."""


def _down(positions: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.floor(positions + _ROUNDING_PX).astype(np.int64)


def _up(positions: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.ceil(positions - _ROUNDING_PX).astype(np.int64)


def _islands(boxes: NDArray[np.int64]) -> tuple[Rectangle, ...]:
    """Merge rectangles that touch or overlap, corners included, until none do; from the top, then from the left."""
    islands = {tuple(int(side) for side in box) for box in boxes}
    merged: list[tuple[int, ...]] = []
    while islands:
        top, bottom, left, right = islands.pop()
        near = [
            each for each in merged if each[0] <= bottom and top <= each[1] and each[2] <= right and left <= each[3]
        ]
        if not near:
            merged.append((top, bottom, left, right))
            continue
        for each in near:
            merged.remove(each)
            top, bottom, left, right = min(top, each[0]), max(bottom, each[1]), min(left, each[2]), max(right, each[3])
        islands.add((top, bottom, left, right))
    return tuple((a, b, c, d) for a, b, c, d in sorted(merged))
