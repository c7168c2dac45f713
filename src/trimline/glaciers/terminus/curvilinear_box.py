"""Curvilinear box method: the area of ice in a box that follows the centre line, divided by the width of the box.

Lea and others (2014, Journal of Glaciology 60(220), 323-332).
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry
from shapely.ops import substring

from trimline.glaciers.terminus.boxes import ice_in_box_m2
from trimline.glaciers.terminus.frame import Frame


def curvilinear_box(terminus: BaseGeometry, frame: Frame) -> NDArray[np.float64]:
    """Return (1,) mean position of a terminus in the box, from the upstream edge of the box [m]."""
    box, upstream = curved_box(frame)
    return np.array([ice_in_box_m2(terminus, box, upstream) / (2 * frame.half_width_m)])


def curved_box(frame: Frame) -> tuple[Polygon, NDArray[np.float64]]:
    """Return the box along the centre line, and the middle of its upstream edge."""
    axis = substring(frame.line, frame.line_back_m, frame.line.length - frame.reach_m / 2)
    box = shapely.buffer(axis, frame.half_width_m, cap_style="flat", join_style="mitre", mitre_limit=2.0)
    if not isinstance(box, Polygon):
        box = max(shapely.get_parts(box), key=lambda each: each.area)
    return box, shapely.get_coordinates(axis)[0]
