"""Mean retreat of classes of glaciers, by aspect and by terminus elevation.

The tables of section 3.2.2 of the paper on Yilian Habirga.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from trimline.errors import ChangeError

ASPECTS = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")
"""The eight aspects, clockwise from north: sectors of 45 degrees around them."""

RETREAT_COLUMNS = (
    "method",
    "class",
    "glaciers",
    "retreat_m",
    "retreat_m_per_a",
    "spread_m_per_a",
    "half_pixel_error_m_per_a",
    "whole_pixel_error_m_per_a",
    "terminus_rise_m",
)
"""Columns of the table of classes, in order."""

MEASURED = ("retreat", "advance", "no change")
"""Results with a change of the terminus; vanished glaciers have none left to measure."""


def retreat_by(table: pd.DataFrame, by: Literal["aspect", "elevation"], step_m: float = 100.0) -> pd.DataFrame:
    """Return the mean retreat of each class of glaciers.

    Parameters
    ----------
    table
        What `terminus_change` returned. With a column `aspect_deg` (RGI 7.0: mean aspect of the glacier) that is the
        aspect; without it the flow direction at the terminus is.
    by
        `aspect`, or `elevation` of the terminus at the first date.
    step_m
        Height of an elevation class [m].

    Returns
    -------
    DataFrame
        `RETREAT_COLUMNS`: per method the classes that hold a glacier, in order, and last the class `all`.
        `spread_m_per_a` is the standard deviation between glaciers; the pixel errors are means, not divided by the
        number of glaciers. Glaciers without a measured change are left out; those without a height are in `all` alone.

    Raises
    ------
    ChangeError
        The table lacks a column, or `by` is another word.
    """
    if by not in ("aspect", "elevation"):
        raise ChangeError(f"retreat by '{by}'", remedy="choose 'aspect' or 'elevation'")
    if not step_m > 0:
        raise ChangeError(f"elevation classes of {step_m:g} m", remedy="give a height above 0")
    missing = [name for name in ("method", "retreat_m", "status", "direction_deg") if name not in table]
    if missing:
        raise ChangeError(f"the table has no column '{missing[0]}'", remedy="give what terminus_change returned")
    known = table[table["status"].isin(MEASURED)].copy()
    if by == "aspect":
        direction = known["aspect_deg"] if "aspect_deg" in known else known["direction_deg"]
        number = (np.floor((direction.astype(float) + 22.5) / 45.0) % 8).rename("class")
        names = dict(enumerate(ASPECTS))
    else:
        number = np.floor(known["terminus_before_m"].astype(float) / step_m).rename("class")
        names = {each: f"{each * step_m:.0f}-{(each + 1) * step_m:.0f}" for each in number.dropna().unique()}
    rows = []
    for method, of_method in known.groupby("method", sort=False):
        for each, group in of_method.groupby(number.loc[of_method.index]):
            rows.append(_row(str(method), names[each], group))
        rows.append(_row(str(method), "all", of_method))
    return pd.DataFrame(rows, columns=list(RETREAT_COLUMNS))


def _row(method: str, name: str, group: pd.DataFrame) -> tuple[object, ...]:
    rate = group["retreat_m_per_a"]
    return (
        method,
        name,
        len(group),
        group["retreat_m"].mean(),
        rate.mean(),
        rate.std(ddof=1) if len(group) > 1 else np.nan,
        group["half_pixel_error_m_per_a"].mean(),
        group["whole_pixel_error_m_per_a"].mean(),
        group["terminus_rise_m"].mean(),
    )
