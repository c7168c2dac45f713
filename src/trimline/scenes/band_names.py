"""Names of bands: from those of agencies and other tools to the common names of trimline.

A name is an agency's (``B4``, ``B04``, ``SR_B4``, THEIA's ``SRE_B4``), whose meaning depends on the sensor, or a common
one, which has several spellings (``swir16`` in STAC is ``swir1`` here).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from trimline.errors import BandError
from trimline.sensors import SENSORS, Sensor

COMMON_NAMES = tuple(dict.fromkeys(band.common for sensor in SENSORS.values() for band in sensor.bands))
"""Every band name used in trimline."""

LEFT_OUT = "-"
"""Placeholder in a list of bands for a band to leave out."""

QUALITY_NAMES: Mapping[str, str] = MappingProxyType(
    {"QA_PIXEL": "pixel", "QA_RADSAT": "saturation", "SCL": "classes", "QA60": "cloud_bits"}
)
"""The agencies' names of quality bands, which are no bands of the sensor, and their kinds here; those of Landsat first,
then those of Sentinel-2."""
QUALITY_OF_MISSION: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"landsat": ("QA_PIXEL", "QA_RADSAT"), "sentinel-2": ("SCL", "QA60")}
)
"""Names of the quality bands of a mission, by the start of the ids of its sensors."""

_SYNONYMS: Mapping[str, str] = MappingProxyType(
    {
        "aerosol": "coastal",
        "coastalaerosol": "coastal",
        "ultrablue": "coastal",
        "nearinfrared": "nir",
        "swir16": "swir1",
        "swir22": "swir2",
        "nirnarrow": "nir08",
        "narrownir": "nir08",
        "watervapour": "nir09",
        "watervapor": "nir09",
        "panchromatic": "pan",
        "tir": "thermal",
        "tir1": "thermal",
        "tir11": "thermal",
        "tirs1": "thermal",
        "lwir": "thermal",
        "lwir11": "thermal",
    }
)
_AGENCY_NAME = re.compile(r"(?:(?:SRE|FRE|SR|ST|TOA|BOA)_)?(?P<band>B\d{1,2}A?(?:_VCID_\d)?)", re.IGNORECASE)
"""Prefixes: USGS surface reflectance and temperature, THEIA's surface and flat reflectance, and two common others."""


def common_name(name: str, sensor: Sensor | None) -> str | None:
    """Return the common name of a band, or None where it is unknown.

    Parameters
    ----------
    name
        Any spelling.
    sensor
        Needed for the agencies' names.
    """
    folded = re.sub(r"[^a-z0-9]", "", name.lower())
    common = _SYNONYMS.get(folded, folded)
    if common in COMMON_NAMES:
        return common if sensor is None else _of_sensor(common, sensor)
    if sensor is None or not is_agency_name(name):
        return None
    try:
        return sensor.band(_agency_part(name)).common
    except BandError:
        return None


def is_agency_name(name: str) -> bool:
    """Whether the meaning of a name depends on the sensor."""
    return _AGENCY_NAME.fullmatch(name.strip()) is not None


def common_names(names: Sequence[str], sensor: Sensor | None, where: object) -> list[str | None]:
    """Return the common names of names that a user gives; None for `LEFT_OUT`.

    Raises
    ------
    BandError
        A name is unknown, or occurs twice.
    """
    found = [None if name == LEFT_OUT else _required(name, sensor, where) for name in names]
    for name in found:
        if name is not None and found.count(name) > 1:
            raise BandError(
                f"band '{name}' stands twice", where=where, remedy=f"write {LEFT_OUT} for a band that is not wanted"
            )
    return found


def _required(name: str, sensor: Sensor | None, where: object) -> str:
    common = common_name(name, sensor)
    if common is not None:
        return common
    if sensor is None and is_agency_name(name):
        raise BandError(
            f"'{name}' means another band on every sensor",
            where=where,
            remedy=f"say which sensor it is: {', '.join(SENSORS)}",
        )
    choices = list(COMMON_NAMES) if sensor is None else list(sensor.by_common_name)
    close = difflib.get_close_matches(name.lower(), choices, n=1)
    raise BandError(
        f"'{name}' is no band" + (f" of {sensor.id}" if sensor else ""),
        where=where,
        remedy=f"did you mean '{close[0]}'?" if close else f"the bands are {', '.join(choices)}, or - to leave one out",
    )


def _of_sensor(common: str, sensor: Sensor) -> str | None:
    if common in sensor.by_common_name:
        return common
    # STAC calls the one near-infrared band of TM, ETM+ and OLI nir08, and the second one of MSS nir09.
    is_nir = (common, sensor.instrument) in {("nir08", "TM"), ("nir08", "ETM+"), ("nir08", "OLI"), ("nir09", "MSS")}
    return "nir" if is_nir else None


def _agency_part(name: str) -> str:
    match = _AGENCY_NAME.fullmatch(name.strip())
    return match["band"] if match else name
