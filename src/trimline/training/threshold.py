"""Where probability becomes ice, so that the errors of the mapped area cancel.

At a threshold of 0.5 a network may map too much or too little on the whole, and area is what is measured in the end.
The threshold that undoes it on validation is only as good as the validation samples are many: with a handful of
tiles it says more about them than about the network. So the threshold leaves 0.5 only as far as they can tell.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_STEPS = 1000
"""Thresholds looked at between 0 and 1."""

_ERRORS = 2.0
"""Standard errors within which a bias may be chance: about 95 of 100 times."""

_LOWEST, _HIGHEST = 0.05, 0.95
"""Range of the threshold: beyond it lie pixels that the network is sure of."""


@dataclass(frozen=True)
class LabelledPixels:
    """Predictions of labelled pixels, and what the pixels are."""

    probability: NDArray[np.float32]
    """(pixels,) of ice."""
    truth: NDArray[np.bool_]
    """(pixels,) whether they are ice."""
    tile: NDArray[np.int64]
    """(pixels,) number of the tile that each lies in."""


def zero_bias_threshold(pixels: LabelledPixels) -> float:
    """Return the threshold nearest to 0.5 at which the area bias is zero, as far as the tiles can tell.

    The bias at a threshold is (mapped - true) / true over all pixels. Its standard error is that of a ratio of sums
    over tiles (Cochran 1977, Sampling Techniques, chapter 6, without the finite-population correction). The
    threshold is the one nearest to 0.5 whose bias is not larger than twice its standard error. Many samples make
    the error small and the bias zero; a single tile has no standard error, and the threshold stays 0.5.

    Returns
    -------
    float
        In [0.05, 0.95]. 0.5 where no pixel, or every pixel, is ice.
    """
    tiles = int(pixels.tile.max(initial=-1)) + 1
    ice = np.bincount(pixels.tile, weights=pixels.truth, minlength=tiles)
    labelled = np.bincount(pixels.tile, minlength=tiles)
    counted = labelled > 0
    if np.count_nonzero(counted) < 2 or not 0 < ice.sum() < labelled.sum():
        return 0.5
    thresholds = np.arange(_STEPS + 1) / _STEPS
    # The last of 1001 steps holds what is exactly 1; counting from above gives the mapped pixels at each threshold.
    step = np.minimum((pixels.probability.astype(np.float64) * _STEPS).astype(np.int64), _STEPS)
    histogram = np.bincount(pixels.tile * (_STEPS + 1) + step, minlength=tiles * (_STEPS + 1))
    mapped = histogram.reshape(tiles, _STEPS + 1)[:, ::-1].cumsum(axis=1)[:, ::-1][counted]
    excess = mapped - ice[counted][:, np.newaxis]
    bias = excess.sum(axis=0) / ice.sum()
    count = len(excess)
    residual = excess - bias * ice[counted][:, np.newaxis]
    error = np.sqrt(count / (count - 1) * np.square(residual).sum(axis=0)) / ice.sum()
    inside = (thresholds >= _LOWEST) & (thresholds <= _HIGHEST)
    unbiased = inside & (np.abs(bias) <= _ERRORS * error)
    if not unbiased.any():
        # The bias passes zero between two steps, or stays on one side of it: the smallest there is.
        least = np.where(inside, np.abs(bias), np.inf)
        unbiased = least == least.min()
    candidates = thresholds[unbiased]
    return float(candidates[np.argmin(np.abs(candidates - 0.5))])
