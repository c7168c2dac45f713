"""Divides of an older inventory carried over to other outlines, so that glaciers keep their ids through time.

Ice is cut along the borders of the old glaciers as they are. Ice beyond all of them goes to the nearest old glacier,
the way over the ice, so that the divides go on into an advance. As in `trimline.timeline.tracking`, a glacier that
would be left with very little of a polygon is merged into its neighbours there, and ice that meets no old glacier is
new.
"""

from __future__ import annotations

import logging
import math
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio.features
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from trimline.change import equal_area_crs
from trimline.errors import OutlineError
from trimline.glaciers.basin_borders import basin_of_each, beyond, border_lines, faces_of, joined, moved, without_scraps
from trimline.glaciers.drainage import NO_BASIN, spread_on
from trimline.glaciers.ground import ground_around
from trimline.glaciers.parts import ids_of
from trimline.outlines.area import area_and_perimeter_km, area_km2
from trimline.outlines.check import require_crs, require_polygons
from trimline.outlines.corrected_rows import MEASURED_COLUMNS, SHARED_COLUMNS
from trimline.reprojecting import in_degrees, reprojected

_LOG = logging.getLogger(__name__)

SMALLEST_KM2 = 0.01
"""A glacier left with less of a polygon that others share is merged into them [km2]."""

_ACROSS = 400.0
"""Pixels across a square as large as the polygon, where ice beyond the old glaciers is given away."""

_SMALLEST_PIXEL_M, _LARGEST_PIXEL_M = 5.0, 50.0

_FREE = -1


class _Piece(NamedTuple):
    row: int
    """Row of the outline that it comes from."""
    glacier: int
    """Row of the inventory, or `_FREE`."""
    shape: shapely.Geometry


def copy_divides(
    outlines: gpd.GeoDataFrame, inventory: gpd.GeoDataFrame, *, name: str = "new", smallest_km2: float = SMALLEST_KM2
) -> gpd.GeoDataFrame:
    """Cut outlines along the divides of an older inventory, and give the parts its ids.

    Parameters
    ----------
    outlines
        Valid polygons of one date in any CRS; they share no ground.
    inventory
        Glaciers of another date with `glac_id`, each once, in any CRS; they share no ground.
    name
        Prefix of the ids of new glaciers: ``<name>-0001`` and so on, from west to east.
    smallest_km2
        A glacier that would be left with less of a polygon is merged into the others of the polygon [km2].

    Returns
    -------
    GeoDataFrame
        A row per glacier, in the CRS of the outlines: those of the inventory in its order, then new ones. A glacier has
        all its ice in one row, in several polygons where it fell apart. Columns are those of the outline that has most
        of it; areas are measured, errors of areas shared by area, and columns measured on the whole outline are
        emptied where it was cut. The rows cover the outlines exactly, and share the vertices of their borders.

    Raises
    ------
    OutlineError
        There is no CRS, a geometry is no valid polygon, the inventory has no `glac_id` or one twice, or
        `smallest_km2` is negative.
    """
    for each in (outlines, inventory):
        require_crs(each)
        require_polygons(each)
        if not each.is_valid.all():
            raise OutlineError("outlines are invalid", remedy="pass them through trimline.outlines.check first")
    if not (math.isfinite(smallest_km2) and smallest_km2 >= 0):
        raise OutlineError(f"the smallest glacier is {smallest_km2:g} km2", remedy="give 0 or more")
    names = ids_of(inventory)
    # What is valid in one CRS may cross itself by a hair in another.
    known = shapely.make_valid(reprojected(inventory.geometry, outlines.crs, like=outlines).to_numpy())
    crs = CRS.from_user_input(outlines.crs)
    tree = shapely.STRtree(known)
    pieces: list[_Piece] = []
    for row, outline in enumerate(outlines.geometry.to_numpy()):
        for polygon in shapely.get_parts(outline):
            near = np.sort(tree.query(polygon, predicate="intersects"))
            for glacier, shape in _cut(polygon, crs, known, near, smallest_km2).items():
                pieces.append(_Piece(row, glacier, shape))
    result = _rows(outlines, names, pieces, name)
    born = int((~result["glac_id"].isin(names)).sum())
    gone = len(set(names) - set(result["glac_id"]))
    if born or gone:
        _LOG.info("%d glaciers are new, %d of the inventory have no ice", born, gone)
    return result


def _cut(
    polygon: shapely.Geometry, crs: CRS, known: NDArray[Any], near: NDArray[np.intp], smallest_km2: float
) -> dict[int, shapely.Geometry]:
    """Return the ground of each glacier of the inventory within a polygon; all of it is `_FREE` where none is."""
    shared = shapely.intersection(known[near], polygon)
    km2 = area_km2(gpd.GeoSeries(shared, crs=crs)) if len(near) else np.zeros(0)
    near, km2 = near[km2 > 0], km2[km2 > 0]
    if not len(near):
        return {_FREE: polygon}
    kept = km2 >= smallest_km2
    owners = near[kept] if kept.any() else near[[int(km2.argmax())]]
    if len(owners) == 1:
        return {int(owners[0]): polygon}
    series = gpd.GeoSeries([polygon], crs=crs)
    plane = equal_area_crs(series)
    there = reprojected(series, plane).iloc[0]
    pixel_m = float(np.clip(math.sqrt(there.area) / _ACROSS, _SMALLEST_PIXEL_M, _LARGEST_PIXEL_M))
    ground = ground_around(there, plane, (), pixel_m=pixel_m, margin_m=2 * pixel_m)
    of_owners = moved(known[owners], crs, plane)
    burnt = rasterio.features.rasterize(
        [(shape, number + 1) for number, shape in enumerate(of_owners)],
        ground.ice.shape,
        transform=ground.geobox.affine,
        dtype="int32",
    )
    labels = np.where(ground.ice & (burnt > 0), burnt.astype(np.int64) - 1, NO_BASIN)
    # Ice without a way over ice to any glacier gets a number of its own: it goes to the nearest.
    spread = spread_on(labels, ground.ice)
    labels = beyond(np.where(spread < len(owners), spread, NO_BASIN))
    lines = [*shapely.boundary(known[owners]), *moved(border_lines(labels, ground.geobox.affine), plane, crs)]
    faces = faces_of(polygon, np.array(lines, object))
    of_plane = moved(faces, crs, plane)
    owner = basin_of_each(of_plane, labels, ground.geobox.affine)
    face, glacier = shapely.STRtree(known[owners]).query(shapely.point_on_surface(faces), predicate="within")
    owner[face] = glacier
    owner = without_scraps(of_plane, owner, smallest_km2 * 1e6, keep_largest=True)
    return {int(owners[each]): shape for each, shape in joined(faces, owner).items()}


def _rows(outlines: gpd.GeoDataFrame, names: list[str], pieces: list[_Piece], name: str) -> gpd.GeoDataFrame:
    """Return a row per glacier, with the columns of the outline that has most of it."""
    shapes = gpd.GeoSeries([piece.shape for piece in pieces], crs=outlines.crs)
    table = pd.DataFrame({"row": [piece.row for piece in pieces], "area": area_km2(shapes)})
    table["glac_id"] = [names[piece.glacier] if piece.glacier != _FREE else None for piece in pieces]
    table["order"] = [piece.glacier for piece in pieces]
    free = np.flatnonzero(table["order"] == _FREE)
    bounds = reprojected(shapes.iloc[free], 4326).bounds
    taken, number = set(names), 0
    for rank, place in enumerate(np.lexsort((bounds["miny"], bounds["minx"])), start=len(names)):
        number += 1
        while f"{name}-{number:04d}" in taken:
            number += 1
        table.loc[free[place], ["glac_id", "order"]] = f"{name}-{number:04d}", rank
    whole = table.groupby("row")["area"].transform("sum").to_numpy()
    share = table["area"].to_numpy() / np.where(whole > 0, whole, 1.0)
    groups = [group.to_numpy() for _, group in table.index.to_series().groupby(table["order"].astype(int))]
    largest = [group[int(table["area"].to_numpy()[group].argmax())] for group in groups]
    frame = outlines.iloc[table["row"].to_numpy()[largest]].reset_index(drop=True)
    together = [_together(shapes.to_numpy()[group]) for group in groups]
    frame = frame.set_geometry(gpd.GeoSeries(together, index=frame.index, crs=outlines.crs))
    frame["glac_id"] = table["glac_id"].to_numpy()[largest] if len(largest) else pd.Series(dtype="object")
    frame["area_km2"], perimeter = area_and_perimeter_km(frame)
    if "perimeter_km" in frame.columns:
        frame["perimeter_km"] = perimeter
    row_of = table["row"].to_numpy()
    for column in frame.columns.intersection(SHARED_COLUMNS):
        values = pd.to_numeric(outlines[column]).to_numpy(dtype=float)[row_of] * share
        frame[column] = [
            float(np.nansum(values[group])) if np.isfinite(values[group]).any() else np.nan for group in groups
        ]
    cut = np.array([len(group) > 1 or share[group[0]] < 1.0 for group in groups], bool)
    for column in frame.columns.intersection(MEASURED_COLUMNS):
        frame[column] = pd.to_numeric(frame[column]).astype("float64").where(~cut)
    if {"cenlon", "cenlat"} <= set(frame.columns) and cut.any():
        inside = in_degrees(frame.geometry[cut].representative_point())
        frame.loc[cut, "cenlon"], frame.loc[cut, "cenlat"] = inside.x, inside.y
    return frame


def _together(shapes: NDArray[Any]) -> shapely.Geometry:
    parts = shapely.get_parts(shapes)
    if len(parts) == 1:
        return parts[0]
    collected = shapely.multipolygons(parts)
    return collected if collected.is_valid else shapely.union_all(parts)
