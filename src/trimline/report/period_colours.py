"""Periods of a table in order of time, and their colours from violet (first) to orange (last)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib import colormaps

Colour = tuple[float, float, float, float]
"""Red, green, blue and opacity, 0 to 1."""

_VIOLET, _ORANGE = 0.05, 0.82
"""Ends of the scale; its yellow would not be seen on white paper."""


def colours_of(periods: Sequence[str]) -> dict[str, Colour]:
    """Return the colour of each period, in order of time."""
    shares = np.linspace(_VIOLET, _ORANGE if len(periods) > 1 else _VIOLET, len(periods))
    return {period: colour_at(float(share)) for period, share in zip(periods, shares, strict=True)}


def colour_at(share: float) -> Colour:
    """Return a colour of the scale, which is told apart in all common kinds of colour blindness, at 0 to 1."""
    red, green, blue, opacity = colormaps["plasma"](share)
    return float(red), float(green), float(blue), float(opacity)


def colour_of_year(year: float, first: float, last: float) -> Colour:
    """Return the colour of a date between the first and the last [decimal year]."""
    share = (year - first) / (last - first) if last > first else 0.0
    return colour_at(_VIOLET + (_ORANGE - _VIOLET) * share)


def periods_of(table: pd.DataFrame) -> list[str]:
    """Return the periods of a table in order of their years, or of rows; one without a name where it has none."""
    if "period" not in table.columns or not len(table):
        return [""]
    if "src_year" in table.columns and table["src_year"].notna().all():
        years = table.groupby(table["period"].astype(str), sort=False)["src_year"].mean()
        return [str(each) for each in years.sort_values(kind="stable").index]
    return list(dict.fromkeys(table["period"].astype(str)))
