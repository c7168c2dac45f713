"""Radiometry of Landsat's sensors: gains, offsets, bits and noise.

Radiance ranges of TM and ETM+ from Chander, Markham and Helder (2009), Remote Sensing of Environment 113, 893-903,
tables 2 to 4, as Collection 2 products carry them (ETM+ in high gain); OLI and TIRS scale to 16 bits with the
constants of every Collection 2 product. Noise from Storey and others (2014, Remote Sensing 6, 11127-11152) for OLI
and from the quantisation step for the 8-bit sensors.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime

from trimline.sensors import Band, Sensor

Ranges = dict[str, tuple[float, float]]

_TM: Ranges = {
    "blue": (-1.52, 169.0),
    "green": (-2.84, 333.0),
    "red": (-1.17, 264.0),
    "nir": (-1.51, 221.0),
    "swir1": (-0.37, 30.2),
    "thermal": (1.2378, 15.303),
    "swir2": (-0.15, 16.5),
}
_TM_SINCE_1992 = _TM | {"blue": (-1.52, 193.0), "green": (-2.84, 365.0)}
_TM_OF_LANDSAT_4 = _TM | {
    "blue": (-1.52, 163.0),
    "green": (-2.84, 336.0),
    "red": (-1.17, 254.0),
    "swir1": (-0.37, 31.4),
    "swir2": (-0.15, 16.6),
}
_ETM: Ranges = {
    "blue": (-6.2, 191.6),
    "green": (-6.4, 196.5),
    "red": (-5.0, 152.9),
    "nir": (-5.1, 157.4),
    "swir1": (-1.0, 31.06),
    "thermal": (0.0, 17.04),
    "swir2": (-0.35, 10.8),
}
"""Least and greatest radiance of the bands [W m-2 sr-1 µm-1], at DN 1 and 255."""

_GAIN_CHANGE = datetime(1992, 1, 1, tzinfo=UTC)
"""Date from which the products of Landsat 5 have a wider range in blue and green."""

_OLI_REFLECTANCE = (2.0e-5, -0.1)
_TIRS_RADIANCE = (3.342e-4, 0.1)
_OLI_IRRADIANCE = {
    "coastal": 1972.0,
    "blue": 2020.0,
    "green": 1861.0,
    "red": 1569.0,
    "nir": 960.0,
    "swir1": 239.0,
    "swir2": 80.5,
    "pan": 1776.0,
    "cirrus": 375.0,
}
"""Solar irradiance that the radiance and reflectance of OLI products imply [W m-2 µm-1]."""


@dataclass(frozen=True)
class Radiometry:
    """Scaling of one band: physical = scale x DN + offset."""

    scale: float
    offset: float
    bits: int
    noise: float
    """Standard deviation, in units of the physical quantity."""


def largest_number(sensor: Sensor) -> int:
    """Return the largest digital number of a sensor's products."""
    return 65535 if sensor.instrument == "OLI" else 255


def radiance_scaling(sensor: Sensor, band: Band, time: datetime, earth_sun_distance: float) -> tuple[float, float]:
    """Return the radiance gain and offset of a band [W m-2 sr-1 µm-1].

    Parameters
    ----------
    sensor, band
        A TM, ETM+ or OLI sensor and one of its bands.
    time
        Time of the acquisition: the ranges of Landsat 5 changed.
    earth_sun_distance
        [astronomical units]
    """
    if sensor.instrument == "OLI":
        if band.is_thermal:
            return _TIRS_RADIANCE
        per_reflectance = _OLI_IRRADIANCE[band.common] / (math.pi * earth_sun_distance**2)
        return _OLI_REFLECTANCE[0] * per_reflectance, _OLI_REFLECTANCE[1] * per_reflectance
    least, greatest = _ranges(sensor, time)[band.common]
    scale = (greatest - least) / 254.0
    return scale, least - scale


def reflectance_scaling(sensor: Sensor, band: Band, time: datetime, earth_sun_distance: float) -> tuple[float, float]:
    """Return the gain and offset of a band's reflectance, not yet divided by the sine of the sun's elevation.

    Parameters are those of `radiance_scaling`; the band is not thermal.
    """
    if sensor.instrument == "OLI":
        return _OLI_REFLECTANCE
    scale, offset = radiance_scaling(sensor, band, time, earth_sun_distance)
    to_reflectance = math.pi * earth_sun_distance**2 / (band.esun or math.nan)
    return scale * to_reflectance, offset * to_reflectance


def radiometry(sensor: Sensor, band: Band, time: datetime, earth_sun_distance: float) -> Radiometry:
    """Return the scaling of a band: of radiance for a thermal one, else of reflectance; see `radiance_scaling`."""
    bits = largest_number(sensor).bit_length()
    if band.is_thermal:
        scale, offset = radiance_scaling(sensor, band, time, earth_sun_distance)
        return Radiometry(scale, offset, bits, 0.4 * scale if scale > 0.01 else 0.01)
    scale, offset = reflectance_scaling(sensor, band, time, earth_sun_distance)
    return Radiometry(scale, offset, bits, 4e-4 if sensor.instrument == "OLI" else 0.6 * scale)


def _ranges(sensor: Sensor, time: datetime) -> Ranges:
    if sensor.instrument == "ETM+":
        return _ETM
    if sensor.platform == "LANDSAT_4":
        return _TM_OF_LANDSAT_4
    return _TM_SINCE_1992 if time >= _GAIN_CHANGE else _TM
