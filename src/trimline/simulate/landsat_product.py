"""A simulated scene as a Landsat Collection 2 Level-1 product: band files, quality bands and metadata.

Quality bits are those of USGS LSDS-1618 (TM, ETM+) and LSDS-1619 (OLI/TIRS).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from trimline.files import whole_folder
from trimline.rasters import write_raster
from trimline.scenes.quality import PIXEL_BITS, saturation_bits
from trimline.scenes.sun import earth_sun_distance
from trimline.sensors import Band
from trimline.simulate.camera import quantised
from trimline.simulate.landsat_mtl import as_json, as_odl, as_xml, file_name, metadata
from trimline.simulate.landsat_radiometry import radiometry
from trimline.simulate.look import Look

_DILATION_PX = 3
_CONFIDENCE_BITS = {"cloud": 8, "cloud_shadow": 10, "snow": 12, "cirrus": 14}
_LOW, _HIGH = 1, 3
_NEVER_WRITTEN = frozenset({"pan"})


def write_landsat(look: Look, folder: Path, generator: np.random.Generator) -> Path:
    """Write a product folder, whole or not at all, and return it.

    Parameters
    ----------
    look
        The acquisition.
    folder
        The parent of the product's folder.
    generator
        Source of the sensor's noise.
    """
    product = folder / look.product_id
    bands = [band for band in look.sensor.bands if band.common in look.bands and band.common not in _NEVER_WRITTEN]
    distance = earth_sun_distance(look.time)
    with whole_folder(product) as temporary:
        saturated: dict[str, NDArray[np.bool_]] = {}
        for band in bands:
            numbers, saturated[band.common] = _numbers(look, band, distance, generator)
            kind = np.uint16 if look.sensor.instrument == "OLI" else np.uint8
            write_raster(temporary / file_name(look, band.name), numbers.astype(kind), look.geobox, nodata=0)
        write_raster(temporary / file_name(look, "QA_PIXEL"), pixel_quality(look), look.geobox, nodata=1)
        write_raster(temporary / file_name(look, "QA_RADSAT"), _saturation_quality(look, saturated), look.geobox)
        groups = metadata(look, bands, {name: bool(full.any()) for name, full in saturated.items()}, distance)
        stem = temporary / f"{look.product_id}_MTL"
        stem.with_suffix(".txt").write_text(as_odl(groups), encoding="ascii")
        stem.with_suffix(".json").write_text(as_json(groups), encoding="ascii")
        stem.with_suffix(".xml").write_bytes(as_xml(groups))
    return product


def pixel_quality(look: Look) -> NDArray[np.uint16]:
    """Return QA_PIXEL of the true state; clouds are dilated by three pixels, as in the agency's products."""
    cloud = look.flags["cloud"]
    ring = np.ones((2 * _DILATION_PX + 1, 2 * _DILATION_PX + 1), bool)
    dilated = ndimage.binary_dilation(cloud, ring) & ~cloud
    seen = {
        "dilated_cloud": dilated,
        "cloud": cloud,
        "cloud_shadow": look.flags["cloud_shadow"] & ~cloud,
        "snow": look.flags["snow"] & ~cloud,
        "water": look.flags["water"] & ~cloud,
        "clear": ~cloud & ~dilated,
    }
    quality = np.zeros(cloud.shape, np.uint16)
    for name, flag in seen.items():
        quality |= flag.astype(np.uint16) << PIXEL_BITS[name]
    for name, bit in _CONFIDENCE_BITS.items():
        if name == "cirrus" and look.sensor.instrument != "OLI":
            continue
        high = seen.get(name, np.zeros_like(cloud))
        quality |= np.where(high, _HIGH, _LOW).astype(np.uint16) << bit
    return np.where(look.flags["fill"], np.uint16(1 << PIXEL_BITS["fill"]), quality)


def _numbers(
    look: Look, band: Band, distance: float, generator: np.random.Generator
) -> tuple[NDArray[np.uint16], NDArray[np.bool_]]:
    scaling = radiometry(look.sensor, band, look.time, distance)
    seen = look.bands[band.common]
    if band.is_thermal:
        physical = (band.k1 or math.nan) / (np.exp((band.k2 or math.nan) / seen) - 1.0)
    else:
        physical = seen * math.sin(math.radians(look.sun_elevation))
    numbers, full = quantised(physical, scaling.scale, scaling.offset, scaling.bits, scaling.noise, generator)
    return np.where(look.flags["fill"], np.uint16(0), numbers), full & ~look.flags["fill"]


def _saturation_quality(look: Look, saturated: Mapping[str, NDArray[np.bool_]]) -> NDArray[np.uint16]:
    quality = np.zeros(look.geobox.shape, np.uint16)
    for common, bit in saturation_bits(look.sensor).items():
        if common in saturated:
            quality |= saturated[common].astype(np.uint16) << bit
    return quality
