"""Tests whether a rate changed at a year: two fitted lines against each other, and against one line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from trimline.change.fits import Fit, known_in_order, require_two_years
from trimline.change.rates import Difference
from trimline.errors import ChangeError


def fits_differ(first: Fit, second: Fit) -> Difference:
    """Test whether the slopes of two fitted lines differ (t test with Welch's degrees of freedom).

    Parameters
    ----------
    first, second
        Least-squares lines through at least three areas each.

    Returns
    -------
    Difference
        Of the slopes in km2 per year; NaN where a line has no standard error.
    """
    errors = np.array([first.error_km2_per_a, second.error_km2_per_a])
    freedom = np.array([first.periods - 2.0, second.periods - 2.0])
    error = float(np.sqrt((errors**2).sum()))
    change = second.rate_km2_per_a - first.rate_km2_per_a
    if not error > 0:
        return Difference(change, error, np.nan, np.nan, np.nan)
    together = float(error**4 / (errors**4 / freedom).sum())
    statistic = change / error
    return Difference(change, error, statistic, together, float(2 * stats.t.sf(abs(statistic), together)))


@dataclass(frozen=True)
class BreakTest:
    """Result of the test of two lines against one."""

    f_statistic: float
    """Loss of scatter per line parameter over the scatter that remains."""
    degrees_of_freedom: tuple[int, int]
    """Degrees of freedom of F."""
    p_value: float
    """Probability of so large an F if one line held throughout."""


def break_test(years: ArrayLike, areas_km2: ArrayLike, at: float) -> BreakTest:
    """Test whether one line holds before and after a year (Chow, 1960, Econometrica 28, 591-605).

    Parameters
    ----------
    years, areas_km2
        As in `fit_rate`.
    at
        Decimal year; areas of exactly that year belong to the time before.

    Returns
    -------
    BreakTest
        F with 2 and n - 4 degrees of freedom; NaN where the two lines leave no scatter.

    Raises
    ------
    ChangeError
        Before or after lie fewer than two different years, or there are fewer than five in all.
    """
    t, a, _ = known_in_order(years, areas_km2, None)
    if len(t) < 5:
        raise ChangeError(f"{len(t)} areas are too few to test for a break", remedy="five are the least")
    before = t <= at
    one, two = (_squares(t, a), _squares(t[before], a[before]) + _squares(t[~before], a[~before]))
    freedom = (2, len(t) - 4)
    if two <= 1e-20 * (a**2).sum():
        return BreakTest(np.nan, freedom, np.nan)
    statistic = (one - two) / freedom[0] / (two / freedom[1])
    return BreakTest(float(statistic), freedom, float(stats.f.sf(statistic, *freedom)))


def _squares(t: NDArray[np.float64], a: NDArray[np.float64]) -> float:
    require_two_years(t)
    slope = ((t - t.mean()) * (a - a.mean())).sum() / ((t - t.mean()) ** 2).sum()
    return float(((a - a.mean() - slope * (t - t.mean())) ** 2).sum())
