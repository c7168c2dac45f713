"""Orientation correlation of two images: where the one lies on the other, to a fraction of a pixel.

The images are replaced by the directions of their gradients, complex numbers of length 1 on edges and near 0 where
there is only noise, and these are correlated in the frequency domain (Fitch and others, 2002, Orientation
correlation, British Machine Vision Conference; Heid and Kääb, 2012, Remote Sensing of Environment 118, 339-355, find
it the most robust of six methods on glaciers). Other brightness, sensors and seasons change it little, and masked
pixels are simply 0. The peak is found on a grid finer than the pixels by a matrix-multiply Fourier transform
(Guizar-Sicairos and others, 2008, Optics Letters 33, 156-158).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

Image = NDArray[np.float32]
Mask = NDArray[np.bool_]
Directions = NDArray[np.complex64]

_SMOOTHING_PX = 0.8
"""Standard deviation of the Gaussian whose derivative the gradient is [pixels]."""
_REACH_PX = 3
"""Pixels around masked ones that do not count either: the reach of the gradient."""
_FINER = 32
"""Steps per pixel of the fine correlation."""
_AROUND_PX = 2.0
"""How far around a whole-pixel peak the fine one is looked for [pixels]."""
_LEAST_KNOWN = 0.25
"""Share of the most pixels that both windows know at any shift, below which a shift is not looked at."""
STEPS_PX = np.arange(-_AROUND_PX, _AROUND_PX + 0.5 / _FINER, 1.0 / _FINER)
"""The fine shifts that are looked at along either side [pixels]."""


@dataclass(frozen=True)
class Pair:
    """A window of the reference, and the wider one of the other image that it is looked for in."""

    first: Image
    """(h, w) values of the reference, finite."""
    first_valid: Mask
    """Where they count."""
    second: Image
    """(h + 2 margin, w + 2 margin) values of the other image, finite."""
    second_valid: Mask
    """Where they count."""

    @property
    def margin(self) -> int:
        """Largest shift that is looked for [pixels]."""
        return int(self.second.shape[0] - self.first.shape[0]) // 2

    def moved(self, shift: tuple[float, float]) -> Pair:
        """Return the pair with the other image moved back by a shift (rows, columns), by cubic splines."""
        back = -shift[0], -shift[1]
        second = ndimage.shift(self.second, back, order=3, mode="nearest")
        valid = ndimage.shift(self.second_valid.astype(np.float32), back, order=1, mode="constant") > 0.99
        return Pair(self.first, self.first_valid, second, valid)


def filled(values: NDArray[np.float32], valid: Mask) -> Image:
    """Return an image whose pixels that do not count have the value of the nearest one that does."""
    if valid.all():
        return values
    if not valid.any():
        return np.zeros_like(values)
    nearest = ndimage.distance_transform_edt(~valid, return_distances=False, return_indices=True)
    found: Image = values[tuple(nearest)]
    return found


def directions(values: Image, valid: Mask) -> tuple[Directions, Mask]:
    """Return the directions of the gradients of an image, complex, east + i south, and where they are known.

    Parameters
    ----------
    values
        (h, w), finite.
    valid
        Where they count.

    Returns
    -------
    tuple
        Numbers of a length from 0, where there is noise only, to 1 on edges; and the pixels of `valid` that are not
        near its edges. Elsewhere the numbers are 0.
    """
    down = ndimage.gaussian_filter(values, _SMOOTHING_PX, order=(1, 0), mode="nearest")
    right = ndimage.gaussian_filter(values, _SMOOTHING_PX, order=(0, 1), mode="nearest")
    gradient = right + 1j * down
    inner = ndimage.binary_erosion(valid, iterations=_REACH_PX, border_value=1)
    strength = np.abs(gradient)
    typical = float(np.median(strength[inner])) if inner.any() else 0.0
    if typical <= 0:
        typical = float(strength[inner].mean()) if inner.any() else 0.0
    if typical <= 0:
        return np.zeros(values.shape, np.complex64), inner
    found: Directions = np.where(inner, gradient / (strength + typical), 0).astype(np.complex64)
    return found, inner


@dataclass(frozen=True)
class Correlated:
    """Two windows in the frequency domain."""

    spectrum: NDArray[np.complex64]
    """Product of both transforms, (n, n)."""
    surface: NDArray[np.float32]
    """(2 margin + 1, 2 margin + 1) sums over products of directions, by whole-pixel shift."""
    weights: NDArray[np.float32]
    """Of the same shape: the same sums of lengths, what the surface would be were all directions alike."""
    overlap: NDArray[np.complex64]
    """Product of the transforms of both masks, (n, n): pixels known in both windows, by shift."""
    margin: int

    def heights(self, around: tuple[float, float]) -> NDArray[np.float64]:
        """Return the surface near a shift (rows, columns) at the steps `STEPS_PX`, (steps, steps).

        It is given for as many pixels as both windows know at the shift itself: with masks that lie at one place in
        both, most pixels are known at no shift at all, which would draw the peak there.
        """
        size = self.spectrum.shape[0]
        frequency = fft.fftfreq(size)
        row_kernel, column_kernel = (
            np.exp(2j * np.pi * np.outer(start + self.margin + STEPS_PX, frequency)) for start in around
        )
        surface, known = (
            (row_kernel @ each @ column_kernel.T).real / size**2 for each in (self.spectrum, self.overlap)
        )
        middle = known[len(STEPS_PX) // 2, len(STEPS_PX) // 2]
        found: NDArray[np.float64] = np.where(
            known > _LEAST_KNOWN * known.max(), surface * middle / np.maximum(known, 1.0), 0.0
        )
        return found

    def weight_at(self, shift: tuple[float, float]) -> float:
        """Return what the surface would be at a shift were all directions alike."""
        row, column = (
            min(max(round(along) + self.margin, 0), length - 1)
            for along, length in zip(shift, self.weights.shape, strict=True)
        )
        return float(self.weights[row, column])

    def fine_peak(self, around: tuple[float, float]) -> tuple[tuple[float, float], float]:
        """Return the place (rows, columns) and height of the highest point near a shift; height 1 is full agreement."""
        heights, full = self.heights(around), self.weight_at(around)
        place = highest(heights, around)
        return place, float(heights.max()) / full if full > 0 else 0.0


def highest(heights: NDArray[np.float64], around: tuple[float, float]) -> tuple[float, float]:
    """Return the place (rows, columns) of the highest point of `Correlated.heights`, between its steps too."""
    row, column = (int(each) for each in np.unravel_index(int(heights.argmax()), heights.shape))
    return around[0] + _vertex(heights[:, column], row), around[1] + _vertex(heights[row], column)


def correlated(pair: Pair) -> Correlated:
    """Correlate the two windows of a pair."""
    first, first_known = directions(pair.first, pair.first_valid)
    second, second_known = directions(pair.second, pair.second_valid)
    return correlate(first, second, first_known, second_known)


def correlate(first: Directions, second: Directions, first_known: Mask, second_known: Mask) -> Correlated:
    """Correlate two complex images, the second wider by a margin on each side, with where they are known."""
    margin = (second.shape[0] - first.shape[0]) // 2
    size = fft.next_fast_len(max(second.shape) + 1)
    shape = size, size
    spectrum = np.conj(fft.fft2(first, shape)) * fft.fft2(second, shape)
    known = (each.astype(np.float32) for each in (first_known, second_known))
    first_mask, second_mask = (fft.fft2(each, shape) for each in known)
    overlap = np.conj(first_mask) * second_mask
    lengths = np.conj(fft.rfft2(np.abs(first), shape)) * fft.rfft2(np.abs(second), shape)
    reach = np.s_[: 2 * margin + 1, : 2 * margin + 1]
    surface = fft.ifft2(spectrum).real[reach].astype(np.float32)
    weights = np.maximum(fft.irfft2(lengths, shape)[reach], 0).astype(np.float32)
    return Correlated(spectrum.astype(np.complex64), surface, weights, overlap.astype(np.complex64), margin)


@dataclass(frozen=True)
class Stack:
    """The surfaces of many windows added up, so that a peak shows that no window has alone."""

    shift: tuple[int, int]
    """The highest point (rows, columns) [pixels]."""
    significance: float
    """How far it stands above the other points, in their standard deviations, by the median absolute deviation."""
    clearness: float
    """Its height over that of the next highest point that is not beside it."""
    at_edge: bool
    """Whether it lies at the edge of what was looked at."""


def stacked(parts: Iterable[Correlated], *, near_px: int = 4) -> Stack:
    """Add the surfaces of windows and return the highest point.

    Parameters
    ----------
    parts
        Of one margin.
    near_px
        Half side of the square around the peak that belongs to it [pixels].
    """
    surface, weights, margin = None, None, 0
    for each in parts:
        surface = each.surface if surface is None else surface + each.surface
        weights = each.weights if weights is None else weights + each.weights
        margin = each.margin
    if surface is None or weights is None or not weights.max() > 0:
        return Stack((0, 0), 0.0, 0.0, at_edge=True)
    agreement = np.where(weights > _LEAST_KNOWN * weights.max(), surface / np.maximum(weights, 1e-6), 0.0)
    row, column = (int(each) for each in np.unravel_index(int(agreement.argmax()), agreement.shape))
    rows, columns = np.ogrid[: agreement.shape[0], : agreement.shape[1]]
    beside = (abs(rows - row) > near_px) | (abs(columns - column) > near_px)
    others = agreement[beside]
    if not others.size:
        return Stack((row - margin, column - margin), 0.0, 0.0, at_edge=True)
    middle = float(np.median(others))
    spread = 1.4826 * float(np.median(np.abs(others - middle)))
    height = (float(agreement[row, column]) - middle) / spread if spread > 0 else 0.0
    at_edge = not (0 < row < agreement.shape[0] - 1 and 0 < column < agreement.shape[1] - 1)
    second = float(others.max())
    clearness = float(agreement[row, column]) / second if second > 0 else 0.0
    return Stack((row - margin, column - margin), height, clearness, at_edge)


def _vertex(heights: NDArray[np.float64], position: int) -> float:
    """Return the place of the vertex of the parabola through a highest point and its two neighbours."""
    if not 0 < position < len(heights) - 1:
        return float(STEPS_PX[position])
    before, here, after = heights[position - 1 : position + 2]
    curvature = before - 2 * here + after
    offset = 0.5 * (before - after) / curvature if curvature < 0 else 0.0
    return float(STEPS_PX[position] + offset / _FINER)
