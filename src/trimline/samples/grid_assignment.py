"""Assignment of scenes to tile grids, and splits without leaks where grids overlap.

Scenes of one resolution and region share a grid. A scene of another pixel size, or one so far away that the grid's
projection would distort it, starts a grid of its own: nothing is resampled to a pixel that its sensor does not have.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from pyproj import CRS

from trimline.coordinate_systems import degrees, scale_error
from trimline.longitudes import connected
from trimline.project import SampleSettings
from trimline.reprojecting import moved_geometries
from trimline.samples.tile_grid import TileGrid
from trimline.scenes.grid import centre_in_degrees, footprint_in_degrees

LARGEST_DISTORTION = 0.01
"""Largest relative error of lengths on a grid; that of a Landsat scene in the next UTM zone is below 0.7 %."""
_SAME_PIXEL = 0.01
_EDGES = 16
"""Straight edges that each side of a tile is drawn with in degrees."""


def grids_for(geoboxes: Sequence[GeoBox], settings: SampleSettings) -> tuple[list[TileGrid], list[int]]:
    """Return the grids that some scenes need, and the position of each scene's grid among them.

    Parameters
    ----------
    geoboxes
        The scenes' own grids; the first scene of a grid anchors it.
    settings
        Tile, stride, and the pixel of all tiles where the project gives one.
    """
    grids: list[TileGrid] = []
    serving = []
    for geobox in geoboxes:
        fitting = (i for i, grid in enumerate(grids) if _serves(grid, geobox, settings.resolution_m is not None))
        position = next(fitting, len(grids))
        if position == len(grids):
            grids.append(
                TileGrid.anchored_on(
                    geobox, tile=settings.tile, stride=settings.stride, resolution_m=settings.resolution_m
                )
            )
        serving.append(position)
    return grids, serving


def footprint(geobox: GeoBox) -> shapely.Polygon:
    """Return the ground of a tile or block in longitude and latitude."""
    polygon: shapely.Polygon = footprint_in_degrees(geobox).geom
    return polygon


def footprints(tiles: pd.DataFrame, grids: Sequence[TileGrid]) -> NDArray[np.object_]:
    """Return (tiles,) polygons, the ground of tiles in longitude and latitude; parameters are those of `one_sided`."""
    ground = np.empty(len(tiles), object)
    for number, grid in enumerate(grids):
        here = (tiles["grid"] == number).to_numpy()
        step, side_m = grid.stride * grid.resolution_m, grid.tile * grid.resolution_m
        left = grid.origin[0] + tiles["column"][here].to_numpy() * step
        top = grid.origin[1] - tiles["row"][here].to_numpy() * step
        squares = shapely.box(left, top - side_m, left + side_m, top)
        ground[here] = moved_geometries(squares, CRS.from_user_input(grid.crs), degrees(), side_m / _EDGES)
    return ground


def one_sided(tiles: pd.DataFrame, grids: Sequence[TileGrid], parts: pd.Series) -> pd.Series:
    """Return the parts with `unused` for tiles that touch the ground of another grid's test or validation.

    Within one grid the split ensures this. Tiles of training give way to those of validation and test, tiles of
    validation to those of the test.

    Parameters
    ----------
    tiles
        One row per tile with ``grid``, ``row`` and ``column``.
    grids
        The grids.
    parts
        The part of each tile.
    """
    if len(grids) == 1:
        return parts
    ground, _ = connected(footprints(tiles, grids))
    kept = parts.copy()
    for stays, gives_way in (("test", ("train", "validation")), ("validation", ("train",))):
        for number in range(len(grids)):
            here = (tiles["grid"] == number).to_numpy()
            held = ground[here & (kept == stays).to_numpy()]
            yielding = ~here & kept.isin(gives_way).to_numpy()
            kept.iloc[np.flatnonzero(yielding)[_touching(ground[yielding], held)]] = "unused"
    return kept


def _touching(polygons: NDArray[np.object_], others: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Return which polygons share area with any of some others; a common edge does not count."""
    touching = np.zeros(len(polygons), bool)
    if len(polygons) and len(others):
        first, second = shapely.STRtree(others).query(polygons, predicate="intersects")
        shared = shapely.area(shapely.intersection(polygons[first], others[second])) > 0
        touching[first[shared]] = True
    return touching


def _serves(grid: TileGrid, geobox: GeoBox, one_resolution: bool) -> bool:
    pixel_m = abs(float(geobox.resolution.x))
    if not one_resolution and abs(pixel_m / grid.resolution_m - 1.0) > _SAME_PIXEL:
        return False
    longitude, latitude = centre_in_degrees(geobox)
    there = np.array([longitude]), np.array([latitude])
    return scale_error(CRS.from_user_input(grid.crs), *there) <= LARGEST_DISTORTION
