"""Measuring frame of one glacier: its terminus end, flow direction, centre line and measuring width.

All dates of a glacier are measured in the same frame, so that differences of positions are changes of the terminus.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString, Polygon
from shapely.geometry.base import BaseGeometry

Axis = Literal["tongue", "glacier"]
"""Axis that the lines of the main-axis method are parallel to where no direction is given: that of the lower part of
the glacier, or the longest straight line through all of it."""

ZONE = 0.3
"""Length of the terminus zone as a share of the length of the glacier: only lines whose end lies in it are used."""

_LOWER_PART = 0.35
"""Share of the centre line that gives the direction of the tongue."""

_TONGUE_SHARE = 0.75
"""Share of the width of the tongue that boxes take up: ice fills them up to the margin of the front."""


@dataclass(frozen=True)
class Frame:
    """Frame in which termini of one glacier are measured, in a metric plane."""

    tip: NDArray[np.float64]
    """(2,) the end of the glacier that counts as terminus [m]."""
    direction: NDArray[np.float64]
    """(2,) unit vector of the flow at the terminus."""
    line: LineString
    """Centre line from head to terminus, prolonged beyond it."""
    offsets_m: NDArray[np.float64]
    """(n,) offsets of the parallel lines from the tip, to the left of the direction [m]."""
    half_width_m: float
    """Half the width of boxes [m]."""
    back_m: float
    """Upstream end of boxes along the direction, from the tip (negative) [m]."""
    line_back_m: float
    """Upstream end of curvilinear boxes, as a distance along the centre line [m]."""
    reach_m: float
    """Length that is longer than the glacier: lines and boxes go this far beyond the tip [m]."""
    box: Polygon | None = None
    """Box that was given, for the rectilinear box method."""

    @property
    def across(self) -> NDArray[np.float64]:
        """(2,) unit vector to the left of the direction."""
        return np.array([-self.direction[1], self.direction[0]])

    def positions_along(self, geometry: BaseGeometry, offsets_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how far down each parallel line a geometry reaches, from the tip [m]; NaN where they do not meet.

        The lines have no ends. A line through a vertex belongs to the edge on its left, so that none is met twice.
        """
        coordinates, ring = shapely.get_coordinates(_rings(geometry), return_index=True)
        along, aside = (coordinates - self.tip) @ self.direction, (coordinates - self.tip) @ self.across
        low, high = np.minimum(aside[:-1], aside[1:]), np.maximum(aside[:-1], aside[1:])
        # A step from one ring to the next is no edge.
        edges = (ring[:-1] == ring[1:]) & (high > low)
        met = edges[None] & (low[None] <= offsets_m[:, None]) & (offsets_m[:, None] < high[None])
        line, edge = np.nonzero(met)
        share = (offsets_m[line] - aside[edge]) / (aside[edge + 1] - aside[edge])
        farthest = np.full(len(offsets_m), -np.inf)
        np.maximum.at(farthest, line, along[edge] + share * (along[edge + 1] - along[edge]))
        return np.where(np.isfinite(farthest), farthest, np.nan)

    def points(self, offsets_m: NDArray[np.float64], positions_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (n, 2) points at positions along parallel lines."""
        points: NDArray[np.float64] = (
            self.tip + offsets_m[:, None] * self.across + positions_m[:, None] * self.direction
        )
        return points


def _rings(geometry: BaseGeometry) -> NDArray[np.object_]:
    """Return the rings of polygons, or the lines of a front."""
    parts = shapely.get_parts(geometry)
    lines = shapely.get_type_id(parts) != shapely.GeometryType.POLYGON
    rings: NDArray[np.object_] = np.concatenate([parts[lines], shapely.get_rings(parts[~lines])])
    return rings


def unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a vector at length 1; east where it has no length."""
    length = float(np.hypot(*vector))
    return vector / length if length > 0 else np.array([1.0, 0.0])


def polygon_frame(
    before: BaseGeometry,
    after: BaseGeometry,
    tip: NDArray[np.float64],
    line: LineString,
    *,
    direction: NDArray[np.float64] | None = None,
    axis: Axis = "tongue",
    count: int = 61,
    spacing_m: float | None = None,
    width_m: float | None = None,
    box: Polygon | None = None,
) -> Frame:
    """Return the frame of a glacier from its outlines at two dates.

    Parameters
    ----------
    before, after
        Polygons in a metric plane.
    tip
        (2,) end of the glacier that is its terminus [m].
    line
        Centre line, head to terminus.
    direction
        (2,) flow direction at the terminus; None derives it from `axis`.
    axis
        See `Axis`.
    count, spacing_m
        Number of parallel lines across twice the mean width of the glacier, or the distance between them [m].
    width_m
        Width of boxes [m]; None takes three quarters of the width of the tongue.
    box
        Box of the rectilinear box method.
    """
    whole = before if before.area >= after.area else after
    hull = shapely.get_coordinates(whole.convex_hull)
    length, longest = _longest_chord(hull)
    if direction is None:
        upstream = shapely.get_coordinates(line.interpolate(line.length * (1 - _LOWER_PART)))[0]
        tongue = unit(tip - upstream)
        direction = tongue if axis == "tongue" else longest * (1.0 if longest @ tongue >= 0 else -1.0)
    along = hull @ direction
    length = max(float(np.ptp(along)), 1.0) if axis == "tongue" else length
    mean_width = whole.area / length
    reach = 4 * (length + np.hypot(*(hull.max(axis=0) - hull.min(axis=0))))
    prolonged = _prolonged(line, direction, reach, mean_width / 2)
    rough = Frame(tip, direction, prolonged, np.zeros(1), mean_width, 0.0, 0.0, reach)
    offsets = _in_terminus_zone(rough, before, after, mean_width, length, count, spacing_m)
    ends = np.concatenate([rough.positions_along(each, offsets) for each in (before, after)])
    chainages = [chainage(prolonged, each) for each in (before, after)]
    last = np.nanmin(chainages) if np.isfinite(chainages).any() else line.length
    half = width_m / 2 if width_m is not None else _half_width(prolonged, last, whole, mean_width)
    back = (np.nanmin(ends) if np.isfinite(ends).any() else 0.0) - half
    return Frame(tip, direction, prolonged, offsets, half, back, max(last - half, 0.0), reach, box)


def front_frame(
    fronts: list[BaseGeometry],
    direction: NDArray[np.float64],
    line: LineString | None,
    *,
    count: int = 61,
    spacing_m: float | None = None,
    width_m: float | None = None,
    box: Polygon | None = None,
) -> Frame:
    """Return the frame of digitised terminus lines.

    Parameters
    ----------
    fronts
        Lines across the glacier in a metric plane.
    direction
        (2,) unit vector of the flow.
    line
        Centre line, head to terminus; None takes a straight one through the middle of the fronts.
    count, spacing_m, width_m, box
        As in `polygon_frame`; None for the width takes three quarters of what all fronts have in common.
    """
    across = np.array([-direction[1], direction[0]])
    coordinates = [shapely.get_coordinates(each) for each in fronts]
    left = max(float((each @ across).min()) for each in coordinates)
    right = min(float((each @ across).max()) for each in coordinates)
    middle = (left + right) / 2
    half = max(right - left, 1.0) / 2
    along = np.concatenate([each @ direction for each in coordinates])
    tip = direction * along.max() + across * middle
    reach = 4 * (float(np.ptp(along)) + 2 * half)
    if line is None:
        line = LineString([tip - reach / 4 * direction, tip])
    prolonged = _prolonged(line, direction, reach, half)
    offsets = _offsets(-half, half, count, spacing_m)
    chainages = [chainage(prolonged, each) for each in fronts]
    last = float(np.nanmin(chainages)) if np.isfinite(chainages).any() else line.length
    box_half = width_m / 2 if width_m is not None else _TONGUE_SHARE * half
    back = float(along.min() - along.max()) - box_half
    # The centre line may bend, so that fronts begin farther upstream along it than where it crosses them.
    line_back = max(min(last - box_half, *(_first_chainage(prolonged, each) for each in fronts)) - box_half, 0.0)
    return Frame(tip, direction, prolonged, offsets, box_half, back, line_back, reach, box)


def chainage(line: LineString, geometry: BaseGeometry) -> float:
    """Return how far down a line a geometry reaches [m]; NaN where they do not meet."""
    met = shapely.get_coordinates(shapely.intersection(line, geometry))
    if not len(met):
        return float("nan")
    return float(shapely.line_locate_point(line, shapely.points(met)).max())


def _first_chainage(line: LineString, geometry: BaseGeometry) -> float:
    return float(shapely.line_locate_point(line, shapely.points(shapely.get_coordinates(geometry))).min())


def _longest_chord(hull: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """Return the length [m] and the direction of the longest straight line between points of a hull."""
    between = hull[:, None] - hull[None]
    distances = np.hypot(between[..., 0], between[..., 1])
    first, second = np.unravel_index(int(np.argmax(distances)), distances.shape)
    return float(distances[first, second]), unit(between[first, second])


def _prolonged(line: LineString, direction: NDArray[np.float64], by_m: float, over_m: float) -> LineString:
    """Return a line prolonged beyond its end, in the direction of its last piece."""
    coordinates = shapely.get_coordinates(line)
    before = shapely.get_coordinates(line.interpolate(max(line.length - over_m, 0.0)))[0]
    last = coordinates[-1] - before
    heading = unit(last) if np.hypot(*last) > 0 else direction
    return LineString(np.vstack([coordinates, coordinates[-1] + by_m * heading]))


def _offsets(left: float, right: float, count: int, spacing_m: float | None) -> NDArray[np.float64]:
    if spacing_m is None:
        return np.asarray(np.linspace(left, right, count + 2)[1:-1], np.float64)
    middle = (left + right) / 2
    number = int((right - left) / 2 // spacing_m)
    offsets: NDArray[np.float64] = middle + spacing_m * np.arange(-number, number + 1, dtype=np.float64)
    return offsets


def _in_terminus_zone(
    frame: Frame,
    before: BaseGeometry,
    after: BaseGeometry,
    mean_width: float,
    length: float,
    count: int,
    spacing_m: float | None,
) -> NDArray[np.float64]:
    """Return the offsets of lines that end in the terminus zone of the date at which the glacier was longer."""
    tried = _offsets(-mean_width, mean_width, count, spacing_m)
    if not len(tried):
        tried = np.zeros(1)
    earlier, later = frame.positions_along(before, tried), frame.positions_along(after, tried)
    cut = np.isfinite(earlier) & np.isfinite(later)
    if not cut.any():
        return tried
    longer = np.fmax(earlier, later)
    ending: NDArray[np.float64] = tried[cut & (longer > longer[cut].max() - ZONE * length)]
    return ending


def _half_width(line: LineString, last_m: float, whole: BaseGeometry, mean_width: float) -> float:
    """Return half the width of boxes: of the tongue just above the terminus, at most the mean of the glacier."""
    halves = []
    for up in (0.25, 0.5, 0.75, 1.0):
        at = last_m - up * mean_width
        if at <= 0:
            continue
        here, there = shapely.get_coordinates([line.interpolate(at), line.interpolate(at + 0.1 * mean_width)])
        heading = unit(there - here)
        normal = np.array([-heading[1], heading[0]]) * 4 * mean_width
        cut = shapely.get_parts(shapely.intersection(LineString([here - normal, here + normal]), whole))
        near = [each.length for each in cut if each.distance(shapely.Point(here)) < 0.05 * mean_width]
        if near:
            halves.append(max(near) / 2)
    half = min(float(np.median(halves)), mean_width / 2) if halves else mean_width / 2
    return max(_TONGUE_SHARE * half, 1.0)
