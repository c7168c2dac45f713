"""Distance between a mapped and a true outline, in metres.

The boundary of a mask is made of the pixel edges between ice and ground, each taken at its midpoint, so that it lies
where a traced outline would and not half a pixel inside the ice. The edges of the image and of the
valid pixels do not count as boundary.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from trimline.evaluation.confusion import require_one_shape


@dataclass(frozen=True)
class BoundaryDistance:
    """Sums of distances between two boundaries, so that those of many scenes can be added."""

    truth_sum_m: float = 0.0
    """Sum over the true boundary of the distance to the mapped one [m]."""
    truth_edges: int = 0
    """Pixel edges of the true boundary."""
    mapped_sum_m: float = 0.0
    """Sum over the mapped boundary of the distance to the true one [m]."""
    mapped_edges: int = 0
    """Pixel edges of the mapped boundary."""

    def __add__(self, other: BoundaryDistance) -> BoundaryDistance:
        return BoundaryDistance(
            self.truth_sum_m + other.truth_sum_m,
            self.truth_edges + other.truth_edges,
            self.mapped_sum_m + other.mapped_sum_m,
            self.mapped_edges + other.mapped_edges,
        )

    @property
    def mean_m(self) -> float:
        """Average of the two directed mean distances [m]; NaN where a boundary is missing."""
        if not self.truth_edges or not self.mapped_edges:
            return float("nan")
        return (self.truth_sum_m / self.truth_edges + self.mapped_sum_m / self.mapped_edges) / 2


def boundary_distance(
    truth: NDArray[Any], mapped: NDArray[Any], pixel_m: float, valid: NDArray[Any] | None = None
) -> BoundaryDistance:
    """Measure the distance between two boundaries, in both directions.

    Parameters
    ----------
    truth, mapped
        (h, w); what is not 0 is ice.
    pixel_m
        Side of a pixel [m].
    valid
        (h, w); edges of pixels where it is 0 are left out.

    Returns
    -------
    BoundaryDistance
        All 0 where one of the two has no boundary: a distance to nothing is not a number, and must not count as one
        when scenes are pooled.

    Raises
    ------
    GridError
        The shapes differ.
    """
    require_one_shape(truth=truth, mapped=mapped, valid=valid)
    true, mapped_edges = _midpoints(truth, valid), _midpoints(mapped, valid)
    if not len(true) or not len(mapped_edges):
        return BoundaryDistance()
    to_mapped, _ = cKDTree(mapped_edges).query(true)
    to_truth, _ = cKDTree(true).query(mapped_edges)
    return BoundaryDistance(
        float(to_mapped.sum()) * pixel_m, len(true), float(to_truth.sum()) * pixel_m, len(mapped_edges)
    )


def boundary_distance_m(
    truth: NDArray[Any], mapped: NDArray[Any], pixel_m: float, valid: NDArray[Any] | None = None
) -> float:
    """Return the mean distance between two boundaries [m], both directions averaged; NaN where one is missing.

    The parameters are those of `boundary_distance`.
    """
    return boundary_distance(truth, mapped, pixel_m, valid).mean_m


def _midpoints(mask: NDArray[Any], valid: NDArray[Any] | None) -> NDArray[np.float64]:
    """Return (n, 2) row and column of the midpoints of the pixel edges between ice and ground [pixels]."""
    ice = mask.astype(bool)
    known = np.ones(ice.shape, bool) if valid is None else valid.astype(bool)
    below = (ice[1:] != ice[:-1]) & known[1:] & known[:-1]
    beside = (ice[:, 1:] != ice[:, :-1]) & known[:, 1:] & known[:, :-1]
    return np.concatenate([np.argwhere(below) + np.array([0.5, 0.0]), np.argwhere(beside) + np.array([0.0, 0.5])])
