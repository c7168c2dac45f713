"""Outlines, termini and lines from files that one already has, keyed by `glac_id`."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import geopandas as gpd

from trimline.change import OwnPeriod, read_own_outlines
from trimline.change.dates import WAYS, date_of_file, parse_date
from trimline.change.identity import OVERLAP, choose_column
from trimline.change.own_outlines import as_text, files_of
from trimline.errors import ChangeError, OutlineError
from trimline.outlines.reading import read_unchecked
from trimline.years import decimal_year

_LOG = logging.getLogger(__name__)


def read_keyed(path: Path, id_column: str | None = None) -> gpd.GeoDataFrame:
    """Return the features of one file with the column `glac_id`.

    Parameters
    ----------
    path
        Points, lines or polygons, in any format that GDAL reads, or GeoParquet.
    id_column
        Column of the ids; None takes one that names every feature, as `trimline.change` does. Without such a column a
        single feature is the glacier `1`, and polygons are numbered in their order.

    Raises
    ------
    OutlineError
        The file cannot be read or has no CRS.
    ChangeError
        There is no such column, or an id is missing; or several lines or points have no ids.
    """
    found = read_unchecked(path)
    if found.crs is None:
        raise OutlineError("has no CRS", where=path, remedy="assign one, for instance in QGIS")
    column = choose_column([found], [path.name], id_column)
    if column != OVERLAP and (id_column is not None or len(found) > 1):
        return found.assign(glac_id=found[column].map(as_text))
    if len(found) == 1:
        return found.assign(glac_id="1")
    if not _are_polygons(found):
        raise ChangeError(
            f"{len(found)} lines or points have no ids", where=path, remedy="name their column: --id COLUMN"
        )
    _LOG.info("%s: no column names the %d outlines; they are numbered", path.name, len(found))
    return found.assign(glac_id=[f"{number:04d}" for number in range(1, len(found) + 1)])


def read_dates(paths: Sequence[Path], years: Sequence[float], id_column: str | None) -> list[gpd.GeoDataFrame]:
    """Return outlines or terminus lines of several dates with the column `glac_id`, in the CRS of the first.

    Outlines are keyed as `trimline change` keys them: by a column that agrees with the ground, or by the ground.

    Raises
    ------
    OutlineError, ChangeError
        As `read_keyed`; or no glacier is on two of the dates.
    """
    raw = [read_unchecked(path) for path in paths]
    if all(_are_polygons(each) for each in raw):
        periods = [OwnPeriod(str(k), year, [path], {}) for k, (path, year) in enumerate(zip(paths, years, strict=True))]
        read = read_own_outlines(periods, id_column=id_column).outlines
        tables = [read[read["period"] == each.name] for each in periods]
    else:
        tables = [read_keyed(path, id_column) for path in paths]
    seen = [set(table["glac_id"]) for table in tables]
    if not any(one & other for k, one in enumerate(seen) for other in seen[k + 1 :]):
        shown = "; ".join(", ".join(sorted(each)[:3]) for each in seen[:2])
        raise ChangeError(
            f"no id is on two dates (they are {shown}, ...)",
            where=paths[0],
            remedy="name the column of ids (--id COLUMN), or --id overlap for outlines",
        )
    return tables


def expanded(inputs: Sequence[Path]) -> list[Path]:
    """Return files as they are, and of folders the vector files in them, in order of their paths."""
    return [file for each in inputs for file in files_of(each)]


def _are_polygons(table: gpd.GeoDataFrame) -> bool:
    return bool(table.geometry.geom_type.isin(("Polygon", "MultiPolygon", "GeometryCollection")).any())


def one_row_each(outlines: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return outlines with the parts of each glacier in one row; the columns are those of its first part."""
    if not outlines["glac_id"].duplicated().any():
        return outlines
    return outlines.dissolve("glac_id", sort=False).reset_index()


def years_of_files(paths: list[Path], given: list[str]) -> list[float]:
    """Return the date of each file as a year: as given, or by its name.

    Raises
    ------
    ChangeError
        There are more or fewer dates than files, one is unclear, or they do not rise.
    """
    if given and len(given) != len(paths):
        raise ChangeError(f"{len(given)} dates are given for {len(paths)} files", remedy=WAYS)
    dates = [parse_date(text) for text in given] if given else [date_of_file(path) for path in paths]
    years = [(each.first + each.last + 1) / 2 if each.day is None else decimal_year(each.day) for each in dates]
    if not all(earlier < later for earlier, later in pairwise(years)):
        raise ChangeError(
            f"the dates are {', '.join(each.name for each in dates)}", remedy="give the files in order of time"
        )
    return years
