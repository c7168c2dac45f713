"""Reader of Sentinel-2 Level-1C and Level-2A products: SAFE folders and archives, and tiles of public archives.

Digital number 0 is no data in every product. Bands of 10, 20 and 60 m are read onto the grid of the finest band, those
of larger pixels bilinearly. Rasters with a grid keep it, whatever the metadata say, so that a crop or an overview of a
product can be read.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from odc.geo.geobox import GeoBox

from trimline.errors import GridError, ProductError, TrimlineError
from trimline.file_identity import digest
from trimline.scenes.asset import Asset, asset_grid, check_readable
from trimline.scenes.calibration import Linear, NoCalibration
from trimline.scenes.fetched_part import fetched_part
from trimline.scenes.given import Given
from trimline.scenes.grid import footprint_in_degrees, working_grid
from trimline.scenes.product_summary import ProductInfo
from trimline.scenes.product_tree import is_zip
from trimline.scenes.quality_reading import kind_of
from trimline.scenes.reader import Reader
from trimline.scenes.scene import Scene
from trimline.scenes.sentinel2_flat import folder_of, read_flat
from trimline.scenes.sentinel2_metadata import MSI
from trimline.scenes.sentinel2_offset import Radiometry, check_against_pixels
from trimline.scenes.sentinel2_product import Image, Sentinel2Product
from trimline.scenes.sentinel2_safe import GRANULES, Place, place_of, read_safe

NO_DATA = 0
"""Digital number of pixels outside the image, in every Sentinel-2 product."""
MASKED_BANDS = ("blue", "green", "red", "nir", "swir1", "swir2")
"""Bands whose saturated and defective pixels are flagged: those that glaciers are mapped from."""

_KINDS: Mapping[tuple[str, bool], str] = {
    ("MSK_CLOUDS", False): "cloud_polygons",
    ("MSK_SATURA", False): "saturated_polygons",
    ("MSK_DEFECT", False): "defective_polygons",
    ("MSK_NODATA", False): "no_data_polygons",
    ("MSK_TECQUA", False): "lost_polygons",
    ("MSK_DETFOO", False): "footprint_polygons",
    ("MSK_DETFOO", True): "footprint",
    ("MSK_QUALIT", True): "technical",
    ("MSK_CLASSI", True): "classification",
}
"""Kinds of quality assets, by ESA's kind of mask and whether it is a raster."""
_OF_NO_BAND = ("MSK_CLOUDS", "MSK_CLASSI")
_GML = ".gml"
_SELF_EXPLANATORY = ("bands", "nodata")
_ARCHIVE_NAME = re.compile(r"S2[A-D]_(MSI|OPER_PRD_MSI)\w+(\.SAFE)?\.zip", re.IGNORECASE)
_FLAGS_ONLY = NoCalibration("quality bands hold flags, not values", "read them with Scene.quality")

logger = logging.getLogger(__name__)


def recognises(path: Path) -> bool:
    """Whether a path is a SAFE folder, a part of one that stands for it, a zip archive, or a tile of an archive."""
    return is_zip(path) or place_of(path) is not None or folder_of(path) is not None


def open_sentinel2(path: Path, given: Given) -> Scene:
    """Open a Sentinel-2 product.

    Raises
    ------
    ProductError
        There is no product, no band, or more than one granule; its offset is unknown or excluded by its pixels; or
        an archive is damaged or unsafe.
    MetadataError
        The metadata lack an element or hold an impossible value.
    GridError
        The rasters have no grid, and the metadata's does not fit them.
    """
    product = _read(path, given, strict=True)
    _check_agreement(given, product, path)
    present = product.present
    if not present:
        named = ", ".join(image.name for image in product.images.values())
        raise ProductError("none of the product's band files is there", where=path, remedy=f"its metadata name {named}")
    for note in product.notes:
        logger.warning("%s: %s", product.id, note)
    assets = {common: _asset(product, product.images[common], common) for common in present}
    reference = _reference_band(product)
    grid = working_grid(asset_grid(assets[reference]))
    return Scene(
        id=given.id or product.id,
        sensor=MSI,
        time=product.time,
        date=product.time.date().isoformat() if product.time else given.date,
        geobox=grid,
        footprint=footprint_in_degrees(grid),
        assets=assets,
        source=path,
        sun_azimuth=product.sun_azimuth,
        sun_elevation=product.sun_elevation,
        tile=product.tile,
        cloud_cover=product.cloud_cover,
        quality_assets=_quality_assets(product, reference),
        missing=_missing(product),
        level=product.level,
        metadata_sha256=digest(list(product.metadata)),
    )


def describe_sentinel2(path: Path, given: Given) -> ProductInfo:
    """Describe a Sentinel-2 product, and check that it is complete.

    Raises
    ------
    ProductError, MetadataError
        It cannot be read.
    """
    product = _read(path, given, strict=False)
    present, absent, part = product.present, _missing(product), fetched_part(path)
    missing = absent if part is None else part.lost
    quality = _quality_assets(product, _reference_band(product)) if present else {}
    hrefs = {file: product.tree.href(file) for file in present.values()}
    rasters = {Path(asset.href).name: asset.href for asset in quality.values() if not asset.href.lower().endswith(_GML)}
    damaged = {name: why for name, href in {**rasters, **hrefs}.items() if (why := check_readable(href)) is not None}
    grid, problem = _grid_for_info(product, {present[common] for common in present} - damaged.keys())
    notes = [product.offset_source[0].upper() + product.offset_source[1:], *_notes(product, damaged)]
    notes += [f"{name} is damaged: {why}" for name, why in damaged.items()]
    if problem:
        notes.append(problem)
    return ProductInfo(
        path=path,
        kind=product.layout,
        id=given.id or product.id,
        sensor=MSI.id,
        level=product.level,
        collection=None,
        baseline=product.baseline,
        time=product.time,
        tile=product.tile,
        cloud_cover=product.cloud_cover,
        sun_azimuth=product.sun_azimuth,
        sun_elevation=product.sun_elevation,
        bands=tuple(present),
        quality=tuple(dict.fromkeys(kind_of(key) for key in quality)),
        missing=tuple(missing.values()),
        is_complete=bool(present) and not absent and not damaged and (part is None or part.is_whole),
        is_usable=bool(present) and not damaged and not missing.keys() & product.images.keys(),
        fetched=None if part is None else part.extent,
        notes=tuple(notes),
        **ProductInfo.grid_fields(grid),
    )


def _read(path: Path, given: Given, *, strict: bool) -> Sentinel2Product:
    given.refuse(_SELF_EXPLANATORY, path, "a Sentinel-2 product says so itself")
    place = Place(path) if is_zip(path) else place_of(path)
    flat = folder_of(path if place is None else place.container)
    # A tile may have the product's metadata file beside its bands, but never a folder of granules.
    if flat is not None and not (flat[0] / GRANULES).is_dir():
        return read_flat(*flat, given, strict=strict)
    if place is None:
        raise ProductError("it is no Sentinel-2 product", where=path, remedy="check the path")
    given.refuse(("scale", "offset"), path, "a product in SAFE layout states them itself")
    return read_safe(place)


def _asset(product: Sentinel2Product, image: Image, common: str) -> Asset:
    grid = product.grids.get(image.pixel_m)
    return Asset(product.tree.href(image.file or ""), product.calibrations[common], nodata=NO_DATA, geobox=grid)


def _reference_band(product: Sentinel2Product) -> str:
    """Return the present band whose grid is the scene's: the first of those with the smallest pixels."""
    return min(product.present, key=lambda common: product.images[common].pixel_m)


def _wanted_masks(product: Sentinel2Product, reference: str) -> dict[str, tuple[str, str | None, int]]:
    """Return name, file and pixel size [m] of the masks that become flags, by key of the quality asset."""
    wanted = {}
    for mask, file in product.masks:
        kind = _KINDS.get((mask.kind, not mask.file.lower().endswith(_GML)))
        if kind is None or (kind == "classification" and product.classes is not None):
            continue
        pixel = 60 if mask.band is None else int(MSI.by_common_name[mask.band].gsd_m)
        if mask.kind in _OF_NO_BAND:
            wanted[kind] = (mask.file, file, pixel)
        elif mask.band == reference or (mask.band in MASKED_BANDS and not kind.startswith("footprint")):
            wanted[f"{kind} {mask.band}"] = (mask.file, file, pixel)
    return wanted


def _quality_assets(product: Sentinel2Product, reference: str) -> dict[str, Asset]:
    """Return the quality files that are there, by key."""
    image = product.images[reference]
    found: dict[str, tuple[str | None, int]] = {}
    if product.classes is not None:
        found["classes"] = product.classes.file, product.classes.pixel_m
    if product.cloud_bits is not None:
        found["cloud_bits"] = product.cloud_bits.file, product.cloud_bits.pixel_m
    found |= {key: (file, pixel) for key, (_, file, pixel) in _wanted_masks(product, reference).items()}
    assets = {
        key: Asset(product.tree.href(file), _FLAGS_ONLY, geobox=product.grids.get(pixel))
        for key, (file, pixel) in found.items()
        if file is not None
    }
    if not assets:
        return {}
    own = replace(_asset(product, image, reference), calibration=_FLAGS_ONLY)
    return {f"no_data {reference}": own, **assets}


def _missing(product: Sentinel2Product) -> dict[str, str]:
    """Return the files that the metadata name and that are not there, by common name or kind."""
    missing = {common: image.name for common, image in product.images.items() if image.file is None}
    if product.classes is not None and product.classes.file is None:
        missing["classes"] = product.classes.name
    if product.present:
        wanted = _wanted_masks(product, _reference_band(product))
        missing |= {key: name for key, (name, file, _) in wanted.items() if file is None}
    return missing


def _check_agreement(given: Given, product: Sentinel2Product, path: Path) -> None:
    """Raise where the user gives another sensor or date than the product."""
    if given.sensor is not None and given.sensor != MSI.id:
        raise ProductError(
            f"the product is of {MSI.id}, not {given.sensor}", where=path, remedy="correct the sensor or leave it out"
        )
    taken = product.time.date().isoformat() if product.time else given.date
    if given.date is not None and taken is not None and not taken.startswith(given.date):
        raise ProductError(
            f"the product was taken on {taken}, not {given.date}", where=path, remedy="correct the date or leave it out"
        )


def _grid_for_info(product: Sentinel2Product, whole: set[str]) -> tuple[GeoBox | None, str | None]:
    """Return the grid, as far as it is known, or the error of it."""
    present = {common: file for common, file in product.present.items() if file in whole}
    if not present:
        return (product.grids[min(product.grids)] if product.grids else None), None
    common = min(present, key=lambda each: product.images[each].pixel_m)
    try:
        return asset_grid(_asset(product, product.images[common], common)), None
    except GridError as error:
        return None, f"{present[common]}: {error.what}"


def _notes(product: Sentinel2Product, damaged: Mapping[str, str]) -> list[str]:
    notes = list(product.notes)
    pixels = sorted({product.images[common].pixel_m for common in product.present})
    if len(pixels) > 1:
        coarse = " and ".join(f"{pixel} m" for pixel in pixels[1:])
        notes.append(
            f"bands of {coarse} are read bilinearly onto the grid of the {pixels[0]} m bands, and flags by nearest "
            "neighbour"
        )
    if product.sun_elevation is not None and product.sun_elevation <= 0:
        notes.append("taken at night: there is no reflectance")
    if product.level is None:
        notes.append("nothing tells whether reflectance is of the top of the atmosphere or of the surface")
    if product.layout.endswith("SAFE") and product.present and not damaged:
        rasters = {common: product.tree.href(file) for common, file in product.present.items()}
        known = {common: each for common, each in product.calibrations.items() if isinstance(each, Linear)}
        try:
            warning = check_against_pixels(Radiometry(known, product.offset_source), rasters, product.tree.path)
        except TrimlineError as error:
            warning = f"{error.what}; the archive it comes from changed it"
        notes += [warning] if warning else []
    return notes


SENTINEL2 = Reader("Sentinel-2", recognises, open_sentinel2, describe_sentinel2)
"""Sentinel-2 Level-1C and Level-2A, as ESA and public archives lay them out."""
