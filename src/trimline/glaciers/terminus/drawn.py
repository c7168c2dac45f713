"""Drawn termini in place of where outlines end: located in the frame of the outlines, method by method."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from trimline.glaciers.terminus.frame import Frame
from trimline.glaciers.terminus.methods import TERMINUS_METHODS

OUTLINE, DRAWN = "outline", "drawn"
"""What a terminus was taken from: the outline, or a line that was drawn."""

NOT_CUT = "drawn terminus not cut"
"""Condition of a glacier whose drawn terminus no line or box of a method meets."""


def located(
    name: str, outline: BaseGeometry, drawn: BaseGeometry | None, frame: Frame
) -> tuple[NDArray[np.float64], str]:
    """Return the positions of a terminus by a method, and whether they are those of the outline or of a drawn line.

    The drawn line counts where the method meets it, else the outline.
    """
    method = TERMINUS_METHODS[name]
    if drawn is not None:
        positions = method(drawn, frame)
        if np.isfinite(positions).any():
            return positions, DRAWN
    return method(outline, frame), OUTLINE if outline.geom_type.endswith("Polygon") else DRAWN


def located_line(outline: BaseGeometry, drawn: BaseGeometry | None, frame: Frame) -> BaseGeometry:
    """Return the drawn terminus where one of the parallel lines meets it, else the outline."""
    if drawn is not None and np.isfinite(frame.positions_along(drawn, frame.offsets_m)).any():
        return drawn
    return outline


def reaching(frame: Frame, drawn: Sequence[BaseGeometry | None]) -> Frame:
    """Return a frame whose boxes begin upstream of all drawn termini."""
    lines = [each for each in drawn if each is not None]
    if not lines:
        return frame
    coordinates = shapely.get_coordinates(lines)
    along = (coordinates - frame.tip) @ frame.direction
    down_the_line = shapely.line_locate_point(frame.line, shapely.points(coordinates))
    return replace(
        frame,
        back_m=min(frame.back_m, float(along.min()) - frame.half_width_m),
        line_back_m=max(min(frame.line_back_m, float(down_the_line.min()) - frame.half_width_m), 0.0),
    )


def taken_from(first: str, last: str) -> str:
    """Return in words what the termini of two dates were taken from."""
    return first if first == last else f"{first} to {last}"
