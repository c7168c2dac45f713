"""The readable formats, and the choice of a reader for a path.

A new format is one file that makes a `Reader`, and its line in `READERS`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from os import PathLike
from pathlib import Path

from trimline.errors import ProductError
from trimline.scenes.given import Given
from trimline.scenes.landsat import LANDSAT
from trimline.scenes.product_info import ProductInfo
from trimline.scenes.reader import Reader
from trimline.scenes.safe import SAFE
from trimline.scenes.scene import Scene
from trimline.scenes.stack import STACK

READERS: tuple[Reader, ...] = (SAFE, LANDSAT, STACK)
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
    ".zip": "a zip archive",
    ".nc": "a NetCDF file",
    ".h5": "an HDF5 file",
    ".hdf": "an HDF file",
    ".zarr": "a Zarr store",
}


def open_scene(
    path: str | PathLike[str],
    *,
    id: str | None = None,  # noqa: A002 - the name of the key in project files
    sensor: str | None = None,
    bands: Sequence[str] | None = None,
    scale: float | None = None,
    offset: float | None = None,
    nodata: float | None = None,
    date: str | None = None,
) -> Scene:
    """Open a satellite product.

    Parameters
    ----------
    path
        A Landsat folder, `.tar`, `.tar.gz` or `*_MTL` file, or a GeoTIFF stack.
    id
        Id of the scene; None means the product's own name.
    sensor
        Sensor id (`sentinel-2-msi`), for stacks.
    bands
        Names in the order of the file, common (`red`) or the agency's (`B4`), `-` for one to leave out; for stacks.
    scale, offset
        For stacks: reflectance = (DN + offset) * scale.
    nodata
        Digital number of missing data, for stacks.
    date
        Day, month or year of the acquisition, ISO 8601. It must agree with the date of a product that has one.

    Raises
    ------
    ProductError
        The path is not a product that is read here, or is damaged. `MetadataError` where its metadata are.
    BandError
        The bands of a stack are not named.
    GridError
        A raster has no CRS or no geotransform.
    """
    given = Given(id, sensor, bands, scale, offset, nodata, date)
    path = Path(path)
    with _permitted(path):
        return find_reader(path).open(path, given)


def product_info(
    path: str | PathLike[str], *, sensor: str | None = None, bands: Sequence[str] | None = None
) -> ProductInfo:
    """Describe a product and check that it is complete, also where it cannot be opened as a scene.

    Parameters are those of `open_scene`.

    Raises
    ------
    ProductError
        The path is not a product that is read here, or too damaged for that.
    """
    path = Path(path)
    with _permitted(path):
        return find_reader(path).describe(path, Given(sensor=sensor, bands=bands))


def find_reader(path: Path) -> Reader:
    """Return the reader of a product.

    Raises
    ------
    ProductError
        There is nothing at the path, or no reader for it.
    """
    if not path.exists():
        raise ProductError("there is no such file or folder", where=path, remedy="check the path")
    for reader in READERS:
        if reader.recognises(path):
            return reader
    raise ProductError(
        f"{_what_it_is(path)}, not a satellite product",
        where=path,
        remedy="products are Landsat folders, archives (.tar, .tar.gz) or *_MTL files, and GeoTIFF stacks",
    )


@contextmanager
def _permitted(path: Path) -> Iterator[None]:
    try:
        yield
    except PermissionError as error:
        raise ProductError(
            "the product may not be read", where=error.filename or path, remedy="ask for the right to read it"
        ) from error


def _what_it_is(path: Path) -> str:
    if path.is_dir() and path.suffix.lower() not in _KNOWN_OTHERS:
        names = [each.name for each in path.iterdir()]
        if not names:
            return "an empty folder"
        rasters = sum(STACK.recognises(path / name) for name in names)
        return f"a folder of {rasters} rasters without Landsat metadata (*_MTL)" if rasters else "a folder"
    return _KNOWN_OTHERS.get(path.suffix.lower(), "a file of another kind")
