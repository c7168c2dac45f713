"""Illumination of terrain: direct light with cast shadows, and the sky view factor."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from trimline.simulate.terrain import Field, gradients

_RAY_STEP_PX = 1.0


def direct_light(elevation_m: Field, pixel_m: float, azimuth_deg: float, sun_elevation_deg: float) -> Field:
    """Return the direct light on the surface relative to that on level ground, cast shadow included.

    Parameters
    ----------
    elevation_m
        (h, w) elevation [m]; rows run south, columns east.
    pixel_m
        Side of a pixel [m].
    azimuth_deg, sun_elevation_deg
        Position of the sun: clockwise from north, above the horizon [degrees].

    Returns
    -------
    (h, w): cos(incidence) / sin(sun elevation), 0 in shadow.
    """
    azimuth, height = np.radians(azimuth_deg), np.radians(sun_elevation_deg)
    to_south, to_east = gradients(elevation_m, pixel_m)
    east, north, up = np.sin(azimuth) * np.cos(height), np.cos(azimuth) * np.cos(height), np.sin(height)
    # The normal of z(x, y) is (-dz/dx, -dz/dy, 1); towards north is minus towards south.
    incidence = (-to_east * east + to_south * north + up) / np.sqrt(1.0 + to_east**2 + to_south**2)
    lit: Field = np.clip(incidence, 0.0, None) / up
    lit[cast_shadow(elevation_m, pixel_m, azimuth_deg, sun_elevation_deg)] = 0.0
    return lit


def cast_shadow(elevation_m: Field, pixel_m: float, azimuth_deg: float, sun_elevation_deg: float) -> NDArray[np.bool_]:
    """Return where terrain blocks the sun, by marching along the ray.

    Parameters are those of `direct_light`. Terrain beyond the grid casts no shadow.
    """
    azimuth, fall = np.radians(azimuth_deg), np.tan(np.radians(sun_elevation_deg))
    rows, columns = elevation_m.shape
    step_rows, step_columns = -np.cos(azimuth) * _RAY_STEP_PX, np.sin(azimuth) * _RAY_STEP_PX
    relief = float(elevation_m.max() - elevation_m.min())
    steps = min(int(relief / (fall * pixel_m * _RAY_STEP_PX)) + 1, int(np.hypot(rows, columns)))
    shadow = np.zeros(elevation_m.shape, bool)
    for step in range(1, steps + 1):
        dy, dx = round(step * step_rows), round(step * step_columns)
        if abs(dy) >= rows or abs(dx) >= columns:
            break
        rise = np.hypot(dy, dx) * pixel_m * fall
        here = np.s_[max(0, -dy) : rows - max(0, dy), max(0, -dx) : columns - max(0, dx)]
        there = np.s_[max(0, dy) : rows - max(0, -dy), max(0, dx) : columns - max(0, -dx)]
        shadow[here] |= elevation_m[there] > elevation_m[here] + rise
    return shadow


def sky_view(elevation_m: Field, pixel_m: float) -> Field:
    """Return the sky view factor of a slope, (1 + cos(slope)) / 2, lowered in hollows."""
    slope = np.arctan(np.hypot(*gradients(elevation_m, pixel_m)))
    hollow = ndimage.gaussian_filter(elevation_m, 8) - elevation_m
    seen: Field = (1.0 + np.cos(slope)) / 2 * np.clip(1.0 - hollow / (8 * pixel_m), 0.6, 1.0)
    return seen
