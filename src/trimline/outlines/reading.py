"""Reading of outlines from Shapefile, GeoPackage, GeoJSON and GeoParquet."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import geopandas as gpd
from pyproj import CRS

from trimline.coordinate_systems import degrees
from trimline.errors import OutlineError
from trimline.files import StrPath
from trimline.foreign import foreign_errors, reason
from trimline.layer_path import layer_path
from trimline.outlines.check import check, report, require_finite
from trimline.outlines.line_types import glaciers_of
from trimline.outlines.schema import with_present_names
from trimline.outlines.vector_file import read_vector
from trimline.reprojecting import transformer

PARQUET_SUFFIXES = (".parquet", ".geoparquet")


def read_outlines(path: StrPath, layer: str | None = None) -> gpd.GeoDataFrame:
    """Read outlines and check them; repairs are logged as warnings.

    Parameters
    ----------
    path
        ``.shp``, ``.gpkg``, ``.geojson``, ``.parquet``, an archive ``.zip`` of one of them, or anything else that GDAL
        reads polygons from. `FILE|layer=NAME` names a layer, `FILE|encoding=NAME` the encoding of the text of a
        Shapefile whose ``.cpg`` is wrong; see `trimline.layer_path`.
    layer
        Which layer, where a file has several beside `NOT_SEEN`; in place of one in the path.

    Returns
    -------
    GeoDataFrame
        Valid polygons in the CRS of the file, with its columns and a fresh index. Published columns that had another
        name in earlier versions have their present one. Of a file of GLIMS only the glaciers, without the rock in
        them; see `trimline.outlines.line_types`.

    Raises
    ------
    OutlineError
        The file is missing or unreadable or ends early, has several layers and none was named, has no CRS, or holds
        rows of which none is a polygon; or a row is no geometry, has vertices that are no numbers, or rings that can
        be read in two ways. A file without any row is no error: a scene without ice gives one.

    Examples
    --------
    >>> import trimline
    >>> outlines = trimline.read_outlines("outlines.gpkg")
    >>> outlines["area_km2"].sum()
    """
    path = Path(path)
    outlines = read_unchecked(path, layer)
    require_crs_in(outlines, path)
    try:
        checked, problems = check(outlines)
    except OutlineError as error:
        error.where = error.where or path
        raise
    if checked.empty and not outlines.empty:
        raise OutlineError("holds no polygon", where=path, remedy=f"its first {problems[0]}")
    report(problems, where=path)
    return with_present_names(checked).reset_index(drop=True)


def read_unchecked(path: StrPath, layer: str | None = None) -> gpd.GeoDataFrame:
    """Read the glaciers, lines or points of a file whose polygons are not yet checked; see `read_outlines`."""
    given = layer_path(path)
    given = given if layer is None else dataclasses.replace(given, layer=layer)
    if not given.file.exists():
        raise OutlineError("the file does not exist", where=given.file)
    is_parquet = given.file.suffix.lower() in PARQUET_SUFFIXES
    found = _read_parquet(given.file) if is_parquet else read_vector(given)
    try:
        _require_earth(found.crs)
        require_finite(found)
    except OutlineError as error:
        error.where = given.file
        raise
    return glaciers_of(found, given.file)


def require_crs_in(found: gpd.GeoDataFrame, path: Path) -> None:
    """Raise `OutlineError` where a file says no CRS, with the remedy that fits its format."""
    if found.crs is not None:
        return
    suffix = layer_path(path).file.suffix.lower()
    remedy = "assign the right one, for instance in QGIS, and save it as GeoPackage"
    if suffix in (".shp", ".shz", ".zip"):
        remedy = "a Shapefile needs its .prj beside it; copy that too"
    elif suffix in (".csv", ".tsv", ".txt"):
        remedy = "a table of text holds none: save it as GeoPackage with its CRS, for instance in QGIS"
    raise OutlineError("the outlines have no CRS", where=path, remedy=remedy)


def _require_earth(crs: CRS | None) -> None:
    """Raise unless coordinates can be brought to longitude and latitude: a CRS may be of another planet, or broken."""
    if crs is None:
        return
    try:
        transformer(crs, degrees())
    except OutlineError as error:
        raise OutlineError(
            f"the CRS '{crs.name}' is not of the Earth, or is damaged ({reason(error.__cause__ or error)})"
        ) from error


def _read_parquet(path: Path) -> gpd.GeoDataFrame:
    with foreign_errors(OutlineError, path, what="cannot be read as GeoParquet"):
        return gpd.read_parquet(path)
