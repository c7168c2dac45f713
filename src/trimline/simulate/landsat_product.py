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
from trimline.simulate.acquisition import Acquisition
from trimline.simulate.camera import quantised
from trimline.simulate.landsat_mtl import as_json, as_odl, as_xml, file_name, metadata
from trimline.simulate.landsat_radiometry import radiometry

_DILATION_PX = 3
_CONFIDENCE_BITS = {"cloud": 8, "cloud_shadow": 10, "snow": 12, "cirrus": 14}
_LOW, _HIGH = 1, 3
_NEVER_WRITTEN = frozenset({"pan"})


def write_landsat(acquisition: Acquisition, folder: Path, generator: np.random.Generator) -> Path:
    """Write a product folder, whole or not at all, and return it.

    Parameters
    ----------
    acquisition
        The acquisition.
    folder
        The parent of the product's folder.
    generator
        Source of the sensor's noise.
    """
    product = folder / acquisition.product_id
    bands = [
        band
        for band in acquisition.sensor.bands
        if band.common in acquisition.bands and band.common not in _NEVER_WRITTEN
    ]
    distance = earth_sun_distance(acquisition.time)
    with whole_folder(product) as temporary:
        saturated: dict[str, NDArray[np.bool_]] = {}
        for band in bands:
            numbers, saturated[band.common] = _numbers(acquisition, band, distance, generator)
            kind = np.uint16 if acquisition.sensor.instrument == "OLI" else np.uint8
            write_raster(
                temporary / file_name(acquisition, band.name), numbers.astype(kind), acquisition.geobox, nodata=0
            )
        write_raster(
            temporary / file_name(acquisition, "QA_PIXEL"), pixel_quality(acquisition), acquisition.geobox, nodata=1
        )
        write_raster(
            temporary / file_name(acquisition, "QA_RADSAT"),
            _saturation_quality(acquisition, saturated),
            acquisition.geobox,
        )
        groups = metadata(acquisition, bands, {name: bool(full.any()) for name, full in saturated.items()}, distance)
        stem = temporary / f"{acquisition.product_id}_MTL"
        stem.with_suffix(".txt").write_text(as_odl(groups), encoding="ascii")
        stem.with_suffix(".json").write_text(as_json(groups), encoding="ascii")
        stem.with_suffix(".xml").write_bytes(as_xml(groups))
    return product


def pixel_quality(acquisition: Acquisition) -> NDArray[np.uint16]:
    """Return QA_PIXEL of the true state; clouds are dilated by three pixels, as in the agency's products."""
    cloud = acquisition.flags["cloud"]
    ring = np.ones((2 * _DILATION_PX + 1, 2 * _DILATION_PX + 1), bool)
    dilated = ndimage.binary_dilation(cloud, ring) & ~cloud
    seen = {
        "dilated_cloud": dilated,
        "cloud": cloud,
        "cloud_shadow": acquisition.flags["cloud_shadow"] & ~cloud,
        "snow": acquisition.flags["snow"] & ~cloud,
        "water": acquisition.flags["water"] & ~cloud,
        "clear": ~cloud & ~dilated,
    }
    quality = np.zeros(cloud.shape, np.uint16)
    for name, flag in seen.items():
        quality |= flag.astype(np.uint16) << PIXEL_BITS[name]
    for name, bit in _CONFIDENCE_BITS.items():
        if name == "cirrus" and acquisition.sensor.instrument != "OLI":
            continue
        high = seen.get(name, np.zeros_like(cloud))
        quality |= np.where(high, _HIGH, _LOW).astype(np.uint16) << bit
    return np.where(acquisition.flags["fill"], np.uint16(1 << PIXEL_BITS["fill"]), quality)


def _numbers(
    acquisition: Acquisition, band: Band, distance: float, generator: np.random.Generator
) -> tuple[NDArray[np.uint16], NDArray[np.bool_]]:
    scaling = radiometry(acquisition.sensor, band, acquisition.time, distance)
    seen = acquisition.bands[band.common]
    if band.is_thermal:
        physical = (band.k1 or math.nan) / (np.exp((band.k2 or math.nan) / seen) - 1.0)
    else:
        physical = seen * math.sin(math.radians(acquisition.sun_elevation))
    numbers, full = quantised(physical, scaling.scale, scaling.offset, scaling.bits, scaling.noise, generator)
    return np.where(acquisition.flags["fill"], np.uint16(0), numbers), full & ~acquisition.flags["fill"]


def _saturation_quality(acquisition: Acquisition, saturated: Mapping[str, NDArray[np.bool_]]) -> NDArray[np.uint16]:
    quality = np.zeros(acquisition.geobox.shape, np.uint16)
    for common, bit in saturation_bits(acquisition.sensor).items():
        if common in saturated:
            quality |= saturated[common].astype(np.uint16) << bit
    return quality
