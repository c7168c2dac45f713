"""Reader of Landsat products: a folder, an archive or the metadata file.

Digital number 0 is fill in every Landsat product. The nodata value of the rasters is not used: some older files declare
255, which in TM is a saturated pixel, usually bright snow, and not a missing one.

Rasters with a grid keep it, whatever the lines and samples in the metadata, so that a crop or an overview of a product
can be read. Rasters without one get the grid of the corners in the metadata, and must have its size.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from odc.geo.geobox import GeoBox

from trimline.errors import GridError, ProductError
from trimline.file_identity import digest
from trimline.scenes.asset import Asset, asset_grid, check_readable
from trimline.scenes.calibration import NoCalibration
from trimline.scenes.fetched_part import fetched_part
from trimline.scenes.given import Given
from trimline.scenes.grid import footprint_in_degrees, working_grid
from trimline.scenes.landsat_metadata import LandsatMetadata, read_landsat_metadata
from trimline.scenes.product_files import ProductFiles, is_archive, product_files
from trimline.scenes.product_summary import ProductInfo
from trimline.scenes.reader import Reader
from trimline.scenes.scene import Scene

FILL = 0
"""Digital number of pixels outside the image, in every Landsat product."""

_METADATA_NAME = re.compile(r"(?P<stem>.+)_MTL\.(?P<spelling>txt|json|xml)", re.IGNORECASE)
_SPELLINGS = ("txt", "json", "xml")
_SELF_EXPLANATORY = ("bands", "scale", "offset", "nodata")
_NOT_CALIBRATED = NoCalibration("quality bands hold flags, not values", "read them with Scene.quality")


@dataclass(frozen=True)
class _Product:
    files: ProductFiles
    metadata: LandsatMetadata
    metadata_name: str
    metadata_sha256: str

    @property
    def present(self) -> dict[str, str]:
        """Present band files, by common name."""
        return _found(self.files, self.metadata.files)

    @property
    def present_quality(self) -> dict[str, str]:
        """Present quality files, by kind."""
        return _found(self.files, self.metadata.quality_files)

    @property
    def missing(self) -> dict[str, str]:
        """Missing files that the metadata name."""
        named = {**self.metadata.files, **self.metadata.quality_files}
        there = self.present.keys() | self.present_quality.keys()
        return {name: file for name, file in named.items() if name not in there}


def recognises(path: Path) -> bool:
    """Whether a path is a folder or archive with Landsat metadata, or such a metadata file."""
    if path.is_file():
        return is_archive(path) or _METADATA_NAME.fullmatch(path.name) is not None
    return path.is_dir() and any(_METADATA_NAME.fullmatch(each.name) for each in path.iterdir())


def open_landsat(path: Path, given: Given) -> Scene:
    """Open a Landsat product.

    Raises
    ------
    ProductError
        There is no metadata file, or more than one product, or no band at all; or an archive is damaged.
    MetadataError
        The metadata lack a key or hold an impossible value.
    GridError
        The rasters have no grid, and the metadata's does not fit them.
    """
    given.refuse(_SELF_EXPLANATORY, path, "a Landsat product says so itself")
    product = _product(path)
    metadata = product.metadata
    _check_agreement(given, metadata, path)
    present, quality = product.present, product.present_quality
    if not present:
        raise ProductError(
            "none of the product's band files is there",
            where=path,
            remedy=f"its metadata name {', '.join(metadata.files.values())}",
        )
    hrefs = product.files.hrefs({*present.values(), *quality.values()})
    assets = {
        common: Asset(hrefs[name], metadata.calibrations[common], nodata=FILL, geobox=metadata.grids[common])
        for common, name in present.items()
    }
    reference = _reference_band(assets)
    grid = working_grid(_grid_of(assets[reference], metadata, product.metadata_name))
    return Scene(
        id=given.id or metadata.product_id,
        sensor=metadata.sensor,
        time=metadata.time,
        date=metadata.time.date().isoformat(),
        geobox=grid,
        footprint=footprint_in_degrees(grid),
        assets=assets,
        source=path,
        sun_azimuth=metadata.sun_azimuth,
        sun_elevation=metadata.sun_elevation,
        tile=metadata.tile,
        cloud_cover=metadata.cloud_cover,
        quality_assets={
            kind: Asset(hrefs[name], _NOT_CALIBRATED, geobox=metadata.grids[reference])
            for kind, name in quality.items()
        },
        missing=product.missing,
        level=metadata.level,
        metadata_sha256=product.metadata_sha256,
    )


def describe_landsat(path: Path, given: Given) -> ProductInfo:
    """Describe a Landsat product, and check that it is complete.

    Raises
    ------
    ProductError, MetadataError
        It cannot be read.
    """
    product = _product(path)
    metadata, files = product.metadata, product.files
    present, quality = product.present, product.present_quality
    damaged: dict[str, str] = {}
    if files.in_place:
        named = {**present, **quality}
        for name, href in files.hrefs(named.values()).items():
            problem = check_readable(href)
            if problem:
                damaged[name] = problem
    part = fetched_part(path)
    missing = product.missing if part is None else part.lost
    grid, problem = _grid_for_info(product, damaged)
    notes = [*_notes(product), *(f"{name} is damaged: {why}" for name, why in damaged.items())]
    if problem:
        notes.append(problem)
    return ProductInfo(
        path=path,
        kind="Landsat",
        id=given.id or metadata.product_id,
        sensor=metadata.sensor.id,
        level=metadata.level,
        collection=metadata.collection,
        category=metadata.category,
        time=metadata.time,
        tile=metadata.tile,
        cloud_cover=metadata.cloud_cover,
        sun_azimuth=metadata.sun_azimuth,
        sun_elevation=metadata.sun_elevation,
        bands=tuple(present),
        quality=tuple(quality),
        missing=tuple(missing.values()),
        is_complete=not product.missing and not damaged and (part is None or part.is_whole),
        is_usable=bool(present) and not damaged and not missing.keys() & metadata.files.keys(),
        fetched=None if part is None else part.extent,
        notes=tuple(notes),
        **ProductInfo.grid_fields(grid),
    )


def _product(path: Path) -> _Product:
    if _METADATA_NAME.fullmatch(path.name) and path.is_file():
        files, name = product_files(path.parent), path.name
    else:
        files = product_files(path)
        name = _metadata_name(files)
    text = files.text(name)
    return _Product(files, read_landsat_metadata(text, name), name, digest(text))


def _metadata_name(files: ProductFiles) -> str:
    """Return the name of the one product's metadata file: text before JSON before XML."""
    matches = [match for name in files.names if (match := _METADATA_NAME.fullmatch(name))]
    stems = sorted({match["stem"].upper() for match in matches})
    if not stems:
        raise ProductError(
            "there is no Landsat metadata file (*_MTL.txt, .json or .xml)",
            where=files.path,
            remedy="fetch the product again, with its metadata",
        )
    if len(stems) > 1:
        raise ProductError(
            f"there are {len(stems)} products: {', '.join(stems)}",
            where=files.path,
            remedy="give the *_MTL file of the one that is meant",
        )
    return min(matches, key=lambda match: _SPELLINGS.index(match["spelling"].lower())).string


def _found(files: ProductFiles, named: Mapping[str, str]) -> dict[str, str]:
    return {key: found for key, name in named.items() if (found := files.find(name)) is not None}


def _reference_band(assets: Iterable[str]) -> str:
    """Return the band whose grid is the scene's: reflective before thermal before panchromatic."""
    return min(assets, key=lambda common: {"thermal": 1, "pan": 2}.get(common, 0))


def _grid_of(asset: Asset, metadata: LandsatMetadata, metadata_name: str) -> GeoBox:
    """Return the grid of a band: its raster's own, or that of the metadata's corners where they are consistent."""
    if metadata.corners_fit:
        return asset_grid(asset)
    try:
        return asset_grid(replace(asset, geobox=None))
    except GridError as error:
        raise GridError(
            f"{error.what}, and the corners in its metadata do not fit its lines and samples",
            where=metadata_name,
            remedy="fetch the product again, or georeference its rasters",
        ) from error


def _check_agreement(given: Given, metadata: LandsatMetadata, path: Path) -> None:
    """Raise where the user gives another sensor or date than the product."""
    if given.sensor is not None and given.sensor != metadata.sensor.id:
        raise ProductError(
            f"the product is of {metadata.sensor.id}, not {given.sensor}",
            where=path,
            remedy="correct the sensor or leave it out",
        )
    taken = metadata.time.date().isoformat()
    if given.date is not None and not taken.startswith(given.date):
        raise ProductError(
            f"the product was taken on {taken}, not {given.date}", where=path, remedy="correct the date or leave it out"
        )


def _grid_for_info(product: _Product, damaged: Mapping[str, str]) -> tuple[GeoBox | None, str | None]:
    """Return the grid, as far as it is known without unpacking, or the error of it."""
    metadata, present = product.metadata, product.present
    whole = {common: name for common, name in present.items() if name not in damaged}
    common = _reference_band(whole or metadata.files)
    if not whole or not product.files.in_place:
        return metadata.grids[common], None
    name = present[common]
    href = product.files.hrefs([name])[name]
    asset = Asset(href, metadata.calibrations[common], geobox=metadata.grids[common])
    try:
        return _grid_of(asset, metadata, product.metadata_name), None
    except GridError as error:
        return None, f"{name}: {error.what}"


def _notes(product: _Product) -> list[str]:
    metadata = product.metadata
    notes = []
    if metadata.is_slc_off:
        notes.append("SLC-off: wedge-shaped gaps, as in every Landsat 7 image after 31 May 2003")
    if metadata.sensor.instrument == "MSS":
        notes.append("MSS has no short-wave infrared band: snow and cloud look alike, and no band ratio can be taken")
    if metadata.sun_elevation <= 0:
        notes.append("taken at night: there is no reflectance")
    if metadata.collection is None:
        notes.append("pre-collection product: reprocessed as Collection 2, it is better located and calibrated")
    if metadata.level.startswith("L1G"):
        notes.append("made without ground control points: it may lie tens to hundreds of metres off")
    if not metadata.quality_files:
        notes.append("no QA_PIXEL or QA_RADSAT: no quality flags")
    return notes


LANDSAT = Reader("Landsat", recognises, open_landsat, describe_landsat)
"""Landsat Collection 2 and earlier, Level 1 and Level 2."""
