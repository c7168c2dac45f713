"""Geometries in another CRS: the one place where outlines, regions and lines are brought there.

A straight edge in one CRS is bent in another, and vertices alone do not show it: the border of a box in degrees lies
394 m off over 1.8 degrees. Edges are therefore split to `LONGEST_EDGE_M` first. A parallel at latitude 60 then lies 3
cm off, and 11 cm at 80; within 10 km of a pole a straight edge in degrees has no meaning.

Longitudes go on without a break at the 180th meridian (`trimline.longitudes`). An outline around a pole is cut into
halves in degrees and dissolved in the plane, so that the meridian it was closed along is no border.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from trimline.coordinate_systems import degrees, turn_of
from trimline.errors import OutlineError
from trimline.foreign import foreign_errors
from trimline.longitudes import beside, connected, cut, goes_round, short_way, wrapped

if TYPE_CHECKING:
    import geopandas as gpd

    Table = TypeVar("Table", gpd.GeoDataFrame, gpd.GeoSeries)

LONGEST_EDGE_M = 1000.0
"""Longest edge of a geometry before it is brought into another CRS [m]."""

MOST_VERTICES = 10_000_000
"""Vertices that splitting may add to a table; all outlines of the Earth at 1 km need fewer."""

METRES_PER_DEGREE = 111_320.0
"""Length of a degree of the equator [m]; used for step lengths only, never to measure."""

_FARTHEST_M = 1e8
"""Coordinates beyond this are no place [m]: the other pole in a polar stereographic projection, a pole in Mercator."""

_SAME_M = 1e-3
"""Vertices of two halves of an outline on a pole that are nearer than this are the same [m]."""


def unit_m(crs: CRS) -> float:
    """Return the length of a unit of a CRS [m]: about that at the equator, or exactly for a projection."""
    turn = turn_of(crs)
    return METRES_PER_DEGREE * 360.0 / turn if turn is not None else float(crs.axis_info[0].unit_conversion_factor)


def reprojected(
    table: Table, crs: object, *, longest_m: float | None = LONGEST_EDGE_M, like: gpd.GeoDataFrame | None = None
) -> Table:
    """Return outlines, regions or lines in another CRS.

    Parameters
    ----------
    table
        Geometries with a CRS, of any type.
    crs
        Any CRS that pyproj knows.
    longest_m
        Longest edge before [m]; longer ones are split. None splits none, which is right for points.
    like
        Geometries in the new CRS. Where it has longitudes, the result is counted from the same meridian, so that the
        two can be compared.

    Returns
    -------
    GeoDataFrame or GeoSeries
        The same rows and columns. Where the CRS is the same already, vertices are not touched.

    Raises
    ------
    OutlineError
        A vertex has no place in the new CRS; the message names the row.
    """
    target = CRS.from_user_input(crs)
    source = CRS.from_user_input(table.crs)
    given = table.geometry.to_numpy()
    turn = turn_of(target)
    moved = given if source == target else moved_geometries(given, source, target, longest_m, list(table.index))
    if turn is not None and like is not None and len(like):
        west, _, east, _ = like.total_bounds
        if np.isfinite(west + east):
            moved = beside(moved, (west + east) / 2, turn)
    series = type(table.geometry)(moved, index=table.index, crs=target, name=table.geometry.name)
    return series if table.geometry is table else table.set_geometry(series)


def in_degrees(points: gpd.GeoSeries) -> gpd.GeoSeries:
    """Return points in WGS 84, longitudes from -180 to 180; a missing or empty point stays one."""
    crs = CRS.from_user_input(points.crs)
    given = points.to_numpy()
    change = transformer(crs, degrees())
    moved = shapely.transform(
        given, lambda xy: _wrapped_points(np.column_stack(change.transform(xy[:, 0], xy[:, 1]))), include_z=False
    )
    return type(points)(moved, index=points.index, crs=4326, name=points.name)


def published_in_degrees(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return outlines or lines in WGS 84 as published: cut at the 180th meridian (RFC 7946, section 3.1.9)."""
    there = reprojected(table, 4326)
    pieces = cut(there.geometry.to_numpy())
    return there.set_geometry(type(there.geometry)(pieces, index=there.index, crs=there.crs))


def moved_geometries(
    geometries: NDArray[np.object_],
    source: CRS,
    target: CRS,
    longest_m: float | None = LONGEST_EDGE_M,
    rows: list[object] | None = None,
) -> NDArray[np.object_]:
    """Return geometries of one CRS in another; see `reprojected`, and `rows` are labels for messages.

    Raises
    ------
    OutlineError
        A vertex has no place in the new CRS.
    """
    moved, lost = moved_where_possible(geometries, source, target, longest_m)
    if len(lost):
        first = lost[0] if rows is None else rows[lost[0]]
        raise OutlineError(
            f"outline {first} has no place in '{target.name}': it lies outside what the projection can show",
            remedy=f"see whether '{source.name}' is really the CRS of the coordinates",
        )
    return moved


def moved_where_possible(
    geometries: NDArray[np.object_], source: CRS, target: CRS, longest_m: float | None = LONGEST_EDGE_M
) -> tuple[NDArray[np.object_], NDArray[np.intp]]:
    """Return geometries in another CRS, and the positions of those that have no place there, which are empty."""
    turn, new_turn = turn_of(source), turn_of(target)
    fine = geometries if turn is None else connected(geometries, turn)[0]
    fine = fine if longest_m is None else split(fine, longest_m / unit_m(source))
    change = transformer(source, target)
    coordinates, owner = shapely.get_coordinates(fine, return_index=True)
    x, y = change.transform(coordinates[:, 0], coordinates[:, 1])
    there = np.column_stack([x, y])
    with np.errstate(invalid="ignore"):
        lost = np.unique(owner[~(np.abs(there) * unit_m(target) < _FARTHEST_M).all(axis=1)])
    there = np.nan_to_num(there, posinf=0.0, neginf=0.0)
    moved: NDArray[np.object_] = shapely.set_coordinates(shapely.force_2d(fine), there)
    moved[lost] = shapely.Polygon()
    if turn is not None and new_turn is None:
        for each in np.setdiff1d(np.flatnonzero(goes_round(fine, turn)), lost):
            moved[each] = _halves_joined(fine[each], change, turn)
    if new_turn is not None:
        moved = _without_break(moved, new_turn)
    return moved, lost


def split(geometries: NDArray[np.object_], longest: float) -> NDArray[np.object_]:
    """Return a copy with edges split that are longer than this in the unit of the CRS; most geometries have none.

    Raises
    ------
    OutlineError
        It would make more than `MOST_VERTICES`, as of metres that are taken for degrees.
    """
    coordinates, owner = shapely.get_coordinates(geometries, return_index=True)
    x, y = coordinates.T
    # A step from one ring to the next counts as an edge too, which is harmless.
    length = np.hypot(np.diff(x), np.diff(y))
    long = (length > longest) & (owner[1:] == owner[:-1])
    if length[long].sum() > MOST_VERTICES * longest:
        first = owner[1:][long][length[long].argmax()]
        raise OutlineError(
            f"geometry {first} has an edge from one end of the Earth to the other, or beyond",
            remedy="its coordinates or its CRS are wrong: correct them",
        )
    fine = geometries.copy()
    wanted = np.unique(owner[1:][long])
    fine[wanted] = shapely.segmentize(without_empty_parts(geometries[wanted]), longest)
    return fine


def without_empty_parts(geometries: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return a copy without the empty parts of multipart geometries and collections, and without empty holes.

    They end GEOS as it splits edges. Reproduced with GEOS 3.14.1: ``segmentize`` is a segmentation fault for
    ``MULTIPOLYGON (EMPTY, ((0 0, 10 0, 10 10, 0 0)))`` and for ``POLYGON ((0 0, 10 0, 10 10, 0 0), EMPTY)``.
    """
    parts, owner = shapely.get_parts(geometries, return_index=True)
    is_collection = shapely.get_type_id(geometries) >= shapely.GeometryType.MULTIPOINT
    nested = shapely.get_type_id(parts) >= shapely.GeometryType.MULTIPOINT
    hollow = _has_empty_hole(parts)
    suspect = hollow | (is_collection[owner] & (nested | shapely.is_empty(parts)))
    kept = geometries.copy()
    for each in np.unique(owner[suspect]):
        mine = owner == each
        there = np.array([_without_empty_holes(part) for part in parts[mine]], object)
        if not is_collection[each]:
            (kept[each],) = there
            continue
        kept[each] = type(geometries[each])([part for part in without_empty_parts(there) if not part.is_empty])
    return kept


def _has_empty_hole(geometries: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Return which geometries are polygons with a hole without vertices."""
    holed = np.flatnonzero(shapely.get_num_interior_rings(geometries) > 0)  # 0 of what is no polygon
    rings, owner = shapely.get_rings(geometries[holed], return_index=True)
    found = np.zeros(len(geometries), bool)
    found[holed[owner[shapely.is_empty(rings)]]] = True
    return found


def _without_empty_holes(geometry: shapely.Geometry) -> shapely.Geometry:
    if not isinstance(geometry, shapely.Polygon):
        return geometry
    return shapely.Polygon(geometry.exterior, [each for each in geometry.interiors if not each.is_empty])


def transformer(source: CRS, target: CRS) -> Transformer:
    """Return the transformation between two CRSs, x east and y north, made once.

    Raises
    ------
    OutlineError
        There is none.
    """
    with foreign_errors(OutlineError, f"'{source.name}' and '{target.name}'", what="no transformation is known"):
        return _transformer(source, target)


@lru_cache(maxsize=256)
def _transformer(source: CRS, target: CRS) -> Transformer:
    return Transformer.from_crs(source, target, always_xy=True)


def _halves_joined(geometry: shapely.Geometry, change: Transformer, turn: float) -> shapely.Geometry:
    """Return an outline that reaches around the Earth in a plane, its two halves dissolved."""
    west, _, east, _ = geometry.bounds
    middle, pole = (west + east) / 2, turn / 4
    halves = []
    for left, right in ((west, middle), (middle, east)):
        half = shapely.intersection(geometry, shapely.box(left, -pole, right, pole))
        there = shapely.transform(half, lambda xy: np.column_stack(change.transform(xy[:, 0], xy[:, 1])))
        halves += list(shapely.get_parts(shapely.make_valid(there, method="structure", keep_collapsed=False)))
    return shapely.union_all([each for each in halves if each.geom_type == "Polygon"], grid_size=_SAME_M)


def _without_break(geometries: NDArray[np.object_], turn: float) -> NDArray[np.object_]:
    """Return geometries whose longitudes do not jump at the 180th meridian."""
    polygonal = shapely.get_dimensions(geometries) == 2
    result = geometries.copy()
    result[polygonal] = connected(geometries[polygonal], turn)[0]
    west, _, east, _ = shapely.bounds(geometries).T
    with np.errstate(invalid="ignore"):
        broken = np.flatnonzero(~polygonal & (east - west > turn / 2))
    for each in broken:
        if shapely.get_type_id(geometries[each]) == shapely.GeometryType.LINESTRING:
            points = shapely.get_coordinates(geometries[each])
            result[each] = shapely.LineString(np.column_stack([short_way(points, turn), points[:, 1]]))
    return result


def _wrapped_points(points: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.column_stack([[wrapped(x) for x in points[:, 0]], points[:, 1]])
