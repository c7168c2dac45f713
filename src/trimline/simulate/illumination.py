"""Illumination of terrain: direct light with cast shadows, and the sky view factor."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from trimline.simulate.terrain import Field, gradients

_ROUNDING = 1e-9
"""Pixels by which a whole row or column may be missed in floating point."""


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
    """Return where terrain blocks the sun, by marching along the ray from row to row, or from column to column.

    Between two pixels of a row or column the ground is a straight line. Parameters are those of `direct_light`. Terrain
    beyond the grid casts no shadow.
    """
    azimuth, fall = np.radians(azimuth_deg), np.tan(np.radians(sun_elevation_deg))
    rows, columns = elevation_m.shape
    south, east = -np.cos(azimuth), np.sin(azimuth)
    length = 1.0 / max(abs(south), abs(east))  # of a step, of one whole row or column [pixels]
    relief = float(elevation_m.max() - elevation_m.min())
    steps = min(int(relief / (fall * pixel_m * length)) + 1, int(np.hypot(rows, columns)))
    shadow = np.zeros(elevation_m.shape, bool)
    for step in range(1, steps + 1):
        exact = step * length * south, step * length * east
        dy, dx = (math.floor(each + _ROUNDING) for each in exact)
        share = max(exact[0] - dy, exact[1] - dx, 0.0)
        down, right = (1, 0) if abs(east) > abs(south) else (0, 1)
        top, bottom = max(0, -dy), rows - max(0, dy + down)
        left, end = max(0, -dx), columns - max(0, dx + right)
        if top >= bottom or left >= end:
            break
        near = elevation_m[top + dy : bottom + dy, left + dx : end + dx]
        far = elevation_m[top + dy + down : bottom + dy + down, left + dx + right : end + dx + right]
        here = np.s_[top:bottom, left:end]
        shadow[here] |= near + share * (far - near) > elevation_m[here] + step * length * pixel_m * fall
    return shadow


def sky_view(elevation_m: Field, pixel_m: float) -> Field:
    """Return the sky view factor of a slope, (1 + cos(slope)) / 2, lowered in hollows."""
    slope = np.arctan(np.hypot(*gradients(elevation_m, pixel_m)))
    hollow = ndimage.gaussian_filter(elevation_m, 8) - elevation_m
    seen: Field = (1.0 + np.cos(slope)) / 2 * np.clip(1.0 - hollow / (8 * pixel_m), 0.6, 1.0)
    return seen
