"""Write outlines: GeoPackage for exchange, GeoParquet for the archive; whole or not at all.

The same outlines give the same bytes: GeoPackages carry a fixed time of last change instead of the clock's, so that
a copy or a hash shows whether the outlines changed.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import geopandas as gpd
import pyogrio

from trimline.errors import OutlineError
from trimline.files import StrPath, whole_file
from trimline.outlines.check import require_crs, require_polygons
from trimline.outlines.reading import PARQUET_SUFFIXES
from trimline.outlines.schema import conform

_LOG = logging.getLogger(__name__)

_DRIVERS = {".gpkg": "GPKG", ".geojson": "GeoJSON", ".json": "GeoJSON"}

_LAST_CHANGE = "1970-01-01T00:00:00.000Z"
"""What a GeoPackage says of its last change."""

SHAPEFILE_NAME = 10
"""Characters that a Shapefile keeps of a column's name."""


def write_outlines(outlines: gpd.GeoDataFrame, path: StrPath) -> None:
    """Write outlines in the format that the suffix names.

    Parameters
    ----------
    outlines
        Polygons with a CRS. Published columns get their types and order, see `trimline.outlines.COLUMNS`.
    path
        ``.gpkg`` (one layer, named after the file), ``.parquet``, ``.geojson`` (in longitude and latitude, as RFC 7946
        demands) or ``.shp`` (whose column names end after ten characters, which is logged).

    Raises
    ------
    OutlineError
        The suffix is none of these, the outlines have no CRS or are no polygons, or a published
        column holds what it cannot.

    Examples
    --------
    >>> import trimline
    >>> outlines = trimline.read_outlines("outlines.gpkg")
    >>> trimline.write_outlines(outlines[outlines["area_km2"] > 0.1], "large.parquet")
    """
    path = Path(path)
    suffix = path.suffix.lower()
    require_crs(outlines)
    require_polygons(outlines)
    outlines = conform(outlines)
    if suffix in PARQUET_SUFFIXES:
        with whole_file(path) as temporary:
            outlines.to_parquet(temporary, index=False, compression="zstd")
    elif suffix == ".shp":
        _write_shapefile(outlines, path)
    elif suffix in _DRIVERS:
        with whole_file(path) as temporary:
            _write_vector(outlines, temporary, _DRIVERS[suffix])
    else:
        raise OutlineError(
            f"outlines cannot be written as '{suffix}'",
            where=path,
            remedy="use .gpkg or .parquet (or .geojson, .shp)",
        )


def _write_vector(outlines: gpd.GeoDataFrame, path: Path, driver: str) -> None:
    options = {}
    if driver == "GeoJSON":
        outlines = outlines.to_crs(4326)
        options = {"RFC7946": "YES"}
    with fixed_date():
        pyogrio.write_dataframe(
            outlines,
            path,
            layer=path.stem,
            driver=driver,
            # A layer has one type of geometry: QGIS cannot edit one that has two.
            geometry_type="Polygon" if set(outlines.geom_type) <= {"Polygon"} else "MultiPolygon",
            promote_to_multi=not set(outlines.geom_type) <= {"Polygon"},
            **options,
        )


def _write_shapefile(outlines: gpd.GeoDataFrame, path: Path) -> None:
    """Write the four files of a Shapefile beside their place, and the one that names the others last."""
    long = [name for name in outlines.columns if len(name) > SHAPEFILE_NAME]
    if long:
        _LOG.warning("%s: a Shapefile shortens the column names %s", path, ", ".join(long))
    with whole_file(path) as temporary:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Normalized/laundered field name")
            _write_vector(outlines, temporary, "ESRI Shapefile")
        for part in sorted(temporary.parent.glob(f"{temporary.stem}.*")):
            if part != temporary:
                part.replace(path.with_suffix(part.suffix))


@contextmanager
def fixed_date() -> Iterator[None]:
    """Let GDAL write a fixed date where it would write the clock's."""
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": _LAST_CHANGE})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})
