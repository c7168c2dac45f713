"""Uncertain pixels: the odds of ice lie within a factor of four of those at the threshold.

They lie along margins, where pixels are mixed, and wherever a surface is unlike the training samples, such as ice under
the snow of early summer. At a threshold of 0.5 a pixel is uncertain where its probability lies between 0.2 and 0.8. The
factor was chosen on 228 single looks at simulated ranges: with it, the true area of clear ice lies between the ice that
is certain and the ice that is possible in 95 of 100 looks (98 of 100 with a factor of nine).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ODDS_FACTOR = 4.0
"""Largest ratio between the odds of an uncertain pixel and those at the threshold."""

CERTAIN, UNCERTAIN_GROUND, UNCERTAIN_ICE = 0, 1, 2
"""Values of `uncertain.tif` where ground was seen: certain, uncertain and mapped as ground, uncertain and mapped as
ice."""


def uncertain_bounds(threshold: float) -> tuple[float, float]:
    """Return the two probabilities between which a pixel is uncertain.

    Parameters
    ----------
    threshold
        Probability from which on a pixel is ice. At 0 and 1 no pixel is uncertain: both bounds are the threshold.
    """
    if not 0 < threshold < 1:
        return threshold, threshold
    odds = threshold / (1 - threshold)
    low, high = odds / ODDS_FACTOR, odds * ODDS_FACTOR
    return low / (1 + low), high / (1 + high)


def is_uncertain(probability: NDArray[np.float32], threshold: float) -> NDArray[np.bool_]:
    """Return where a map is uncertain.

    Parameters
    ----------
    probability
        Probability of ice, any shape; NaN, which is never uncertain, where nothing is known.
    threshold
        Probability from which on a pixel is ice.
    """
    low, high = uncertain_bounds(threshold)
    return (probability > low) & (probability < high)
