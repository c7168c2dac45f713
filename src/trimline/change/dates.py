"""Dates of outlines, as they are written on a command line, in columns and in the names of files.

A date is a year (`1966`), a span of years (`1840-1860`), a day or month in ISO 8601 (`2015-08-31`), or a day as RGI 6.0
writes it (`20150831`, and `20159999` where the year alone is known); a name may stand before it, as in
`little ice age:1850`. A year is read from the name of a file only where it holds one and no other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from trimline.errors import ChangeError
from trimline.layer_path import layer_path
from trimline.project.places import FIRST_YEAR
from trimline.years import day_of_number

_YEAR = re.compile(r"\d{4}")
_SPAN = re.compile(r"(\d{4})\s*[-–/]\s*(\d{4})")
_DAY = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2}))?(?:[T ].*)?")
_IN_NAME = re.compile(r"(?<!\d)(1[5-9]\d{2}|20\d{2})(?:-?(0[1-9]|1[0-2])-?([0-2]\d|3[01]))?(?!\d)")
_CODES = re.compile(r"(epsg|utm|crs)[ _:-]?\d+", re.IGNORECASE)
"""Numbers in names of files that are no years: `EPSG_2056`."""

WAYS = "give it with --date: a year (1966), a span (1840-1860), NAME=YEAR for one file (lia=1850), or a column"
"""What to do where a date is missing or unclear."""


@dataclass(frozen=True)
class OutlineDate:
    """When outlines were: the name of the period, its years, and the day as far as it is known."""

    name: str
    """Name of the period."""
    first: int
    """First year."""
    last: int
    """Last year."""
    day: str | None = None
    """The day or month in ISO 8601; None where only years are known."""


def parse_date(text: str) -> OutlineDate:
    """Return the date that a text means.

    Parameters
    ----------
    text
        `1966`, `1840-1860`, `2015-08-31`, `2015-08`, `20150831`, or one of them after a name and a colon.

    Raises
    ------
    ChangeError
        It is none of them, or a year lies before 1000 or in the future.
    """
    label, _, rest = text.strip().rpartition(":")
    if label and re.fullmatch(r"\d{4}-\d{2}-\d{2}T.*", text.strip()):  # a time of day holds a colon too
        label, rest = "", text
    written = rest.strip()
    try:
        written = day_of_number(written) or written
    except ValueError:
        raise ChangeError(f"'{written}' is no day of any year", remedy=WAYS) from None
    span, day = _SPAN.fullmatch(written), _DAY.fullmatch(written)
    if _YEAR.fullmatch(written):
        found = OutlineDate(written, int(written), int(written))
    elif span and not (day and int(span[2]) <= 12):
        found = OutlineDate(f"{span[1]}-{span[2]}", int(span[1]), int(span[2]))
    elif day:
        iso = "-".join(part for part in day.groups() if part)
        try:
            date.fromisoformat(iso if day[3] else f"{iso}-01")
        except ValueError:
            raise ChangeError(f"'{written}' is no day of any year", remedy=WAYS) from None
        found = OutlineDate(iso, int(day[1]), int(day[1]), iso)
    else:
        raise ChangeError(f"'{text}' is no date", remedy=WAYS)
    this_year = datetime.now(UTC).year
    if found.first > found.last:
        raise ChangeError(f"the years {written} are not in order", remedy="write the earlier year first")
    for year in (found.first, found.last):
        if not FIRST_YEAR <= year <= this_year:
            raise ChangeError(
                f"the year {year} is {'too early' if year < FIRST_YEAR else 'in the future'}", remedy=WAYS
            )
    return OutlineDate(label.strip() or found.name, found.first, found.last, found.day)


def date_of_file(path: Path) -> OutlineDate:
    """Return the year or day in the name of a layer or file, or where it has none, of the folder that it lies in.

    Raises
    ------
    ChangeError
        Neither name holds a year, or one of them holds several.
    """
    for name in layer_path(path).names:
        this_year = datetime.now(UTC).year
        plain = _CODES.sub("", name)
        found = sorted({match.groups() for match in _IN_NAME.finditer(plain) if int(match[1]) <= this_year}, key=str)
        if len(found) > 1:
            years = ", ".join(str(year) for year, *_ in found)
            raise ChangeError(f"'{name}' holds several years: {years}", where=path, remedy=WAYS)
        if found:
            year, month, day = found[0]
            return parse_date(f"{year}-{month}-{day}" if month else str(year))
    raise ChangeError("neither its name nor its folder's says a year", where=path, remedy=WAYS)
