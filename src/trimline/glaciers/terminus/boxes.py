"""Area of a box that ice covers: a polygon's share of it, or what lies upstream of a digitised front."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString, MultiLineString, Polygon
from shapely.geometry.base import BaseGeometry
from shapely.ops import split


def ice_in_box_m2(terminus: BaseGeometry, box: Polygon, upstream: NDArray[np.float64]) -> float:
    """Return the area of a box that is ice [m2]; NaN where a front does not cross the box.

    Parameters
    ----------
    terminus
        Polygons of ice, or the line of a front, in a metric plane.
    box
        The box, of any shape.
    upstream
        (2,) a point of the upstream edge of the box.
    """
    if terminus.geom_type.endswith("Polygon"):
        return float(shapely.intersection(terminus, box).area)
    front = _across(terminus, box)
    if front is None:
        return float("nan")
    pieces = np.array(list(split(box, front).geoms))
    if len(pieces) < 2:
        return float("nan")
    # Pieces that share a stretch of the front lie on its two sides: the glacier's side is found from piece to piece.
    glacier = np.full(len(pieces), -1)
    start = int(np.argmin(shapely.distance(pieces, shapely.Point(upstream))))
    glacier[start] = 1
    waiting = [start]
    while waiting:
        here = waiting.pop()
        for other in np.nonzero(glacier < 0)[0]:
            if shapely.intersection(pieces[here].boundary, pieces[other].boundary).length > 0:
                glacier[other] = 1 - glacier[here]
                waiting.append(int(other))
    return float(shapely.area(pieces[glacier == 1]).sum())


def crosses(front: BaseGeometry, box: Polygon) -> bool:
    """Return whether a front reaches from side to side of a box without being prolonged."""
    line = _one_line(front)
    return line is not None and len(split(box, line).geoms) > 1


def _across(front: BaseGeometry, box: Polygon) -> LineString | None:
    """Return the front as one line whose ends lie outside the box, prolonged straight where they do not."""
    line = _one_line(front)
    if line is None:
        return None
    coordinates = shapely.get_coordinates(line)
    length = float(np.hypot(*(coordinates[-1] - coordinates[0])))
    if length == 0:
        return line
    outward = (coordinates[-1] - coordinates[0]) / length
    reach = 2 * box.length
    if box.contains(shapely.Point(coordinates[0])):
        coordinates = np.vstack([coordinates[0] - reach * outward, coordinates])
    if box.contains(shapely.Point(coordinates[-1])):
        coordinates = np.vstack([coordinates, coordinates[-1] + reach * outward])
    return LineString(coordinates)


def _one_line(front: BaseGeometry) -> LineString | None:
    """Return the longest line of a front."""
    merged = shapely.line_merge(front) if isinstance(front, MultiLineString) else front
    parts = [each for each in shapely.get_parts(merged) if isinstance(each, LineString) and not each.is_empty]
    return max(parts, key=lambda each: each.length) if parts else None
