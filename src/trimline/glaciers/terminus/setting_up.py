"""Frame of a glacier from what was given: the deciding end, the centre line, the direction and the widths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from trimline.errors import ChangeError
from trimline.glaciers.terminus import ends
from trimline.glaciers.terminus.centre_lines import IceGrid
from trimline.glaciers.terminus.ends import End, FoundBy
from trimline.glaciers.terminus.frame import Frame, chainage, front_frame, polygon_frame, unit
from trimline.glaciers.terminus.given import Given


class Neighbours:
    """Other glaciers of a date, by place.

    Parameters
    ----------
    glaciers
        Polygons in the metric plane, by identifier; lines are left out.
    """

    def __init__(self, glaciers: Mapping[str, BaseGeometry]) -> None:
        areal = {key: each for key, each in glaciers.items() if each.geom_type.endswith("Polygon")}
        self._keys = np.array(list(areal), dtype=object)
        self._glaciers = np.array(list(areal.values()), dtype=object)
        self._tree = shapely.STRtree(self._glaciers) if len(areal) else None

    def around(self, glacier: str, outline: BaseGeometry) -> BaseGeometry:
        """Return the other glaciers near an outline, together."""
        if self._tree is None:
            return Polygon()
        found = self._tree.query(outline, predicate="dwithin", distance=2 * ends._BORDER_M)
        others = self._glaciers[[each for each in found if self._keys[each] != glacier]]
        return shapely.union_all(others) if len(others) else Polygon()


def frame_of_polygons(
    glacier: str, before: BaseGeometry, after: BaseGeometry, given: Given, neighbours: Neighbours
) -> tuple[Frame, End]:
    """Return the frame of a glacier from its outlines, and what decided which end is the terminus."""
    body = main_body(before, after)
    grid = IceGrid(body)
    points = ends.margin_points(body) if given.models else np.empty((0, 2))
    heights = given.heights_m(points)
    end = _end(glacier, body, before, after, given, neighbours, grid, points, heights)
    line = given.line(glacier)
    if line is None:
        middle = grid.middle_near(end.tip)
        line = grid.centre_line(middle, ends.highest(points, heights))
        end = replace(end, tip=_way_out(body, middle, end.direction if end.direction is not None else _heading(line)))
        line = LineString(np.vstack([shapely.get_coordinates(line), end.tip]))
    frame = polygon_frame(
        before,
        after if not after.is_empty else before,
        end.tip,
        line,
        direction=end.direction,
        axis=given.axis,
        count=given.count,
        spacing_m=given.spacing_m,
        width_m=given.width_m,
        box=given.box(glacier),
    )
    return frame, end


def _heading(line: LineString) -> NDArray[np.float64]:
    """Return the direction of the last tenth of a line."""
    ends_of_it = shapely.get_coordinates(
        [line.interpolate(0.9, normalized=True), line.interpolate(1.0, normalized=True)]
    )
    return unit(ends_of_it[1] - ends_of_it[0])


def _way_out(body: Polygon, start: NDArray[np.float64], heading: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return where one leaves a body of ice from a point inside it, straight ahead."""
    ray = LineString([start, start + body.length * heading])
    pieces = shapely.get_parts(shapely.intersection(body, ray))
    first = min(pieces, key=lambda piece: piece.distance(shapely.Point(start)), default=None)
    if first is None or first.is_empty:
        return start
    coordinates = shapely.get_coordinates(first)
    out: NDArray[np.float64] = coordinates[np.argmax(coordinates @ heading)]
    return out


def main_body(before: BaseGeometry, after: BaseGeometry) -> Polygon:
    """Return the largest connected ice of both dates together."""
    together = shapely.union(before, after)
    parts = [each for each in shapely.get_parts(together) if isinstance(each, Polygon)]
    both = [each for each in parts if each.intersects(before) and each.intersects(after)]
    return max(both or parts, key=lambda each: each.area)


def _end(
    glacier: str,
    body: Polygon,
    before: BaseGeometry,
    after: BaseGeometry,
    given: Given,
    neighbours: Neighbours,
    grid: IceGrid,
    points: NDArray[np.float64],
    heights_m: NDArray[np.float64],
) -> End:
    direction = given.directions.get(glacier)
    if glacier in given.points:
        end = ends.at_point(body, shapely.get_coordinates(given.points[glacier])[0])
        return end if direction is None else End(end.tip, end.found_by, ends.bearing_vector(direction))
    if direction is not None:
        return ends.in_direction(body, ends.bearing_vector(direction))
    line = given.line(glacier)
    if line is not None:
        return ends.at_line_end(body, line)
    at_lowest = ends.lowest(points, heights_m)
    if at_lowest is not None:
        return at_lowest
    return ends.most_changed(grid, before, after, neighbours.around(glacier, body))


def frame_of_fronts(glacier: str, fronts: Sequence[BaseGeometry], given: Given) -> tuple[Frame, FoundBy]:
    """Return the frame of digitised terminus lines, and what decided where down-glacier is.

    Raises
    ------
    ChangeError
        Neither a direction nor a centre line was given.
    """
    line = given.line(glacier)
    bearing = given.directions.get(glacier)
    found_by: FoundBy = "given direction"
    if bearing is not None:
        direction = ends.bearing_vector(bearing)
    elif line is not None:
        direction, found_by = _along(line, fronts), "given line"
    else:
        raise ChangeError(
            "a line across a glacier does not say which side is ice",
            where=f"glacier {glacier}",
            remedy="give its flow direction in 'directions', or its centre line in 'lines'",
        )
    frame = front_frame(
        list(fronts),
        direction,
        line,
        count=given.count,
        spacing_m=given.spacing_m,
        width_m=given.width_m,
        box=given.box(glacier),
    )
    return frame, found_by


def _along(line: LineString, fronts: Sequence[BaseGeometry]) -> NDArray[np.float64]:
    """Return the direction of a centre line where it meets the fronts, over half their width on both sides."""
    met = [chainage(line, each) for each in fronts]
    known = [each for each in met if np.isfinite(each)]
    at = float(np.mean(known)) if known else line.length
    step = max(0.5 * float(np.median([each.length for each in fronts])), 1.0)
    here, there = shapely.get_coordinates(
        [line.interpolate(max(at - step, 0.0)), line.interpolate(min(at + step, line.length))]
    )
    return unit(there - here)
