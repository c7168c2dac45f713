"""Dates of outlines as decimal years: what a column of years holds, and what cannot be a year.

Inventories write dates in many ways: a year (1966, or 2010.5), a day in ISO 8601 (`src_date` of RGI 7.0), or a number
yyyymmdd (`BgnDate` of RGI 6.0). There 9999 in place of month and day means that the year alone is known, 99 in place of
the day that year and month are, and -9999999 that nothing is (RGI Consortium, 2017, Randolph Glacier Inventory 6.0:
Technical Report). A number that is none of these is refused, because a rate over it would be wrong in silence.
"""

from __future__ import annotations

import math
import re
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from trimline.errors import OutlineError, TrimlineError
from trimline.project.places import FIRST_YEAR, LAST_YEAR

_DAY_NUMBER = re.compile(r"(\d{4})(\d{2})(\d{2})(?:\.0+)?")
_ISO = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2})(?:[T ].*)?)?|(\d{4})")

REMEDY = (
    f"give decimal years ({FIRST_YEAR} to {LAST_YEAR}), days as 2000-08-01 or 20000801, or 20009999 where only "
    "the year is known"
)
"""What to do about a value that is no year."""


def decimal_years(
    values: pd.Series, column: str = "src_year", kind: type[TrimlineError] = OutlineError
) -> NDArray[np.float64]:
    """Return the dates in a column as decimal years.

    Parameters
    ----------
    values
        (n,) years, numbers yyyymmdd, days in ISO 8601 as text, or times.
    column
        Its name, for errors.
    kind
        The error to raise.

    Returns
    -------
    NDArray[np.float64]
        (n,) decimal years, the middle of the day, month or year that is known; NaN where there is no value.

    Raises
    ------
    TrimlineError
        Of the given kind: a value is no date, or lies outside the years `FIRST_YEAR` to `LAST_YEAR`.
    """
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        numbers: NDArray[np.float64] = values.to_numpy(dtype=np.float64, na_value=np.nan)
        if _possible(numbers).all():
            return numbers
    codes, distinct = pd.factorize(values)
    years = np.array([*(_decimal(value, column, kind) for value in distinct), np.nan])
    return np.asarray(years[codes], np.float64)


def day_of_number(text: str) -> str | None:
    """Return the date of yyyymmdd in ISO 8601, shorter where 99 stands for what is not known; None for other texts.

    Raises
    ------
    ValueError
        It is no day of any year.
    """
    match = _DAY_NUMBER.fullmatch(text.strip())
    if match is None:
        return None
    year, month, day = match.groups()
    if (month, day) == ("99", "99"):
        return year
    if day == "99":
        date(int(year), int(month), 1)
        return f"{year}-{month}"
    return date(int(year), int(month), int(day)).isoformat()


def decimal_year(iso_date: str) -> float:
    """Return a date as a year with its fraction: the middle of the day, month or year that is given."""
    first, last = days_of(iso_date)
    middle = (first.toordinal() + last.toordinal() + 1) / 2.0
    start = date(first.year, 1, 1).toordinal()
    return first.year + (middle - start) / (date(first.year + 1, 1, 1).toordinal() - start)


def days_of(iso_date: str) -> tuple[date, date]:
    """Return the first and the last day that a date in ISO 8601 may mean: a day, a month or a year."""
    year, month, day = (int(part) for part in (*iso_date.split("-"), "0", "0")[:3])
    if day:
        return (date(year, month, day),) * 2
    if month:
        following = date(year + month // 12, month % 12 + 1, 1)
        return date(year, month, 1), following - timedelta(days=1)
    return date(year, 1, 1), date(year, 12, 31)


def _decimal(value: object, column: str, kind: type[TrimlineError]) -> float:
    """Return one value as a decimal year."""
    text = value.date().isoformat() if isinstance(value, datetime) else str(value).strip().removesuffix(".0")
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    try:
        iso = day_of_number(text)
        if iso is None and _ISO.fullmatch(text) and not number > 0:
            iso = text[:10]
        year = number if iso is None else decimal_year(iso)
    except ValueError:
        year = math.nan
    if not _possible(np.array([year])).all() or math.isnan(year):
        raise kind(f"the column '{column}' holds '{text}', which is no year", remedy=REMEDY)
    return year


def _possible(years: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which numbers can be years, or are missing."""
    return np.isnan(years) | ((years >= FIRST_YEAR) & (years < LAST_YEAR + 1))
