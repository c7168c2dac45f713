"""Mean over the eight symmetries of the square: a glacier does not know which way an image lies, but a network does."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

Predictor = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""From channels (n, channels, h, w) to probabilities (n, outputs, h, w): an `Engine`."""


def mean_over_symmetries(predict: Predictor, channels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean of eight predictions of turned and mirrored images, turned back; (n, outputs, h, w) float32.

    Parameters
    ----------
    predict
        Called eight times.
    channels
        (n, channels, h, w) float32.
    """
    views = ((turns, mirrored) for turns in range(4) for mirrored in (False, True))
    total: NDArray[np.float32] = reduce(np.add, (_viewed(predict, channels, *view) for view in views))
    total /= 8.0
    return total


def _viewed(predict: Predictor, channels: NDArray[Any], turns: int, mirrored: bool) -> NDArray[np.float32]:
    """Return the prediction of a turned image, mirrored or not, turned back."""
    turned = np.rot90(channels, turns, (-2, -1))
    predicted = predict(np.ascontiguousarray(turned[..., ::-1] if mirrored else turned))
    return np.rot90(predicted[..., ::-1] if mirrored else predicted, -turns, (-2, -1))
