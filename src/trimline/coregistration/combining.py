"""The shifts of many windows combined into one with its error; windows that do not agree are left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from trimline.coregistration.correlation import Correlated, Pair, correlated, stacked

_SIGNIFICANCE = 8.0
"""Height of the peak of all windows together, in standard deviations of the points beside it, below which it may be
chance. Of two thousand points of noise the highest lies near four."""
_LEAST_WINDOWS = 4
"""Windows that must agree."""
_LEAST_SHARE = 0.3
"""Share of the windows that must agree."""
_OUTLYING_MADS = 3.0
"""Windows farther from the median than so many standard deviations, by the median absolute deviation, are left out."""
_LEAST_SPREAD_PX = 0.1
"""Windows nearer than three times this to the median are never left out [pixels]."""
_AGREEMENT = 0.05
"""Least height of the peak of a window; 1 is full agreement."""
_FLOOR_PX = 0.05
"""Error that more windows do not reduce: edges of shade move with the sun, by up to 0.08 pixels of simulated Landsat
scenes between June and September [pixels]."""
_ROUNDS = 2
"""How often the image is moved by what was found and correlated again, so that the last shift is near 0, where the
peak is symmetric and its place not drawn to whole pixels."""


@dataclass(frozen=True)
class Combined:
    """One shift of many windows."""

    rows: float
    """[pixels]"""
    columns: float
    """[pixels]"""
    error: float
    """Standard error of either [pixels]."""
    windows: int
    """Windows that agree."""
    of: int
    """All windows."""


def combined(pairs: Sequence[Pair]) -> Combined | str:
    """Return the shift (rows, columns) of the second images of pairs, or why it cannot be told.

    Parameters
    ----------
    pairs
        Windows of one size and margin.
    """
    if len(pairs) < _LEAST_WINDOWS:
        return f"only {len(pairs)} windows have enough stable ground that both show, and {_LEAST_WINDOWS} are needed"
    parts = [correlated(each) for each in pairs]
    whole = coarse(parts)
    if isinstance(whole, str):
        return whole
    found = refined(parts, (float(whole[0]), float(whole[1])))
    for _ in range(_ROUNDS):
        if isinstance(found, str):
            return found
        so_far = found.rows, found.columns
        left = refined([correlated(each.moved(so_far)) for each in pairs], (0.0, 0.0))
        if isinstance(left, str):
            return left
        found = replace(left, rows=so_far[0] + left.rows, columns=so_far[1] + left.columns)
    return found


def coarse(parts: Sequence[Correlated]) -> tuple[int, int] | str:
    """Return the whole-pixel shift that all windows together show, or why none does."""
    stack = stacked(parts)
    if stack.significance < _SIGNIFICANCE:
        return "nothing in the one is found again in the other: cloud, snow, or ground without contrast"
    if stack.at_edge:
        return f"it is more than {parts[0].margin - 1} pixels"
    return stack.shift


def refined(parts: Sequence[Correlated], around: tuple[float, float]) -> Combined | str:
    """Return the shift near one that is known to a pixel, from the peaks of the windows by themselves."""
    peaks = [each.fine_peak(around) for each in parts]
    places = np.array([place for place, _ in peaks])
    heights = np.array([height for _, height in peaks])
    near = np.abs(places - around).max(axis=1) < 1.9
    good = near & (heights > _AGREEMENT)
    agree = _agreeing(places, good)
    count = int(agree.sum())
    if count < _LEAST_WINDOWS or count < _LEAST_SHARE * len(parts):
        return f"only {count} of {len(parts)} windows agree on a shift"
    weights = heights[agree]
    mean = np.average(places[agree], axis=0, weights=weights)
    squares = weights[:, None] ** 2 * (places[agree] - mean) ** 2
    variance = squares.sum(axis=0) / weights.sum() ** 2 * count / (count - 1)
    # Few windows know their own spread badly: as Student's t is wider than the normal distribution.
    wider = float(stats.t.ppf(0.975, count - 1) / stats.norm.ppf(0.975))
    error = float(np.hypot(wider * np.sqrt(variance.max()), _FLOOR_PX))
    return Combined(float(mean[0]), float(mean[1]), error, count, len(parts))


def _agreeing(places: NDArray[np.float64], good: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the windows whose shift lies near the median of the good ones in both directions."""
    agree = good.copy()
    for _ in range(3):
        if not agree.any():
            break
        middle = np.median(places[agree], axis=0)
        away = np.abs(places - middle)
        spread = np.maximum(1.4826 * np.median(away[agree], axis=0), _LEAST_SPREAD_PX)
        agree = good & (away < _OUTLYING_MADS * spread).all(axis=1)
    return agree
