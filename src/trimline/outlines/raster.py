"""Between polygons and pixels, both ways and without drift: tracing then rasterising on one grid is the identity.

A pixel belongs to an outline when its centre lies inside. A traced outline follows the edges of the pixels exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import rasterio.features
import shapely
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from pyproj import CRS, Transformer

from trimline.errors import GridError
from trimline.outlines.area import unit_m
from trimline.outlines.check import require_crs

Connectivity = Literal[4, 8]

_EDGE_PIXELS = 10.0
"""Edges are split to this many pixels before they are reprojected, so that a line straight in one CRS lies where it
should in the other: over 300 m, no two CRS in use bend a line by a hundredth of a Landsat pixel."""


def rasterise(outlines: gpd.GeoDataFrame, geobox: GeoBox, all_touched: bool = False) -> NDArray[np.uint8]:
    """Burn outlines onto a grid.

    Parameters
    ----------
    outlines
        Valid polygons in any CRS; they are reprojected, their long edges split before.
    geobox
        The grid, in any CRS.
    all_touched
        Whether a pixel that an outline merely touches counts too; by default its centre must lie inside.

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
    mask: NDArray[Any], geobox: GeoBox, *, minimum_area_m2: float = 0.0, connectivity: Connectivity = 4
) -> gpd.GeoDataFrame:
    """Trace the pixels that are not 0 as polygons with holes, along the exact edges of the pixels.

    Parameters
    ----------
    mask
        (h, w) bool or integer.
    geobox
        The grid that the mask lies on.
    minimum_area_m2
        Smaller polygons are left out [m2], by their area in the grid's CRS.
    connectivity
        4: pixels that touch only at a corner are separate outlines. 8: they are one, in two parts.

    Returns
    -------
    GeoDataFrame
        One valid polygon per connected patch, in the grid's CRS, without columns.

    Raises
    ------
    GridError
        The grid has no CRS, or another shape than the mask.
    """
    if mask.shape != tuple(geobox.shape):
        raise GridError(f"a mask of shape {mask.shape} does not lie on a grid of {tuple(geobox.shape)}")
    ice = np.ascontiguousarray(mask != 0, dtype=np.uint8)
    shapes = rasterio.features.shapes(ice, mask=ice.view(bool), connectivity=connectivity, transform=geobox.transform)
    return _collect(shapes, _crs(geobox), minimum_area_m2)


def trace_band(band: Any, *, minimum_area_m2: float = 0.0, connectivity: Connectivity = 4) -> gpd.GeoDataFrame:
    """Trace the pixels of an open raster that are not 0, reading it line by line.

    Memory grows with the outlines found, not with the raster.

    Parameters
    ----------
    band
        ``rasterio.band(dataset, number)`` of an integer raster in which 0 is all that is not ice, nodata included.
    minimum_area_m2, connectivity
        As in `trace`.

    Returns
    -------
    GeoDataFrame
        As from `trace`, in the raster's CRS.

    Raises
    ------
    GridError
        The raster has no CRS.
    """
    dataset = band.ds
    if dataset.crs is None:
        raise GridError("the raster has no CRS", where=dataset.name)
    shapes = rasterio.features.shapes(band, mask=band, connectivity=connectivity, transform=dataset.transform)
    return _collect(shapes, CRS.from_user_input(dataset.crs), minimum_area_m2)


def _collect(shapes: Iterable[tuple[dict[str, Any], float]], crs: CRS, minimum_area_m2: float) -> gpd.GeoDataFrame:
    smallest = minimum_area_m2 / unit_m(crs) ** 2
    geometries = list(_polygons(shapes, smallest))
    return gpd.GeoDataFrame(geometry=gpd.GeoSeries(geometries, crs=crs))


def _polygons(shapes: Iterable[tuple[dict[str, Any], float]], smallest: float) -> Iterator[shapely.Geometry]:
    for shape, _ in shapes:
        exterior, *holes = shape["coordinates"]
        polygon = shapely.Polygon(exterior, holes)
        if not polygon.is_valid:
            # A patch that touches itself at a corner is traced as one ring through that corner twice.
            polygon = shapely.make_valid(polygon)
        if polygon.area >= smallest:
            yield polygon


def _on_grid(geometries: gpd.GeoSeries, geobox: GeoBox) -> list[shapely.Geometry]:
    """Return those geometries that may touch the grid, in its CRS."""
    crs = _crs(geobox)
    present = geometries[~(geometries.isna() | geometries.is_empty)]
    if present.empty or crs.equals(present.crs):
        return list(present)
    near = present.iloc[_candidates(present, geobox, crs)]
    pixel_m = max(abs(float(geobox.resolution.x)), abs(float(geobox.resolution.y))) * unit_m(crs)
    fine = near.segmentize(_EDGE_PIXELS * pixel_m / unit_m(near.crs)).to_crs(crs)
    return list(fine[~fine.is_empty])


def _candidates(geometries: gpd.GeoSeries, geobox: GeoBox, crs: CRS) -> NDArray[np.intp]:
    """Return which geometries lie near the grid: what is half a world away may have no place in its CRS at all."""
    box = geobox.boundingbox
    to_outlines = Transformer.from_crs(crs, geometries.crs, always_xy=True)
    west, south, east, north = to_outlines.transform_bounds(box.left, box.bottom, box.right, box.top, densify_pts=51)
    if not np.isfinite([west, south, east, north]).all():
        return np.arange(len(geometries))
    # East of the antimeridian longitudes start again at -180, and the box falls into two.
    boxes = [(west, east)] if west <= east else [(west, 180.0), (-180.0, east)]
    found = [geometries.sindex.query(shapely.box(left, south, right, north)) for left, right in boxes]
    return np.unique(np.concatenate(found))


def _crs(geobox: GeoBox) -> CRS:
    if geobox.crs is None:
        raise GridError("the grid has no CRS")
    return CRS.from_user_input(geobox.crs.proj)
