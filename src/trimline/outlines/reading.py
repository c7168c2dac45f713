"""Reading of outlines from Shapefile, GeoPackage, GeoJSON and GeoParquet."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pyogrio

from trimline.errors import OutlineError
from trimline.files import StrPath
from trimline.outlines.check import check, report
from trimline.outlines.schema import NOT_SEEN, with_present_names

PARQUET_SUFFIXES = (".parquet", ".geoparquet")


def read_outlines(path: StrPath, layer: str | None = None) -> gpd.GeoDataFrame:
    """Read outlines and check them; repairs are logged as warnings.

    Parameters
    ----------
    path
        ``.shp``, ``.gpkg``, ``.geojson``, ``.parquet``, or anything else that GDAL reads polygons from.
    layer
        Which layer, where a file has several beside `NOT_SEEN`.

    Returns
    -------
    GeoDataFrame
        Valid polygons in the CRS of the file, with its columns and a fresh index. Published columns that had another
        name in earlier versions have their present one.

    Raises
    ------
    OutlineError
        The file is missing or unreadable, has several layers and none was named, has no CRS, or holds
        rows of which none is a polygon. A file without any row is no error: a scene without ice gives one.

    Examples
    --------
    >>> import trimline
    >>> outlines = trimline.read_outlines("outlines.gpkg")
    >>> outlines["area_km2"].sum()
    """
    path = Path(path)
    outlines = read_unchecked(path, layer)
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
    """Read outlines as they are in a file, for those who check a part of them; see `read_outlines`."""
    path = Path(path)
    if not path.exists():
        raise OutlineError("the file does not exist", where=path)
    return _read_parquet(path) if path.suffix.lower() in PARQUET_SUFFIXES else _read_vector(path, layer)


def _read_parquet(path: Path) -> gpd.GeoDataFrame:
    try:
        return gpd.read_parquet(path)
    except (ValueError, OSError) as error:
        raise OutlineError(f"cannot be read as GeoParquet: {error}", where=path) from error


def _read_vector(path: Path, layer: str | None) -> gpd.GeoDataFrame:
    try:
        layers = [str(name) for name, geometry in pyogrio.list_layers(path) if geometry is not None]
        if layer is None and len(layers) > 1:
            layers = [name for name in layers if name != NOT_SEEN]
        if layer is None and len(layers) > 1:
            raise OutlineError(f"has {len(layers)} layers", where=path, remedy=f"name one of them: {', '.join(layers)}")
        if layer is not None and layer not in layers:
            raise OutlineError(f"has no layer '{layer}'", where=path, remedy=f"its layers are {', '.join(layers)}")
        outlines = gpd.read_file(path, layer=layer or (layers[0] if layers else None), engine="pyogrio")
    except pyogrio.errors.DataSourceError as error:
        raise OutlineError(f"cannot be read as outlines: {error}", where=path) from error
    if not isinstance(outlines, gpd.GeoDataFrame):
        raise OutlineError("holds a table without geometry", where=path)
    return outlines
