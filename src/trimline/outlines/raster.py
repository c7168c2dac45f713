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
from pyproj import CRS, Transformer

from trimline.errors import GridError
from trimline.outlines.area import unit_m
from trimline.outlines.check import grid_crs, require_crs
from trimline.outlines.tracing import RowTracer

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


def _on_grid(geometries: gpd.GeoSeries, geobox: GeoBox) -> list[shapely.Geometry]:
    """Return those geometries that may touch the grid, in its CRS."""
    crs = grid_crs(geobox)
    present = geometries[~(geometries.isna() | geometries.is_empty)]
    if present.empty or crs.equals(present.crs):
        return list(present)
    near = present.iloc[_candidates(present, geobox, crs)]
    pixel_m = max(abs(float(geobox.resolution.x)), abs(float(geobox.resolution.y))) * unit_m(crs)
    fine = near.segmentize(_EDGE_PIXELS * pixel_m / unit_m(near.crs)).to_crs(crs)
    return list(fine[~fine.is_empty])


def _candidates(geometries: gpd.GeoSeries, geobox: GeoBox, crs: CRS) -> NDArray[np.intp]:
    """Return which geometries lie near the grid; distant ones may be outside the domain of its CRS."""
    box = geobox.boundingbox
    to_outlines = Transformer.from_crs(crs, geometries.crs, always_xy=True)
    west, south, east, north = to_outlines.transform_bounds(box.left, box.bottom, box.right, box.top, densify_pts=51)
    if not np.isfinite([west, south, east, north]).all():
        return np.arange(len(geometries))
    # East of the antimeridian longitudes start again at -180, and the box has two parts.
    boxes = [(west, east)] if west <= east else [(west, 180.0), (-180.0, east)]
    found = [geometries.sindex.query(shapely.box(left, south, right, north)) for left, right in boxes]
    return np.unique(np.concatenate(found))
