"""Comparison of areas with published ones of the same region and year.

A published area of a year is compared with the period whose label holds the year, as in table VI of Chen and others
(2022); nothing is interpolated between periods. The relative error is the difference as a share of the published
area.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from trimline.change.long_table import require_columns
from trimline.change.rates import label_years
from trimline.errors import ChangeError
from trimline.files import StrPath
from trimline.foreign import foreign_errors, reason

PUBLISHED_COLUMNS = ("region", "year", "area_km2", "source")
"""Columns of a file of published areas."""

_LATEST = 9999
"""Largest number that is a year."""

COMPARISON_COLUMNS = (
    "region",
    "year",
    "period",
    "src_year",
    "published_km2",
    "area_km2",
    "uncertainty_km2",
    "difference_percent",
    "relative_error_percent",
    "within_uncertainty",
    "source",
    "note",
)
"""Columns of a comparison, in order."""


def read_published(path: StrPath) -> pd.DataFrame:
    """Read published areas from a CSV file in UTF-8.

    Parameters
    ----------
    path
        A file whose first line names the columns `region`, `year`, `area_km2` and `source`, in any order.

    Returns
    -------
    DataFrame
        `PUBLISHED_COLUMNS`, in the order of the file.

    Raises
    ------
    ChangeError
        The file is missing or empty, is not in UTF-8 or not separated by commas, lacks a column, or a line has more
        fields than columns; or a year is no year, or an area no positive number; the line is named.
    """
    path = Path(path)
    if not path.is_file():
        raise ChangeError("the file does not exist", where=path)
    lines = _lines(path)
    rows = [
        {
            "region": (line["region"] or "").strip(),
            "year": _year(line["year"], f"{path}, line {number}"),
            "area_km2": _positive(line["area_km2"], "area_km2", f"{path}, line {number}"),
            "source": (line["source"] or "").strip(),
        }
        for number, line in lines
    ]
    return pd.DataFrame(rows, columns=list(PUBLISHED_COLUMNS))


def _lines(path: Path) -> list[tuple[int, dict[str, str]]]:
    """Return the lines of a CSV file with published areas, by number and column."""
    with foreign_errors(ChangeError, path):
        content = path.read_bytes()
    try:
        if content.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise UnicodeError("it is in UTF-16")
        text = content.decode("utf-8-sig")
    except UnicodeError as error:
        raise ChangeError(
            f"is not in UTF-8 ({reason(error)})",
            where=path,
            remedy="save it as 'CSV UTF-8', with commas between columns and points in numbers",
        ) from error
    first = next((line for line in text.splitlines() if line.strip()), "")
    other = next((each for each in (";", "\t") if first.count(each) > first.count(",")), None)
    if other is not None:
        raise ChangeError(
            f"its columns are separated by {'semicolons' if other == ';' else 'tabs'}",
            where=path,
            remedy="save it as CSV with commas between columns and points in numbers, not decimal commas",
        )
    with foreign_errors(ChangeError, path):
        reader = csv.DictReader(io.StringIO(text, newline=""), skipinitialspace=True)
        lines = [(reader.line_num, line) for line in reader]
    if not lines:
        raise ChangeError("holds no published area", where=path, remedy=f"columns are {', '.join(PUBLISHED_COLUMNS)}")
    require_columns(pd.DataFrame(columns=list(reader.fieldnames or ())), PUBLISHED_COLUMNS, where=path)
    for number, line in lines:
        if None in line:
            raise ChangeError(
                f"has more than {len(reader.fieldnames or ())} fields",
                where=f"{path}, line {number}",
                remedy="write numbers with a point, and text that holds a comma in quotes",
            )
    return lines


def compare_published(
    published: pd.DataFrame, totals: pd.DataFrame, years: Mapping[str, tuple[int, int]] | None = None
) -> pd.DataFrame:
    """Compare published areas with ours of the period that holds their year.

    Parameters
    ----------
    published
        `PUBLISHED_COLUMNS`; a `region` is a `part` of the totals.
    totals
        The table of `trimline.change.totals`, or any with `part`, `period`, `area_km2`; `src_year` and
        `uncertainty_km2` are copied where present.
    years
        First and last year of each period; None takes those that the periods' labels name.

    Returns
    -------
    DataFrame
        `COMPARISON_COLUMNS`, a row per published area in their order. `difference_percent` is ours minus the published
        area in percent of it, `relative_error_percent` its size, and `within_uncertainty` whether it is within our
        error. Where there is no area to compare, our columns are NaN and `note` has the reason.

    Raises
    ------
    ChangeError
        A column is missing, or a year lies in two periods.
    """
    require_columns(published, PUBLISHED_COLUMNS)
    require_columns(totals, ("part", "period", "area_km2"))
    spans = {
        period: years[period] if years is not None and period in years else label_years(period)
        for period in pd.unique(totals["period"])
    }
    ours = totals.drop_duplicates(["part", "period"]).set_index(["part", "period"])
    rows = [_compared(row, ours, spans) for row in published.to_dict("records")]
    return pd.DataFrame(rows, columns=list(COMPARISON_COLUMNS))


def _compared(row: dict[str, object], ours: pd.DataFrame, spans: dict[str, tuple[int, int]]) -> dict[str, object]:
    region, year, published = str(row["region"]), int(str(row["year"])), float(str(row["area_km2"]))
    period = _period_of(year, spans)
    found = {"area_km2": np.nan, "src_year": np.nan, "uncertainty_km2": np.nan}
    note = ""
    if region not in ours.index.get_level_values("part"):
        note = f"there is no part '{region}'"
    elif period is None:
        note = f"no period holds {year}"
    elif (region, period) not in ours.index:
        note = f"'{region}' has no area in {period}"
    else:
        of_period = ours.loc[(region, period)]
        found = {name: float(of_period.get(name, np.nan)) for name in found}
        note = "" if np.isfinite(found["area_km2"]) else f"'{region}' was not seen in {period}"
    difference = 100 * (found["area_km2"] - published) / published
    known = np.isfinite(difference) and np.isfinite(found["uncertainty_km2"])
    within = abs(found["area_km2"] - published) <= found["uncertainty_km2"] if known else None
    return {
        "region": region,
        "year": year,
        "period": period,
        "published_km2": published,
        "difference_percent": difference,
        "relative_error_percent": abs(difference),
        "within_uncertainty": within,
        "source": row["source"],
        "note": note,
        **found,
    }


def _period_of(year: int, spans: dict[str, tuple[int, int]]) -> str | None:
    holding = [period for period, (first, last) in spans.items() if first <= year <= last]
    if len(holding) > 1:
        raise ChangeError(f"{year} lies in {' and in '.join(holding)}", remedy="periods may not overlap here")
    return holding[0] if holding else None


def _year(text: str | None, where: str) -> int:
    number = _positive(text, "year", where)
    if not (number.is_integer() and number <= _LATEST):
        raise ChangeError(f"'year' is '{text}'", where=where, remedy="give a whole year, as in 2006")
    return int(number)


def _positive(text: str | None, name: str, where: str) -> float:
    try:
        number = float(text or "")
    except ValueError:
        number = np.nan
    if not (np.isfinite(number) and number > 0):
        raise ChangeError(
            f"'{name}' is '{text or ''}'", where=where, remedy="give a positive number, with a decimal point"
        )
    return number
