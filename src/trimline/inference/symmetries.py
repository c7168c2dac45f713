"""Mean over the eight symmetries of the square: a glacier does not know which way an image lies, but a network does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Predictor = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""From channels (n, channels, h, w) to the probability of ice (n, h, w)."""


def mean_over_symmetries(predict: Predictor, channels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean of eight predictions of turned and mirrored images, turned back; (n, h, w) float32.

    Parameters
    ----------
    predict
        Called eight times.
    channels
        (n, channels, h, w) float32.
    """
    total = np.zeros((len(channels), *channels.shape[-2:]), np.float32)
    for turns in range(4):
        turned = np.rot90(channels, turns, (-2, -1))
        total += np.rot90(_predicted(predict, turned), -turns, (-2, -1))
        total += np.rot90(_predicted(predict, turned[..., ::-1])[..., ::-1], -turns, (-2, -1))
    total /= 8.0
    return total


def _predicted(predict: Predictor, channels: NDArray[Any]) -> NDArray[np.float32]:
    return predict(np.ascontiguousarray(channels))
