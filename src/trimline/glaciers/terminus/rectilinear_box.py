"""Rectilinear box method: the area of ice in a straight box, divided by the width of the box.

Moon and Joughin (2008, Journal of Geophysical Research 113, F02022); compared with others by Lea and others (2014,
Journal of Glaciology 60(220), 323-332).
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from trimline.glaciers.terminus.boxes import ice_in_box_m2
from trimline.glaciers.terminus.frame import Frame

_STRAIGHT = 0.005
"""Points of a box this near a straight edge are no corners, as a share of the side of a square as large."""


def rectilinear_box(terminus: BaseGeometry, frame: Frame) -> NDArray[np.float64]:
    """Return (1,) mean position of a terminus in the box, from the upstream edge of the box [m].

    A box that was given is divided by its own mean width, which is its area by the distance between its ends.
    """
    box, upstream, width = box_of(frame)
    return np.array([ice_in_box_m2(terminus, box, upstream) / width])


def box_of(frame: Frame) -> tuple[Polygon, NDArray[np.float64], float]:
    """Return the box, the middle of its upstream edge, and its mean width [m]."""
    if frame.box is None:
        half, left = frame.half_width_m, frame.across
        upstream = frame.tip + frame.back_m * frame.direction
        ahead = upstream + (frame.reach_m / 2 - frame.back_m) * frame.direction
        corners = [upstream - half * left, upstream + half * left, ahead + half * left, ahead - half * left]
        return Polygon(corners), upstream, 2 * half
    # Long edges were split when the box was projected; its corners are what is left without the points on edges.
    rounding = _STRAIGHT * float(np.sqrt(frame.box.area))
    corners_given = shapely.get_coordinates(shapely.simplify(frame.box.exterior, rounding))
    middles = (corners_given[1:] + corners_given[:-1]) / 2
    heights = middles @ frame.direction
    first, last = middles[np.argmin(heights)], middles[np.argmax(heights)]
    return frame.box, first, frame.box.area / float(np.hypot(*(last - first)))
