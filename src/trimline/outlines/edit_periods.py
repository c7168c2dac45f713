"""Periods that an edit holds for: one by its name, all, or those whose middle lies in an interval of dates.

An interval is written as in ISO 8601, by days, months or years: ``2004/2011``, ``2004-07-15/..`` (from a date on) or
``../2004-07`` (up to the end of a month). Both ends belong to it, and a period belongs to it with the day that its
middle falls on.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from trimline.errors import EditError
from trimline.years import days_of

EVERY_PERIOD = "*"
"""Value of `period` for all periods, as for a divide."""

OPEN_END = ".."
"""End of an interval without a limit."""

_DATE = re.compile(r"\d{4}(-\d{2}){0,2}")
_NOISE_DAYS = 1e-6
"""Error of a decimal year in floating point, below which it counts as the next day."""


@dataclass(frozen=True)
class Interval:
    """Days from `first` to `last`, both included."""

    first: date
    last: date

    def has(self, middle: float) -> bool:
        """Whether the day of a decimal year lies in it."""
        return self.first <= day_of(middle) <= self.last


def interval_of(period: str) -> Interval | None:
    """Return the interval that an edit's period is; None where it is a name.

    Raises
    ------
    ValueError
        It has a slash, as intervals do, and is none.
    """
    if "/" not in period:
        return None
    ends = [each.strip() for each in period.split("/")]
    if len(ends) != 2:
        raise ValueError("an interval has one slash")
    if ends == [OPEN_END, OPEN_END]:
        raise ValueError(f"it has no date: {EVERY_PERIOD} stands for all periods")
    first = date.min if ends[0] == OPEN_END else _days(ends[0])[0]
    last = date.max if ends[1] == OPEN_END else _days(ends[1])[1]
    if last < first:
        raise ValueError("it ends before it begins")
    return Interval(first, last)


def day_of(decimal_year: float) -> date:
    """Return the day that a decimal year falls on."""
    year = math.floor(decimal_year)
    start = date(year, 1, 1)
    length = (date(year + 1, 1, 1) - start).days
    return start + timedelta(days=min(math.floor((decimal_year - year) * length + _NOISE_DAYS), length - 1))


def holds_for(of: str | None, period: str, middle: float | None, *, edit_id: str) -> bool:
    """Whether an edit holds for a period.

    Parameters
    ----------
    of
        What the edit has in its column `period`; a checked text, see `trimline.outlines.check_edits`.
    period, middle
        Name and middle of the period [decimal year].
    edit_id
        The edit, for the message.

    Raises
    ------
    EditError
        The edit has an interval, and the middle is None.
    """
    if of is None or of in (period, EVERY_PERIOD):
        return of is not None
    interval = _interval(of)
    if interval is None:
        return False
    if not _is_known(middle):
        raise EditError(
            f"edit {edit_id} holds for {of}, and the time of the period {period} is not known",
            remedy="give the middle of the period as a decimal year",
        )
    return middle is not None and interval.has(middle)


def periods_of(of: str | None, middles: Mapping[str, float]) -> list[str]:
    """Return the names of the periods that an edit holds for, of those with these middles [decimal year]."""
    return [name for name, middle in middles.items() if holds_for(of, name, middle, edit_id="")]


def problem_of(of: str, periods: Collection[str] | None) -> tuple[str, str] | None:
    """Return what is wrong with an interval, and a remedy; None where nothing is, or where it is a name.

    Parameters
    ----------
    of
        What the edit has in its column `period`.
    periods
        The known periods, with their middles where it is a mapping [decimal year].
    """
    try:
        interval = interval_of(of)
    except ValueError as error:
        return (
            f"the interval '{of}' cannot be read: {error}",
            "write it as 2004/2011, 2004-07-15/.. (from a date on) or ../2004-07",
        )
    if interval is None or not isinstance(periods, Mapping) or not periods:
        return None
    known = {name: middle for name, middle in periods.items() if _is_known(middle)}
    if not known:
        return f"the time of no period is known, and the edit holds for '{of}'", f"name a period: {', '.join(periods)}"
    if any(interval.has(middle) for middle in known.values()):
        return None
    middles = ", ".join(f"{name} ({day_of(middle)})" for name, middle in known.items())
    return f"no period has its middle in '{of}'", f"the middles are {middles}"


def _is_known(middle: float | None) -> bool:
    """Whether a middle is a time: the map of a scene without a date has year 0."""
    return middle is not None and middle >= 1


def _interval(of: str) -> Interval | None:
    """Return an interval; None for a name, or for what is no interval, which the checks report."""
    try:
        return interval_of(of)
    except ValueError:
        return None


def _days(text: str) -> tuple[date, date]:
    if not _DATE.fullmatch(text):
        raise ValueError(f"'{text}' is no date")
    try:
        return days_of(text)
    except ValueError:
        raise ValueError(f"'{text}' is no day of any year") from None
