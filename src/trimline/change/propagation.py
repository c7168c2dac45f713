"""Propagation of errors: from two areas to their difference, and from terms to a sum.

Chen and others (2022, eq. 6, after Hall and others, 2003, Remote Sensing of Environment 86, 566-577) and many others
take the root of the sum of squares, which assumes independent errors of two dates. The same
network, pixel and operator err alike on both dates; with a correlation r the error of the difference is
sqrt(e1^2 + e2^2 - 2 r e1 e2), from the sum of both (r = -1) over the root of squares (r = 0) to their difference (r =
1).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trimline.errors import ChangeError


def change_error(first: ArrayLike, second: ArrayLike, correlation: ArrayLike = 0.0) -> NDArray[np.float64]:
    """Return the error of the difference of two areas.

    Parameters
    ----------
    first, second
        Errors of the two areas, in one unit; NaN where unknown.
    correlation
        Correlation of the two errors, -1 to 1.

    Returns
    -------
    NDArray[np.float64]
        The error in the same unit.

    Raises
    ------
    ChangeError
        An error is negative, or the correlation is outside -1 to 1.
    """
    e1, e2, r = (np.asarray(each, np.float64) for each in (first, second, correlation))
    if (e1 < 0).any() or (e2 < 0).any():
        raise ChangeError("an error of an area is negative", remedy="give errors as magnitudes")
    if not ((r >= -1) & (r <= 1)).all():
        raise ChangeError(f"a correlation is {r}", remedy="give one from -1 to 1")
    # Written so that r = 1 gives |e1 - e2| and not the root of a rounding.
    return np.asarray(np.sqrt((e1 - e2) ** 2 + 2 * (1 - r) * e1 * e2))


def summed_error(errors: ArrayLike, correlation: float = 0.0) -> float:
    """Return the error of a sum whose terms all correlate alike: root of squares for 0, plain sum for 1.

    Parameters
    ----------
    errors
        (n,) errors of the terms, in one unit.
    correlation
        Correlation of any two of them, 0 to 1.

    Returns
    -------
    float
        The error in the same unit.

    Raises
    ------
    ChangeError
        The correlation is outside 0 to 1.
    """
    if not 0 <= correlation <= 1:
        raise ChangeError(f"the correlation is {correlation:g}", remedy="give one from 0 to 1")
    e = np.asarray(errors, np.float64)
    return float(np.sqrt((1 - correlation) * (e**2).sum() + correlation * e.sum() ** 2))
