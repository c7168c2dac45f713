"""Terrain below glaciers: a fractal block, uplifted and carved by rivers, with fine relief added.

The coarse relief is carved by the stream-power law, solved implicitly after Braun and Willett (2013, Geomorphology
180-181, 170-179) on flow paths over a depression-free surface, with slopes limited at an angle of repose. Relief
finer than the coarse grid is fractal noise, stronger on steep ground.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse import csgraph

from trimline.graphs import graph_of

Field = NDArray[np.float64]

_NEIGHBOURS = [(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)]
_MARGIN = 0.2
"""Width of the rim that is cut off after carving, as a share of the side: valleys there run straight to the edge."""
_STEPS = 60
_FALL_M = 1e-3
"""Fall from pixel to pixel across a filled depression [m]."""
_TIME_STEP_A = 1.0e5
_ERODIBILITY = 4.0e-6
"""K of the stream-power law with m = 0.5, n = 1 [1/a]."""
_UPLIFT_M_PER_A = 1.0e-3
_LONGEST_M, _SHORTEST_M = 360.0, 60.0
"""Range of wavelengths of the fine relief [m]; ground is smooth below them."""
_STEEPEST = np.tan(np.radians(42.0))
"""Angle of repose of bedrock hillslopes at the coarse grid."""


def fractal(
    shape: tuple[int, int],
    generator: np.random.Generator,
    *,
    slope: float,
    longest_px: float = np.inf,
    shortest_px: float = 2.0,
) -> Field:
    """Return fractal noise with a power-law spectrum, mean 0 and standard deviation 1.

    Parameters
    ----------
    shape
        Rows and columns.
    generator
        Source of randomness.
    slope
        Exponent of the amplitude spectrum: 1.8 is smooth hills, 1.2 rough rock.
    longest_px, shortest_px
        Longest and shortest wavelength in the noise [pixels]; 2 is the shortest on a grid.
    """
    rows, columns = np.fft.fftfreq(shape[0])[:, None], np.fft.rfftfreq(shape[1])[None, :]
    frequency = np.hypot(rows, columns)
    frequency[0, 0] = np.inf
    amplitude = frequency**-slope
    amplitude[frequency < 1 / longest_px] = 0.0
    if shortest_px > 2.0:
        amplitude[frequency > 1 / shortest_px] = 0.0
    spectrum = np.fft.rfft2(generator.standard_normal(shape)) * amplitude
    noise = np.fft.irfft2(spectrum, shape)
    standard: Field = (noise - noise.mean()) / noise.std()
    return standard


def mountain_range(
    shape: tuple[int, int],
    pixel_m: float,
    generator: np.random.Generator,
    *,
    lowest_m: float,
    highest_m: float,
    roughness_m: float,
    coarsening: int,
) -> Field:
    """Return a range's bed [m].

    Parameters
    ----------
    shape, pixel_m
        Rows and columns, multiples of `coarsening`, and the side of a pixel [m]; rows run south.
    generator
        Source of randomness.
    lowest_m, highest_m
        Elevations that valleys and summits are scaled to (1st and 99.9th percentile) [m].
    roughness_m
        Standard deviation of the fine relief on steep ground [m].
    coarsening
        Pixels per pixel of the grid that rivers carve, along one side.
    """
    coarse = _carve((shape[0] // coarsening, shape[1] // coarsening), pixel_m * coarsening, generator)
    low, high = np.percentile(coarse, (1.0, 99.9))
    coarse = lowest_m + (coarse - low) * (highest_m - lowest_m) / (high - low)
    fine = enlarge(coarse, coarsening)
    steep = np.hypot(*gradients(ndimage.gaussian_filter(fine, coarsening), pixel_m))
    rough = fractal(shape, generator, slope=1.5, longest_px=_LONGEST_M / pixel_m, shortest_px=_SHORTEST_M / pixel_m)
    roughness: Field = roughness_m * rough * np.clip(steep / 0.7, 0.1, 1.0)
    return fine + roughness


def enlarge(field: Field, factor: int) -> Field:
    """Interpolate a field onto a grid of `factor` times as many pixels along each side (cubic spline)."""
    if factor == 1:
        return field.copy()
    axes = [(np.arange(n * factor) + 0.5) / factor - 0.5 for n in field.shape]
    finer: Field = ndimage.map_coordinates(field, np.meshgrid(*axes, indexing="ij"), order=3, mode="nearest")
    return finer


def reduce(field: Field, factor: int) -> Field:
    """Average blocks of `factor` x `factor` pixels."""
    rows, columns = field.shape[0] // factor, field.shape[1] // factor
    means: Field = field.reshape(rows, factor, columns, factor).mean(axis=(1, 3))
    return means


def gradients(field: Field, pixel_m: float) -> tuple[Field, Field]:
    """Return the derivatives of a field towards the south (along rows) and the east (along columns)."""
    to_south, to_east = (np.asarray(np.gradient(field, pixel_m, axis=axis), dtype=np.float64) for axis in (0, 1))
    return to_south, to_east


def _carve(shape: tuple[int, int], pixel_m: float, generator: np.random.Generator) -> Field:
    """Uplift a fractal block and carve it by rivers down to its rim, beyond the requested grid."""
    margin = tuple(round(_MARGIN * side) for side in shape)
    inner = tuple(slice(m, m + side) for m, side in zip(margin, shape, strict=True))
    shape = (shape[0] + 2 * margin[0], shape[1] + 2 * margin[1])
    rows, columns = np.meshgrid(*(np.linspace(-1, 1, n) for n in shape), indexing="ij")
    along = rows * 0.85 + columns * 0.35
    uplift = _UPLIFT_M_PER_A * (0.35 + np.exp(-((along / 0.7) ** 2)))
    uplift *= np.clip(1.0 + 0.45 * fractal(shape, generator, slope=1.6), 0.1, None)
    height = 200.0 + 60.0 * fractal(shape, generator, slope=1.7)
    rim = np.ones(shape, bool)
    rim[1:-1, 1:-1] = False
    height[rim] = 0.0
    for _ in range(_STEPS):
        height = height + np.where(rim, 0.0, np.clip(uplift, 0.0, None) * _TIME_STEP_A)
        height = _cut(height, pixel_m, rim)
    rounded: Field = ndimage.gaussian_filter(height, 0.6)[inner]
    return rounded


def _cut(height: Field, pixel_m: float, rim: NDArray[np.bool_]) -> Field:
    """One implicit step of the stream-power law."""
    receiver, distance = receivers(without_depressions(height), pixel_m)
    levels = levels_of(receiver)
    flat = height.ravel().copy()
    area = np.full(flat.size, pixel_m**2)
    for level in reversed(levels[1:]):
        np.add.at(area, receiver[level], area[level])
    for level in levels[1:]:
        below = flat[receiver[level]]
        factor = _ERODIBILITY * np.sqrt(area[level]) * _TIME_STEP_A / distance[level]
        lowered = (flat[level] + factor * below) / (1.0 + factor)
        flat[level] = np.minimum(lowered, below + _STEEPEST * distance[level])
    flat[rim.ravel()] = 0.0
    return flat.reshape(height.shape)


def without_depressions(height: Field) -> Field:
    """Fill depressions up to their outlets on the rim, with a gentle fall towards them.

    The lowest path out of each pixel follows the minimum spanning tree of the grid, with the elevation of the higher
    end as the weight of an edge: no other path has a lower highest point.
    """
    outside = height.size
    first, second = _edges(height.shape)
    heights = np.append(height.ravel(), height.min() - 1.0)
    weights = np.maximum(heights[first], heights[second]) - heights[outside]
    tree = csgraph.minimum_spanning_tree(graph_of(first, second, outside + 1, weights))
    _, outwards = csgraph.breadth_first_order(tree, outside, directed=False)
    outwards = outwards.astype(np.int64)
    outwards[outside] = outside
    for level in levels_of(outwards)[2:]:
        heights[level] = np.maximum(heights[level], heights[outwards[level]] + _FALL_M)
    return heights[:outside].reshape(height.shape)


def _edges(shape: tuple[int, int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the flat indices of neighbours, each pair once; the rim neighbours one more node, the outside."""
    index = np.arange(shape[0] * shape[1]).reshape(shape)
    rim = np.unique(np.concatenate((index[0], index[-1], index[:, 0], index[:, -1])))
    pairs = [
        (index[:, :-1], index[:, 1:]),
        (index[:-1], index[1:]),
        (index[:-1, :-1], index[1:, 1:]),
        (index[:-1, 1:], index[1:, :-1]),
        (rim, np.full(rim.size, index.size)),
    ]
    first, second = (np.concatenate([pair[end].ravel() for pair in pairs]) for end in (0, 1))
    return first, second


def receivers(height: Field, pixel_m: float) -> tuple[NDArray[np.int64], Field]:
    """Return the flat index of each pixel's steepest lower neighbour (itself where there is none) and its distance."""
    rows, columns = height.shape
    index = np.arange(height.size).reshape(height.shape)
    padded = np.pad(height, 1, constant_values=np.inf)
    indices = np.pad(index, 1, mode="edge")
    best = np.zeros_like(height)
    receiver, distance = index.copy(), np.full(height.shape, pixel_m)
    for dy, dx in _NEIGHBOURS:
        length = pixel_m * np.hypot(dy, dx)
        window = np.s_[1 + dy : 1 + dy + rows, 1 + dx : 1 + dx + columns]
        slope = (height - padded[window]) / length
        better = slope > best
        best = np.where(better, slope, best)
        receiver = np.where(better, indices[window], receiver)
        distance = np.where(better, length, distance)
    return receiver.ravel(), distance.ravel()


def levels_of(receiver: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Group pixels by the number of steps to their outlet; the first group are the outlets."""
    depth = (receiver != np.arange(receiver.size)).astype(np.int32)
    ahead = receiver
    # Each round doubles how far a pixel looks ahead, until all see their outlet.
    while (further := depth[ahead]).any():
        depth += further
        ahead = ahead[ahead]
    # Two bytes are sorted much faster than four.
    keys = depth.astype(np.uint16) if depth.max() < 1 << 16 else depth
    return np.split(np.argsort(keys, kind="stable"), np.cumsum(np.bincount(depth))[:-1])
