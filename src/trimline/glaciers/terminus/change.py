"""Change of the termini of glaciers between two dates: the table of all methods."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from trimline.errors import ChangeError
from trimline.glaciers.terminus.boxes import crosses
from trimline.glaciers.terminus.drawn import DRAWN, NOT_CUT, OUTLINE, located, located_line, reaching, taken_from
from trimline.glaciers.terminus.ends import bearing_deg
from trimline.glaciers.terminus.frame import Axis, Frame
from trimline.glaciers.terminus.given import Given, gather, termini_of
from trimline.glaciers.terminus.methods import ALONG_THE_LINE, TERMINUS_METHODS, chosen
from trimline.glaciers.terminus.rectilinear_box import box_of
from trimline.glaciers.terminus.setting_up import Neighbours, frame_of_fronts, frame_of_polygons
from trimline.glaciers.terminus.uncertainty import PixelError, pixel_error
from trimline.outlines.states import State
from trimline.reprojecting import reprojected

_LOG = logging.getLogger(__name__)

Status = Literal[
    "retreat", "advance", "no change", "vanished", "appeared", "no overlap", "not measured", "unseen", "not in period"
]
"""Results: `no change` is one smaller than half a pixel's error, or of exactly 0; `unseen` and `not in period` are
states of a glacier at a date at which it has no outline, and nothing is known of its terminus."""

TERMINUS_COLUMNS = (
    "glac_id",
    "method",
    "retreat_m",
    "retreat_m_per_a",
    "spread_m",
    "lines",
    "lines_laid",
    "methods_median_m",
    "methods_spread_m",
    "years",
    "half_pixel_error_m",
    "whole_pixel_error_m",
    "half_pixel_error_m_per_a",
    "whole_pixel_error_m_per_a",
    "terminus_before_m",
    "terminus_after_m",
    "terminus_rise_m",
    "main_part_retreat_m",
    "direction_deg",
    "box_width_m",
    "end_found_by",
    "terminus",
    "status",
    "conditions",
)
"""Columns of the table, in order, before the geometry.

`retreat_m` is positive where the terminus drew back and negative where it advanced. `spread_m` is the standard
deviation between lines, `lines` of `lines_laid` cut both termini. `methods_median_m` and `methods_spread_m` (largest
less smallest) are over the methods that were asked for. The pixel errors are those of
`trimline.glaciers.terminus.uncertainty`. Heights are means over the lines [m]. `main_part_retreat_m` is the retreat to
the largest part of the later ice, where a detached piece lies before it. `terminus` says what the termini were taken
from: `outline`, `drawn` (lines), or one at the earlier date and the other at the later. `conditions` are joined by
"; ": `split`, `detached`, `lake front`, `marine front`, and why something was not measured.
"""

_SPLIT_SHARE = 0.1
"""A glacier is split where a second part is at least this share of its ice: smaller ones are scraps."""

_DETACHED_M = 1.0
"""Ice before the main part counts as detached where it moves the terminus by more [m]."""

_TERM_TYPES = {"1": "marine front", "2": "lake front", "marine": "marine front", "lake": "lake front"}
"""Values of RGI 7.0's `term_type`, and words for them."""


def terminus_change(
    before: gpd.GeoDataFrame,
    after: gpd.GeoDataFrame,
    dem: Any = None,
    method: str | Sequence[str] = "main_axis",
    years: float | tuple[float, float] | None = None,
    *,
    spacing_m: float | None = None,
    count: int = 61,
    axis: Axis = "tongue",
    width_m: float | None = None,
    points: gpd.GeoDataFrame | None = None,
    directions: Mapping[str, float] | pd.Series | None = None,
    lines: gpd.GeoDataFrame | None = None,
    boxes: gpd.GeoDataFrame | None = None,
    pixel_m: float | Sequence[float] | None = None,
    unknown: Mapping[str, State] | None = None,
    drawn: tuple[gpd.GeoDataFrame | None, gpd.GeoDataFrame | None] = (None, None),
) -> gpd.GeoDataFrame:
    """Measure how far the terminus of each glacier moved between two dates.

    Parameters
    ----------
    before, after
        Outlines (polygons) or digitised termini (lines), keyed by `glac_id`, in any CRS. Several rows of a glacier are
        its parts. All of `before` serves to find borders between glaciers: give the whole inventory, not single
        glaciers. With RGI 7.0's `term_type`, lake and marine fronts are named.
    dem
        Elevation model: a file, a folder, or several, of any CRS. It decides which end is the terminus where it covers
        the outline, and gives the terminus elevations.
    method
        One of `TERMINUS_METHODS`, several, or `all`.
    years
        Years between the dates, or both dates as years. None takes them from `src_year`, glacier by glacier.
    spacing_m, count
        Distance between the parallel lines of the main-axis method [m], or their number across twice the mean width of
        the glacier; those that do not end in the terminus zone are left out.
    axis
        What the lines are parallel to where no direction is given: the longest axis of the lower part of the glacier
        (`tongue`), or its longest straight line (`glacier`), as the method was published.
    width_m
        Width of the boxes [m]; None takes three quarters of the tongue.
    points
        Points at termini, keyed by `glac_id`.
    directions
        Flow directions at termini by `glac_id`, clockwise from north [degree].
    lines
        Centre or flow lines from head to terminus, keyed by `glac_id`.
    boxes
        Boxes of the rectilinear box method, keyed by `glac_id`; their upstream edge is found by the direction.
    pixel_m
        Side of a pixel, or its width and length [m].
    unknown
        By `glac_id`, why a glacier that is missing at one date may still be there: `unseen` or `not in period`. None
        and all others: missing at the later date is `vanished`, at the earlier one `appeared`.
    drawn
        Lines at termini at the two dates, keyed by `glac_id`: they take the place of the end of the outline, in the
        frame of the outlines, where a method meets them.

    Returns
    -------
    GeoDataFrame
        `TERMINUS_COLUMNS`, a row per glacier and method, in the CRS of `before`. The geometry is an arrow from the
        earlier terminus to the later one, along the parallel line whose change is nearest to their mean; it is missing
        where nothing was measured. Every glacier of either date has a row: of a vanished one, `retreat_m` is the whole
        length of its centre line.

    Raises
    ------
    OutlineError
        A table has no CRS, or a geometry is of another kind.
    ChangeError
        There is no such method; a table lacks `glac_id`; a number is impossible; a glacier has a polygon at one date
        and a line at the other; or lines come without direction and centre line.
    GridError
        The elevation model cannot be read.

    Notes
    -----
    Main axis: the method of the paper on Yilian Habirga (its section 2.5). Centre line, extrapolated centre line and
    the boxes: Lea, Mair and Rea (2014), Journal of Glaciology 60(220), 323-332.
    """
    names = chosen(method)
    error = pixel_error(pixel_m)
    given = gather(
        before if len(before) else after,
        dem=dem,
        points=points,
        directions=directions,
        lines=lines,
        boxes=boxes,
        axis=axis,
        count=count,
        spacing_m=spacing_m,
        width_m=width_m,
    )
    earlier, later = termini_of(before, given.plane, "before"), termini_of(after, given.plane, "after")
    lines_drawn = [{} if each is None else termini_of(each, given.plane, "drawn") for each in drawn]
    neighbours = Neighbours(earlier)
    spans = _years(before, after, years)
    kinds = [_front_kinds(each) for each in (before, after)]
    rows: list[dict[str, Any]] = []
    for glacier in dict.fromkeys([*earlier, *later]):
        ends = earlier.get(glacier), later.get(glacier)
        why = None if unknown is None or None not in ends else unknown.get(glacier)
        if why is not None:
            found = [{**_nothing(glacier), "method": name, "status": why} for name in names]
        else:
            fronts = lines_drawn[0].get(glacier), lines_drawn[1].get(glacier)
            found = list(_glacier(glacier, *ends, fronts, names, given, neighbours, error))
        named = sorted(set().union(*(kind.get(glacier, set()) for kind in kinds)))
        span = spans(glacier)
        rows += [_finished(row, span, error, named) for row in _with_methods(found)]
    table = gpd.GeoDataFrame(rows, columns=[*TERMINUS_COLUMNS, "geometry"], geometry="geometry", crs=given.plane)
    _report(table)
    return reprojected(table, before.crs, like=before)


def _glacier(
    glacier: str,
    before: BaseGeometry | None,
    after: BaseGeometry | None,
    drawn: tuple[BaseGeometry | None, BaseGeometry | None],
    names: Sequence[str],
    given: Given,
    neighbours: Neighbours,
    error: PixelError,
) -> Iterator[dict[str, Any]]:
    """Yield a row per method."""
    nothing = _nothing(glacier)
    areal = [each.geom_type.endswith("Polygon") for each in (before, after) if each is not None]
    if len(set(areal)) > 1:
        raise ChangeError(
            "it is a polygon at one date and a line at the other",
            where=f"glacier {glacier}",
            remedy="give both dates as outlines or both as terminus lines",
        )
    if before is None:
        yield from ({**nothing, "method": name, "status": "appeared"} for name in names)
        return
    if after is None:
        length = direction = np.nan
        if areal[0]:
            frame, end = frame_of_polygons(glacier, before, Polygon(), given, neighbours)
            length, direction = frame.line.length - frame.reach_m, bearing_deg(frame.direction)
            nothing["end_found_by"] = end.found_by
        for name in names:
            yield {**nothing, "method": name, "status": "vanished", "retreat_m": length, "direction_deg": direction}
        return
    if areal[0] and not before.intersects(after):
        yield from ({**nothing, "method": name, "status": "no overlap"} for name in names)
        return
    if areal[0]:
        frame, end = frame_of_polygons(glacier, before, after, given, neighbours)
        found_by = end.found_by
    else:
        frame, found_by = frame_of_fronts(glacier, [before, after], given)
    frame = reaching(frame, drawn)
    ends = list(zip((before, after), drawn, strict=True))
    first_end, last_end = (located_line(*each, frame) for each in ends)
    shared = {"end_found_by": found_by, **_place(frame, first_end, last_end, given)}
    conditions = _conditions(after) if areal[0] else []
    main = max(shapely.get_parts(after), key=lambda part: part.area) if areal[0] else None
    for name in names:
        row = {**nothing, **shared, "method": name, "box_width_m": _box_width(name, frame), "status": "not measured"}
        why = list(conditions)
        if not areal[0] and name in ALONG_THE_LINE and given.line(glacier) is None:
            yield {**row, "conditions": "; ".join([*why, "no centre line given"])}
            continue
        (first, of_first), (last, of_last) = (located(name, *each, frame) for each in ends)
        row["terminus"] = taken_from(of_first, of_last)
        if any(line is not None and of == OUTLINE for line, of in zip(drawn, (of_first, of_last), strict=True)):
            why.append(NOT_CUT)
        change = first - last
        used = np.isfinite(change)
        row.update(lines=int(used.sum()), lines_laid=len(change))
        if not used.any():
            yield {**row, "conditions": "; ".join([*why, "no line cuts both termini"])}
            continue
        retreat = float(change[used].mean())
        if main is not None and of_last == OUTLINE:
            to_main = first - TERMINUS_METHODS[name](main, frame)
            if np.isfinite(to_main).any() and np.nanmean(to_main) - retreat > _DETACHED_M:
                row["main_part_retreat_m"] = float(np.nanmean(to_main))
                why.append("detached")
        fronts = [front for front, of in ((drawn[0] or before, of_first), (drawn[1] or after, of_last)) if of == DRAWN]
        if name == "rectilinear_box" and not all(crosses(each, box_of(frame)[0]) for each in fronts):
            why.append("front prolonged to the sides of the box")
        yield {
            **row,
            "retreat_m": retreat,
            "spread_m": float(change[used].std(ddof=1)) if used.sum() > 1 else np.nan,
            "status": status_of(retreat, error),
            "conditions": "; ".join(why),
        }


def _nothing(glacier: str) -> dict[str, Any]:
    """Return the row of a glacier of whose terminus nothing was measured."""
    return {"glac_id": glacier, "retreat_m": np.nan, "lines": 0, "lines_laid": 0, "geometry": None}


def status_of(retreat_m: float, error: PixelError) -> Status:
    """Return the result of a measured change."""
    smallest = error.half_pixel_m if np.isfinite(error.half_pixel_m) else 0.0
    if abs(retreat_m) <= smallest:
        return "no change"
    return "retreat" if retreat_m > 0 else "advance"


def _place(frame: Frame, before: BaseGeometry, after: BaseGeometry, given: Given) -> dict[str, Any]:
    """Return where the terminus was and is: heights, direction, arrow."""
    offsets = frame.offsets_m
    first, last = (frame.positions_along(each, offsets) for each in (before, after))
    both = np.isfinite(first) & np.isfinite(last)
    found: dict[str, Any] = {"direction_deg": bearing_deg(frame.direction)}
    if not both.any():
        return found
    change = np.where(both, first - last, np.nan)
    typical = [int(np.nanargmin(np.abs(change - change[both].mean())))]
    ends = [frame.points(offsets[typical], each[typical]) for each in (first, last)]
    found["geometry"] = LineString(np.vstack(ends))
    if given.models:
        heights = [given.heights_m(frame.points(offsets[both], each[both])) for each in (first, last)]
        known = np.isfinite(heights[0]) & np.isfinite(heights[1])
        if known.any():
            earlier, later = (float(each[known].mean()) for each in heights)
            found.update(terminus_before_m=earlier, terminus_after_m=later, terminus_rise_m=later - earlier)
    return found


def _box_width(name: str, frame: Frame) -> float:
    if name == "rectilinear_box":
        return box_of(frame)[2]
    return 2 * frame.half_width_m if name in ("curvilinear_box", "extrapolated_centre_line") else np.nan


def _conditions(after: BaseGeometry) -> list[str]:
    areas = np.sort(shapely.area(shapely.get_parts(after)))[::-1]
    return ["split"] if len(areas) > 1 and areas[1] >= _SPLIT_SHARE * areas.sum() else []


def _with_methods(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of a glacier with the median and the spread over its methods."""
    values: NDArray[np.float64] = np.array([row["retreat_m"] for row in rows], float)
    known = values[np.isfinite(values)]
    median = float(np.median(known)) if len(known) else np.nan
    spread = float(np.ptp(known)) if len(known) > 1 else np.nan
    return [{**row, "methods_median_m": median, "methods_spread_m": spread} for row in rows]


def _finished(row: dict[str, Any], years: float, error: PixelError, fronts: list[str]) -> dict[str, Any]:
    """Return a row with rates, errors and kinds of fronts."""
    half, whole = error.per_year(years)
    rate = row["retreat_m"] / years if np.isfinite(years) and years > 0 else np.nan
    conditions = [each for each in [row.get("conditions", ""), *fronts] if each]
    return {
        **{name: np.nan for name in TERMINUS_COLUMNS if name not in ("end_found_by", "terminus", "conditions")},
        "end_found_by": None,
        "terminus": None,
        **row,
        "retreat_m_per_a": rate,
        "years": years,
        "half_pixel_error_m": error.half_pixel_m,
        "whole_pixel_error_m": error.whole_pixel_m,
        "half_pixel_error_m_per_a": half,
        "whole_pixel_error_m_per_a": whole,
        "conditions": "; ".join(conditions),
    }


def _years(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame, years: float | tuple[float, float] | None) -> Any:
    """Return a function that gives the years between the dates of a glacier; NaN where they are not known."""
    if years is not None:
        span = float(years[1]) - float(years[0]) if isinstance(years, tuple | list) else float(years)
        if not span > 0:
            raise ChangeError(
                f"the later date is {span:g} years after the earlier", remedy="give the earlier one first"
            )
        return lambda glacier: span
    if "src_year" not in before or "src_year" not in after:
        return lambda glacier: np.nan
    first, last = (
        each.assign(glac_id=each["glac_id"].astype(str)).groupby("glac_id")["src_year"].mean().to_dict()
        for each in (before, after)
    )
    return lambda glacier: float(last.get(glacier, np.nan)) - float(first.get(glacier, np.nan))


def _front_kinds(table: gpd.GeoDataFrame) -> dict[str, set[str]]:
    if "term_type" not in table:
        return {}
    words = (
        table["term_type"].astype(str).str.lower().str.removesuffix(".0").str.replace(r"^lake.*$", "lake", regex=True)
    )
    found: dict[str, set[str]] = {}
    for glacier, word in zip(table["glac_id"].astype(str), words, strict=True):
        if word in _TERM_TYPES:
            found.setdefault(glacier, set()).add(_TERM_TYPES[word])
    return found


def _report(table: gpd.GeoDataFrame) -> None:
    once = table.drop_duplicates("glac_id")
    for what, column in (("termini", "status"), ("ends found by", "end_found_by")):
        counts = Counter(once[column].dropna())
        _LOG.info("%s: %s", what, ", ".join(f"{number} {name}" for name, number in counts.most_common()))
