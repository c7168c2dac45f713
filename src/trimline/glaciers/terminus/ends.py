"""Which end of a glacier is its terminus: given, or found from heights, or from where the ground changed.

What decided is part of every result. In order: a given point, a given flow direction, the end of a given flow line, the
lowest point of the outline in an elevation model that covers it, and geometry alone: the place with the most changed
ground that is no border with a neighbouring glacier. Geometry alone is wrong for about one glacier in ten.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import ndimage
from scipy.signal import fftconvolve
from shapely.geometry import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from trimline.glaciers.terminus.centre_lines import IceGrid
from trimline.glaciers.terminus.frame import unit

FoundBy = Literal["given point", "given direction", "given line", "DEM", "geometry", "box"]
"""What decided which end is the terminus."""

NEEDED_COVER = 0.95
"""Share of an outline that an elevation model must cover to say which of its points is the lowest."""

_DISC = 0.2
"""Radius in which changed ground is summed, as a share of the side of a square as large as the glacier."""

_SHARED = 0.2
"""Weight of changed ground on a border with a neighbour: a divide that was drawn again."""

_BORDER_M = 60.0
"""Ground this near a neighbour is a border at least: two Landsat pixels [m]."""

_STEP_M = 30.0
"""Distance of points along an outline whose heights are looked up: a pixel of the usual models [m]."""


@dataclass(frozen=True)
class End:
    """The end of a glacier that is its terminus."""

    tip: NDArray[np.float64]
    """(2,) its outermost point in the metric plane [m]."""
    found_by: FoundBy
    """What decided."""
    direction: NDArray[np.float64] | None = None
    """(2,) unit vector of the flow, where one was given."""


def at_point(outline: BaseGeometry, point: NDArray[np.float64]) -> End:
    """Return the end at the point of an outline nearest to a given one."""
    nearest = shapely.line_interpolate_point(
        outline.boundary, shapely.line_locate_point(outline.boundary, shapely.Point(point))
    )
    return End(shapely.get_coordinates(nearest)[0], "given point")


def in_direction(outline: BaseGeometry, direction: NDArray[np.float64]) -> End:
    """Return the end that lies farthest in a direction."""
    coordinates = shapely.get_coordinates(outline)
    return End(coordinates[np.argmax(coordinates @ direction)], "given direction", direction)


def at_line_end(outline: BaseGeometry, line: LineString) -> End:
    """Return the end at which a flow line, head to terminus, comes out of an outline."""
    return End(at_point(outline, shapely.get_coordinates(line)[-1]).tip, "given line")


def margin_points(outline: BaseGeometry) -> NDArray[np.float64]:
    """Return (n, 2) points along the outer rings of an outline."""
    rings = [part.exterior for part in shapely.get_parts(outline) if isinstance(part, Polygon)]
    points: NDArray[np.float64] = shapely.get_coordinates(shapely.segmentize(np.array(rings), _STEP_M))
    return points


def highest(points: NDArray[np.float64], heights_m: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return the highest of some points of the margin, the head; None where too few of them have a height."""
    if lowest(points, heights_m) is None:
        return None
    head: NDArray[np.float64] = points[int(np.nanargmax(heights_m))]
    return head


def lowest(points: NDArray[np.float64], heights_m: NDArray[np.float64]) -> End | None:
    """Return the end at the lowest of some points of the margin; None where too few of them have a height."""
    known = np.isfinite(heights_m)
    if not len(points) or known.mean() < NEEDED_COVER:
        return None
    return End(points[int(np.nanargmin(heights_m))], "DEM")


def most_changed(grid: IceGrid, before: BaseGeometry, after: BaseGeometry, neighbours: BaseGeometry | None) -> End:
    """Return the end around which most ground changed, borders with neighbours left out.

    Parameters
    ----------
    grid
        The ice of both dates together.
    before, after
        Polygons.
    neighbours
        Other glaciers of the first date that lie near.
    """
    at_first, at_last = grid.laid(before), grid.laid(after)
    changed = grid.ice & (at_first ^ at_last)
    if not changed.any():
        centre = grid.xy.mean(axis=0)
        return End(grid.xy[int(np.argmax(((grid.xy - centre) ** 2).sum(axis=1)))], "geometry")
    radius_m = _DISC * float(np.sqrt(grid.ice.sum())) * grid.cell_m
    reach = max(1, int(radius_m / grid.cell_m))
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disc = (rows**2 + columns**2 <= reach**2).astype(float)
    density = fftconvolve(changed.astype(float), disc, mode="same")
    if neighbours is not None and not neighbours.is_empty:
        border = grid.laid(neighbours, touched=True)
        reached = max(_BORDER_M, radius_m)
        density[ndimage.distance_transform_edt(~border) * grid.cell_m <= reached] *= _SHARED
    centre = grid.xy.mean(axis=0)
    outward = np.hypot(*(grid.xy - centre).T)
    score = density[grid.ice] * outward / outward.max()
    place = grid.xy[int(np.argmax(score))]
    # The tip is where the longer of the two dates reaches farthest beyond the other.
    smaller = at_first & at_last
    beyond = ndimage.distance_transform_edt(~smaller)[grid.ice]
    near = np.hypot(*(grid.xy - place).T) <= radius_m
    candidates = np.where(near & changed[grid.ice], beyond, -1.0)
    return End(grid.xy[int(np.argmax(candidates))], "geometry")


def bearing_vector(degrees: float) -> NDArray[np.float64]:
    """Return the unit vector of a direction, clockwise from north [degree]."""
    angle = np.radians(degrees)
    return np.array([np.sin(angle), np.cos(angle)])


def bearing_deg(vector: NDArray[np.float64]) -> float:
    """Return a direction clockwise from north [degree]."""
    east, north = unit(vector)
    return float(np.degrees(np.arctan2(east, north)) % 360.0)
