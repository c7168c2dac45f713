"""Extrapolated centre-line method: distances along the centre line are carried across the width of the terminus.

Every point of the terminus gets the distance along the centre line of the point of it that is nearest, so that a bend
of the glacier is followed over its whole width (after Lea and others, 2014, Journal of Glaciology 60(220), 323-332).
That means are taken over strips of equal width, and not over vertices, is ours: a digitised line has more vertices
where it is crooked.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry
from shapely.ops import substring

from trimline.glaciers.terminus.frame import Frame

STRIPS = 21
"""Strips of equal width across the terminus."""


def extrapolated_centre_line(terminus: BaseGeometry, frame: Frame) -> NDArray[np.float64]:
    """Return (`STRIPS`,) positions of a terminus, along the centre line, in strips across it [m]; NaN where none."""
    half = frame.half_width_m
    margin = terminus.boundary if terminus.geom_type.endswith("Polygon") else terminus
    # Most of the margin lies far from the terminus: only what may lie beside this part of the line is looked at.
    part = substring(frame.line, max(frame.line_back_m - half, 0.0), frame.line.length - frame.reach_m / 2)
    left, bottom, right, top = part.buffer(2 * half).bounds
    points = shapely.get_coordinates(
        shapely.segmentize(shapely.clip_by_rect(margin, left, bottom, right, top), half / STRIPS)
    )
    along = shapely.line_locate_point(frame.line, shapely.points(points))
    foot, ahead = (shapely.get_coordinates(frame.line.interpolate(along + step)) for step in (0.0, 1.0))
    offset = points - foot
    heading = ahead - foot
    across = heading[:, 0] * offset[:, 1] - heading[:, 1] * offset[:, 0]
    side = np.sign(across) * np.hypot(*offset.T)
    inside = (np.abs(side) < half) & (along >= frame.line_back_m - half)
    strip = ((side[inside] + half) / (2 * half) * STRIPS).astype(int)
    farthest = np.full(STRIPS, -np.inf)
    np.maximum.at(farthest, np.clip(strip, 0, STRIPS - 1), along[inside])
    return np.where(np.isfinite(farthest), farthest, np.nan)
