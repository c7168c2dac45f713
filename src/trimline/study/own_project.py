"""A project made of outlines that one has already: which file is of which date, and how accurate it is.

The command line makes a project file of what it is given, so that `trimline change OUTLINES...` and `trimline change
PROJECT` are the same study, and the file can be kept and changed.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np

from trimline.change.dates import WAYS, OutlineDate, date_of_file, parse_date
from trimline.change.own_outlines import as_text, files_of
from trimline.errors import ChangeError
from trimline.layer_path import layer_path
from trimline.outlines.reading import read_unchecked

_LOG = logging.getLogger(__name__)

DATE_COLUMNS = ("src_date", "src_year", "year", "date", "bgndate")
"""Columns of dates that are taken unasked, in this order, where the name of a file says no year."""


@dataclass
class _Dated:
    """Files of one date, or a value of a column in one of them."""

    date: OutlineDate
    files: list[Path] = field(default_factory=list)
    where: dict[str, str | list[str]] = field(default_factory=dict)


def project_content(
    inputs: Sequence[Path],
    *,
    dates: Sequence[str] = (),
    pixels: Sequence[str] = (),
    accuracies: Sequence[str] = (),
    change: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the content of a project file for outlines of several dates.

    Parameters
    ----------
    inputs
        Vector files, or folders of them.
    dates
        What is known of the dates: one for each input, in their order; or columns, of which each file has one; and
        `NAME=DATE` for the files whose name holds NAME, or the rows with this value. None reads them from the names of
        the files. Dates of a column that lie in one year are one period, named by the year.
    pixels, accuracies
        Width of a pixel, or accuracy of the outlines [m]: one for all dates, one for each in order of time, or
        `DATE=METRES`.
    change
        Further keys of the section `change`.

    Returns
    -------
    dict[str, Any]
        `periods` in order of time, and `change`.

    Raises
    ------
    ChangeError
        A file is missing, or a date or length is missing, unclear or impossible.
    """
    found = _by_date(inputs, dates)
    if len(found) < 2:
        only = f", of {found[0].date.name}" if found else ""
        raise ChangeError(f"there are outlines of one date only{only}", remedy="a change needs two; " + WAYS)
    _require_apart(found)
    names = [each.date.name for each in found]
    widths = _lengths(pixels, names, "--pixel")
    errors = _lengths(accuracies, names, "--accuracy")
    periods = []
    for each in found:
        name = each.date.name
        period: dict[str, Any] = {
            "name": name,
            "first": each.date.first,
            "last": each.date.last,
            "outlines": [str(path.absolute()) for path in each.files],
        }
        period |= {"where": each.where} if each.where else {}
        period |= {"date": each.date.day} if each.date.day else {}
        period |= {"accuracy_m": errors[name]} if name in errors else {}
        period |= {"pixel_m": widths[name]} if name in widths and name not in errors else {}
        periods.append(period)
    return {"periods": periods, "change": dict(change or {})}


def _require_apart(found: Sequence[_Dated]) -> None:
    """Raise for the first two dates in order of time that share a year."""
    for earlier, later in pairwise(found):
        if later.date.first <= earlier.date.last:
            one, other = (each.date.name for each in (earlier, later))
            files = ", ".join(dict.fromkeys(path.name for path in (*earlier.files, *later.files)))
            raise ChangeError(
                f"the dates '{one}' and '{other}' both hold {later.date.first}",
                where=files,
                remedy=f"give each file one date, in order, as in --date {later.date.first}; files of one date are one",
            )


def _by_date(inputs: Sequence[Path], dates: Sequence[str]) -> list[_Dated]:
    named = {}
    plain, columns = [], []
    for text in dates:
        label, equals, rest = text.partition("=")
        if equals:
            when = parse_date(rest)
            own = when.name if ":" in rest and when.day is None else label.strip()
            named[label.strip()] = OutlineDate(own, when.first, when.last, when.day)
        elif re.match(r"[-+]?\d", text.strip()) or ":" in text:
            plain.append(parse_date(text))
        else:
            columns.append(text)
    if columns and plain:
        raise ChangeError(f"--date names {' and '.join(columns + [each.name for each in plain])}", remedy=WAYS)
    groups: dict[tuple[str, str], _Dated] = {}
    used: set[str] = set()

    def add(when: OutlineDate, path: Path, where: Mapping[str, str | list[str]] | None = None) -> None:
        key = (when.name, str(sorted((where or {}).items())))
        group = groups.setdefault(key, _Dated(when, [], dict(where or {})))
        if (group.date.first, group.date.last) != (when.first, when.last):
            raise ChangeError(f"'{when.name}' has two dates", where=path, remedy=WAYS)
        group.files.append(path)

    if plain:
        if len(plain) != len(inputs):
            raise ChangeError(f"{len(plain)} dates are given for {len(inputs)} files and folders", remedy=WAYS)
        for when, path in zip(plain, inputs, strict=True):
            for file in files_of(path):
                add(when, file)
    else:
        for path in [file for each in inputs for file in files_of(each)]:
            for when, where, label in _of_file(path, named, columns):
                used.add(label)
                add(when, path, where)
        absent = next((name for name in columns if not any(name in each.where for each in groups.values())), None)
        if absent is not None:
            have = ", ".join(_columns(files_of(inputs[0])[0]))
            raise ChangeError(f"no file has its dates in a column '{absent}'", remedy=f"the first has {have}; {WAYS}")
        unused = sorted(set(named) - used)
        if unused:
            raise ChangeError(f"no file and no value of a column is called '{unused[0]}'", remedy=WAYS)
    return sorted(groups.values(), key=lambda each: (each.date.first, each.date.last, each.date.day or ""))


def _of_file(
    path: Path, named: Mapping[str, OutlineDate], columns: Sequence[str]
) -> list[tuple[OutlineDate, dict[str, str | list[str]], str]]:
    """Return the dates in a file: the date, the rows it belongs to, and the label it was named by."""
    if columns:
        frame = read_unchecked(path)
        column = next((name for name in columns if name in frame.columns), None)
        if column is not None:
            return _of_column(path, frame, column, named)
    for label, when in named.items():
        if any(_holds(name, label) for name in layer_path(path).names):
            return [(when, {}, label)]
    try:
        when = date_of_file(path)
    except ChangeError as error:
        if "several" in error.what:
            raise
        frame = read_unchecked(path)
        lower = {str(name).lower(): str(name) for name in frame.columns}
        known = next((lower[each] for each in DATE_COLUMNS if each in lower), None)
        if known is None or not frame[known].notna().all():
            raise
        try:
            dated = _of_column(path, frame, known, named)
        except ChangeError:
            raise error from None
        _LOG.info("%s: the dates are those of its column '%s'", path.name, known)
        return dated
    _LOG.info("%s: %s, by its name", path.name if path.stem != path.parent.name else path, when.name)
    return [(when, {}, "")]


def _of_column(
    path: Path, frame: gpd.GeoDataFrame, column: str, named: Mapping[str, OutlineDate]
) -> list[tuple[OutlineDate, dict[str, str | list[str]], str]]:
    empty = int(frame[column].isna().sum())
    if empty:
        row = int(np.flatnonzero(frame[column].isna())[0])
        raise ChangeError(
            f"{empty} of {len(frame)} outlines have no '{column}', the first in row {row}",
            where=path,
            remedy="fill it in; " + WAYS,
        )
    found: list[tuple[OutlineDate, dict[str, str | list[str]], str]] = []
    of_year: dict[int, list[tuple[OutlineDate, str]]] = {}
    for value in dict.fromkeys(as_text(each) for each in frame[column]):
        label = next((each for each in named if each.lower() == value.lower()), "")
        if label:
            found.append((named[label], {column: value}, label))
            continue
        try:
            when = parse_date(value)
        except ChangeError as error:
            raise ChangeError(
                f"its column '{column}' holds '{value}', which is no date",
                where=path,
                remedy=f"say when that was: --date '{value}=1850'",
            ) from error
        if when.first == when.last and when.name in (str(when.first), when.day):
            of_year.setdefault(when.first, []).append((when, value))
        else:
            found.append((when, {column: value}, ""))
    for year, dated in of_year.items():
        if len(dated) == 1:
            found.append((dated[0][0], {column: dated[0][1]}, ""))
            continue
        found.append((OutlineDate(str(year), year, year), {column: [value for _, value in dated]}, ""))
        _LOG.info("%s: its %d dates in %d are one period; each row keeps its own", path.name, len(dated), year)
    return found


def _lengths(given: Sequence[str], names: Sequence[str], option: str) -> dict[str, float]:
    """Return lengths by date [m]: of `METRES` for all, one for each date, or `DATE=METRES`."""
    plain = [text for text in given if "=" not in text]
    if len(plain) not in (0, 1, len(names)):
        raise ChangeError(f"{option} has {len(plain)} values for {len(names)} dates", remedy=f"as in {option} 1966=10")
    spread = plain * len(names) if len(plain) == 1 else plain
    lengths = {name: _metres(text, option) for name, text in zip(names, spread, strict=False)}
    for text in given:
        key, equals, rest = text.partition("=")
        if equals:
            name = next((each for each in names if each.lower() == key.strip().lower()), None)
            if name is None:
                raise ChangeError(f"{option}: there is no date '{key}'", remedy=f"there are {', '.join(names)}")
            lengths[name] = _metres(rest, option)
    return lengths


def _metres(text: str, option: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise ChangeError(f"{option} is '{text}'", remedy="give a length above 0 m, or DATE=METRES")
    return value


def _holds(name: str, label: str) -> bool:
    """Whether a name of a file holds a label as a word of its own."""
    return re.search(rf"(?<![^\W_]){re.escape(label)}(?![^\W_])", name, re.IGNORECASE) is not None


def _columns(path: Path) -> list[str]:
    frame = read_unchecked(path)
    return [str(name) for name in frame.columns if name != frame.geometry.name]
