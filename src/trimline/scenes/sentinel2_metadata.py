"""Metadata files of Sentinel-2 products as validated objects: one per product, one per granule.

All baselines are read, from the long names of before December 2016 to Collection 1. Formats: Sentinel-2 Products
Specification Document (ESA S2-PDGS-TAS-DI-PSD), issues 12 to 14.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Literal, NamedTuple
from xml.etree import ElementTree

from affine import Affine
from odc.geo.crs import CRS
from odc.geo.geobox import GeoBox
from pyproj.exceptions import CRSError

from trimline.errors import MetadataError
from trimline.scenes.raster_opening import MOST_LINES, impossible_grid
from trimline.scenes.safe_xml import elements, text_of
from trimline.scenes.sentinel2_xml import Document
from trimline.sensors import Sensor, get_sensor

Level = Literal["L1C", "L2A"]

MSI: Sensor = get_sensor("sentinel-2-msi")
BAND_IDS: Mapping[str, str] = MappingProxyType({str(number): band.common for number, band in enumerate(MSI.bands)})
"""Common names of bands by the numbers that the metadata use: 7 is B8, 8 is B8A, 9 is B9."""
NOT_IN_LEVEL_2A = ("cirrus",)
"""Bands that see no ground, of which there is no surface reflectance."""
FIRST_WITH_OFFSET = "04.00"
"""Since this processing baseline digital numbers carry an offset, which the metadata state (ESA, 2021)."""

_BASELINE = re.compile(r"\d{2}\.\d{2}")
_BASELINE_IN_NAME = re.compile(r"_N(?P<major>\d{2})\.?(?P<minor>\d{2})(?=_|\.|$)")
_TILE = re.compile(r"_T(?P<tile>\d{2}[A-Z]{3})(?=_|\.|$)")
_PROCESSING_LEVEL = re.compile(r"Level-(?P<level>1C|2A)p?", re.IGNORECASE)
_KIND = re.compile(r"Level-(?P<level>\w+)_(?P<what>User_Product|Tile_ID)")


@dataclass(frozen=True)
class ProductMetadata:
    """The part of ``MTD_MSIL1C.xml`` or ``MTD_MSIL2A.xml`` that trimline needs."""

    name: str
    """The file's name."""
    product_id: str
    """The product's name without ``.SAFE``."""
    level: Level
    baseline: str
    """Processing baseline: `02.06`, `05.11`; `99.99` of products that users made with Sen2Cor."""
    quantification: float
    """Digital numbers per unit of reflectance."""
    offsets: Mapping[str, float] | None
    """Numbers to add to the digital numbers, by common name; None where the metadata state none."""
    files: tuple[str, ...]
    """Band files of all granules, as they are named there: paths or bare names, without suffix."""
    cloud_cover: float | None
    """[percent]"""


class Mask(NamedTuple):
    """A file of quality masks."""

    kind: str
    """``MSK_CLOUDS``, ``MSK_QUALIT``, ..."""
    band: str | None
    """Common name; None for one of all bands."""
    file: str
    """Its name as it is written, with or without folders."""


@dataclass(frozen=True)
class GranuleMetadata:
    """The part of a granule's metadata (``MTD_TL.xml``) that trimline needs."""

    name: str
    """The file's name."""
    tile_id: str
    tile: str
    """MGRS tile: `46RER`."""
    level: Level
    baseline: str | None
    """As the granule's name has it."""
    time: datetime
    """Sensing (UTC)."""
    sun_azimuth: float
    """Mean over the tile [degrees]."""
    sun_elevation: float
    """Mean over the tile [degrees]."""
    cloud_cover: float | None
    """[percent]"""
    grids: Mapping[int, GeoBox]
    """Grids by pixel size [m]."""
    masks: tuple[Mask, ...]


def read_product_metadata(text: str, name: str) -> ProductMetadata:
    """Read the content of a product's metadata file.

    Raises
    ------
    MetadataError
        It is of a level that holds no images of the ground on a map, lacks an element, or holds an impossible value.
    """
    document = Document(text, name)
    level = _level(document, "User_Product")
    written = document.text_or_none("PROCESSING_LEVEL")
    match = _PROCESSING_LEVEL.fullmatch(written or f"Level-{level[1:]}")
    if match is None or f"L{match['level'].upper()}" != level:
        raise document.impossible("PROCESSING_LEVEL", written)
    uri = document.text(*(("PRODUCT_URI_2A",) if level == "L2A" else ()), "PRODUCT_URI")
    baseline = check_baseline(document.text("PROCESSING_BASELINE"), name)
    offsets = _offsets(document, level)
    newest = max(baseline, baseline_in(uri) or baseline)
    if offsets is None and newest >= FIRST_WITH_OFFSET:
        raise no_offset(newest, name)
    named_files = ("IMAGE_FILE", "IMAGE_FILE_2A", "IMAGE_ID", "IMAGE_ID_2A")
    return ProductMetadata(
        name=name,
        product_id=uri.removesuffix(".SAFE"),
        level=level,
        baseline=baseline,
        quantification=_quantification(document, level),
        offsets=offsets,
        files=tuple(text_of(each) for each in document.all(*named_files) if text_of(each)),
        cloud_cover=_cloud_cover(document, "Cloud_Coverage_Assessment"),
    )


def read_granule_metadata(text: str, name: str) -> GranuleMetadata:
    """Read the content of a granule's metadata file.

    Raises
    ------
    MetadataError
        It lacks an element, or holds an impossible value.
    """
    document = Document(text, name)
    level = _level(document, "Tile_ID")
    tile_id = document.text(*(("TILE_ID_2A",) if level == "L2A" else ()), "TILE_ID")
    match = _TILE.search(tile_id)
    if match is None:
        raise document.impossible("TILE_ID", tile_id)
    zenith, azimuth = (
        document.number(document.inside("Mean_Sun_Angle", each), f"Mean_Sun_Angle/{each}")
        for each in ("ZENITH_ANGLE", "AZIMUTH_ANGLE")
    )
    if not 0 <= zenith <= 180:
        raise document.impossible("Mean_Sun_Angle/ZENITH_ANGLE", zenith)
    return GranuleMetadata(
        name=name,
        tile_id=tile_id,
        tile=match["tile"],
        level=level,
        baseline=baseline_in(tile_id),
        time=document.time("SENSING_TIME"),
        sun_azimuth=azimuth,
        sun_elevation=90 - zenith,
        cloud_cover=_cloud_cover(document, "CLOUDY_PIXEL_PERCENTAGE"),
        grids=_grids(document),
        masks=tuple(_masks(document)),
    )


def check_baseline(written: str, where: object) -> str:
    """Return a processing baseline.

    Raises
    ------
    MetadataError
        It is none, as in `4.0` or `unknown`: whether digital numbers carry an offset depends on it.
    """
    if _BASELINE.fullmatch(written) is None:
        raise MetadataError(
            f"'{written}' is no processing baseline, which is two digits, a point and two digits",
            where=where,
            remedy="fetch the product's metadata again",
        )
    return written


def baseline_in(name: str) -> str | None:
    """Return the processing baseline in the name of a product or granule (``_N0400_``, ``_N04.00``)."""
    match = _BASELINE_IN_NAME.search(name)
    return f"{match['major']}.{match['minor']}" if match else None


def tile_in(name: str) -> str | None:
    """Return the MGRS tile in the name of a product or granule (``_T46RER_``)."""
    match = _TILE.search(name)
    return match["tile"] if match else None


def no_offset(baseline: str, where: object) -> MetadataError:
    """Return the error for metadata that must state the offset and do not."""
    return MetadataError(
        f"a product of processing baseline {baseline} has an offset in its numbers, and the metadata do not state it",
        where=where,
        remedy="fetch the product's metadata again: the offset is RADIO_ADD_OFFSET (Level-1C) or BOA_ADD_OFFSET (2A)",
    )


def _level(document: Document, what: str) -> Level:
    match = _KIND.fullmatch(document.kind)
    if match is None or match["what"] != what:
        raise MetadataError(
            f"the file's root is {document.kind}, not Level-1C_{what} or Level-2A_{what}",
            where=document.name,
            remedy="give a Sentinel-2 product's own metadata file",
        )
    if match["level"] == "1C":
        return "L1C"
    if match["level"] == "2A":
        return "L2A"
    raise MetadataError(
        f"this is a Level-{match['level']} product, whose images do not lie on a map grid",
        where=document.name,
        remedy="fetch the Level-1C or Level-2A product of the same day",
    )


def _quantification(document: Document, level: Level) -> float:
    of_surface = ("BOA_QUANTIFICATION_VALUE", "L2A_BOA_QUANTIFICATION_VALUE")
    names = of_surface if level == "L2A" else ("QUANTIFICATION_VALUE",)
    value = document.first_number(*names)
    if value <= 0:
        raise document.impossible(names[0], value)
    return value


def _offsets(document: Document, level: Level) -> dict[str, float] | None:
    """Return the offset of each band, or None where there is no such element."""
    name = "RADIO_ADD_OFFSET" if level == "L1C" else "BOA_ADD_OFFSET"
    found: dict[str, float] = {}
    for element in document.all(name):
        number = element.get("band_id") or element.get("bandId") or ""
        if number not in BAND_IDS or BAND_IDS[number] in found:
            raise document.impossible(f"the band of {name}", number)
        found[BAND_IDS[number]] = document.number(element, name)
    if not found:
        return None
    needed = [band for band in MSI.bands if level == "L1C" or band.common not in NOT_IN_LEVEL_2A]
    lacking = [band.name for band in needed if band.common not in found]
    if lacking:
        raise MetadataError(
            f"the metadata lack {name} of {', '.join(lacking)}",
            where=document.name,
            remedy="fetch the product's metadata again",
        )
    return found


def _cloud_cover(document: Document, name: str) -> float | None:
    element = next(document.all(name), None)
    return None if element is None or not text_of(element) else document.number(element, name)


def _grids(document: Document) -> dict[int, GeoBox]:
    code = document.text("HORIZONTAL_CS_CODE")
    match = re.fullmatch(r"EPSG:(\d{4,6})", code, re.IGNORECASE)
    if match is None:
        raise document.impossible("HORIZONTAL_CS_CODE", code)
    try:
        crs = CRS(int(match[1]))
    except CRSError:
        raise document.impossible("HORIZONTAL_CS_CODE", code) from None
    places = {each.get("resolution"): each for each in document.all("Geoposition")}
    grids = {}
    for size in document.all("Size"):
        resolution = size.get("resolution", "")
        if resolution not in places or not re.fullmatch(r"[1-9][0-9]{0,3}", resolution):
            raise document.missing(f"Geoposition of resolution {resolution}")
        place = places[resolution]
        left, top, dx, dy = (_child(document, place, name) for name in ("ULX", "ULY", "XDIM", "YDIM"))
        rows, columns = (int(_child(document, size, name)) for name in ("NROWS", "NCOLS"))
        affine = Affine(dx, 0, left, 0, dy, top)
        is_impossible = min(rows, columns) <= 0 or max(rows, columns) > MOST_LINES or dx <= 0 or dy >= 0
        if is_impossible or impossible_grid((rows, columns), affine, is_geographic=False) is not None:
            raise document.impossible("Tile_Geocoding", (rows, columns, dx, dy))
        grids[int(resolution)] = GeoBox((rows, columns), affine, crs)
    if not grids:
        raise document.missing("Tile_Geocoding/Size")
    return grids


def _child(document: Document, element: ElementTree.Element, name: str) -> float:
    return document.number(next(elements(element, name), None), name)


def _masks(document: Document) -> list[Mask]:
    found = []
    for element in document.all("MASK_FILENAME"):
        number = element.get("bandId")
        band = None if number is None else BAND_IDS.get(number)
        if text_of(element) and (number is None or band is not None):
            found.append(Mask(element.get("type", ""), band, text_of(element)))
    return found
