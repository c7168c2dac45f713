"""The readable formats, and the choice of a reader for a path.

A new format is one file that makes a `Reader`, and its line in `READERS`.
"""

from __future__ import annotations

from pathlib import Path

from trimline.errors import ProductError
from trimline.scenes.landsat import LANDSAT
from trimline.scenes.reader import Reader
from trimline.scenes.sentinel2 import SENTINEL2
from trimline.scenes.stack import STACK

READERS: tuple[Reader, ...] = (LANDSAT, SENTINEL2, STACK)
"""Every format, in the order they are tried."""

_KNOWN_OTHERS = {
    ".shp": "a vector file (Shapefile)",
    ".gpkg": "a vector file (GeoPackage)",
    ".geojson": "a vector file (GeoJSON)",
    ".parquet": "a table (Parquet)",
    ".kml": "a vector file (KML)",
    ".kmz": "a vector file (KMZ)",
    ".json": "a JSON file",
    ".csv": "a table (CSV)",
    ".safetensors": "a file of network weights",
    ".yaml": "a YAML file",
    ".yml": "a YAML file",
    ".nc": "a NetCDF file",
    ".h5": "an HDF5 file",
    ".hdf": "an HDF file",
    ".zarr": "a Zarr store",
}


def find_reader(path: Path) -> Reader:
    """Return the reader of a product that exists.

    Raises
    ------
    ProductError
        There is no reader for it.
    """
    for reader in READERS:
        if reader.recognises(path):
            return reader
    raise ProductError(
        f"{_what_it_is(path)}, not a satellite product",
        where=path,
        remedy="products are Landsat folders, archives (.tar, .tar.gz) or *_MTL files, Sentinel-2 folders, archives "
        "(.zip) or MTD_MSIL*.xml files, and GeoTIFF stacks",
    )


def _what_it_is(path: Path) -> str:
    if path.is_dir() and path.suffix.lower() not in _KNOWN_OTHERS:
        names = [each.name for each in path.iterdir()]
        if not names:
            return "an empty folder"
        rasters = sum(STACK.recognises(path / name) for name in names)
        return f"a folder of {rasters} rasters without metadata of Landsat or Sentinel-2" if rasters else "a folder"
    return _KNOWN_OTHERS.get(path.suffix.lower(), "a file of another kind")
