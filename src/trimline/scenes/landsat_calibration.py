"""Calibrations from the numbers of a Landsat metadata file.

Level 1: ``reflectance = (M * DN + A) / sin(sun elevation)`` with the sun at the scene's centre, as USGS defines it
(LSDS-1747, section 5.3); bands are brightness temperature where thermal. Pre-collection TM and ETM+ metadata have no
reflectance gains: there ``reflectance = pi * L * d2 / (ESUN * sin(sun elevation))`` (Chander and others 2009,
equation 2). Level 2: surface reflectance and surface temperature, linear in DN (LSDS-1618, LSDS-1619).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from trimline.scenes.calibration import BrightnessTemperature, Calibration, Linear, NoCalibration
from trimline.scenes.mtl import Keys
from trimline.scenes.sun import earth_sun_distance
from trimline.sensors import Band, Sensor

_RESCALING = ("LEVEL1_RADIOMETRIC_RESCALING", "RADIOMETRIC_RESCALING")
_THERMAL_CONSTANTS = ("LEVEL1_THERMAL_CONSTANTS", "TIRS_THERMAL_CONSTANTS", "THERMAL_CONSTANTS")
_RADIANCE_RANGE = ("LEVEL1_MIN_MAX_RADIANCE", "MIN_MAX_RADIANCE")
_PIXEL_RANGE = ("LEVEL1_MIN_MAX_PIXEL_VALUE", "MIN_MAX_PIXEL_VALUE")
_SURFACE_REFLECTANCE = "LEVEL2_SURFACE_REFLECTANCE_PARAMETERS"
_SURFACE_TEMPERATURE = "LEVEL2_SURFACE_TEMPERATURE_PARAMETERS"


def calibrations(
    keys: Keys, sensor: Sensor, bands: Sequence[str], level: str, time: datetime, sun_elevation: float
) -> dict[str, Calibration]:
    """Return the calibration of each band, by common name.

    Parameters
    ----------
    bands
        Common names of the bands that the product has.
    level
        Processing level; levels that start with `L2` are surface reflectance and temperature.
    sun_elevation
        At the scene's centre [degrees].

    Raises
    ------
    MetadataError
        A coefficient is missing.
    """
    read = _level_2 if level.startswith("L2") else _Level1(time, sun_elevation).calibration
    return {common: read(keys, sensor.by_common_name[common]) for common in bands}


def _level_2(keys: Keys, band: Band) -> Calibration:
    if band.is_thermal:
        suffix, group, what = f"ST_{_short(band)}", _SURFACE_TEMPERATURE, "TEMPERATURE"
    else:
        suffix, group, what = band.name.removeprefix("B"), _SURFACE_REFLECTANCE, "REFLECTANCE"
    scale = keys.number(f"{what}_MULT_BAND_{suffix}", group)
    return Linear(scale, keys.number(f"{what}_ADD_BAND_{suffix}", group))


NOT_CALIBRATED = "NULL"
"""Value of the gains of an empty band, as in some early MSS scenes."""


@dataclass(frozen=True)
class _Level1:
    time: datetime
    sun_elevation: float

    def calibration(self, keys: Keys, band: Band) -> Calibration:
        if band.is_thermal:
            return _brightness_temperature(keys, band)
        if self.sun_elevation <= 0:
            return NoCalibration(
                f"the sun is {-self.sun_elevation:.1f} degrees below the horizon, so there is no reflectance",
                "read units 'dn', or take a scene of the day",
            )
        sine = math.sin(math.radians(self.sun_elevation))
        suffix = band.name.removeprefix("B")
        if keys.text(f"REFLECTANCE_MULT_BAND_{suffix}", *_RESCALING, otherwise="") == NOT_CALIBRATED:
            return NoCalibration("USGS could not calibrate this band: its gains are NULL", "read units 'dn'")
        if keys.has(f"REFLECTANCE_MULT_BAND_{suffix}", *_RESCALING) or not _is_before_reflectance(keys):
            scale = keys.number(f"REFLECTANCE_MULT_BAND_{suffix}", *_RESCALING)
            offset = keys.number(f"REFLECTANCE_ADD_BAND_{suffix}", *_RESCALING)
            return Linear(scale / sine, offset / sine)
        if band.esun is None:
            raise keys.missing(f"REFLECTANCE_MULT_BAND_{suffix}", _RESCALING[1])
        gain, bias = _radiance(keys, suffix)
        distance = keys.number("EARTH_SUN_DISTANCE", "IMAGE_ATTRIBUTES", otherwise=earth_sun_distance(self.time))
        factor = math.pi * distance**2 / (band.esun * sine)
        return Linear(gain * factor, bias * factor)


def _brightness_temperature(keys: Keys, band: Band) -> Calibration:
    suffix = band.name.removeprefix("B")
    gain, bias = _radiance(keys, suffix)
    k1 = keys.number(f"K1_CONSTANT_BAND_{suffix}", *_THERMAL_CONSTANTS, otherwise=band.k1)
    k2 = keys.number(f"K2_CONSTANT_BAND_{suffix}", *_THERMAL_CONSTANTS, otherwise=band.k2)
    return BrightnessTemperature(gain, bias, k1, k2)


def _is_before_reflectance(keys: Keys) -> bool:
    """Whether the file is of the generation without reflectance gains, and not one that lacks a key."""
    rescaling: set[str] = set().union(*(keys.groups.get(group, {}) for group in _RESCALING))
    return keys.is_before_collection_2 and not any(key.startswith("REFLECTANCE_MULT") for key in rescaling)


def _radiance(keys: Keys, suffix: str) -> tuple[float, float]:
    """Return radiance per digital number and radiance at 0 [W m-2 sr-1 µm-1].

    Pre-collection metadata round the gains to three decimals, which is 0.7 % in TM band 6; there the range of
    radiance over the range of digital numbers, from which the gains were made, is used instead.
    """
    gain = keys.number(f"RADIANCE_MULT_BAND_{suffix}", *_RESCALING)
    bias = keys.number(f"RADIANCE_ADD_BAND_{suffix}", *_RESCALING)
    if not _is_before_reflectance(keys):
        return gain, bias
    names = [
        (f"RADIANCE_{end}_BAND_{suffix}", f"QUANTIZE_CAL_{end[:3]}_BAND_{suffix}") for end in ("MINIMUM", "MAXIMUM")
    ]
    if not all(keys.has(r, *_RADIANCE_RANGE) and keys.has(q, *_PIXEL_RANGE) for r, q in names):
        return gain, bias
    (low, first), (high, last) = ((keys.number(r, *_RADIANCE_RANGE), keys.number(q, *_PIXEL_RANGE)) for r, q in names)
    if last <= first:
        raise keys.impossible(f"QUANTIZE_CAL_MAX_BAND_{suffix}", last)
    gain = (high - low) / (last - first)
    return gain, low - gain * first


def _short(band: Band) -> str:
    """Return the name of a band without its gain: ``B6`` for ``B6_VCID_1``."""
    return band.name.split("_")[0]
