"""Labelled tiles in memory, the input of training and of the search for thresholds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimline.errors import SampleError
from trimline.sensors import Units

GROUND = 0
"""Value of a mask: ground without ice."""
ICE = 1
"""Value of a mask: ice."""
IGNORE = 255
"""Value of a mask: unknown, and left out of training and scores."""


@dataclass(frozen=True)
class Samples:
    """Labelled tiles of one size."""

    images: NDArray[np.float32]
    """(n, bands, h, w): reflectance (or digital numbers), NaN outside the valid data."""
    masks: NDArray[np.uint8]
    """(n, h, w): `GROUND`, `ICE` or `IGNORE`."""
    bands: tuple[str, ...]
    """Common names of the bands, in the order of the second axis."""
    units: Units
    """What the images are measured in."""

    def __post_init__(self) -> None:
        if self.images.ndim != 4 or self.images.shape[1] != len(self.bands):
            raise SampleError(
                f"images of shape {self.images.shape} do not have {len(self.bands)} bands on their second axis"
            )
        expected = (self.images.shape[0], *self.images.shape[2:])
        if self.masks.shape != expected:
            raise SampleError(f"masks of shape {self.masks.shape} do not lie on images of {expected}")

    def __len__(self) -> int:
        return int(self.images.shape[0])

    @property
    def ice_fraction(self) -> float:
        """Share of ice among the labelled pixels; NaN where none is labelled."""
        labelled = int(np.count_nonzero(self.masks != IGNORE))
        return int(np.count_nonzero(self.masks == ICE)) / labelled if labelled else float("nan")
