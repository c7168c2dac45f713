"""Lines fitted to the areas of all periods: ordinary and weighted least squares, and Theil-Sen.

Ordinary least squares takes the scatter around the line as the error. Weighted least squares gives a period with a
small error more weight; its confidence interval too follows from the scatter, because stated errors of outlines are
mostly alike from period to period and would overstate the uncertainty of the slope. Theil-Sen is the median
of the slopes between all pairs (Sen, 1968, Journal of the American Statistical Association 63, 1379-1389): one outlier
does not move it. Losses are negative.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from trimline.errors import ChangeError

FitMethod = Literal["ols", "wls", "theil-sen"]
"""Ordinary or weighted least squares, or the median of the slopes of all pairs."""

METHODS: tuple[FitMethod, ...] = ("ols", "wls", "theil-sen")
"""Methods of fitting a line: least squares, weighted least squares, and the median of all slopes."""


@dataclass(frozen=True)
class Fit:
    """A line through areas over time."""

    method: FitMethod
    """Method of the fit."""
    rate_km2_per_a: float
    """Slope [km2 per year]."""
    error_km2_per_a: float
    """Standard error of the slope from the scatter around the line; NaN for Theil-Sen, and with two areas."""
    low_km2_per_a: float
    """Lower end of the confidence interval of the slope."""
    high_km2_per_a: float
    """Upper end of it."""
    confidence: float
    """Confidence of the interval."""
    stated_error_km2_per_a: float
    """Standard error of the slope if the stated errors were independent; NaN where none were given."""
    rate_percent_per_a: float
    """Slope in percent of the line's area in the first year; NaN where that is not positive."""
    middle_year: float
    """A year on the line: the (weighted) mean, or the median for Theil-Sen."""
    middle_area_km2: float
    """The line's area in that year [km2]."""
    periods: int
    """Number of areas."""
    residual_km2: float
    """Root of the (weighted) sum of squares around the line over the degrees of freedom; NaN with two areas."""

    def area_km2(self, years: ArrayLike) -> NDArray[np.float64]:
        """Return the line's areas in some decimal years."""
        return self.middle_area_km2 + self.rate_km2_per_a * (np.asarray(years, np.float64) - self.middle_year)


def fit_rate(
    years: ArrayLike,
    areas_km2: ArrayLike,
    errors_km2: ArrayLike | None = None,
    method: FitMethod = "ols",
    confidence: float = 0.95,
) -> Fit:
    """Fit a line to areas over time.

    Parameters
    ----------
    years
        (n,) decimal years.
    areas_km2
        (n,) areas [km2]; where one is NaN the period is left out.
    errors_km2
        (n,) errors [km2]; `wls` weights by 1 / error^2.
    method
        See `FitMethod`.
    confidence
        Confidence of the interval, between 0 and 1.

    Returns
    -------
    Fit
        The line. With two areas it has no scatter, and errors from it are NaN.

    Raises
    ------
    ChangeError
        The method is unknown, fewer than two different years are left, or `wls` has no positive errors.
    """
    if method not in METHODS:
        raise ChangeError(f"there is no method '{method}'", remedy=f"there are {', '.join(METHODS)}")
    if not 0 < confidence < 1:
        raise ChangeError(f"the confidence is {confidence:g}", remedy="give one between 0 and 1, as 0.95")
    t, a, e = known_in_order(years, areas_km2, errors_km2)
    if method == "wls" and not (np.isfinite(e) & (e > 0)).all():
        raise ChangeError("weighted least squares need a positive error for each area", remedy="or take 'ols'")
    if method == "theil-sen":
        return _theil_sen(t, a, e, confidence)
    weights = 1 / e**2 if method == "wls" else np.ones_like(t)
    return _least_squares(t, a, e, weights, method, confidence)


def fit_pieces(
    years: ArrayLike,
    areas_km2: ArrayLike,
    breaks: Sequence[float],
    errors_km2: ArrayLike | None = None,
    method: FitMethod = "ols",
    confidence: float = 0.95,
) -> list[Fit]:
    """Fit a line of its own to each piece of time between breaks; an area on a break belongs to both pieces.

    Parameters
    ----------
    years, areas_km2, errors_km2, method, confidence
        As in `fit_rate`.
    breaks
        Decimal years in increasing order.

    Returns
    -------
    list[Fit]
        One more than there are breaks.

    Raises
    ------
    ChangeError
        The breaks are not in order, or a piece holds fewer than two different years.
    """
    if list(breaks) != sorted(set(breaks)):
        raise ChangeError("the breaks are not in increasing order")
    t, a, e = known_in_order(years, areas_km2, errors_km2)
    edges = [-np.inf, *breaks, np.inf]
    pieces = [(t >= low) & (t <= high) for low, high in pairwise(edges)]
    given = errors_km2 is not None
    return [fit_rate(t[piece], a[piece], e[piece] if given else None, method, confidence) for piece in pieces]


def known_in_order(
    years: ArrayLike, areas: ArrayLike, errors: ArrayLike | None
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the known values in order of time, so that the fit does not depend on the order of the rows."""
    t, a = np.asarray(years, np.float64), np.asarray(areas, np.float64)
    e = np.full(t.shape, np.nan) if errors is None else np.asarray(errors, np.float64)
    if t.ndim != 1 or t.shape != a.shape or t.shape != e.shape:
        raise ChangeError(f"{t.size} years, {a.size} areas and {e.size} errors do not belong together")
    known = np.isfinite(t) & np.isfinite(a)
    t, a, e = t[known], a[known], e[known]
    order = np.lexsort((e, a, t))
    return t[order], a[order], e[order]


def _least_squares(
    t: NDArray[np.float64],
    a: NDArray[np.float64],
    e: NDArray[np.float64],
    weights: NDArray[np.float64],
    method: FitMethod,
    confidence: float,
) -> Fit:
    require_two_years(t)
    weights = weights / weights.mean()
    middle, level = np.average(t, weights=weights), np.average(a, weights=weights)
    spread = (weights * (t - middle) ** 2).sum()
    pull = weights * (t - middle) / spread
    slope = float((pull * (a - level)).sum())
    freedom = len(t) - 2
    squares = float((weights * (a - level - slope * (t - middle)) ** 2).sum())
    residual = np.sqrt(squares / freedom) if freedom else np.nan
    error = float(residual / np.sqrt(spread))
    reach = float(stats.t.ppf((1 + confidence) / 2, freedom)) * error if freedom else np.nan
    return Fit(
        method,
        slope,
        error,
        slope - reach,
        slope + reach,
        confidence,
        float(np.sqrt(((pull * e) ** 2).sum())),
        _percent(slope, level + slope * (t[0] - middle)),
        float(middle),
        float(level),
        len(t),
        float(residual),
    )


def _theil_sen(t: NDArray[np.float64], a: NDArray[np.float64], e: NDArray[np.float64], confidence: float) -> Fit:
    require_two_years(t)
    # SciPy's own line runs through the medians of years and areas, which is off where gaps are uneven.
    slope, _, low, high = (float(each) for each in stats.theilslopes(a, t, alpha=confidence))
    if len(t) < 3:
        low = high = np.nan
    middle = float(np.median(t))
    level = float(np.median(a - slope * (t - middle)))
    squares = float(((a - level - slope * (t - middle)) ** 2).sum())
    residual = float(np.sqrt(squares / (len(t) - 2))) if len(t) > 2 else np.nan
    percent = _percent(slope, level + slope * (t[0] - middle))
    return Fit("theil-sen", slope, np.nan, low, high, confidence, np.nan, percent, middle, level, len(t), residual)


def _percent(slope: float, first_area: float) -> float:
    return float(100 * slope / first_area) if first_area > 0 else float("nan")


def require_two_years(t: NDArray[np.float64]) -> None:
    """Raise `ChangeError` where there are fewer than two different years."""
    if len(np.unique(t)) < 2:
        raise ChangeError(f"{len(t)} areas of fewer than two different years make no line", remedy="use other breaks")
