"""A simulated scene as a Landsat Collection 2 Level-1 product: band files, quality bands and metadata.

The layout and keys follow the Landsat Collection 2 Level-1 Data Format Control Books (USGS LSDS-1822 for OLI/TIRS,
LSDS-1415 for TM, LSDS-1414 for ETM+), quality bits LSDS-1618 and -1619. What the simulator does not know (station,
calibration files) is left out; what names the origin says that the product is simulated.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import rasterio
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from pyproj import CRS, Transformer
from scipy import ndimage

from trimline.files import whole_folder
from trimline.scenes.quality import PIXEL_BITS, saturation_bits
from trimline.scenes.sun import earth_sun_distance
from trimline.sensors import Band, Sensor
from trimline.simulate.camera import quantised
from trimline.simulate.landsat_radiometry import radiance_scaling, radiometry

PROCESSED = "20200917"
"""Processing date in the names of simulated products; fixed, so that names can be foretold."""
ORIGIN = "Simulated by trimline; not an image of the Earth"

_PREFIX = {"TM": "LT", "ETM+": "LE", "OLI": "LC"}
_SENSOR_ID = {"TM": "TM", "ETM+": "ETM", "OLI": "OLI_TIRS"}
_DILATION_PX = 3
_CONFIDENCE_BITS = {"cloud": 8, "cloud_shadow": 10, "snow": 12, "cirrus": 14}
_LOW, _HIGH = 1, 3
_NEVER_WRITTEN = frozenset({"pan"})

Field = NDArray[np.float64]
Groups = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Look:
    """One look of a sensor at the range, before it is written."""

    sensor: Sensor
    time: datetime
    geobox: GeoBox
    sun_azimuth: float
    sun_elevation: float
    wrs2: str
    bands: Mapping[str, Field]
    """By common name: reflectance at the top of the atmosphere, or brightness temperature [K]; (h, w)."""
    flags: Mapping[str, NDArray[np.bool_]]
    """`cloud`, `cloud_shadow`, `snow`, `water`; (h, w)."""

    @property
    def product_id(self) -> str:
        """Landsat product id."""
        prefix, mission = _PREFIX[self.sensor.instrument], self.sensor.platform.removeprefix("LANDSAT_")
        return f"{prefix}{int(mission):02d}_L1TP_{self.wrs2}_{self.time:%Y%m%d}_{PROCESSED}_02_T1"


def write_landsat(look: Look, folder: Path, generator: np.random.Generator) -> Path:
    """Write a product folder, whole or not at all, and return it.

    Parameters
    ----------
    look
        What is seen.
    folder
        The folder that the product's folder is made in.
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
            _write(temporary / _file(look, band.name), numbers.astype(kind), look.geobox, nodata=0)
        _write(temporary / _file(look, "QA_PIXEL"), pixel_quality(look), look.geobox, nodata=1)
        _write(temporary / _file(look, "QA_RADSAT"), _saturation_quality(look, saturated), look.geobox)
        groups = _metadata(look, bands, distance)
        stem = temporary / f"{look.product_id}_MTL"
        stem.with_suffix(".txt").write_text(_as_odl(groups), encoding="ascii")
        stem.with_suffix(".json").write_text(_as_json(groups), encoding="ascii")
        stem.with_suffix(".xml").write_bytes(_as_xml(groups))
    return product


def pixel_quality(look: Look) -> NDArray[np.uint16]:
    """Return QA_PIXEL of what is truly there; clouds are dilated by three pixels, as the agency does."""
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
    return quality


def _numbers(
    look: Look, band: Band, distance: float, generator: np.random.Generator
) -> tuple[NDArray[np.uint16], NDArray[np.bool_]]:
    scaling = radiometry(look.sensor, band, distance)
    seen = look.bands[band.common]
    if band.is_thermal:
        physical = (band.k1 or math.nan) / (np.exp((band.k2 or math.nan) / seen) - 1.0)
    else:
        physical = seen * math.sin(math.radians(look.sun_elevation))
    return quantised(physical, scaling.scale, scaling.offset, scaling.bits, scaling.noise, generator)


def _saturation_quality(look: Look, saturated: Mapping[str, NDArray[np.bool_]]) -> NDArray[np.uint16]:
    quality = np.zeros(look.geobox.shape, np.uint16)
    for common, bit in saturation_bits(look.sensor).items():
        if common in saturated:
            quality |= saturated[common].astype(np.uint16) << bit
    return quality


def _file(look: Look, part: str) -> str:
    return f"{look.product_id}_{part}.TIF"


def _write(path: Path, values: NDArray[Any], geobox: GeoBox, nodata: int | None = None) -> None:
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=geobox.height,
        width=geobox.width,
        count=1,
        dtype=values.dtype,
        crs=str(geobox.crs),
        transform=geobox.transform,
        nodata=nodata,
        compress="deflate",
        tiled=geobox.width >= 256 and geobox.height >= 256,
    ) as target:
        target.write(values, 1)


def _metadata(look: Look, bands: list[Band], distance: float) -> Groups:
    """Return the groups of the MTL file, in its order."""
    files = {f"FILE_NAME_BAND_{_number(band)}": _file(look, band.name) for band in bands}
    contents = {
        "ORIGIN": ORIGIN,
        "LANDSAT_PRODUCT_ID": look.product_id,
        "PROCESSING_LEVEL": "L1TP",
        "COLLECTION_NUMBER": "02",
        "COLLECTION_CATEGORY": "T1",
        "OUTPUT_FORMAT": "GEOTIFF",
        **files,
        "FILE_NAME_QUALITY_L1_PIXEL": _file(look, "QA_PIXEL"),
        "FILE_NAME_QUALITY_L1_RADIOMETRIC_SATURATION": _file(look, "QA_RADSAT"),
        "FILE_NAME_METADATA_ODL": f"{look.product_id}_MTL.txt",
        "FILE_NAME_METADATA_XML": f"{look.product_id}_MTL.xml",
    }
    image = {
        "SPACECRAFT_ID": look.sensor.platform,
        "SENSOR_ID": _SENSOR_ID[look.sensor.instrument],
        "WRS_TYPE": 2,
        "WRS_PATH": int(look.wrs2[:3]),
        "WRS_ROW": int(look.wrs2[3:]),
        "DATE_ACQUIRED": _Bare(f"{look.time:%Y-%m-%d}"),
        "SCENE_CENTER_TIME": f"{look.time:%H:%M:%S}.0000000Z",
        "CLOUD_COVER": round(100.0 * float(look.flags["cloud"].mean()), 2),
        "SUN_AZIMUTH": round(look.sun_azimuth, 8),
        "SUN_ELEVATION": round(look.sun_elevation, 8),
        "EARTH_SUN_DISTANCE": round(distance, 7),
    }
    return {
        "PRODUCT_CONTENTS": contents,
        "IMAGE_ATTRIBUTES": image,
        "PROJECTION_ATTRIBUTES": _projection(look.geobox),
        "LEVEL1_RADIOMETRIC_RESCALING": _rescaling(look.sensor, bands, distance),
        "LEVEL1_THERMAL_CONSTANTS": {
            f"K{i}_CONSTANT_BAND_{_number(band)}": value
            for band in bands
            if band.is_thermal
            for i, value in ((1, band.k1), (2, band.k2))
        },
    }


def _projection(geobox: GeoBox) -> dict[str, Any]:
    """Return the projection group; corners are centres of the corner pixels."""
    pixel_m, box = float(geobox.resolution.x), geobox.boundingbox
    zone = int(str(CRS.from_user_input(str(geobox.crs)).utm_zone)[:-1])
    group: dict[str, Any] = {"MAP_PROJECTION": "UTM", "DATUM": "WGS84", "ELLIPSOID": "WGS84", "UTM_ZONE": zone}
    for kind in ("REFLECTIVE", "THERMAL"):
        group[f"GRID_CELL_SIZE_{kind}"] = pixel_m
        group[f"{kind}_LINES"], group[f"{kind}_SAMPLES"] = geobox.height, geobox.width
    group["ORIENTATION"] = "NORTH_UP"
    to_degrees = Transformer.from_crs(str(geobox.crs), "EPSG:4326", always_xy=True)
    left, right = box.left + pixel_m / 2, box.right - pixel_m / 2
    top, bottom = box.top - pixel_m / 2, box.bottom + pixel_m / 2
    corners = {"UL": (left, top), "UR": (right, top), "LL": (left, bottom), "LR": (right, bottom)}
    for name, (x, y) in corners.items():
        longitude, latitude = to_degrees.transform(x, y)
        group[f"CORNER_{name}_LAT_PRODUCT"] = round(latitude, 5)
        group[f"CORNER_{name}_LON_PRODUCT"] = round(longitude, 5)
        group[f"CORNER_{name}_PROJECTION_X_PRODUCT"] = x
        group[f"CORNER_{name}_PROJECTION_Y_PRODUCT"] = y
    return group


def _rescaling(sensor: Sensor, bands: list[Band], distance: float) -> dict[str, float]:
    group = {}
    for band in bands:
        of_radiance = radiance_scaling(sensor, band)
        if of_radiance is not None:
            group[f"RADIANCE_MULT_BAND_{_number(band)}"], group[f"RADIANCE_ADD_BAND_{_number(band)}"] = of_radiance
        if not band.is_thermal:
            scaling = radiometry(sensor, band, distance)
            group[f"REFLECTANCE_MULT_BAND_{_number(band)}"] = scaling.scale
            group[f"REFLECTANCE_ADD_BAND_{_number(band)}"] = scaling.offset
    return group


def _number(band: Band) -> str:
    return band.name.removeprefix("B")


class _Bare(str):
    """Text that ODL writes without quotes: a date."""


def _as_odl(groups: Groups) -> str:
    lines = ["GROUP = LANDSAT_METADATA_FILE"]
    for name, keys in groups.items():
        lines.append(f"  GROUP = {name}")
        for key, value in keys.items():
            text = f'"{value}"' if isinstance(value, str) and not isinstance(value, _Bare) else f"{value}"
            lines.append(f"    {key} = {text}")
        lines.append(f"  END_GROUP = {name}")
    return "\n".join([*lines, "END_GROUP = LANDSAT_METADATA_FILE", "END", ""])


def _as_json(groups: Groups) -> str:
    text = {name: {key: str(value) for key, value in keys.items()} for name, keys in groups.items()}
    return json.dumps({"LANDSAT_METADATA_FILE": text}, indent=2) + "\n"


def _as_xml(groups: Groups) -> bytes:
    root = ElementTree.Element("LANDSAT_METADATA_FILE")
    for name, keys in groups.items():
        group = ElementTree.SubElement(root, name)
        for key, value in keys.items():
            ElementTree.SubElement(group, key).text = str(value)
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True)) + b"\n"
