"""The four counts of a binary map, and the scores that follow from them.

Formulas: precision, recall, F1 and overall accuracy as equations 2 to 5 of Chen and others (2022), IEEE JSTARS 15; F1
is their *harmonic* mean, as in the equation and unlike the text around it. Kappa: Cohen (1960), Educational and
Psychological Measurement 20, 37-46.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from trimline.errors import GridError

SCORES = ("f1", "iou", "precision", "recall", "kappa", "oa", "area_bias")
"""The scores of a `Confusion`, in the order of tables."""


@dataclass(frozen=True)
class Confusion:
    """Counts of pixels; the counts of several scenes add up."""

    tp: int = 0
    """Ice mapped as ice: hits."""
    fp: int = 0
    """Ground mapped as ice: false ice."""
    fn: int = 0
    """Ice mapped as ground: missed ice."""
    tn: int = 0
    """Ground mapped as ground."""

    @classmethod
    def from_masks(cls, truth: NDArray[Any], mapped: NDArray[Any], valid: NDArray[Any] | None = None) -> Self:
        """Count pixels.

        Parameters
        ----------
        truth, mapped
            Arrays of one shape; what is not 0 is ice.
        valid
            Array of that shape; pixels where it is 0 are not counted.

        Raises
        ------
        GridError
            The shapes differ.
        """
        require_one_shape(truth=truth, mapped=mapped, valid=valid)
        counted = np.ones(truth.shape, bool) if valid is None else valid.astype(bool)
        true, ice = truth.astype(bool) & counted, mapped.astype(bool) & counted
        tp = int(np.count_nonzero(true & ice))
        fp = int(np.count_nonzero(ice)) - tp
        fn = int(np.count_nonzero(true)) - tp
        return cls(tp, fp, fn, int(np.count_nonzero(counted)) - tp - fp - fn)

    def __add__(self, other: Confusion) -> Confusion:
        return Confusion(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn, self.tn + other.tn)

    @property
    def n(self) -> int:
        """All pixels counted."""
        return self.tp + self.fp + self.fn + self.tn

    @property
    def precision(self) -> float:
        """User's accuracy: the share of mapped ice that is ice. NaN where no ice is mapped."""
        return _ratio(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> float:
        """Producer's accuracy: the share of ice that is mapped. NaN where there is no ice."""
        return _ratio(self.tp, self.tp + self.fn)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall. NaN where there is no ice in either."""
        return _ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn)

    @property
    def iou(self) -> float:
        """Intersection over union of mapped and true ice. NaN where there is no ice in either."""
        return _ratio(self.tp, self.tp + self.fp + self.fn)

    @property
    def oa(self) -> float:
        """Overall accuracy: the share of pixels mapped correctly. NaN where no pixel is counted."""
        return _ratio(self.tp + self.tn, self.n)

    @property
    def kappa(self) -> float:
        """Cohen's kappa: agreement beyond chance. NaN where map and truth are the same one class throughout."""
        by_chance = (self.tp + self.fp) * (self.tp + self.fn) + (self.fn + self.tn) * (self.fp + self.tn)
        return _ratio((self.tp + self.tn) * self.n - by_chance, self.n**2 - by_chance)

    @property
    def area_bias(self) -> float:
        """Mapped minus true area, as a fraction of the true one. NaN where there is no ice."""
        return _ratio(self.fp - self.fn, self.tp + self.fn)

    def scores(self) -> dict[str, float]:
        """Return every score by its name in `SCORES`, as fractions."""
        return {name: getattr(self, name) for name in SCORES}


def require_one_shape(**arrays: NDArray[Any] | None) -> None:
    """Raise `GridError` when arrays that should lie on one grid do not."""
    shapes = {name: array.shape for name, array in arrays.items() if array is not None}
    if len(set(shapes.values())) > 1:
        listed = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise GridError(f"arrays of different shapes cannot be compared: {listed}")


def _ratio(numerator: int, denominator: int) -> float:
    return numerator / denominator if denominator else float("nan")
