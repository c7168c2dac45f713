"""Terminus positions of glaciers over many dates, all measured in the frame of the first and the last."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from trimline.errors import ChangeError
from trimline.glaciers.terminus.change import status_of
from trimline.glaciers.terminus.drawn import located, reaching
from trimline.glaciers.terminus.frame import Axis, Frame
from trimline.glaciers.terminus.given import Given, gather, require_keys, termini_of
from trimline.glaciers.terminus.methods import ALONG_THE_LINE, chosen
from trimline.glaciers.terminus.setting_up import Neighbours, frame_of_fronts, frame_of_polygons
from trimline.glaciers.terminus.uncertainty import PixelError, pixel_error

_LOG = logging.getLogger(__name__)

SERIES_COLUMNS = (
    "glac_id",
    "method",
    "date",
    "years",
    "retreat_m",
    "step_m",
    "step_m_per_a",
    "spread_m",
    "lines",
    "half_pixel_error_m",
    "whole_pixel_error_m",
    "end_found_by",
    "terminus",
    "status",
)
"""Columns of a series, in order: `years` and `retreat_m` are since the first date at which the terminus was measured,
`step_m` is since the date before, `terminus` says whether the outline or a line that was drawn is measured at the date,
and `status` is that of the step."""


def terminus_series(
    termini: gpd.GeoDataFrame,
    dem: Any = None,
    method: str | Sequence[str] = "main_axis",
    date: str = "src_year",
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
    gone: Mapping[str, float] | None = None,
    drawn: gpd.GeoDataFrame | None = None,
) -> pd.DataFrame:
    """Measure the termini of glaciers at many dates.

    Parameters
    ----------
    termini
        Outlines or terminus lines, a row per glacier and date (several rows are parts): `glac_id`, and the date in a
        column.
    date
        That column: years as numbers, or dates (ISO 8601, or datetimes).
    dem, method, spacing_m, count, axis, width_m, points, directions, lines, boxes, pixel_m
        As in `terminus_change`.
    gone
        By `glac_id`, the first date at which a glacier is known to be gone [decimal year]; others that are missing at
        the last dates are unknown there. None takes all that are missing at the last dates for gone.
    drawn
        Lines at termini, a row per glacier and date as in `termini`: they take the place of the end of the outline at
        that date, where a method meets them.

    Returns
    -------
    DataFrame
        `SERIES_COLUMNS`, a row per glacier, method and date, in order of dates. A date of the table at which a glacier
        is missing has no row, except that a glacier that is gone after its last date is `vanished` at the first date
        at which it is gone. Retreat is positive.

    Raises
    ------
    ChangeError
        The column of dates is missing, has gaps or cannot be read; and as in `terminus_change`.
    """
    names, error = chosen(method), pixel_error(pixel_m)
    require_keys(termini, "termini")
    years = _decimal_years(termini, date)
    given = gather(
        termini,
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
    labels = dict(zip(years, termini[date], strict=True))
    dates = sorted(labels)
    by_date = {each: termini_of(termini[years == each], given.plane, str(labels[each])) for each in dates}
    lines_drawn: dict[float, dict[str, BaseGeometry]] = {}
    if drawn is not None and len(drawn):
        drawn_at = _decimal_years(drawn, date)
        lines_drawn = {each: termini_of(drawn[drawn_at == each], given.plane, "drawn") for each in set(drawn_at)}
    neighbours = Neighbours(by_date[dates[0]]) if dates else Neighbours({})
    rows: list[dict[str, Any]] = []
    for glacier in dict.fromkeys(termini["glac_id"].astype(str)):
        seen = {each: by_date[each][glacier] for each in dates if glacier in by_date[each]}
        if seen:
            frame, found_by = _frame(glacier, list(seen.values()), given, neighbours)
            fronts = {each: lines_drawn.get(each, {}).get(glacier) for each in seen}
            frame = reaching(frame, list(fronts.values()))
            after_last = next((each for each in dates if each > max(seen)), None)
            if gone is not None:
                after_last = gone.get(glacier)
                after_last = None if after_last is None or after_last <= max(seen) else after_last
            for name in _measurable(names, glacier, seen, given):
                rows += _rows(glacier, name, seen, fronts, frame, error, found_by, after_last)
    for row in rows:
        at = row.pop("at")
        row["date"] = labels.get(at, at)
    return pd.DataFrame(rows, columns=list(SERIES_COLUMNS))


def _frame(glacier: str, seen: list[BaseGeometry], given: Given, neighbours: Neighbours) -> tuple[Frame, str]:
    if not seen[0].geom_type.endswith("Polygon"):
        return frame_of_fronts(glacier, seen, given)
    frame, end = frame_of_polygons(glacier, seen[0], seen[-1], given, neighbours)
    return frame, end.found_by


def _measurable(names: Sequence[str], glacier: str, seen: Mapping[float, BaseGeometry], given: Given) -> Sequence[str]:
    """Return the methods for which a glacier has what they need; the others are logged."""
    polygonal = {each.geom_type.endswith("Polygon") for each in seen.values()}
    if len(polygonal) > 1:
        raise ChangeError("it is a polygon at one date and a line at another", where=f"glacier {glacier}")
    if polygonal == {True} or given.line(glacier) is not None:
        return names
    left = [name for name in names if name in ALONG_THE_LINE]
    if left:
        _LOG.warning("glacier %s has no centre line: %s left out", glacier, ", ".join(left))
    return [name for name in names if name not in left]


def _rows(
    glacier: str,
    name: str,
    seen: Mapping[float, BaseGeometry],
    drawn: Mapping[float, BaseGeometry | None],
    frame: Frame,
    error: PixelError,
    found_by: str,
    after_last: float | None,
) -> list[dict[str, Any]]:
    found = {at: located(name, terminus, drawn[at], frame) for at, terminus in seen.items()}
    positions = {at: each for at, (each, _) in found.items()}
    dates = list(positions)
    start = next((at for at in dates if np.isfinite(positions[at]).any()), dates[0])
    shared = {
        "glac_id": glacier,
        "method": name,
        "half_pixel_error_m": error.half_pixel_m,
        "whole_pixel_error_m": error.whole_pixel_m,
        "end_found_by": found_by,
    }
    rows = []
    for number, at in enumerate(dates):
        before = dates[number - 1] if number else at
        total, spread, lines = _mean(positions[start] - positions[at])
        step = _mean(positions[before] - positions[at])[0] if number else np.nan
        status = "first" if at == start else status_of(step, error) if np.isfinite(step) else "not measured"
        rows.append(
            {
                **shared,
                "at": at,
                "years": at - start,
                "retreat_m": total,
                "step_m": step,
                "step_m_per_a": step / (at - before) if number else np.nan,
                "spread_m": spread,
                "lines": lines,
                "terminus": found[at][1],
                "status": status,
            }
        )
    if after_last is not None:
        gone = {"at": after_last, "years": after_last - start, "lines": 0, "status": "vanished"}
        rows.append({**shared, **gone, **dict.fromkeys(("retreat_m", "step_m", "step_m_per_a", "spread_m"), np.nan)})
    return rows


def _mean(change: NDArray[np.float64]) -> tuple[float, float, int]:
    """Return mean, standard deviation and number of the lines that cut both termini."""
    used = change[np.isfinite(change)]
    if not len(used):
        return np.nan, np.nan, 0
    return float(used.mean()), float(used.std(ddof=1)) if len(used) > 1 else np.nan, len(used)


def _decimal_years(termini: gpd.GeoDataFrame, date: str) -> NDArray[np.float64]:
    if date not in termini:
        raise ChangeError(f"there is no column '{date}'", where="termini", remedy="name the column of dates in 'date'")
    column = termini[date]
    if column.isna().any():
        raise ChangeError(f"{int(column.isna().sum())} termini have no '{date}'", where="termini")
    if pd.api.types.is_numeric_dtype(column):
        return np.asarray(column, np.float64)
    try:
        moments = pd.to_datetime(column, utc=True, format="mixed")
    except (ValueError, TypeError) as problem:
        raise ChangeError(f"'{date}' holds what is no date ({problem})", remedy="write 2019-02-28") from problem
    start = pd.to_datetime(moments.dt.year.astype(str) + "-01-01", utc=True)
    length = np.where(moments.dt.is_leap_year, 366.0, 365.0)
    return np.asarray(moments.dt.year + (moments - start).dt.total_seconds() / 86_400 / length, np.float64)
