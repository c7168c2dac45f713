"""Sensor model, from illuminated ground to digital numbers: air, mixed pixels, noise, saturation, quantisation.

Reflectance at the top of the atmosphere is ``path + T (direct + diffuse) rho (1 - cloud) + cloud``. Transmission, the
diffuse share and the path are smooth functions of wavelength with the exponents of Rayleigh and aerosol scattering,
scaled to clear air at 5000 m. A pixel is the mean of the finer pixels in it, each with its own illumination.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from trimline.sensors import Band
from trimline.simulate.clouds import Clouds
from trimline.simulate.spectra import LIGHT_TAKEN_OFF, WET, Level, Surface, band_reflectance, drawn
from trimline.simulate.surfaces import Ground
from trimline.simulate.terrain import Field, reduce

_PATH_BLUE, _PATH_EXPONENT = 0.045, 3.4
"""Path reflectance at 0.48 µm, and the exponent of its fall with wavelength."""
_HAZE_OVER_POINTS = 1.2
"""Haze over the points that spectra are drawn from: the path is then below their darkest rock in every band."""
_DIFFUSE_BLUE, _DIFFUSE_EXPONENT = 0.16, 2.6
"""Diffuse share of the light at 0.48 µm."""
_DIFFUSE_GREY = 0.13
"""Diffuse share at every wavelength, of aerosol and of terrain farther away: that of shadowed snow among the points."""
_NEIGHBOURHOOD_PX = 40
"""Reach of light reflected from terrain around [finer pixels]."""
_MELTING_K = 273.15
_LAPSE_K_PER_M = 0.0065
_CLOUD_TOP_K = 252.0
_CLOUD_UM = (0.4, 0.9, 1.2, 1.38, 1.6, 1.9, 2.2, 2.5)
_CLOUD_REFLECTANCE = (0.78, 0.76, 0.70, 0.45, 0.52, 0.40, 0.42, 0.35)


@dataclass(frozen=True)
class Air:
    """Optical properties of the air at one wavelength."""

    path: float
    """Path reflectance."""
    transmission: float
    """Transmission, down and up."""
    diffuse: float
    """Diffuse share of the light on the ground."""

    @classmethod
    def at(cls, wavelength_um: float, haze: float) -> Air:
        """Return the air for a wavelength [µm] and a factor on the scattering of clear air at 5000 m."""
        relative = wavelength_um / 0.48
        path = haze * _PATH_BLUE * relative**-_PATH_EXPONENT
        diffuse = min(0.6, haze * _DIFFUSE_BLUE * relative**-_DIFFUSE_EXPONENT + _DIFFUSE_GREY)
        return cls(path, float(np.exp(-1.6 * path - 0.015)), diffuse)


@dataclass(frozen=True)
class Light:
    """Illumination on the grid of the ground."""

    direct: Field
    """Direct light relative to level ground in the sun, 0 in shadow."""
    sky: Field
    """Sky view factor."""


def reflectance(
    band: Band, ground: Ground, light: Light, clouds: Clouds, haze: float, coarser: int, level: Level = "toa"
) -> Field:
    """Return the reflectance in a band, without noise.

    Parameters
    ----------
    band
        The band.
    ground, light, clouds
        On one grid, (h, w).
    haze
        Scattering, see `Air.at`.
    coarser
        Pixels of that grid per pixel of the sensor, along one side.
    level
        At the top of the atmosphere; or of the surface: without path and absorption of the air, and with half of the
        effect of slopes and shadows taken off. Clouds stay.

    Returns
    -------
    (h / coarser, w / coarser) reflectance.
    """
    over_points = Air.at(band.centre_um, _HAZE_OVER_POINTS)
    lost = (over_points.path, over_points.transmission) if level == "toa" else (0.0, 1.0)
    pure = drawn(ground.surface, ground.grain, band, level, *lost)
    debris = band_reflectance(band, level, *lost)[Surface.DEBRIS]
    surface = pure * (1.0 - ground.dirt) + debris * ground.dirt
    air = Air.at(band.centre_um, haze)
    lit = (1.0 - air.diffuse) * light.direct * (1.0 - clouds.shade) + air.diffuse * light.sky
    around = ndimage.uniform_filter(surface * lit, _NEIGHBOURHOOD_PX, mode="nearest")
    lit = lit + (1.0 - light.sky) * around
    below_cloud = (
        air.path + air.transmission * surface * lit if level == "toa" else surface * lit ** (1.0 - LIGHT_TAKEN_OFF)
    )
    cloud = float(np.interp(band.centre_um, _CLOUD_UM, _CLOUD_REFLECTANCE))
    return reduce(below_cloud * (1.0 - clouds.opacity) + cloud * clouds.opacity, coarser)


def temperature_k(ground: Ground, light: Light, clouds: Clouds, melting_line_m: float, coarser: int) -> Field:
    """Return the brightness temperature in a thermal band [K].

    Parameters
    ----------
    ground, light, clouds, coarser
        See `reflectance`.
    melting_line_m
        Elevation of 0 degrees in the air [m].
    """
    air = _MELTING_K + 3.0 + (melting_line_m - ground.elevation_m) * _LAPSE_K_PER_M
    warm = air + 14.0 * light.direct * (1.0 - clouds.shade)
    wet = np.isin(ground.surface, [int(surface) for surface in WET])
    surface = np.where(wet, np.minimum(air, _MELTING_K), warm)
    surface = np.where(ground.surface == Surface.DEBRIS, (warm + _MELTING_K) / 2, surface)
    return reduce(surface * (1.0 - clouds.opacity) + _CLOUD_TOP_K * clouds.opacity, coarser)


def quantised(
    physical: Field, scale: float, offset: float, bits: int, noise: float, generator: np.random.Generator
) -> tuple[NDArray[np.uint16], NDArray[np.bool_]]:
    """Return digital numbers, and a mask of the saturated ones.

    Parameters
    ----------
    physical
        Reflectance or radiance.
    scale, offset
        physical = scale x DN + offset.
    bits
        The largest number is 2**bits - 1; 0 is kept for fill.
    noise
        Standard deviation of the sensor's noise, in units of `physical`.
    generator
        Source of the noise.
    """
    numbers = np.rint((physical + noise * generator.standard_normal(physical.shape) - offset) / scale)
    largest = 2**bits - 1
    return np.clip(numbers, 1, largest).astype(np.uint16), numbers > largest
