"""One granule of Sentinel-2, whatever layout its files lie in: what is known of it, and where its files are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePosixPath
from typing import NamedTuple

from odc.geo.geobox import GeoBox

from trimline.errors import BandError
from trimline.scenes.calibration import Calibration
from trimline.scenes.product_tree import ProductTree
from trimline.scenes.sentinel2_metadata import MSI, Level, Mask

RASTER_SUFFIXES = (".jp2", ".tif", ".tiff")

_BAND = re.compile(r"(?:^|_)(?P<band>B\d{2}|B8A)(?:_(?P<pixel>10|20|60)m)?", re.IGNORECASE)
_CLASSES = re.compile(r"(?:^|.*_)SCL(?:_.*?)??(?:_?(?P<pixel>20|60)m)?", re.IGNORECASE)
_FOLDER = re.compile(r"R(?P<pixel>10|20|60)m", re.IGNORECASE)
_MASK = re.compile(
    r"(?:MSK_)?(?P<kind>CLOUDS|CLASSI|QUALIT|SATURA|DEFECT|NODATA|TECQUA|DETFOO)_(?P<band>B\d{2}|B8A)", re.IGNORECASE
)
_ALL_BANDS = "B00"


class Image(NamedTuple):
    """A raster of a band, or of the scene classification."""

    name: str
    """As metadata or folder have it, for messages."""
    file: str | None
    """In the tree; None where it is not there."""
    pixel_m: int
    """Size of its pixels in a product that was not cropped or reduced [m]."""


class PlacedMask(NamedTuple):
    """A file of quality masks, and where it is."""

    mask: Mask
    file: str | None
    """In the tree; None where it is not there."""


@dataclass(frozen=True)
class Sentinel2Product:
    """One granule with its files."""

    tree: ProductTree
    layout: str
    """Name of the layout for users."""
    id: str
    level: Level | None
    tile: str | None
    baseline: str | None
    time: datetime | None
    sun_azimuth: float | None
    sun_elevation: float | None
    cloud_cover: float | None
    images: Mapping[str, Image]
    """By common name, those that the metadata name too; the finest of each band."""
    calibrations: Mapping[str, Calibration]
    """Of the bands in `images`, by common name."""
    offset_source: str
    """What the offset of the digital numbers is known from, in words."""
    classes: Image | None
    """The scene classification (SCL)."""
    cloud_bits: Image | None = None
    """QA60."""
    masks: tuple[PlacedMask, ...] = ()
    grids: Mapping[int, GeoBox] = field(default_factory=dict)
    """Grids by pixel size [m], from the metadata; for rasters that carry none."""
    notes: tuple[str, ...] = ()
    """Warnings for users of the product."""
    metadata: tuple[str, ...] = ()
    """Contents of the metadata files, for the identity."""

    @property
    def present(self) -> dict[str, str]:
        """Present band files, by common name, in the order of the sensor's bands."""
        found = {name: image.file for name, image in self.images.items() if image.file is not None}
        return {band.common: found[band.common] for band in MSI.bands if band.common in found}


def band_of(stem: str) -> tuple[str, int] | None:
    """Return the common name of the band in a file's stem, and its pixel size [m]; None where there is none."""
    matches = list(_BAND.finditer(stem))
    if not matches or matches[-1].end() != len(stem):
        return None
    try:
        band = MSI.band(matches[-1]["band"])
    except BandError:
        return None
    return band.common, int(matches[-1]["pixel"] or band.gsd_m)


def classes_pixel(stem: str) -> int | None:
    """Return the pixel size of a scene classification [m], or None where a file's stem names none."""
    match = _CLASSES.fullmatch(stem)
    return None if match is None else int(match["pixel"] or 20)


def mask_of(name: str) -> Mask | None:
    """Return the masks that a file's name stands for, or None."""
    match = _MASK.fullmatch(PurePosixPath(name).stem)
    if match is None:
        return None
    number = match["band"].upper()
    try:
        band = None if number == _ALL_BANDS else MSI.band(number).common
    except BandError:
        return None
    return Mask(f"MSK_{match['kind'].upper()}", band, name)


def folder_pixel(name: str) -> int | None:
    """Return the pixel size that the folder of a file stands for (``R20m``) [m]."""
    match = _FOLDER.fullmatch(PurePosixPath(name).parent.name)
    return None if match is None else int(match["pixel"])


def rasters_in(names: Iterable[str]) -> dict[str, str]:
    """Return the rasters among files, by their stem in lower case."""
    found: dict[str, str] = {}
    for name in names:
        path = PurePosixPath(name)
        if path.suffix.lower() in RASTER_SUFFIXES:
            found.setdefault(path.stem.lower(), name)
    return found


def finest(images: Iterable[tuple[str, Image]]) -> dict[str, Image]:
    """Return the image of the smallest pixels of each band."""
    found: dict[str, Image] = {}
    for common, image in images:
        if common not in found or image.pixel_m < found[common].pixel_m:
            found[common] = image
    return found
