"""The halo that a trained network needs, measured: how far from a window's edge its predictions still feel the edge.

A network's architecture only bounds how far it can look. What it learned mostly looks less far, and a halo costs: every
pixel of it is computed again in the next window. So tiles are predicted whole, and again with two of their margins cut
away; the largest difference at each distance from the cuts is the profile that the halo is read from.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from trimline.inference.inputs import Inputs
from trimline.inference.symmetries import Predictor, mean_over_symmetries

TOLERANCE = 1e-3
"""What the edge of a window may change of a probability beyond the halo."""

_TILES = (2, 32)
"""Fewest and most tiles that are looked at, if there are so many."""

_WORK = 3e11
"""Floating-point operations for one reach, unless the fewest tiles take more: some three seconds of one core."""

_CORE = 32
"""Least side of what lies beyond the reach of all cuts, so that there is something to judge by [pixels]."""


def measure_halo(
    predict: Predictor,
    inputs: Inputs,
    images: NDArray[np.float32],
    *,
    stride: int,
    largest: int | None,
    bounded: bool = True,
    operations_per_pixel: float = 1.0,
    flips: bool = False,
    tolerance: float = TOLERANCE,
) -> int | None:
    """Return the smallest halo for which the seams between windows are not seen.

    Each tile is continued beyond its edges by mirroring, or its middle taken, so that it is somewhat larger than twice
    the halo, and predicted five times: once so, and once for each of its corners with the two margins cut away that
    meet there, at multiples of the stride. The halo is the smallest multiple of the stride such that no pixel that is
    at least so far from both cuts has a prediction that differs by more than the tolerance, on any tile.

    At most 32 tiles, evenly chosen, are looked at, and fewer where the network is wide. The choice depends on nothing
    else than the arguments, so that equal training gives equal weights files.

    Parameters
    ----------
    predict
        The network in single precision: what half precision rounds is no seam.
    inputs
        What it is fed with.
    images
        (n, bands, h, w) float32 in the inputs' units: tiles, better ones that the network did not learn from. NaN
        outside valid data, which is fed as in mapping and not judged.
    stride
        Of the network [pixels].
    largest
        The network's own halo, by its architecture [pixels]; None where every prediction depends on the whole tile.
    bounded
        Whether that is exact, and not only expected.
    operations_per_pixel
        Floating-point operations of the network.
    flips
        Whether a prediction is the mean over the eight symmetries of the square.
    tolerance
        Largest difference of a probability that is no seam.

    Returns
    -------
    int or None
        A multiple of the stride [pixels]: at most `largest` where that is exact, and up to twice as much where it is
        only expected. None where every prediction depends on the whole tile, or where no pixel has data.
    """
    if largest is None:
        return None
    usable = [number for number, image in enumerate(images) if np.isfinite(image).all(axis=0).any()]
    if not usable:
        return None
    work_per_pixel = max(1.0, operations_per_pixel * (8 if flips else 1))
    farthest = largest if bounded else 2 * largest
    # Most networks look less far than half their halo, which a quarter of the work shows.
    reach = -(-largest // 2 // stride) * stride
    while True:
        side = reach + -(-_CORE // stride) * stride
        shown = _chosen(usable, work_per_pixel * ((side + reach) ** 2 + 4 * side**2))
        profile = _profile(predict, inputs, images, shown, reach, side, flips)
        halo = _halo_of(profile, stride, tolerance)
        if halo <= reach or reach == farthest:
            return min(halo, farthest)
        reach = largest if reach < largest else farthest


def _profile(
    predict: Predictor,
    inputs: Inputs,
    images: NDArray[np.float32],
    shown: list[int],
    reach: int,
    side: int,
    flips: bool,
) -> NDArray[np.float32]:
    """Return the largest difference at each distance from the cuts, (side,) float32; NaN where none was judged.

    Parameters
    ----------
    predict, inputs, images, flips
        As in `measure_halo`.
    shown
        Numbers of the tiles.
    reach
        How much is cut away [pixels].
    side
        Of what is left, which ends how far from the cuts one looks [pixels].
    """

    def probability(image: NDArray[np.float32]) -> NDArray[np.float32]:
        channels = np.ascontiguousarray(inputs(image[np.newaxis]), np.float32)
        predicted = mean_over_symmetries(predict, channels) if flips else predict(channels)
        one: NDArray[np.float32] = predicted[0]  # (outputs, h, w)
        return one

    rows, columns = (_mirrored(length, side + reach) for length in images.shape[-2:])
    first, last = slice(0, side), slice(reach, reach + side)
    away = np.arange(side)  # from a cut above or to the left
    back = away[::-1]
    worst = np.full(side, -np.inf, np.float32)
    for number in shown:
        whole = images[number][:, rows][:, :, columns]
        full = probability(whole)
        for (high, down), (wide, across) in product(((first, back), (last, away)), repeat=2):
            cut = whole[:, high, wide]
            valid = np.isfinite(cut).all(axis=0)
            difference = np.abs(probability(cut) - full[:, high, wide]).max(axis=0)
            distance = np.minimum(down[:, np.newaxis], across)
            np.maximum.at(worst, distance[valid], difference[valid])
    return np.where(worst >= 0, worst, np.float32(np.nan))


def _halo_of(profile: NDArray[np.float32], stride: int, tolerance: float) -> int:
    """Return the smallest multiple of the stride from which on the profile stays within the tolerance.

    Where there is none, the profile's length, rounded up, says that it is farther.
    """
    judged = np.flatnonzero(~np.isnan(profile))
    if not len(judged):
        return -(-len(profile) // stride) * stride
    beyond = np.flatnonzero(profile > tolerance)
    halo = -(-(int(beyond[-1]) + 1) // stride) * stride if len(beyond) else 0
    return halo if halo <= judged[-1] else -(-len(profile) // stride) * stride


def _mirrored(length: int, wanted: int) -> NDArray[np.intp]:
    """Return the rows of a tile that continue it by mirroring to a wanted number, or its middle ones."""
    missing = max(0, wanted - length)
    rows = np.pad(np.arange(length), (missing // 2, missing - missing // 2), mode="reflect")
    start = (len(rows) - wanted) // 2
    return rows[start : start + wanted]


def _chosen(usable: list[int], work_per_tile: float) -> list[int]:
    """Return which tiles are looked at, evenly spread, as many as the work allows."""
    fewest, most = _TILES
    count = min(len(usable), max(fewest, min(most, int(_WORK / work_per_tile))))
    return [usable[int(place)] for place in np.linspace(0, len(usable) - 1, count).round()]
