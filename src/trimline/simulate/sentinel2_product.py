"""A simulated scene as a Sentinel-2 product in ESA's format SAFE: images, quality masks and metadata, as folder or zip.

Images are lossless JPEG 2000, each band at its own resolution (Level-1C), or at 10, 20 and 60 m as far as it is no
finer (Level-2A). Reflectance = (number + offset) / 10 000, with the offset of the processing baseline. No number stands
for a reflectance below 0.0001, so that products of one acquisition with different baselines agree: baselines
before 04.00 cannot store less. Of the agency's products these lack the data strip, the previews and the HTML pages.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import numpy as np
import rasterio
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from trimline.files import whole_file, whole_folder
from trimline.rasters import grid_options
from trimline.sensors import Band
from trimline.simulate.acquisition import Acquisition
from trimline.simulate.camera import quantised
from trimline.simulate.sentinel2_masks import SCL, coarser, mostly, quality_masks, scene_classification
from trimline.simulate.sentinel2_metadata import QUANTIFICATION, granule_metadata, product_metadata
from trimline.simulate.sentinel2_names import OFFSETS, Level, ProductNames, band_file
from trimline.simulate.stack_product import NOISE
from trimline.simulate.terrain import reduce

COARSEST_M = 60
"""Coarsest pixel of the format: a scene is whole pixels of it on each side [m]."""

_SCALE = 1.0 / QUANTIFICATION
_BITS = 16
_WHITE = 0.3558
"""Reflectance that is white in the true-colour image."""
_AEROSOL, _VAPOUR = 100, 1000
"""Aerosol optical thickness and column of water vapour [cm], times 1000."""
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""Time of the files in an archive: the same products are the same bytes."""

Numbers = NDArray[np.uint16]


def write_safe(
    acquisition: Acquisition,
    folder: Path,
    generator: np.random.Generator,
    *,
    level: Level = "L1C",
    baseline: str = "02.08",
    zipped: bool = False,
) -> Path:
    """Write a product, whole or not at all, and return its ``.SAFE`` folder or ``.zip``.

    Parameters
    ----------
    acquisition
        The acquisition, on a grid of 10 m whose sides are multiples of 60 m; bands at the top of the atmosphere for
        Level-1C, of the surface for Level-2A.
    folder
        The parent of the product.
    generator
        Source of the sensor's noise.
    level
        Level of processing.
    baseline
        Processing baseline, a key of `OFFSETS`.
    zipped
        Whether the folder is written as an archive.
    """
    names = ProductNames(acquisition, level, baseline)
    product = folder / f"{names.product_id}.SAFE"
    if not zipped:
        with whole_folder(product) as temporary:
            _write(names, temporary, generator)
        return product
    archive = product.with_suffix(".zip")
    with whole_file(archive) as temporary:
        root = temporary.parent / product.name
        root.mkdir()
        _write(names, root, generator)
        with zipfile.ZipFile(temporary, "w") as target:
            for each in sorted(path for path in root.rglob("*") if path.is_file()):
                entry = zipfile.ZipInfo(each.relative_to(root.parent).as_posix(), _EPOCH)
                entry.external_attr = 0o644 << 16
                target.writestr(entry, each.read_bytes())
    return archive


def write_jpeg2000(path: Path, values: NDArray[Any], geobox: GeoBox) -> None:
    """Write a lossless JPEG 2000 of (h, w) or (layer, h, w) integers."""
    layers = values[np.newaxis] if values.ndim == 2 else values
    path.parent.mkdir(parents=True, exist_ok=True)
    options = grid_options(geobox) | {"driver": "JP2OpenJPEG", "REVERSIBLE": "YES", "QUALITY": "100", "YCC": "NO"}
    with rasterio.open(path, "w", count=len(layers), dtype=layers.dtype, **options) as target:
        target.write(layers)


def _write(names: ProductNames, root: Path, generator: np.random.Generator) -> None:
    acquisition = names.acquisition
    images = []
    for layer, pixel_m, values in _images(names, generator):
        image = names.image(layer, pixel_m)
        write_jpeg2000(root / f"{image}.jp2", values, coarser(acquisition.geobox, pixel_m))
        images.append(image)
    masks = []
    for mask in quality_masks(names):
        path = names.quality(mask.file)
        if isinstance(mask.content, bytes):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(mask.content)
        else:
            write_jpeg2000(root / path, mask.content, coarser(acquisition.geobox, mask.pixel_m))
        masks.append((mask.kind, path, mask.band))
    percentages = _percentages(names)
    cloudy = percentages["CLOUDY_PIXEL_PERCENTAGE"]
    (root / names.granule / "MTD_TL.xml").write_bytes(granule_metadata(names, percentages, masks))
    (root / f"MTD_MSI{names.level}.xml").write_bytes(product_metadata(names, acquisition.sensor.bands, images, cloudy))
    (root / "manifest.safe").write_bytes(_manifest(names, root))


def _images(names: ProductNames, generator: np.random.Generator) -> Iterator[tuple[str, int, NDArray[Any]]]:
    """Yield name, pixel [m] and numbers of every image; those of one resolution lie together."""
    acquisition, offset = names.acquisition, OFFSETS[names.baseline]
    own: dict[str, Numbers] = {}
    pixels: dict[str, int] = {}
    for band in acquisition.sensor.bands:
        own[band_file(band)], pixels[band_file(band)] = _numbers(acquisition, band, generator), round(band.gsd_m)
    if names.level == "L1C":
        for band in acquisition.sensor.bands:
            yield band_file(band), round(band.gsd_m), _stored(own[band_file(band)], offset)
        yield "TCI", 10, _true_colour(own, pixels, 10)
        return
    for pixel_m in (10, 20, 60):
        for name, numbers in own.items():
            if _in_level_2a(name, pixels[name], pixel_m):
                yield name, pixel_m, _stored(_at(numbers, pixels[name], pixel_m), offset)
        if pixel_m > 10:
            yield "SCL", pixel_m, scene_classification(acquisition, pixel_m)
        shape = coarser(acquisition.geobox, pixel_m).shape
        yield "AOT", pixel_m, np.full(shape, _AEROSOL, np.uint16)
        yield "WVP", pixel_m, np.full(shape, _VAPOUR, np.uint16)
        yield "TCI", pixel_m, _true_colour(own, pixels, pixel_m)


def _in_level_2a(name: str, own_m: int, pixel_m: int) -> bool:
    """Whether Level-2A has a band at a resolution: no cirrus, and B08 at 10 m alone.

    Since baseline 04.00 the agency's products repeat B01 at 20 m; here it stays at 60 m, the same in every baseline.
    """
    return name != "B10" and own_m <= pixel_m and (name != "B08" or pixel_m == own_m)


def _numbers(acquisition: Acquisition, band: Band, generator: np.random.Generator) -> Numbers:
    """Return reflectance in ten-thousandths at the band's own resolution, 0 where there is no image."""
    pixel_m = round(band.gsd_m)
    factor = round(pixel_m / float(acquisition.geobox.resolution.x))
    numbers, _ = quantised(reduce(acquisition.bands[band.common], factor), _SCALE, 0.0, _BITS, NOISE, generator)
    return np.where(mostly(acquisition, "fill", pixel_m), np.uint16(0), numbers)


def _at(numbers: Numbers, own_m: int, pixel_m: int) -> Numbers:
    """Return numbers at a coarser resolution, 0 where any part is missing."""
    factor = pixel_m // own_m
    means = np.rint(reduce(numbers.astype(np.float64), factor)).astype(np.uint16)
    return np.where(reduce((numbers == 0).astype(np.float64), factor) > 0, np.uint16(0), means)


def _stored(numbers: Numbers, offset: int) -> Numbers:
    """Return numbers as the baseline stores them."""
    return np.where(numbers == 0, 0, np.minimum(numbers.astype(np.int64) - offset, 2**_BITS - 2)).astype(np.uint16)


def _true_colour(own: dict[str, Numbers], pixels: dict[str, int], pixel_m: int) -> NDArray[np.uint8]:
    colours = np.stack([_at(own[name], pixels[name], pixel_m) for name in ("B04", "B03", "B02")])
    brightness: NDArray[np.uint8] = np.clip(np.rint(colours * (255 * _SCALE / _WHITE)), 0, 255).astype(np.uint8)
    return brightness


def _percentages(names: ProductNames) -> dict[str, float]:
    acquisition = names.acquisition
    seen = ~acquisition.flags["fill"]
    if names.level == "L1C":
        cloud = float(100 * acquisition.flags["cloud"][seen].mean())
        return {"CLOUDY_PIXEL_PERCENTAGE": cloud, "DEGRADED_MSI_DATA_PERCENTAGE": 0.0}
    classes = scene_classification(acquisition, 20)
    share = {name: float(100 * (classes == value).mean()) for name, value in SCL.items()}
    return {
        "CLOUDY_PIXEL_PERCENTAGE": share["cloud_medium"] + share["cloud_high"],
        "DEGRADED_MSI_DATA_PERCENTAGE": 0.0,
        "NODATA_PIXEL_PERCENTAGE": share["no_data"],
        "CLOUD_SHADOW_PERCENTAGE": share["cloud_shadow"],
        "VEGETATION_PERCENTAGE": share["vegetation"],
        "NOT_VEGETATED_PERCENTAGE": share["not_vegetated"],
        "WATER_PERCENTAGE": share["water"],
        "MEDIUM_PROBA_CLOUDS_PERCENTAGE": share["cloud_medium"],
        "HIGH_PROBA_CLOUDS_PERCENTAGE": share["cloud_high"],
        "SNOW_ICE_PERCENTAGE": share["snow"],
    }


def _manifest(names: ProductNames, root: Path) -> bytes:
    """Return ``manifest.safe``: every file with its size and checksum."""
    level = f"archive_{names.level.lower()}_user_product"
    manifest = Element(
        "xfdu:XFDU",
        {"xmlns:xfdu": "urn:ccsds:schema:xfdu:1", "version": f"esa/safe/sentinel/1.1/sentinel-2/msi/{level}"},
    )
    SubElement(
        SubElement(manifest, "informationPackageMap"), "xfdu:contentUnit", unitType=f"Product_Level-{names.level[1:]}"
    )
    section = SubElement(manifest, "dataObjectSection")
    for number, path in enumerate(sorted(each for each in root.rglob("*") if each.is_file())):
        content = path.read_bytes()
        kind = {".xml": "text/xml", ".gml": "application/xml"}.get(path.suffix, "application/octet-stream")
        stream = SubElement(
            SubElement(section, "dataObject", ID=f"data{number}"), "byteStream", mimeType=kind, size=str(len(content))
        )
        SubElement(stream, "fileLocation", locatorType="URL", href=f"./{path.relative_to(root).as_posix()}")
        checksum = hashlib.md5(content, usedforsecurity=False).hexdigest()
        SubElement(stream, "checksum", checksumName="MD5").text = checksum
    indent(manifest)
    return bytes(tostring(manifest, encoding="UTF-8", xml_declaration=True)) + b"\n"
