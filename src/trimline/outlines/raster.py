"""Rasterising and tracing of outlines, without drift: tracing then rasterising on one grid is the identity.

A pixel belongs to an outline when its centre lies inside. A traced outline follows the edges of the pixels exactly,
unless it is smoothed.
"""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import rasterio.features
import shapely
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from pyproj import CRS

from trimline.coordinate_systems import turn_of
from trimline.errors import GridError, OutlineError
from trimline.foreign import foreign_errors
from trimline.longitudes import beside, connected
from trimline.outlines.check import grid_crs, require_crs
from trimline.outlines.tracing import RowTracer
from trimline.reprojecting import moved_where_possible, transformer, unit_m

_EDGE_PIXELS = 10.0
"""Longest edge before reprojection [pixels], so that straight lines keep their position: over 300 m, no two CRS in use
bend a line by a hundredth of a Landsat pixel."""


def rasterise(outlines: gpd.GeoDataFrame, geobox: GeoBox, all_touched: bool = False) -> NDArray[np.uint8]:
    """Burn outlines onto a grid.

    Parameters
    ----------
    outlines
        Valid polygons in any CRS; they are reprojected, their long edges split before.
    geobox
        The grid, in any CRS.
    all_touched
        Whether pixels that an outline only touches count too; by default the centre must lie inside.

    Returns
    -------
    NDArray[np.uint8]
        (h, w): 1 inside an outline, 0 elsewhere.

    Raises
    ------
    OutlineError
        The outlines have no CRS.
    GridError
        The grid has no CRS.

    Examples
    --------
    >>> import trimline
    >>> scene = trimline.open_scene("LC08_L1TP_139036_20180823_20200831_02_T1.tar")
    >>> ice = trimline.rasterise(trimline.read_outlines("outlines.gpkg"), scene.geobox).astype(bool)
    >>> float(scene.read("red").where(ice).mean())
    """
    require_crs(outlines)
    geometries = _on_grid(outlines.geometry, geobox)
    if not geometries:
        return np.zeros(geobox.shape, np.uint8)
    burnt: NDArray[np.uint8] = rasterio.features.rasterize(
        geometries,
        out_shape=geobox.shape,
        transform=geobox.transform,
        all_touched=all_touched,
        default_value=1,
        fill=0,
        dtype="uint8",
    )
    return burnt


def trace(
    mask: NDArray[Any],
    geobox: GeoBox,
    *,
    minimum_area_m2: float = 0.0,
    minimum_hole_m2: float = 0.0,
    smoothing: int = 0,
) -> gpd.GeoDataFrame:
    """Trace the pixels that are not 0 as polygons with holes, along the exact edges of the pixels or smoothed.

    Pixels that touch only at a corner are separate outlines.

    Parameters
    ----------
    mask
        (h, w) bool or integer.
    geobox
        The grid that the mask lies on.
    minimum_area_m2, minimum_hole_m2, smoothing
        As in `RowTracer`.

    Returns
    -------
    GeoDataFrame
        One valid polygon per connected patch, in the grid's CRS, without columns; ordered by the first row, then
        from the left.

    Raises
    ------
    GridError
        The grid has no CRS, or another shape than the mask.
    OutlineError
        `smoothing` is negative.

    Examples
    --------
    >>> import trimline
    >>> scene = trimline.open_scene("LC08_L1TP_139036_20180823_20200831_02_T1.tar")
    >>> green, swir1 = scene.read(["green", "swir1"])
    >>> ice = ((green - swir1) / (green + swir1) > 0.4).to_numpy()
    >>> outlines = trimline.trace(ice, scene.geobox, minimum_area_m2=10_000)
    """
    if mask.shape != tuple(geobox.shape):
        raise GridError(f"a mask of shape {mask.shape} does not lie on a grid of {tuple(geobox.shape)}")
    tracer = RowTracer(geobox, minimum_area_m2=minimum_area_m2, minimum_hole_m2=minimum_hole_m2, smoothing=smoothing)
    tracer.add(mask)
    return tracer.finish()


def rows_near(geometries: gpd.GeoSeries, geobox: GeoBox) -> NDArray[np.intp]:
    """Return the positions of the geometries that may touch a grid, whatever meridian their longitudes start from.

    Parameters
    ----------
    geometries
        Geometries with a CRS.
    geobox
        The grid, in any CRS.

    Returns
    -------
    NDArray[np.intp]
        Positions in ascending order; distant geometries, which may be outside the domain of the grid's CRS, are not
        among them.

    Raises
    ------
    GridError
        The grid has no CRS.
    OutlineError
        No transformation between the two is known.
    """
    box, source = geobox.boundingbox, CRS.from_user_input(geometries.crs)
    to_outlines = transformer(grid_crs(geobox), source)
    with foreign_errors(OutlineError, source.name, what="the grid cannot be found in the CRS of the outlines"):
        west, south, east, north = to_outlines.transform_bounds(
            box.left, box.bottom, box.right, box.top, densify_pts=51
        )
    if not np.isfinite([west, south, east, north]).all():
        return np.arange(len(geometries))
    turn = turn_of(source)
    if turn is None:
        boxes = [shapely.box(west, south, east, north)]
    else:
        # At the 180th meridian longitudes start again at -180; those of outlines may go on.
        east += turn if east < west else 0.0
        boxes = [shapely.box(west + k * turn, south, east + k * turn, north) for k in (-2, -1, 0, 1, 2)]
    return np.unique(np.concatenate([geometries.sindex.query(each) for each in boxes]))


def _on_grid(geometries: gpd.GeoSeries, geobox: GeoBox) -> list[shapely.Geometry]:
    """Return those geometries that may touch the grid, in its CRS."""
    crs = grid_crs(geobox)
    present = geometries[~(geometries.isna() | geometries.is_empty)]
    if present.empty or (crs.equals(present.crs) and not crs.is_geographic):
        return list(present)
    source_turn = turn_of(CRS.from_user_input(present.crs))
    if source_turn is not None:
        present = gpd.GeoSeries(connected(present.to_numpy(), source_turn)[0], crs=present.crs)
    near = present.iloc[rows_near(present, geobox)]
    pixel_m = max(abs(float(geobox.resolution.x)), abs(float(geobox.resolution.y))) * unit_m(crs)
    fine, _ = moved_where_possible(near.to_numpy(), CRS.from_user_input(near.crs), crs, _EDGE_PIXELS * pixel_m)
    fine = fine[~shapely.is_empty(fine)]
    turn = turn_of(crs)
    if turn is not None:
        box = geobox.boundingbox
        fine = beside(fine, (box.left + box.right) / 2, turn)
    return list(fine)
