"""Edits in another CRS: rounding of vertices must not make a valid polygon an invalid one.

A ring that touches itself crosses itself once its vertices are rounded. What is written is therefore valid in the CRS
of the layer and where it is read back, and what others drew is mended where it is read.
"""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from shapely.geometry.base import BaseGeometry

from trimline.errors import EditError
from trimline.outlines.polygon_cut import polygonal
from trimline.reprojecting import reprojected, unit_m

_LONG_EDGE_M = 100.0
"""Longest edge of what is written [m]. It is read back without further vertices, which would lie beside the line."""

_SHORT_EDGE_M = 10.0
"""Longest edge of a polygon that is not valid otherwise: bent in the other CRS, it leaves the line by some micrometres
[m]."""

_TRIED_M = ((_LONG_EDGE_M, 1e-6), (_LONG_EDGE_M, 1e-5), (_SHORT_EDGE_M, 1e-5), (_SHORT_EDGE_M, 1e-4))
"""Longest edges, and grids on which a polygon is laid, one after the other until it is valid in both CRSs [m]. Vertices
then lie half a step of the grid or more from other edges, and move no more than that."""


def is_same_crs(one: Any, other: Any) -> bool:
    """Return whether two CRSs are the same; one that is not known is like any."""
    return one is None or other is None or CRS.from_user_input(one) == CRS.from_user_input(other)


def placed_edits(edits: gpd.GeoDataFrame, crs: Any, *, like: gpd.GeoDataFrame | None = None) -> gpd.GeoDataFrame:
    """Return edits in another CRS, as a replay needs them.

    Parameters
    ----------
    edits
        Edits in any CRS; without one they are returned as they are.
    crs, like
        As for `trimline.reprojecting.reprojected`.

    Returns
    -------
    GeoDataFrame
        The same rows. A polygon that is valid in its own CRS is valid here.

    Raises
    ------
    OutlineError
        A vertex has no place in the new CRS.
    """
    if not len(edits) or edits.crs is None:
        return edits
    there = reprojected(edits, crs, like=like)
    moved = there.geometry.to_numpy()
    torn = np.flatnonzero(shapely.is_valid(edits.geometry.to_numpy()) & ~shapely.is_valid(moved) & _is_given(moved))
    if not len(torn):
        return there
    mended = moved.copy()
    for each in torn:
        mended[each] = polygonal(shapely.make_valid(moved[each], method="structure", keep_collapsed=False))
    return there.set_geometry(gpd.GeoSeries(mended, index=there.index, crs=there.crs))


def stored_edits(edits: gpd.GeoDataFrame, crs: Any) -> gpd.GeoDataFrame:
    """Return edits as a layer of some CRS keeps them.

    Parameters
    ----------
    edits
        In any CRS.
    crs
        CRS of the layer; None where it is not known.

    Returns
    -------
    GeoDataFrame
        The same rows in that CRS. A valid polygon stays valid, there and when it is read back with `placed_edits`. Its
        vertices are where they were, to less than a millimetre.

    Raises
    ------
    EditError
        A polygon cannot be kept in that CRS.
    OutlineError
        A vertex has no place in it.
    """
    if is_same_crs(edits.crs, crs):
        return edits
    there = reprojected(edits, crs, longest_m=_LONG_EDGE_M)
    given, moved = edits.geometry.to_numpy(), there.geometry.to_numpy()
    is_sound = shapely.is_valid(moved) & shapely.is_valid(_geometries(moved, crs, edits.crs))
    torn = np.flatnonzero(shapely.is_valid(given) & ~is_sound & _is_given(given))
    if not len(torn):
        return there
    kept = moved.copy()
    for each in torn:
        kept[each] = _stored(given[each], edits.crs, crs, str(edits["edit_id"].iloc[each]))
    return there.set_geometry(gpd.GeoSeries(kept, index=there.index, crs=there.crs))


def _stored(geometry: BaseGeometry, source: Any, crs: Any, edit_id: str) -> BaseGeometry:
    metre = 1.0 / unit_m(CRS.from_user_input(source))
    for longest_m, grid_m in _TRIED_M:
        fine = shapely.segmentize(geometry, longest_m * metre)
        tried = polygonal(shapely.set_precision(fine, grid_m * metre))
        moved = _geometries(np.array([tried], object), source, crs)
        if shapely.is_valid(moved[0]) and shapely.is_valid(_geometries(moved, crs, source)[0]):
            found: BaseGeometry = moved[0]
            return found
    raise EditError(
        f"the polygon of edit {edit_id} touches itself, and would be invalid in the CRS of the layer of edits",
        remedy=f"draw it a little apart from itself, or make a layer in '{CRS.from_user_input(source).name}'",
    )


def _geometries(geometries: NDArray[np.object_], source: Any, crs: Any) -> NDArray[np.object_]:
    found: NDArray[np.object_] = reprojected(gpd.GeoSeries(geometries, crs=source), crs).to_numpy()
    return found


def _is_given(geometries: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Return which are geometries, and not missing."""
    given: NDArray[np.bool_] = ~shapely.is_missing(geometries)
    return given
