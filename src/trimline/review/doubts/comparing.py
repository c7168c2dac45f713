"""Areas that three outlines of each glacier share or do not, by lines across it.

Laying polygons over one another exactly takes a millisecond for each glacier. To list thousands of them by doubt, each
is cut by `LINES` lines from west to east, and the pieces of the lines are measured: an area is right to about one line
in its height.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from trimline.review.doubts.outline_edges import Floats, Shapes, edges_of

LINES = 64
"""Lines across a glacier."""
_AT_A_TIME = 1000
"""Glaciers that are compared at a time."""


def shared_areas(shapes: Sequence[Shapes], *, stopped: Callable[[], bool] = lambda: False) -> Floats:
    """Return the areas that the shapes of each glacier share.

    Parameters
    ----------
    shapes
        Outlines of the same n glaciers, as arrays of polygons or None.
    stopped
        Asked between parts of the work: whether to give up, with NaN for the rest.

    Returns
    -------
    NDArray[np.float64]
        (n, 2 ** len(shapes)) areas in the square of the unit of the coordinates. Column 5 of three shapes (binary 101)
        is the ground in the first and the third, and not in the second; column 0 has no meaning.
    """
    count = len(shapes[0])
    found = np.full((count, 2 ** len(shapes)), np.nan)
    for start in range(0, count, _AT_A_TIME):
        if stopped():
            break
        part = slice(start, start + _AT_A_TIME)
        found[part] = _of_part([each[part] for each in shapes])
    return found


def _of_part(shapes: Sequence[Shapes]) -> Floats:
    count = len(shapes[0])
    west, south, east, north = _bounds(shapes)
    spacing = np.where(north > south, (north - south) / LINES, 1.0)
    width = np.where(east > west, east - west, 1.0)
    lines: list[NDArray[np.int64]] = []
    places: list[Floats] = []
    members: list[NDArray[np.int8]] = []
    for number, each in enumerate(shapes):
        crossed, at = _crossings(each, south, spacing)
        lines.append(crossed)
        places.append(at)
        members.append(np.full(len(crossed), number, np.int8))
    line, x, member = np.concatenate(lines), np.concatenate(places), np.concatenate(members)
    glacier = line // LINES
    # Sorted along each line; the place on it is less than 1, so that lines stay apart.
    order = np.argsort(line + (x - west[glacier]) / width[glacier] * 0.999, kind="stable")
    line, x, member, glacier = line[order], x[order], member[order], glacier[order]
    state = np.zeros(len(line), np.int64)
    for number in range(len(shapes)):
        # Every crossing enters or leaves a shape, and each line leaves as often as it enters.
        state |= (np.cumsum(member == number) & 1) << number
    length = np.append(np.diff(x), 0.0)
    is_last = np.append(line[1:] != line[:-1], True)
    area = np.where(is_last, 0.0, length) * spacing[glacier]
    columns = 2 ** len(shapes)
    areas = np.bincount(glacier * columns + state, weights=area, minlength=count * columns)
    return areas.astype(np.float64).reshape(count, columns)


def _crossings(shapes: Shapes, south: Floats, spacing: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Return the lines that the edges of shapes cross, numbered through all glaciers, and where (x)."""
    begin, end, of = edges_of(shapes)
    # In units of the spacing, so that lines are whole numbers; an edge crosses those from its lower end (included).
    y0, y1 = ((each[:, 1] - south[of]) / spacing[of] - 0.5 for each in (begin, end))
    first, last = (
        np.clip(np.ceil(each), 0, LINES).astype(np.int64) for each in (np.minimum(y0, y1), np.maximum(y0, y1))
    )
    number = last - first
    edge = np.repeat(np.arange(len(of)), number)
    row = np.arange(len(edge)) - np.repeat(np.cumsum(number) - number, number) + first[edge]
    share = (row - y0[edge]) / (y1[edge] - y0[edge])
    x = begin[edge, 0] + share * (end[edge, 0] - begin[edge, 0])
    return of[edge] * LINES + row, x


def _bounds(shapes: Sequence[Shapes]) -> tuple[Floats, Floats, Floats, Floats]:
    """Return west, south, east and north of all shapes of each glacier; 0 where it has none."""
    boxes = np.array([shapely.bounds(each) for each in shapes])
    low, high = np.fmin.reduce(boxes, axis=0), np.fmax.reduce(boxes, axis=0)
    west, south, east, north = (np.nan_to_num(each) for each in (low[:, 0], low[:, 1], high[:, 2], high[:, 3]))
    return west, south, east, north
