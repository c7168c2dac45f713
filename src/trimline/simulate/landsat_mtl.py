"""Metadata of a simulated Landsat product: the groups of an MTL file in their order, in three formats.

Groups and keys are those of Collection 2 Level-1 products, which the Data Format Control Books describe (USGS
LSDS-1822 for OLI/TIRS, LSDS-1415 for TM, LSDS-1414 for ETM+). Unknown values (calibration files, control
points) are left out; the key of the origin states that the product is simulated.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any
from xml.etree import ElementTree

from odc.geo.geobox import GeoBox
from pyproj import CRS, Transformer

from trimline.scenes.landsat_metadata import SLC_FAILURE
from trimline.sensors import Band
from trimline.simulate.acquisition import PROCESSED, Acquisition
from trimline.simulate.landsat_radiometry import largest_number, radiance_scaling, reflectance_scaling

ORIGIN = "Simulated by trimline; not an image of the Earth"

_SENSOR_ID = {"TM": "TM", "ETM+": "ETM", "OLI": "OLI_TIRS"}
_MAP = {"MAP_PROJECTION": "UTM", "DATUM": "WGS84", "ELLIPSOID": "WGS84"}

MetadataGroups = Mapping[str, Mapping[str, Any]]


def file_name(acquisition: Acquisition, part: str) -> str:
    """Return the name of a raster of the product: of a band, or of a quality band."""
    return f"{acquisition.product_id}_{part}.TIF"


def metadata(
    acquisition: Acquisition, bands: Sequence[Band], saturated: Mapping[str, bool], distance: float
) -> MetadataGroups:
    """Return the groups of the MTL file.

    Parameters
    ----------
    acquisition
        The acquisition.
    bands
        The bands of the product.
    saturated
        By common name: whether some pixel of the band is saturated.
    distance
        Between earth and sun [astronomical units].
    """
    return {
        "PRODUCT_CONTENTS": _contents(acquisition, bands),
        "IMAGE_ATTRIBUTES": _image(acquisition, bands, saturated, distance),
        "PROJECTION_ATTRIBUTES": _projection(acquisition.geobox),
        "LEVEL1_PROCESSING_RECORD": _record(acquisition, bands),
        **_limits(acquisition, bands, distance),
        "LEVEL1_RADIOMETRIC_RESCALING": _rescaling(acquisition, bands, distance),
        "LEVEL1_THERMAL_CONSTANTS": {
            f"K{i}_CONSTANT_BAND_{_number(band)}": value
            for band in bands
            if band.is_thermal
            for i, value in ((1, band.k1), (2, band.k2))
        },
        "LEVEL1_PROJECTION_PARAMETERS": {
            **_MAP,
            "UTM_ZONE": _zone(acquisition.geobox),
            "GRID_CELL_SIZE_REFLECTIVE": _pixel_m(acquisition.geobox),
            "GRID_CELL_SIZE_THERMAL": _pixel_m(acquisition.geobox),
            "ORIENTATION": "NORTH_UP",
            "RESAMPLING_OPTION": "CUBIC_CONVOLUTION",
        },
    }


def as_odl(groups: MetadataGroups) -> str:
    """Return the groups as ``_MTL.txt``."""
    lines = ["GROUP = LANDSAT_METADATA_FILE"]
    for name, keys in groups.items():
        lines.append(f"  GROUP = {name}")
        for key, value in keys.items():
            text = f'"{value}"' if isinstance(value, str) and not isinstance(value, _Bare) else f"{value}"
            lines.append(f"    {key} = {text}")
        lines.append(f"  END_GROUP = {name}")
    return "\n".join([*lines, "END_GROUP = LANDSAT_METADATA_FILE", "END", ""])


def as_json(groups: MetadataGroups) -> str:
    """Return the groups as ``_MTL.json``."""
    text = {name: {key: str(value) for key, value in keys.items()} for name, keys in groups.items()}
    return json.dumps({"LANDSAT_METADATA_FILE": text}, indent=2) + "\n"


def as_xml(groups: MetadataGroups) -> bytes:
    """Return the groups as ``_MTL.xml``."""
    root = ElementTree.Element("LANDSAT_METADATA_FILE")
    for name, keys in groups.items():
        group = ElementTree.SubElement(root, name)
        for key, value in keys.items():
            ElementTree.SubElement(group, key).text = str(value)
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True)) + b"\n"


class _Bare(str):
    """Text that ODL writes without quotes: a number with leading zeros, a date."""


def _contents(acquisition: Acquisition, bands: Sequence[Band]) -> dict[str, Any]:
    kind = "UINT16" if acquisition.sensor.instrument == "OLI" else "UINT8"
    return {
        "ORIGIN": ORIGIN,
        "LANDSAT_PRODUCT_ID": acquisition.product_id,
        "PROCESSING_LEVEL": "L1TP",
        "COLLECTION_NUMBER": _Bare("02"),
        "COLLECTION_CATEGORY": "T1",
        "OUTPUT_FORMAT": "GEOTIFF",
        **_files(acquisition, bands),
        **{f"DATA_TYPE_BAND_{_number(band)}": kind for band in bands},
        "DATA_TYPE_QUALITY_L1_PIXEL": "UINT16",
        "DATA_TYPE_QUALITY_L1_RADIOMETRIC_SATURATION": "UINT16",
    }


def _files(acquisition: Acquisition, bands: Sequence[Band]) -> dict[str, str]:
    return {
        **{f"FILE_NAME_BAND_{_number(band)}": file_name(acquisition, band.name) for band in bands},
        "FILE_NAME_QUALITY_L1_PIXEL": file_name(acquisition, "QA_PIXEL"),
        "FILE_NAME_QUALITY_L1_RADIOMETRIC_SATURATION": file_name(acquisition, "QA_RADSAT"),
        "FILE_NAME_METADATA_ODL": f"{acquisition.product_id}_MTL.txt",
        "FILE_NAME_METADATA_XML": f"{acquisition.product_id}_MTL.xml",
    }


def _image(
    acquisition: Acquisition, bands: Sequence[Band], saturated: Mapping[str, bool], distance: float
) -> dict[str, Any]:
    cloud_cover = round(100.0 * float(acquisition.flags["cloud"].mean()), 2)
    image = {
        "SPACECRAFT_ID": acquisition.sensor.platform,
        "SENSOR_ID": _SENSOR_ID[acquisition.sensor.instrument],
        "WRS_TYPE": 2,
        "WRS_PATH": int(acquisition.wrs2[:3]),
        "WRS_ROW": int(acquisition.wrs2[3:]),
        "DATE_ACQUIRED": _Bare(f"{acquisition.time:%Y-%m-%d}"),
        "SCENE_CENTER_TIME": f"{acquisition.time:%H:%M:%S}.0000000Z",
        "STATION_ID": "SIM",
        "CLOUD_COVER": cloud_cover,
        "CLOUD_COVER_LAND": cloud_cover,
        **{f"SATURATION_BAND_{_number(band)}": "NY"[saturated[band.common]] for band in bands},
        "SUN_AZIMUTH": round(acquisition.sun_azimuth, 8),
        "SUN_ELEVATION": round(acquisition.sun_elevation, 8),
        "EARTH_SUN_DISTANCE": round(distance, 7),
    }
    if acquisition.sensor.instrument == "ETM+":
        image["SENSOR_MODE_SLC"] = "OFF" if acquisition.time >= SLC_FAILURE else "ON"
    return image


def _projection(geobox: GeoBox) -> dict[str, Any]:
    """Return the projection group; corners are centres of the corner pixels."""
    pixel_m, box = _pixel_m(geobox), geobox.boundingbox
    group: dict[str, Any] = {**_MAP, "UTM_ZONE": _zone(geobox)}
    for kind in ("REFLECTIVE", "THERMAL"):
        group[f"GRID_CELL_SIZE_{kind}"] = pixel_m
    for kind in ("REFLECTIVE", "THERMAL"):
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
    for name, (x, y) in corners.items():
        group[f"CORNER_{name}_PROJECTION_X_PRODUCT"] = x
        group[f"CORNER_{name}_PROJECTION_Y_PRODUCT"] = y
    return group


def _record(acquisition: Acquisition, bands: Sequence[Band]) -> dict[str, Any]:
    platform = acquisition.sensor.platform.removeprefix("LANDSAT_")
    return {
        "ORIGIN": ORIGIN,
        "REQUEST_ID": "SIMULATED",
        "LANDSAT_SCENE_ID": f"{acquisition.product_id[:2]}{platform}{acquisition.wrs2}{acquisition.time:%Y%j}SIM00",
        "LANDSAT_PRODUCT_ID": acquisition.product_id,
        "PROCESSING_LEVEL": "L1TP",
        "COLLECTION_CATEGORY": "T1",
        "OUTPUT_FORMAT": "GEOTIFF",
        "DATE_PRODUCT_GENERATED": _Bare(f"{date.fromisoformat(PROCESSED)}T00:00:00Z"),
        "PROCESSING_SOFTWARE_VERSION": "trimline",
        **_files(acquisition, bands),
    }


def _limits(acquisition: Acquisition, bands: Sequence[Band], distance: float) -> dict[str, dict[str, Any]]:
    """Return the physical values of the smallest and the largest digital number of each band."""
    limits: dict[str, dict[str, Any]] = {"RADIANCE": {}, "REFLECTANCE": {}, "PIXEL_VALUE": {}}
    largest = largest_number(acquisition.sensor)
    for quantity, band, scale, offset in _scalings(acquisition, bands, distance):
        for word, number in (("MAXIMUM", largest), ("MINIMUM", 1)):
            limits[quantity][f"{quantity}_{word}_BAND_{_number(band)}"] = round(number * scale + offset, 6)
    for band in bands:
        for word, number in (("MAX", largest), ("MIN", 1)):
            limits["PIXEL_VALUE"][f"QUANTIZE_CAL_{word}_BAND_{_number(band)}"] = number
    return {f"LEVEL1_MIN_MAX_{quantity}": keys for quantity, keys in limits.items()}


def _rescaling(acquisition: Acquisition, bands: Sequence[Band], distance: float) -> dict[str, float]:
    scales, offsets = {}, {}
    for quantity, band, scale, offset in _scalings(acquisition, bands, distance):
        scales[f"{quantity}_MULT_BAND_{_number(band)}"] = scale
        offsets[f"{quantity}_ADD_BAND_{_number(band)}"] = offset
    return scales | offsets


def _scalings(
    acquisition: Acquisition, bands: Sequence[Band], distance: float
) -> Iterator[tuple[str, Band, float, float]]:
    """Yield quantity, band, scale and offset of every rescaled band."""
    for band in bands:
        yield ("RADIANCE", band, *radiance_scaling(acquisition.sensor, band, acquisition.time, distance))
    for band in bands:
        if not band.is_thermal:
            yield ("REFLECTANCE", band, *reflectance_scaling(acquisition.sensor, band, acquisition.time, distance))


def _number(band: Band) -> str:
    return band.name.removeprefix("B")


def _pixel_m(geobox: GeoBox) -> float:
    return float(geobox.resolution.x)


def _zone(geobox: GeoBox) -> int:
    return int(str(CRS.from_user_input(str(geobox.crs)).utm_zone)[:-1])
