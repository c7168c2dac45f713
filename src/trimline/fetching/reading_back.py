"""Files that were fetched are read before they count as finished, and the product as the readers will read it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from trimline.errors import ProductError
from trimline.fetching.wanted import LANDSAT_METADATA, Wanted
from trimline.scenes import ProductInfo, product_info, read_landsat_metadata
from trimline.scenes.asset import check_readable, open_raster
from trimline.scenes.landsat_metadata import LandsatMetadata
from trimline.scenes.metadata_text import decode, parse_json, read_bounded
from trimline.scenes.safe_xml import parse_xml

AGAIN = "run again; where it stays so, take the scene from another archive"
_DRIVERS = ("GTiff", "JP2OpenJPEG")


def require_readable(path: Path, wanted: Wanted) -> None:
    """Raise where a whole file is not what it is wanted for.

    Parameters
    ----------
    path
        The file.
    wanted
        What it is wanted for, and its name.

    Raises
    ------
    ProductError
        It is no raster, or metadata that cannot be parsed.
    """
    if wanted.is_raster:
        problem = check_readable(str(path))
        if problem is not None:
            raise ProductError(problem, where=wanted.name)
    elif wanted.name.lower().endswith(LANDSAT_METADATA):
        landsat_metadata(path)
    elif wanted.suffix == ".json":
        parse_json(decode(read_bounded(path)), wanted.name, remedy=AGAIN)
    elif wanted.suffix in (".xml", ".gml"):
        parse_xml(decode(read_bounded(path)), wanted.name, AGAIN)


def landsat_metadata(path: Path) -> LandsatMetadata:
    """Return the content of a metadata file of Landsat.

    Raises
    ------
    ProductError
        It is none.
    """
    return read_landsat_metadata(decode(read_bounded(path)), path.name)


def read_back(folder: Path, wanted: Sequence[Wanted], where: str) -> ProductInfo:
    """Return what the readers find in a product's folder.

    Parameters
    ----------
    folder
        The folder.
    wanted
        Its rasters.
    where
        What messages call the scene.

    Raises
    ------
    ProductError
        A band is not there for the readers, or a raster is none of the formats that archives have.
    """
    info = product_info(folder)
    found = {f"band {band}" for band in info.bands} | {f"quality {kind}" for kind in info.quality}
    lost = [each.what for each in wanted if each.what.startswith("band ") and each.what not in found]
    if lost:
        raise ProductError(
            f"what was fetched cannot be read as a product: {', '.join(lost)} not found",
            where=where,
            remedy="the archive lays its files out in a way that is not known here: take another archive",
        )
    for each in wanted:
        with open_raster(str(folder / each.name)) as source:
            if source.driver not in _DRIVERS:
                raise ProductError(
                    f"the {each.what} is neither GeoTIFF nor JPEG 2000",
                    where=each.name,
                    remedy="do not trust it: take the scene from another archive",
                )
    return info
