"""Terrain shadow on plain arrays: ground that faces away from the sun, and ground that other terrain shades.

A place is shaded where the ray to the sun meets higher ground, and faces away where the sun lies below the plane of its
slope (Corripio, 2003, International Journal of Geographical Information Science 17, 1-23). Instead of following one ray
per place, the lower edge of the light is carried along all rays at once, away from the sun: at each step it is the
higher of itself and the ground, less the fall of a ray. The rays do not bend, so that heights are interpolated once and
not smoothed from step to step, and the time does not depend on how far shadows reach. Heights between the pixels are
cubic, which errs less than bilinear on terrain (Kidner, 2003, International Journal of Remote Sensing 24, 2981-2987):
splines by the method of Unser (1999, IEEE Signal Processing Magazine 16, 22-38).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LEAST_DEPTH_M = 0.01
"""Depth below the edge of the light from which on ground is shaded, so that level ground never is by rounding."""
_RIM = 8
"""Pixels beyond the edge after which a spline no longer feels it: its influence falls to a quarter with each."""
_TAPS = 4
"""Coefficients that a height between pixels is made of, along each axis."""
_BOTTOM_M = -1e5
"""Height of what shades nothing [m]."""


@dataclass(frozen=True)
class Shadow:
    """Shadow of terrain, on a grid."""

    cast: NDArray[np.bool_]
    """(h, w) ground that faces the sun and is shaded by terrain farther towards it."""
    facing_away: NDArray[np.bool_]
    """(h, w) ground that faces away from the sun: self shadow."""
    unknown: NDArray[np.bool_]
    """(h, w) ground without a height, and ground that only what has no height may shade."""

    def __getitem__(self, part: tuple[slice, slice]) -> Shadow:
        """Return rows and columns of it."""
        return Shadow(self.cast[part], self.facing_away[part], self.unknown[part])


def shadow_on_heights(
    heights_m: NDArray[np.float32],
    pixel_m: tuple[float, float],
    azimuth_deg: float,
    elevation_deg: float,
    *,
    finer: int = 2,
    coarser: int = 2,
    is_bounded: bool = True,
) -> Shadow:
    """Return where terrain is in its own shadow.

    Parameters
    ----------
    heights_m
        (h, w) heights [m], rows from north to south; NaN where there is none.
    pixel_m
        Height and width of a pixel [m].
    azimuth_deg
        Direction of the sun in the grid, clockwise from its north [degrees].
    elevation_deg
        Of the sun, above the horizon, between 0 and 90 [degrees].
    finer
        Places along the side of a pixel at which heights are interpolated and shadow is computed.
    coarser
        Places along the side of a pixel of the result, which is in shadow where at least half of its places are. Where
        it equals `finer`, the result is on the pixels of the heights.
    is_bounded
        Whether what lies beyond the array may shade it; False where that is known to lie too far away.

    Returns
    -------
    Shadow
        On (h * finer / coarser, w * finer / coarser) pixels.
    """
    known = np.isfinite(heights_m)
    if not known.any():
        nothing = np.zeros(tuple(side * finer // coarser for side in heights_m.shape), np.bool_)
        return Shadow(nothing, nothing.copy(), ~nothing)
    places_m = pixel_m[0] / finer, pixel_m[1] / finer
    sun = azimuth_deg, elevation_deg

    places = _interpolated(heights_m, finer)
    missing = np.isnan(places)
    is_whole = not missing.any()

    def shaded(missing_m: float) -> NDArray[np.bool_]:
        """Return where terrain is shaded if it has some height where it has none, and beyond."""
        filled = places if is_whole else np.where(missing, np.float32(missing_m), places)
        return _is_shaded(filled, places_m, *sun, missing_m if is_bounded else _BOTTOM_M)

    away, dark = _faces_away(places, places_m, *sun), shaded(_BOTTOM_M)
    facing_away = _mostly(away, coarser)
    in_shadow = _mostly(away | dark, coarser)
    without_height = _mostly(missing, coarser)
    unknown = without_height
    if is_bounded or not is_whole:
        unknown = without_height | (_mostly(away | dark | shaded(float(heights_m[known].max())), coarser) & ~in_shadow)
    # Half of the places of a pixel may face away where the other half has no height.
    facing_away &= ~without_height
    return Shadow(in_shadow & ~facing_away & ~without_height, facing_away, unknown)


def _mostly(places: NDArray[np.bool_], side: int) -> NDArray[np.bool_]:
    """Return which squares of places are set at half of them, or more."""
    if side == 1:
        return places
    rows, columns = (length // side for length in places.shape)
    count = np.zeros((rows, columns), np.uint16)
    for row in range(side):
        for column in range(side):
            count += places[row::side, column::side]
    half: NDArray[np.bool_] = 2 * count >= side * side
    return half


def _interpolated(heights_m: NDArray[np.float32], finer: int) -> NDArray[np.float32]:
    """Return heights at `finer` places along each side of each pixel, by cubic splines (Unser, 1999).

    On a void there is none; beside it, the nearest height stands for the missing one.
    """
    if finer == 1:
        return heights_m
    from scipy import ndimage  # slow to import

    missing = np.isnan(heights_m)
    if missing.any():
        nearest = ndimage.distance_transform_edt(missing, return_distances=False, return_indices=True)
        heights_m = heights_m[tuple(nearest)]
    # The ground goes on straight beyond the edge, or splines would make a kink of it there.
    rim = [min(_RIM, side - 1) for side in heights_m.shape]
    going_on = np.pad(heights_m, [(each, each) for each in rim], mode="reflect", reflect_type="odd")
    places: NDArray[np.float32] = ndimage.spline_filter(going_on, 3, output=np.float32, mode="mirror")
    for axis in (0, 1):
        side = places.shape[axis]
        mode: Any = "reflect" if side > _TAPS // 2 else "edge"
        wider = np.pad(places, [(2, 2) if each == axis else (0, 0) for each in (0, 1)], mode=mode)
        shape = [length * finer if each == axis else length for each, length in enumerate(places.shape)]
        places = np.zeros(shape, np.float32)
        for place in range(finer):
            offset = (place + 0.5) / finer - 0.5
            before = math.floor(offset)
            target = places[place::finer] if axis == 0 else places[:, place::finer]
            for step, weight in enumerate(_spline(offset - before), start=1 + before):
                part = slice(step, step + side)
                target += np.float32(weight) * (wider[part] if axis == 0 else wider[:, part])
    top, left = (each * finer for each in rim)
    places = places[top : places.shape[0] - top, left : places.shape[1] - left]
    if missing.any():
        places[missing.repeat(finer, 0).repeat(finer, 1)] = np.nan
    return places


def _spline(share: float) -> tuple[float, float, float, float]:
    """Return the weights of four coefficients at a place a share of the way from the second to the third."""
    square, cube = share * share, share**3
    return (
        (1 - share) ** 3 / 6,
        (3 * cube - 6 * square + 4) / 6,
        (-3 * cube + 3 * square + 3 * share + 1) / 6,
        cube / 6,
    )


def _faces_away(
    heights_m: NDArray[np.float32], pixel_m: tuple[float, float], azimuth_deg: float, elevation_deg: float
) -> NDArray[np.bool_]:
    """Return where the sun lies below the plane of the slope, by differences over two places."""
    if min(heights_m.shape) < 2:
        return np.zeros(heights_m.shape, np.bool_)
    azimuth = math.radians(azimuth_deg)
    to_south, to_east = np.gradient(heights_m, *pixel_m)
    # The rise of the ground towards the sun, against that of the ray.
    rise = to_east * np.float32(math.sin(azimuth)) - to_south * np.float32(math.cos(azimuth))
    away: NDArray[np.bool_] = np.greater(rise, math.tan(math.radians(elevation_deg)))
    return away


def _is_shaded(
    heights_m: NDArray[np.float32],
    pixel_m: tuple[float, float],
    azimuth_deg: float,
    elevation_deg: float,
    beyond_m: float,
) -> NDArray[np.bool_]:
    """Return (h, w): where the ray to the sun meets the ground.

    Parameters
    ----------
    heights_m
        (h, w) heights, all of them known [m].
    beyond_m
        Height of the ground beyond the array [m].
    """
    azimuth = math.radians(azimuth_deg)
    to_sun = -math.cos(azimuth) / pixel_m[0], math.sin(azimuth) / pixel_m[1]  # rows and columns per metre
    if abs(to_sun[0]) < abs(to_sun[1]):
        turned = _swept(np.ascontiguousarray(heights_m.T), (to_sun[1], to_sun[0]), elevation_deg, beyond_m)
        return np.ascontiguousarray(turned.T)
    return _swept(heights_m, to_sun, elevation_deg, beyond_m)


def _swept(
    heights_m: NDArray[np.float32], to_sun: tuple[float, float], elevation_deg: float, beyond_m: float
) -> NDArray[np.bool_]:
    """Return `_is_shaded` where the sun lies rather along the first axis; `to_sun` is in pixels per metre."""
    rows, columns = heights_m.shape
    # Row 0 is made the nearest to the sun; from row to row a ray then moves by `slant` columns towards the first.
    order = -1 if to_sun[0] > 0 else 1
    heights_m = heights_m[::order]
    slant = to_sun[1] / abs(to_sun[0])
    fall_m = math.tan(math.radians(elevation_deg)) / abs(to_sun[0])
    # Rays are numbered by their column in row 0, one in each.
    first = math.floor(min(0.0, slant * rows)) - 1
    edge = np.full(columns + math.ceil(abs(slant) * rows) + 3, beyond_m)
    shaded = np.zeros((rows, columns), np.bool_)
    for row in range(rows):
        ground = heights_m[row].astype(np.float64)
        place = slant * row - first
        ray, share = math.floor(place), place - math.floor(place)
        # The edge of the light at the pixels, between two rays each; then the ground at the rays, between two pixels.
        here = edge[ray : ray + columns + 1]
        shaded[row] = here[:-1] + share * (here[1:] - here[:-1]) > ground + _LEAST_DEPTH_M
        inside = slice(ray + 1, ray + columns)
        np.maximum(edge[inside], ground[:-1] + (1 - share) * (ground[1:] - ground[:-1]), out=edge[inside])
        np.maximum(edge[: inside.start], beyond_m, out=edge[: inside.start])
        np.maximum(edge[inside.stop :], beyond_m, out=edge[inside.stop :])
        edge -= fall_m
    return shaded[::order]
