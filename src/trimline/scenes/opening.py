"""Opening a product: `open_scene` and `product_info`.

The arguments are checked first: only then are the readers imported, and with them the libraries that read rasters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from trimline.errors import ProductError
from trimline.files import StrPath
from trimline.scenes.band_names import LEFT_OUT, QUALITY_NAMES, common_names, is_agency_name
from trimline.scenes.given import Given
from trimline.sensors import get_sensor

if TYPE_CHECKING:
    from trimline.scenes.product_summary import ProductInfo
    from trimline.scenes.reader import Reader
    from trimline.scenes.scene import Scene


def open_scene(
    path: StrPath,
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
        A Landsat folder, `.tar`, `.tar.gz` or `*_MTL` file; a Sentinel-2 SAFE folder, `.zip`, `MTD_MSIL*.xml` file or
        folder of a granule, or the folder of a tile of a public archive; or a GeoTIFF stack.
    id
        Id of the scene; None means the product's own name.
    sensor
        Sensor id (`sentinel-2-msi`), for stacks.
    bands
        Names in the order of the file, common (`red`) or the agency's (`B4`), `-` for one to leave out; for stacks.
    scale, offset
        For stacks, and tiles of public archives: reflectance = (DN + offset) * scale.
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

    Examples
    --------
    >>> import trimline
    >>> scene = trimline.open_scene("LC08_L1TP_139036_20180823_20200831_02_T1.tar")
    >>> stack = trimline.open_scene("s2.tif", sensor="sentinel-2-msi", scale=0.0001, offset=-1000, nodata=0)
    """
    given = Given(id, sensor, bands, scale, offset, nodata, date)
    path = Path(path)
    with _permitted(path):
        return _reader(path, given).open(path, given)


def open_unsaid(
    path: StrPath,
    *,
    sensor: str | None = None,
    bands: Sequence[str] | None = None,
    scale: float | None = None,
    offset: float | None = None,
    nodata: float | None = None,
) -> Scene:
    """Open one of several products that the same options describe: they hold where it does not say itself.

    A product of an agency takes none of them, nor does a stack whose sidecar names another sensor; of other stacks,
    their own words stand. Parameters, and what is raised, are those of `open_scene`.

    Examples
    --------
    >>> from trimline.scenes import open_unsaid
    >>> scenes = [open_unsaid(path, sensor="sentinel-2-msi") for path in ("LC08_2018.tar", "s2_2019.tif")]
    """
    path, given = Path(path), Given(None, sensor, bands, scale, offset, nodata)
    with _permitted(path):
        reader = _reader(path, given)
        return reader.open(path, reader.unsaid(path, given))


def product_info(
    path: StrPath,
    *,
    sensor: str | None = None,
    bands: Sequence[str] | None = None,
    scale: float | None = None,
    offset: float | None = None,
    nodata: float | None = None,
) -> ProductInfo:
    """Describe a product and check that it is complete, also where it cannot be opened as a scene.

    Parameters are those of `open_scene`.

    Raises
    ------
    ProductError
        The path is not a product that is read here, or too damaged for that.

    Examples
    --------
    >>> import trimline
    >>> info = trimline.product_info("LC08_L1TP_139036_20180823_20200831_02_T1.tar")
    >>> info.is_complete, info.missing, info.bands
    """
    path, given = Path(path), Given(None, sensor, bands, scale, offset, nodata)
    with _permitted(path):
        return _reader(path, given).describe(path, given)


def _reader(path: Path, given: Given) -> Reader:
    """Return the reader of a product, once all that can be checked without it is right."""
    if not path.exists():
        raise ProductError("there is no such file or folder", where=path, remedy="check the path")
    _check_names(given, path)
    from trimline.scenes.readers import find_reader  # which imports GDAL

    return find_reader(path)


def _check_names(given: Given, where: Path) -> None:
    """Refuse unknown sensors and bands. Agencies' names wait where only a sidecar may say which sensor it is."""
    sensor = get_sensor(given.sensor) if given.sensor else None
    names = list(given.bands or ())
    waiting = (*QUALITY_NAMES, *(name for name in names if sensor is None and is_agency_name(name)))
    common_names([LEFT_OUT if name in waiting else name for name in names], sensor, where)


@contextmanager
def _permitted(path: Path) -> Iterator[None]:
    try:
        yield
    except PermissionError as error:
        raise ProductError(
            "the product may not be read", where=error.filename or path, remedy="ask for the right to read it"
        ) from error
