"""Outlines, termini and lines from files that one already has, keyed by `glac_id`."""

from __future__ import annotations

import logging
from itertools import pairwise
from pathlib import Path

import geopandas as gpd

from trimline.change.dates import WAYS, date_of_file, parse_date
from trimline.errors import ChangeError, OutlineError
from trimline.outlines.reading import read_unchecked
from trimline.timeline.preference import decimal_year

_LOG = logging.getLogger(__name__)

ID_COLUMNS = ("glac_id", "rgi_id", "glims_id", "sgi_id", "id")
"""Columns that are taken for ids unasked, in this order, whatever their case."""


def read_keyed(path: Path, id_column: str | None = None) -> gpd.GeoDataFrame:
    """Return the features of a file with the column `glac_id`.

    Parameters
    ----------
    path
        Polygons or lines, in any format that GDAL reads, or GeoParquet.
    id_column
        Column of the ids; None takes one of `ID_COLUMNS`, or where there is none, all features for one glacier, `1`.

    Raises
    ------
    OutlineError
        The file cannot be read or has no CRS, or there is no such column, or an id is missing.
    """
    found = read_unchecked(path)
    if found.crs is None:
        raise OutlineError("has no CRS", where=path, remedy="assign one, for instance in QGIS")
    lower = {str(name).lower(): str(name) for name in found.columns}
    column = id_column or next((lower[name] for name in ID_COLUMNS if name in lower), None)
    if column is None:
        _LOG.info("%s: no column of ids; all %d features are one glacier, '1'", path.name, len(found))
        return found.assign(glac_id="1")
    if column not in found.columns:
        raise OutlineError(
            f"has no column '{column}'", where=path, remedy=f"it has {', '.join(map(str, lower.values()))}"
        )
    if found[column].isna().any():
        raise OutlineError(f"{int(found[column].isna().sum())} features have no '{column}'", where=path)
    return found.assign(glac_id=found[column].astype(str))


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
