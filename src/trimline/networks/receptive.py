"""How far a network looks: the input pixels that one output pixel can depend on, by interval arithmetic.

Pooling ties the answer to where a pixel lies on the coarsest grid: two neighbours can see squares of different size,
and one of them sees farther to the left than to the right. Mapping must know the worst of all positions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Reach(NamedTuple):
    """What the outputs of a network depend on, over all positions on its coarsest grid."""

    field: int
    """Side of the largest square of input pixels that one output pixel depends on [pixels]."""
    radius: int
    """Farthest input pixel that an output pixel depends on, to either side [pixels]."""


def of_convolutions(radius: int) -> Reach:
    """Return the reach of layers that keep the grid and look `radius` pixels to each side in all."""
    return Reach(2 * radius + 1, radius)


def of_pyramid(encoder: Sequence[int], middle: int, decoder: Sequence[int]) -> Reach:
    """Return the reach of an encoder and decoder with 2x2 pooling and 2x2 upsampling between the levels.

    Parameters
    ----------
    encoder, decoder
        How far the convolutions of each level look to each side, the finest level first [pixels of the level].
    middle
        The same for the coarsest level.
    """
    field = radius = 0
    for position in range(2 ** len(encoder)):
        low = high = position
        for step in decoder:
            low, high = (low - step) // 2, (high + step) // 2
        low, high = low - middle, high + middle
        for step in reversed(encoder):
            low, high = 2 * low - step, 2 * high + 1 + step
        field = max(field, high - low + 1)
        radius = max(radius, position - low, high - position)
    return Reach(field, radius)
