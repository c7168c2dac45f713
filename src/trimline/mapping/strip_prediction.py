"""What a strip adds to a map: probability, classes, and counts of pixels."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class PixelCounts(NamedTuple):
    """Pixels of a map, by what became of them."""

    known: int
    """With data."""
    shown: int
    """Of these, shown to the network, and their prediction kept."""
    cloud: int
    """Of those with data, not seen for cloud."""
    shadow: int
    """Not seen for shadow."""
    lost: int
    """With data in which nothing can be seen: saturated, dropped, behind terrain."""
    flagged_ice: int
    """Flagged as cloud or shadow on ground that is snow or ice by its spectrum."""
    overruled: int
    """Of these, seen nevertheless, because the network is sure of ice."""


NOTHING = PixelCounts(0, 0, 0, 0, 0, 0, 0)


class StripPrediction(NamedTuple):
    """What a strip adds to a map."""

    probability: NDArray[np.float32]
    """(h, w) of the strip's rows and the region's columns; NaN where the ground is not seen. Of blended tiles their
    share, to which that of the next strip must be added."""
    classes: NDArray[np.uint8]
    """(h, w) of `SurfaceClass`."""
    counts: PixelCounts
    """Of the rows that the strip completes."""

    def added_to(self, above: StripPrediction) -> StripPrediction:
        """Return this with what the strip above adds to its uppermost rows."""
        shared = slice(0, len(above.classes))
        self.probability[shared] += above.probability[: len(self.probability)]
        # What is hidden in one of them is so in the sum; its classes are the largest.
        mine = self.classes[shared]
        np.maximum(mine, above.classes[: len(mine)], out=mine)
        return self

    def below(self, row: int) -> StripPrediction:
        """Return a copy of the rows from one on."""
        return StripPrediction(self.probability[row:].copy(), self.classes[row:].copy(), NOTHING)
