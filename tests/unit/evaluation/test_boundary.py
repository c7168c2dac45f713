"""Distances between boundaries are metres on the ground."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from trimline.errors import GridError
from trimline.evaluation import BoundaryDistance, boundary_distance, boundary_distance_m


def disc(row: float, column: float, radius: float, side: int = 200) -> NDArray[np.bool_]:
    rows, columns = np.mgrid[:side, :side]
    return np.asarray((rows - row) ** 2 + (columns - column) ** 2 <= radius**2)


def test_a_boundary_is_no_distance_from_itself() -> None:
    assert boundary_distance_m(disc(90, 95, 40), disc(90, 95, 40), 30) == 0


@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_a_straight_front_that_retreats_by_k_pixels_is_k_pixels_away(k: int) -> None:
    rows = np.arange(60)[:, None] + np.zeros((60, 40))
    assert boundary_distance_m(rows < 40, rows < 40 - k, 30) == pytest.approx(30 * k)


@pytest.mark.parametrize("k", [4, 8])
def test_a_disc_that_is_shifted_by_k_pixels_is_two_kths_over_pi_away(k: int) -> None:
    """The distance between two circles shifted by k is k |cos| of the direction; its mean is 2 k / pi."""
    assert boundary_distance_m(disc(100, 90, 60), disc(100, 90 + k, 60), 10) == pytest.approx(
        20 * k / math.pi, rel=0.08
    )


@pytest.mark.parametrize("k", [2, 5, 10])
def test_a_disc_that_grows_by_k_pixels_is_k_pixels_away(k: int) -> None:
    """Pixel edges are points of a staircase: the nearest is a fraction of a pixel off."""
    assert boundary_distance_m(disc(100, 100, 50), disc(100, 100, 50 + k), 30) == pytest.approx(30 * k, abs=12)


@given(st.sampled_from([10.0, 30.0]), st.integers(0, 10))
def test_the_distance_scales_with_the_pixel_and_goes_both_ways(pixel_m: float, shift: int) -> None:
    a, b = disc(30, 30, 15, 64), disc(30, 30 + shift, 12, 64)
    assert boundary_distance_m(a, b, pixel_m) == pytest.approx(pixel_m * boundary_distance_m(a, b, 1))
    assert boundary_distance_m(a, b, pixel_m) == pytest.approx(boundary_distance_m(b, a, pixel_m))


def test_ice_and_ground_have_the_same_boundary() -> None:
    a, b = disc(100, 100, 40), disc(104, 98, 44)
    assert boundary_distance_m(~a, ~b, 30) == boundary_distance_m(a, b, 30)


def test_without_a_boundary_there_is_no_distance() -> None:
    nothing = np.zeros((200, 200), bool)
    assert math.isnan(boundary_distance_m(disc(100, 100, 9), nothing, 30))
    assert math.isnan(boundary_distance_m(nothing, nothing, 30))
    assert math.isnan(boundary_distance_m(disc(100, 100, 9), ~nothing, 30))


def test_the_edge_of_the_image_and_of_the_valid_is_no_boundary() -> None:
    full = np.ones((50, 50), bool)
    valid = np.zeros((50, 50), bool)
    valid[:, :20] = True
    assert boundary_distance(full, full, 30) == BoundaryDistance()
    hidden = full.copy()
    hidden[:, 20:] = False
    assert boundary_distance(hidden, hidden, 30, valid) == BoundaryDistance()


def test_invalid_ground_changes_nothing_elsewhere() -> None:
    a, b = disc(40, 40, 20), disc(42, 40, 20)
    valid = np.ones_like(a)
    valid[120:] = False
    noisy = b.copy()
    noisy[120:] = np.random.default_rng(0).random((80, 200)) > 0.5
    assert boundary_distance_m(a, noisy, 30, valid) == boundary_distance_m(a, b, 30)


@settings(deadline=None)
@given(arrays(np.bool_, (8, 9)), arrays(np.bool_, (8, 9)))
def test_the_sums_are_never_negative_and_pool(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> None:
    one = boundary_distance(a, b, 30)
    assert min(one.truth_sum_m, one.mapped_sum_m) >= 0
    twice = one + one
    assert twice.mean_m == pytest.approx(one.mean_m, nan_ok=True)
    assert (one + BoundaryDistance()) == one


def test_masks_of_two_grids_are_an_error() -> None:
    with pytest.raises(GridError):
        boundary_distance_m(np.ones((3, 4)), np.ones((4, 3)), 30)
