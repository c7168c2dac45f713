"""Sentinel-2 tiles as public archives lay them out: rasters named by band in one folder, with what metadata they have.

- ``sentinel-s2-l1c`` and ``sentinel-s2-l2a``: ``B01.jp2`` ... ``B12.jp2`` (Level-2A: in ``R10m``, ``R20m``, ``R60m``),
  ``tileInfo.json``, the granule's ``metadata.xml``, masks in ``qi``. The offset is stated in the product's own metadata
  file, which lies elsewhere in the archive.
- COGs of a STAC catalogue: ``B02.tif`` or ``blue.tif``, with the item as JSON.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from trimline.errors import MetadataError, ProductError, TrimlineError
from trimline.scenes.band_names import common_name
from trimline.scenes.calibration import Calibration, NoCalibration
from trimline.scenes.given import Given
from trimline.scenes.metadata_text import float_of, parse_json, parse_moment
from trimline.scenes.product_tree import FolderTree
from trimline.scenes.sentinel2_item import Item, read_item
from trimline.scenes.sentinel2_metadata import (
    MSI,
    NOT_IN_LEVEL_2A,
    GranuleMetadata,
    Level,
    ProductMetadata,
    baseline_in,
    read_granule_metadata,
    read_product_metadata,
    tile_in,
)
from trimline.scenes.sentinel2_offset import check_against_pixels, radiometry
from trimline.scenes.sentinel2_product import (
    RASTER_SUFFIXES,
    Image,
    PlacedMask,
    Sentinel2Product,
    band_of,
    classes_pixel,
    finest,
    folder_pixel,
    mask_of,
)

TILE_INFO = "tileInfo.json"

_BAND_RASTER = re.compile(r"(?:.*_)?B0[1-9](?:_(?:10|20|60)m)?\.(?:jp2|tiff?)", re.IGNORECASE)
_NAMED_RASTER = re.compile(r"(?:blue|green|red|nir)\.(?:jp2|tiff?)", re.IGNORECASE)
_ITEM_NAME = re.compile(r"S2[A-D]_\w+\.json", re.IGNORECASE)
_XML_NAME = re.compile(r"\w*metadata\.xml|MTD_\w+\.xml|S2\w+\.xml", re.IGNORECASE)
_ROOT = re.compile(r"<(?:\w+:)?Level-\w+?_(?P<what>User_Product|Tile_ID)\b")
_CLOUD_BITS = "qa60"
_PIXEL_FOLDERS = ("R10m", "R20m", "R60m")


@dataclass(frozen=True)
class _Metadata:
    """What metadata lie beside the rasters; None for what does not."""

    item: Item | None
    product: ProductMetadata | None
    granule: GranuleMetadata | None
    tile_info: Mapping[str, Any]
    contents: tuple[str, ...]


def folder_of(path: Path) -> tuple[Path, str | None] | None:
    """Return the folder of a tile, and the name of its item where that is the path; by names only, None for others."""
    if path.is_file():
        if path.name == TILE_INFO:
            return path.parent, None
        if path.name.lower() == "metadata.xml" and _has_band_rasters(path.parent):
            return path.parent, None
        is_item = _ITEM_NAME.fullmatch(path.name) or (path.suffix.lower() == ".json" and _has_band_rasters(path.parent))
        return (path.parent, path.name) if is_item else None
    if not path.is_dir():
        return None
    names = [each.name for each in path.iterdir()]
    is_tile = TILE_INFO in names or _has_band_rasters(path)
    has_item = any(_NAMED_RASTER.fullmatch(name) for name in names) and any(n.lower().endswith(".json") for n in names)
    return (path, None) if is_tile or has_item else None


def read_flat(folder: Path, item_name: str | None, given: Given, *, strict: bool = True) -> Sentinel2Product:
    """Read the metadata of a tile, and find its files.

    Parameters
    ----------
    strict
        Whether an unknown or impossible offset is an error; else it is a note, and the bands have no calibration.

    Raises
    ------
    ProductError
        There is no band, the offset is unknown, or the pixels exclude it.
    MetadataError
        The metadata are damaged.
    """
    tree = FolderTree(folder)
    known = _metadata(tree, item_name)
    item, granule, product = known.item, known.granule, known.product
    images = _images(tree, item)
    classes = finest(
        ("classes", Image(name, name, folder_pixel(name) or pixel))
        for name in _rasters(tree)
        if (pixel := classes_pixel(PurePosixPath(name).stem)) is not None
    ).get("classes")
    if not any(image.file for image in images.values()):
        raise ProductError(
            "there is no raster of a band",
            where=folder,
            remedy="rasters are named by band, as in B02.jp2 or blue.tif, in the folder or in "
            f"{', '.join(_PIXEL_FOLDERS)}",
        )
    baseline = _first(item and item.baseline, product and product.baseline, granule and granule.baseline)
    baseline = _first(baseline, _baseline_of(known.tile_info))
    calibrations, source, notes = _calibrations(tree, images, known, baseline, given, strict)
    level = _level(known, images, classes)
    cloud_bits = next((name for name in _rasters(tree) if PurePosixPath(name).stem.lower() == _CLOUD_BITS), None)
    return Sentinel2Product(
        tree=tree,
        layout="Sentinel-2 tile",
        id=_id(known, folder),
        level=level,
        tile=_first(granule and granule.tile, item and item.tile, _tile_of(known.tile_info)),
        baseline=baseline,
        time=_first(granule and granule.time, item and item.time, _time_of(known.tile_info, folder)),
        sun_azimuth=_first(granule and granule.sun_azimuth, item and item.sun_azimuth),
        sun_elevation=_first(granule and granule.sun_elevation, item and item.sun_elevation),
        cloud_cover=_first(granule and granule.cloud_cover, item and item.cloud_cover, _cloud_of(known.tile_info)),
        images=_with_missing(images, known, level),
        calibrations=calibrations,
        offset_source=source,
        classes=classes,
        cloud_bits=None if cloud_bits is None else Image(cloud_bits, cloud_bits, 60),
        masks=tuple(PlacedMask(mask, name) for name in tree.names if (mask := mask_of(name)) is not None),
        grids={} if granule is None else granule.grids,
        notes=notes,
        metadata=known.contents,
    )


def _has_band_rasters(folder: Path) -> bool:
    places = (folder, *(folder / name for name in _PIXEL_FOLDERS))
    return any(_BAND_RASTER.fullmatch(each.name) for place in places if place.is_dir() for each in place.iterdir())


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _rasters(tree: FolderTree) -> list[str]:
    """Return the rasters of the folder and of the folders by pixel size, not of previews and masks."""
    return [
        name
        for name in tree.names
        if PurePosixPath(name).suffix.lower() in RASTER_SUFFIXES and ("/" not in name or folder_pixel(name) is not None)
    ]


def _metadata(tree: FolderTree, item_name: str | None) -> _Metadata:
    contents: list[str] = []
    items: list[Item] = []
    found: dict[str, Any] = {"User_Product": None, "Tile_ID": None}
    readers: Mapping[str, Callable[[str, str], Any]] = {
        "User_Product": read_product_metadata,
        "Tile_ID": read_granule_metadata,
    }
    tile_info: Mapping[str, Any] = {}
    for name in (each for each in tree.names if "/" not in each):
        if name == TILE_INFO:
            text = tree.text(name)
            contents.append(text)
            tile_info = _tile_info(text, tree.where(name))
        elif name.lower().endswith(".json") and item_name in (None, name):
            text = tree.text(name)
            item = read_item(text, tree.where(name))
            if item is not None:
                contents.append(text)
                items.append(item)
        elif _XML_NAME.fullmatch(name):
            text = tree.text(name)
            match = _ROOT.search(text)
            if match is not None:
                contents.append(text)
                found[match["what"]] = readers[match["what"]](text, tree.where(name))
    if len(items) > 1:
        raise ProductError(
            f"there are {len(items)} STAC items: {', '.join(item.id for item in items)}",
            where=tree.path,
            remedy="give the JSON file of the one that is meant",
        )
    return _Metadata(items[0] if items else None, found["User_Product"], found["Tile_ID"], tile_info, tuple(contents))


def _tile_info(text: str, where: str) -> Mapping[str, Any]:
    content = parse_json(text, where, remedy="fetch it again")
    if not isinstance(content, dict):
        raise MetadataError("the file holds no description of a tile", where=where, remedy="fetch it again")
    return content


def _images(tree: FolderTree, item: Item | None) -> dict[str, Image]:
    """Return the finest image of each band that is there, and those that the item names."""
    of_item = {} if item is None else {file: common for common, file in item.files.items()}
    found: list[tuple[str, Image]] = []
    for name in _rasters(tree):
        stem = PurePosixPath(name).stem
        band = band_of(stem)
        common = of_item.get(name) or (band[0] if band is not None else common_name(stem, MSI))
        if common is not None and common in MSI.by_common_name:
            own = band[1] if band is not None else int(MSI.by_common_name[common].gsd_m)
            found.append((common, Image(name, name, folder_pixel(name) or own)))
    by_name = finest(found)
    return {band.common: by_name[band.common] for band in MSI.bands if band.common in by_name}


def _with_missing(images: Mapping[str, Image], known: _Metadata, level: Level | None) -> dict[str, Image]:
    """Add the bands that the product must have and that are not there."""
    named: dict[str, str] = {} if known.item is None else dict(known.item.files)
    if known.tile_info and level is not None:
        suffix = PurePosixPath(next(iter(images.values())).name).suffix
        for band in MSI.bands:
            if level == "L1C" or band.common not in NOT_IN_LEVEL_2A:
                number = band.name if band.name == "B8A" else f"B{int(band.name[1:]):02d}"
                named.setdefault(band.common, f"{number}{suffix}")
    absent = {
        common: Image(file, None, int(MSI.by_common_name[common].gsd_m))
        for common, file in named.items()
        if common not in images
    }
    return {**images, **absent}


def _calibrations(
    tree: FolderTree, images: Mapping[str, Image], known: _Metadata, baseline: str | None, given: Given, strict: bool
) -> tuple[Mapping[str, Calibration], str, tuple[str, ...]]:
    """Return the calibrations, what they are known from, and notes."""
    try:
        found = radiometry(images, given, known.item, known.product, baseline, tree.path)
        if found.is_given:
            return found.calibrations, found.source, ()
        rasters = {common: tree.href(image.file) for common, image in images.items() if image.file is not None}
        warning = check_against_pixels(found, rasters, tree.path)
        return found.calibrations, found.source, (warning,) if warning else ()
    except TrimlineError as error:
        if strict:
            raise
        unknown = NoCalibration(error.what, error.remedy or "")
        return dict.fromkeys(images, unknown), "offset unknown", (f"{error.what}; {error.remedy}",)


def _level(known: _Metadata, images: Mapping[str, Image], classes: Image | None) -> Level | None:
    for source in (known.granule, known.product, known.item):
        if source is not None and source.level is not None:
            return source.level
    name = str(known.tile_info.get("productName", ""))
    if "MSIL1C" in name or "cirrus" in images:
        return "L1C"
    return "L2A" if "MSIL2A" in name or classes is not None else None


def _id(known: _Metadata, folder: Path) -> str:
    """Return the item's id, the product's name where it is that of one tile, or the granule's."""
    if known.item is not None:
        return known.item.id
    names = str(known.tile_info.get("productName", "")), known.product.product_id if known.product else ""
    of_one_tile = [each for each in names if tile_in(each) is not None]
    if of_one_tile:
        return of_one_tile[0]
    return known.granule.tile_id if known.granule is not None else folder.name


def _tile_of(tile_info: Mapping[str, Any]) -> str | None:
    zone, band, square = (tile_info.get(key) for key in ("utmZone", "latitudeBand", "gridSquare"))
    return f"{zone:02d}{band}{square}" if isinstance(zone, int) and band and square else None


def _cloud_of(tile_info: Mapping[str, Any]) -> float | None:
    return float_of(tile_info.get("cloudyPixelPercentage"))


def _time_of(tile_info: Mapping[str, Any], folder: Path) -> datetime | None:
    written = tile_info.get("timestamp")
    if written is None:
        return None
    try:
        return parse_moment(str(written))
    except ValueError:
        raise MetadataError(
            f"timestamp cannot be '{written}'", where=folder / TILE_INFO, remedy="fetch it again"
        ) from None


def _baseline_of(tile_info: Mapping[str, Any]) -> str | None:
    datastrip = tile_info.get("datastrip")
    names = [datastrip.get("id") if isinstance(datastrip, dict) else None, tile_info.get("productName")]
    return next((found for name in names if name and (found := baseline_in(str(name)))), None)
