"""A terminus is around the lowest point of each glacier, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

from trimline.errors import GridError
from trimline.evaluation import near_termini


def valley() -> tuple[np.ndarray, np.ndarray]:
    """Return two glaciers that flow down the rows, and the elevation."""
    ice = np.zeros((60, 60), bool)
    ice[5:40, 10:20] = ice[5:50, 40:50] = True
    elevation = np.tile(6000.0 - 10.0 * np.arange(60)[:, None], (1, 60))
    elevation[39, 14] -= 5
    elevation[49, 45] -= 5
    return ice, elevation


def test_the_lowest_points_are_found() -> None:
    ice, elevation = valley()
    near = near_termini(ice, elevation, 30.0, 90.0)
    rows, columns = np.nonzero(near)
    distance = np.minimum(np.hypot(rows - 39, columns - 14), np.hypot(rows - 49, columns - 45)) * 30
    assert distance.max() == 90
    assert near[39, 14]
    assert near[49, 45]
    assert near.sum() == 2 * 29, "two discs of three pixels' radius"


def test_small_bodies_have_none() -> None:
    ice, elevation = valley()
    ice[:] = False
    ice[3:5, 3:5] = True
    assert not near_termini(ice, elevation, 30.0, 90.0).any()
    assert near_termini(ice, elevation, 30.0, 90.0, smallest_km2=0.001).any()


def test_unknown_elevation_is_an_error() -> None:
    ice, elevation = valley()
    elevation[:, :30] = np.nan
    with pytest.raises(GridError, match="elevation of a glacier"):
        near_termini(ice, elevation, 30.0, 90.0)
