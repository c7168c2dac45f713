"""Clouds over a range, and their shadows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from trimline.simulate.terrain import Field, fractal

BASE_M = 1400.0
"""Height of the clouds above the ground [m]."""
_SMOOTHED_M = 600.0
_OROGRAPHIC = 0.5
"""Weight of elevation against chance in the position of clouds."""
_THIN = 0.55
"""Largest opacity of a thin cloud."""


@dataclass(frozen=True)
class Clouds:
    """Clouds and their shadows on a grid."""

    opacity: Field
    """(h, w) opacity of the cloud in the view of the sensor, 0 to 1."""
    shade: Field
    """(h, w) share of the direct light that clouds block, 0 to 1."""


def scatter(
    elevation_m: Field,
    pixel_m: float,
    fraction: float,
    thin: float,
    azimuth_deg: float,
    sun_elevation_deg: float,
    generator: np.random.Generator,
) -> Clouds:
    """Scatter clouds over a range, preferably over high ground.

    Parameters
    ----------
    elevation_m, pixel_m
        (h, w) the ground and the side of its pixels [m].
    fraction
        Share of the grid under cloud.
    thin
        Share of thin clouds.
    azimuth_deg, sun_elevation_deg
        Position of the sun [degrees]; shadows fall to the other side.
    generator
        Source of randomness.
    """
    if fraction <= 0:
        clear = np.zeros(elevation_m.shape)
        return Clouds(clear, clear.copy())
    high = ndimage.gaussian_filter(elevation_m, _SMOOTHED_M / pixel_m)
    field = fractal(elevation_m.shape, generator, slope=1.6)
    field += _OROGRAPHIC * (high - high.mean()) / (high.std() + 1e-9)
    edge = np.quantile(field, 1.0 - fraction)
    core = np.quantile(field, 1.0 - fraction * (1.0 - thin))
    veil = _THIN * np.clip((field - edge) / max(core - edge, 1e-6), 0.0, 1.0)
    thick = np.clip((field - core) / 0.25, 0.0, 1.0)
    opacity = np.clip(veil + (1.0 - _THIN) * thick, 0.0, 1.0)
    opacity[field > edge] = np.maximum(opacity[field > edge], 0.08)
    away = BASE_M / np.tan(np.radians(sun_elevation_deg)) / pixel_m
    azimuth = np.radians(azimuth_deg)
    # The shadow lies on the side away from the sun: opposite in azimuth; rows run south.
    shade = ndimage.shift(opacity, (np.cos(azimuth) * away, -np.sin(azimuth) * away), order=1, mode="nearest")
    return Clouds(opacity, shade)
