"""Longitudes: outlines in degrees in one connected piece, whatever meridian their longitudes are counted from.

Longitudes repeat after a full turn. The same outline comes with longitudes from -180 to 180 or from 0 to 360, cut in
two at 180, or with edges that go the long way round the Earth because a program moved its vertices one by one. All of
them are brought to one form: longitudes of all outlines of a table follow each other without a break, from -180 to 180
where none touches the 180th meridian, and from the widest gap between the outlines where one does. An outline around a
pole has no such form; it reaches from -180 to 180 with an edge along the pole, as in most files.

An edge longer than half a turn is read the short way round, which is the only reading of an outline of ice; so is one
that winds around a pole. A polygon that is wide without such an edge, or still wide when it is read the short way
round, has two readings and is refused.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import Literal

import numpy as np
import shapely
from numpy.typing import NDArray

from trimline.errors import OutlineError

Reading = Literal["moved", "across", "joined", "polar"]
"""What was done to an outline: longitudes beyond half a turn were moved by full turns; edges were read the short way
round; parts that were cut at the 180th meridian were joined; a ring around a pole was closed along it."""

_TOUCHING = 1e-8
"""Distance from the 180th meridian within which a vertex lies on it [fraction of a degree]: a millimetre."""

_WIDEST = 0.25
"""Width of an outline that is read across the 180th meridian, at most [turns]. A wider one has two readings."""


def is_wrapped(geometries: NDArray[np.object_], turn: float = 360.0) -> bool:
    """Whether no part of some polygons touches the 180th meridian or lies beyond it: they are as they should be."""
    parts = shapely.get_parts(geometries)
    west, _, east, _ = shapely.bounds(parts).T
    with np.errstate(invalid="ignore"):
        return not ((west <= -turn / 2 + _TOUCHING) | (east >= turn / 2 - _TOUCHING) | (east - west > turn / 2)).any()


def goes_round(geometries: NDArray[np.object_], turn: float = 360.0) -> NDArray[np.bool_]:
    """Return which polygons reach all around the Earth, as those on a pole."""
    west, _, east, _ = shapely.bounds(geometries).T
    with np.errstate(invalid="ignore"):
        return np.asarray(east - west >= turn - _TOUCHING)


def connected(
    geometries: NDArray[np.object_], turn: float = 360.0, rows: Sequence[Hashable] | None = None
) -> tuple[NDArray[np.object_], dict[int, Reading]]:
    """Return outlines whose longitudes follow each other without a break.

    Parameters
    ----------
    geometries
        (n,) polygons, multipolygons and missing ones; any other geometry is returned as it is.
    turn
        A full turn in the unit of the longitudes.
    rows
        Labels of the outlines for messages; None means their positions.

    Returns
    -------
    tuple
        (n,) geometries, and what was done to those that were not in a common form, by position. Moving an outline
        of a table across the 180th meridian by a full turn, beside its neighbours, is not counted.

    Raises
    ------
    OutlineError
        An outline has two readings.
    """
    if is_wrapped(geometries, turn):
        return geometries, {}
    kind = shapely.get_type_id(geometries)
    chosen = np.flatnonzero(
        np.isin(kind, (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)) & ~shapely.is_empty(geometries)
    )
    labels: Sequence[Hashable] = range(len(geometries)) if rows is None else rows
    parts, owner = shapely.get_parts(geometries[chosen], return_index=True)
    owner = chosen[owner]
    done: dict[int, Reading] = {}
    west, _, east, _ = shapely.bounds(parts).T
    beyond = (west < -turn / 2 - _TOUCHING) | (east > turn / 2 + _TOUCHING)
    for each in np.flatnonzero(east - west > turn / 2):
        parts[each], reading = _read(parts[each], turn, labels[int(owner[each])])
        if reading is not None:
            done[int(owner[each])] = reading
    shift, seam = _shifts(parts, turn)
    for each in np.flatnonzero(beyond & (shift != 0)):
        done.setdefault(int(owner[each]), "moved")
    moved = parts.copy()
    for turns in np.unique(shift[shift != 0]):
        these = shift == turns
        moved[these] = _moved(parts[these], float(turns) * turn)
    touching = _touches(moved, seam) if seam is not None else np.zeros(len(moved), bool)
    if seam is not None and touching.any():
        moved[touching] = shapely.transform(moved[touching], lambda points: _snapped(points, seam))
    result = geometries.copy()
    changed = np.zeros(len(geometries), bool)
    changed[owner[(shift != 0) | touching]] = True
    changed[list(done)] = True
    for row in np.flatnonzero(changed):
        of_row = owner == row
        own = moved[of_row]
        if seam is not None and (touching & of_row).sum() > 1 and _lies_on_both_sides(own, seam):
            polygons = shapely.get_parts(own)
            whole = shapely.union_all(polygons) if shapely.is_valid(polygons).all() else shapely.multipolygons(polygons)
            if len(shapely.get_parts(whole)) < len(polygons):
                done[int(row)] = "joined"
            result[row] = whole
        elif len(own) == 1 and kind[row] == shapely.GeometryType.POLYGON:
            result[row] = own[0]
        else:
            result[row] = shapely.multipolygons(shapely.get_parts(own))
    return result, done


def beside(geometries: NDArray[np.object_], longitude: float, turn: float = 360.0) -> NDArray[np.object_]:
    """Return geometries moved by full turns, each as a whole, so that their middles are nearest to a longitude.

    Those in one table have one form already (see `connected`); this brings those of another table to it.
    """
    west, _, east, _ = shapely.bounds(geometries).T
    with np.errstate(invalid="ignore"):
        turns = np.nan_to_num(np.floor(((west + east) / 2 - longitude + turn / 2) / turn))
    turns[goes_round(geometries, turn)] = 0
    if not turns.any():
        return geometries
    result = geometries.copy()
    for each in np.unique(turns[turns != 0]):
        these = turns == each
        result[these] = _moved(geometries[these], -float(each) * turn)
    return result


def cut(geometries: NDArray[np.object_], turn: float = 360.0) -> NDArray[np.object_]:
    """Return geometries cut at the 180th meridian, with longitudes from -180 to 180, as files are published."""
    west, _, east, _ = shapely.bounds(geometries).T
    with np.errstate(invalid="ignore"):
        beyond = (west < -turn / 2) | (east > turn / 2)
    if not beyond.any():
        return geometries
    result = geometries.copy()
    for row in np.flatnonzero(beyond):
        first, last = (int(np.floor(x / turn + 0.5)) for x in (west[row], east[row]))
        pieces = []
        for turns in range(first, last + 1):
            strip = shapely.box((turns - 0.5) * turn, -100.0, (turns + 0.5) * turn, 100.0)
            pieces.append(_moved(np.array([shapely.intersection(geometries[row], strip)]), -turns * turn)[0])
        pieces = [piece for piece in pieces if not piece.is_empty]
        result[row] = _of_dimension(pieces, shapely.get_dimensions(geometries[row]))
    return result


def wrapped(longitude: float, turn: float = 360.0) -> float:
    """Return a longitude from -180 up to 180; one that is there already is not touched."""
    if -turn / 2 <= longitude <= turn / 2 or not math.isfinite(longitude):
        return float(longitude)
    return float((longitude + turn / 2) % turn - turn / 2)


def short_way(points: NDArray[np.float64], turn: float = 360.0) -> NDArray[np.float64]:
    """Return the longitudes along a line so that they follow each other without a break.

    Parameters
    ----------
    points
        (n, 2) longitudes and latitudes.
    turn
        A full turn in their unit.

    Returns
    -------
    NDArray[np.float64]
        (n,) longitudes. A step of a full turn is no break where it runs along a pole, or where the line has no width
        otherwise: a box around the Earth.
    """
    x = points[:, 0]
    turns = np.round(np.diff(x) / turn)
    full = np.abs(np.abs(np.diff(x)) - turn) < _TOUCHING
    if full.any():
        at_pole = np.abs(np.abs(points[:, 1]) - turn / 4) < _TOUCHING
        short: NDArray[np.float64] = x - turn * np.concatenate([[0.0], np.cumsum(turns)])
        if (full & at_pole[1:] & at_pole[:-1]).any() or np.ptp(short) < _TOUCHING:
            turns = np.where(full, 0.0, turns)
    return x - turn * np.concatenate([[0.0], np.cumsum(turns)])


def _read(polygon: shapely.Polygon, turn: float, row: Hashable) -> tuple[shapely.Polygon, Reading | None]:
    """Return a polygon that is wider than half a turn, read in the one way in which it can be."""
    ring = shapely.get_coordinates(polygon.exterior)
    x = short_way(ring, turn)
    if np.array_equal(x, ring[:, 0]):
        if np.ptp(x) >= turn - _TOUCHING:
            return polygon, None
        raise _two_readings(row, np.ptp(x))
    holes = [_straight(hole, turn) for hole in polygon.interiors]
    if abs(x[-1] - x[0]) > turn / 2:
        return _around_a_pole(np.column_stack([x, ring[:, 1]]), holes, turn, row), "polar"
    if np.ptp(x) > _WIDEST * turn:
        raise _two_readings(row, np.ptp(ring[:, 0]))
    middle = (x.min() + x.max()) / 2
    inside = []
    for hole in holes:
        if abs(hole[-1, 0] - hole[0, 0]) > turn / 2:
            raise _two_readings(row, np.ptp(ring[:, 0]))
        turns = np.round(((hole[:, 0].min() + hole[:, 0].max()) / 2 - middle) / turn)
        inside.append(hole - (turns * turn, 0.0))
    return shapely.Polygon(np.column_stack([x, ring[:, 1]]), inside), "across"


def _straight(ring: shapely.LinearRing, turn: float) -> NDArray[np.float64]:
    points = shapely.get_coordinates(ring)
    return np.column_stack([short_way(points, turn), points[:, 1]])


def _around_a_pole(
    ring: NDArray[np.float64], holes: Sequence[NDArray[np.float64]], turn: float, row: Hashable
) -> shapely.Polygon:
    """Return the polygon on the pole that a ring winds around, from -180 to 180."""
    pole = turn / 4
    if ring[:, 1].min() < 0 < ring[:, 1].max():
        raise OutlineError(
            f"outline {row} winds around the Earth on both sides of the equator",
            remedy="cut it into parts that are less than 180 degrees wide",
        )
    side = pole if ring[:, 1].mean() > 0 else -pole
    whole = _on_pole(ring, side, turn)
    for hole in holes:
        winds = abs(hole[-1, 0] - hole[0, 0]) > turn / 2
        taken = _on_pole(hole, side, turn) if winds else _in_strip(shapely.Polygon(hole), turn)
        whole = shapely.difference(whole, taken)
    return whole


def _on_pole(ring: NDArray[np.float64], side: float, turn: float) -> shapely.Geometry:
    first, last = ring[0, 0], ring[-1, 0]
    return _in_strip(shapely.Polygon([*ring, (last, side), (first, side)]), turn)


def _in_strip(polygon: shapely.Geometry, turn: float) -> shapely.Geometry:
    """Return a polygon in longitudes from -180 to 180, its parts beyond moved by full turns."""
    west, _, east, _ = polygon.bounds
    strip = shapely.box(-turn / 2, -100.0, turn / 2, 100.0)
    first, last = int(np.floor(west / turn + 0.5)), int(np.floor(east / turn + 0.5))
    pieces = [
        shapely.intersection(_moved(np.array([polygon]), -turns * turn)[0], strip) for turns in range(first, last + 1)
    ]
    return shapely.union_all(pieces)


def _two_readings(row: Hashable, width: float) -> OutlineError:
    return OutlineError(
        f"outline {row} is {width:.2f} degrees wide: it lies across the 180th meridian, or is no outline of a glacier",
        remedy="write its longitudes on one side (179.9 and 180.1), or cut it into parts of less than 90 degrees",
    )


def _shifts(parts: NDArray[np.object_], turn: float) -> tuple[NDArray[np.float64], float | None]:
    """Return by how many turns each part is moved, and the 180th meridian that then lies among them, if any does."""
    west, _, east, _ = shapely.bounds(parts).T
    round_it = goes_round(parts, turn)
    turns = np.where(round_it, 0.0, -np.floor((west + east) / 2 / turn + 0.5))
    at_west, at_east = west + turns * turn + turn / 2, east + turns * turn - turn / 2
    crosses = ~round_it & ((at_west < -_TOUCHING) | (at_east > _TOUCHING))
    meets = (at_west[~round_it] <= _TOUCHING).any() and (at_east[~round_it] >= -_TOUCHING).any()
    if not (crosses.any() or meets):
        return turns, None
    start = _middle_of_gap(west[~round_it], east[~round_it], turn)
    placed = np.where(round_it, 0.0, -np.floor((west - start) / turn))
    return placed, turn / 2


def _middle_of_gap(west: NDArray[np.float64], east: NDArray[np.float64], turn: float) -> float:
    """Return the middle of the widest gap between intervals on a circle, from -180 up to 180; -180 without a gap."""
    start, width = west % turn, east - west
    order = np.argsort(start, kind="stable")
    begins, ends = start[order], (start + width)[order]
    ends = np.maximum(np.maximum.accumulate(ends), ends.max() - turn)
    gaps = np.append(begins[1:], begins[0] + turn) - ends
    widest = int(gaps.argmax())
    if gaps[widest] <= 0:
        return -turn / 2
    middle = float(ends[widest] + gaps[widest] / 2)
    return (middle + turn / 2) % turn - turn / 2


def _touches(parts: NDArray[np.object_], seam: float) -> NDArray[np.bool_]:
    west, _, east, _ = shapely.bounds(parts).T
    return np.asarray((np.abs(west - seam) <= _TOUCHING) | (np.abs(east - seam) <= _TOUCHING))


def _lies_on_both_sides(parts: NDArray[np.object_], seam: float) -> bool:
    west, _, east, _ = shapely.bounds(parts).T
    return bool((np.abs(west - seam) <= _TOUCHING).any() and (np.abs(east - seam) <= _TOUCHING).any())


def _snapped(points: NDArray[np.float64], seam: float) -> NDArray[np.float64]:
    near = np.abs(points[:, 0] - seam) <= _TOUCHING
    return np.column_stack([np.where(near, seam, points[:, 0]), points[:, 1]])


def _moved(geometries: NDArray[np.object_], by: float) -> NDArray[np.object_]:
    moved: NDArray[np.object_] = shapely.transform(geometries, lambda points: np.add(points, [by, 0.0]))
    return moved


def _of_dimension(pieces: Sequence[shapely.Geometry], dimension: int) -> shapely.Geometry:
    """Return pieces of a geometry as one, without the points and lines in which it only touches a border."""
    parts = [part for part in shapely.get_parts(list(pieces)) if shapely.get_dimensions(part) == dimension]
    if len(parts) == 1:
        return parts[0]
    together = {0: shapely.multipoints, 1: shapely.multilinestrings, 2: shapely.multipolygons}[dimension]
    return together(parts)
