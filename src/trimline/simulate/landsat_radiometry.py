"""How Landsat's sensors write numbers: gains, offsets, bits and noise.

Radiance ranges of TM and ETM+ from Chander, Markham and Helder (2009), Remote Sensing of Environment 113, 893-903,
tables 2 to 4 (TM with the gains of Landsat 5 before 1992, ETM+ in high gain); OLI and TIRS scale to 16 bits with the
constants of every Collection 2 product. Noise from Storey and others (2014, Remote Sensing 6, 11127-11152) for OLI and
from the quantisation step for the 8-bit sensors.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from trimline.sensors import Band, Sensor

TM_RADIANCE = {
    "blue": (-1.52, 169.0),
    "green": (-2.84, 333.0),
    "red": (-1.17, 264.0),
    "nir": (-1.51, 221.0),
    "swir1": (-0.37, 30.2),
    "thermal": (1.2378, 15.303),
    "swir2": (-0.15, 16.5),
}
ETM_RADIANCE = {
    "blue": (-6.2, 191.6),
    "green": (-6.4, 196.5),
    "red": (-5.0, 152.9),
    "nir": (-5.1, 241.1),
    "swir1": (-1.0, 31.06),
    "thermal": (0.0, 17.04),
    "swir2": (-0.35, 10.8),
}
"""Least and greatest radiance of the bands [W m-2 sr-1 µm-1], at DN 1 and 255."""

OLI_REFLECTANCE_SCALE, OLI_REFLECTANCE_OFFSET = 2.0e-5, -0.1
TIRS_RADIANCE_SCALE, TIRS_RADIANCE_OFFSET = 3.342e-4, 0.1


@dataclass(frozen=True)
class Radiometry:
    """How one band's physical quantity becomes a digital number: physical = scale x DN + offset."""

    scale: float
    offset: float
    bits: int
    noise: float
    """Standard deviation, in units of the physical quantity."""


def radiance_scaling(sensor: Sensor, band: Band) -> tuple[float, float] | None:
    """Return the radiance gain and offset of a band; None where the product is scaled in reflectance alone."""
    if sensor.instrument == "OLI":
        return (TIRS_RADIANCE_SCALE, TIRS_RADIANCE_OFFSET) if band.is_thermal else None
    least, greatest = (TM_RADIANCE if sensor.instrument == "TM" else ETM_RADIANCE)[band.common]
    scale = (greatest - least) / 254.0
    return scale, least - scale


def radiometry(sensor: Sensor, band: Band, earth_sun_distance: float) -> Radiometry:
    """Return the scaling of a band: of reflectance not yet divided by the sine of the sun's elevation, or of radiance.

    Parameters
    ----------
    sensor, band
        A TM, ETM+ or OLI sensor and one of its bands.
    earth_sun_distance
        [astronomical units]
    """
    of_radiance = radiance_scaling(sensor, band)
    if of_radiance is None:
        return Radiometry(OLI_REFLECTANCE_SCALE, OLI_REFLECTANCE_OFFSET, 16, 4e-4)
    scale, offset = of_radiance
    if band.is_thermal:
        return Radiometry(scale, offset, 16 if sensor.instrument == "OLI" else 8, 0.4 * scale if scale > 0.01 else 0.01)
    to_reflectance = math.pi * earth_sun_distance**2 / (band.esun or math.nan)
    return Radiometry(scale * to_reflectance, offset * to_reflectance, 8, 0.6 * scale * to_reflectance)
