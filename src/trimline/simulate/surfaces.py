"""Surface types of a range on a day: ice, firn, snow, debris, lakes, rock, soil and grass."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from trimline.simulate.climate import slope_angle, sunniness
from trimline.simulate.environments import Environment
from trimline.simulate.ice import THINNEST_M
from trimline.simulate.spectra import Surface, factor_count
from trimline.simulate.terrain import Field, enlarge, fractal, levels_of, receivers, reduce, without_depressions

_STEEP = np.radians(32.0)
"""Slope above which the ground is bare rock."""
_PATTERN_M = (30.0, 1800.0)
"""Shortest and longest wavelength of the patterns of rock, grass and snow [m]."""
_GRAIN_M = (20.0, 1500.0)
"""Shortest and longest wavelength of the spread of spectra within a surface [m]."""
_GRAIN_SLOPE = 1.1
_SHALLOWEST_LAKE_M = 0.5
_SMALLEST_LAKE_KM2, _LARGEST_LAKE_KM2 = 0.02, 0.8
_TURBID_WITHIN_M = 1500.0
"""Distance from a glacier within which lakes are turbid [m]."""
_MELTS_OUT = 0.4
"""Share of a rise of the equilibrium line that debris follows: it melts out over decades."""
_DIRT_ON_ICE = 0.06
"""Largest share of debris in a pixel of bare ice, at the lowest tongues."""


@dataclass(frozen=True)
class Ground:
    """The ground on one day, on a grid finer than the sensor's."""

    surface: NDArray[np.uint8]
    """(h, w) of `Surface`."""
    dirt: Field
    """(h, w) share of debris mixed into the surface."""
    elevation_m: Field
    """(h, w) of the surface, ice included [m]."""
    is_glacier: NDArray[np.bool_]
    """(h, w) true glacier ice, including ice under debris and snow."""
    grain: NDArray[np.float32]
    """(factors, h, w) standard normal fields: the place of each pixel within the spread of its surface's spectra."""
    pixel_m: float
    """Side of a pixel [m]."""

    @property
    def is_debris(self) -> NDArray[np.bool_]:
        """Debris-covered ice."""
        return np.equal(self.surface, Surface.DEBRIS)


def lay_out(
    bed_m: Field,
    thickness_m: Field,
    pixel_m: float,
    finer: int,
    environment: Environment,
    *,
    rise_m: float,
    snow: float,
    generator: np.random.Generator,
) -> Ground:
    """Return the surface types of the ground.

    Parameters
    ----------
    bed_m, thickness_m
        (h, w) bed elevation and thickness of the glaciers [m].
    pixel_m
        Side of their pixels [m].
    finer
        Pixels of the result per pixel of these, along one side.
    environment
        The kind of range.
    rise_m
        Rise of the equilibrium line since before the warming [m].
    snow
        Seasonal snow, relative to the usual amount; 0 is none.
    generator
        Source of the patterns that stay from date to date (rock, grass, hollows).
    """
    size_m = pixel_m / finer
    thickness = ndimage.zoom(thickness_m, finer, order=1, grid_mode=True, mode="nearest")
    is_glacier = thickness > THINNEST_M / 2
    elevation = enlarge(bed_m, finer) + np.where(is_glacier, thickness, 0.0)
    slope, sun = slope_angle(elevation, size_m), sunniness(ndimage.gaussian_filter(elevation, 2), size_m)
    texture = fractal(
        elevation.shape, generator, slope=1.3, longest_px=_PATTERN_M[1] / size_m, shortest_px=_PATTERN_M[0] / size_m
    )
    line = environment.climate.equilibrium_line_m + rise_m + environment.climate.sun_shift_m * sun

    surface = np.where(slope + 0.06 * texture > _STEEP, Surface.ROCK, Surface.SOIL).astype(np.uint8)
    grows = elevation + 90.0 * texture + 120.0 * sun < environment.vegetation_line_m
    surface[grows & (slope < _STEEP)] = Surface.VEGETATION
    water, turbid = _lakes(bed_m, thickness_m, pixel_m)
    lakes = _repeated(water, finer) & ~is_glacier
    surface[lakes] = np.where(_repeated(turbid, finer)[lakes], Surface.TURBID_LAKE, Surface.CLEAR_LAKE)

    dirt = np.zeros_like(elevation)
    below = np.clip((line - elevation) / 400.0, 0.0, 1.0)
    surface[is_glacier] = Surface.ICE
    dirt[is_glacier] = (_DIRT_ON_ICE * below**2 * np.clip(0.6 + 0.4 * texture, 0.0, 1.0))[is_glacier]
    surface[is_glacier & (elevation > line - 40.0 + 35.0 * texture)] = Surface.FIRN
    surface[is_glacier & (elevation > line + 60.0 + 50.0 * texture)] = Surface.SNOW
    debris = _debris(bed_m, thickness_m, pixel_m, environment, rise_m, reduce(texture, finer))
    surface[_repeated(debris, finer) & is_glacier] = Surface.DEBRIS
    dirt[surface == Surface.DEBRIS] = 0.0

    if snow > 0:
        hollow = ndimage.gaussian_filter(elevation, 6.0 * finer) - elevation
        snow_line = (
            line
            + environment.snow_line_offset_m
            - environment.snow_patchiness_m * (0.8 * texture + hollow / (hollow.std() + 1e-9))
        )
        snow_line -= 120.0 * np.log2(max(snow, 1e-3))
        lies = (elevation > snow_line) & (slope < np.radians(50.0)) & ~lakes
        surface[lies & ~is_glacier] = Surface.SNOW
        surface[lies & is_glacier & (elevation > snow_line + 60.0)] = Surface.SNOW
    return Ground(surface, dirt, elevation, is_glacier, _grain(elevation.shape, size_m, generator), size_m)


def _grain(shape: tuple[int, int], size_m: float, generator: np.random.Generator) -> NDArray[np.float32]:
    """Return the common factors of the spectra: about as much variance in each octave, from pixels to patches."""
    longest, shortest = _GRAIN_M[1] / size_m, max(2.0, _GRAIN_M[0] / size_m)
    fields = [
        fractal(shape, generator, slope=_GRAIN_SLOPE, longest_px=longest, shortest_px=shortest)
        for _ in range(factor_count())
    ]
    return np.stack(fields).astype(np.float32)


def _lakes(bed_m: Field, thickness_m: Field, pixel_m: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return lakes in hollows of the surface, and turbid ones among them; computed on half the grid."""
    surface = ndimage.gaussian_filter(reduce(bed_m + thickness_m, 2), 2.0)
    depth = without_depressions(surface) - surface
    bodies, count = ndimage.label((depth > _SHALLOWEST_LAKE_M) & (reduce(thickness_m, 2) == 0))
    sizes_km2 = ndimage.sum_labels(np.ones_like(depth), bodies, np.arange(count + 1)) * (2 * pixel_m) ** 2 / 1e6
    fits = (sizes_km2 <= _LARGEST_LAKE_KM2) & (sizes_km2 >= _SMALLEST_LAKE_KM2)
    fits[0] = False
    is_lake = fits[bodies]
    to_ice_m = ndimage.distance_transform_edt(reduce(thickness_m, 2) == 0) * 2 * pixel_m
    turbid_bodies = np.unique(bodies[is_lake & (to_ice_m < _TURBID_WITHIN_M)])
    turbid = is_lake & np.isin(bodies, turbid_bodies)
    return _repeated(is_lake, 2), _repeated(turbid, 2)


def _debris(
    bed_m: Field,
    thickness_m: Field,
    pixel_m: float,
    environment: Environment,
    rise_m: float,
    texture: Field,
) -> NDArray[np.bool_]:
    """Return debris-covered ice: debris is carried from steep rock along flow lines and melts out below the line.

    Rock falls onto the ice where steep bare ground meets it. Along the steepest descent of the ice surface it gathers
    in narrow bands (medial moraines where two streams join) and covers the lowest tongues. Ice is covered where the
    load exceeds the limit of the environment; as the line rises, a growing share of the remaining ice is covered.
    """
    ice = thickness_m > 0
    surface = bed_m + thickness_m
    rim = ice & ndimage.binary_dilation(~ice & (slope_angle(bed_m, pixel_m) > _STEEP), iterations=2)
    receiver, _ = receivers(np.where(ice, ndimage.gaussian_filter(surface, 1.5), surface), pixel_m)
    load = np.where(rim, 1.0, 0.0).ravel()
    for level in reversed(levels_of(receiver)[1:]):
        moving = level[ice.ravel()[level]]
        np.add.at(load, receiver[moving], load[moving])
    load = ndimage.gaussian_filter(load.reshape(ice.shape), 0.8)
    line = environment.climate.equilibrium_line_m + _MELTS_OUT * rise_m
    below = (line - 60.0 - surface) / 150.0
    score = np.log1p(load) + 1.6 * np.clip(below, 0.0, None) + 0.4 * texture
    covered: NDArray[np.bool_] = ice & (below >= 0) & (score >= environment.bare_load)
    return covered


def _repeated(where: NDArray[np.bool_], factor: int) -> NDArray[np.bool_]:
    """Repeat each pixel `factor` times along both sides."""
    return where.repeat(factor, axis=0).repeat(factor, axis=1)
