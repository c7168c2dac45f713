"""Uncertain pixels: odds within a factor of four of the threshold's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimline.timeline.uncertain import is_uncertain, uncertain_bounds


def test_at_a_half_it_lies_between_a_fifth_and_four_fifths() -> None:
    assert uncertain_bounds(0.5) == pytest.approx((0.2, 0.8))
    probability = np.array([0.0, 0.19, 0.21, 0.5, 0.79, 0.81, 1.0, np.nan], np.float32)
    assert is_uncertain(probability, 0.5).tolist() == [False, False, True, True, True, False, False, False]


@given(st.floats(0.01, 0.99))
def test_the_threshold_is_always_uncertain_and_ice_and_ground_are_treated_alike(threshold: float) -> None:
    low, high = uncertain_bounds(threshold)
    assert 0 < low < threshold < high < 1
    other_low, other_high = uncertain_bounds(1 - threshold)
    assert (other_low, other_high) == pytest.approx((1 - high, 1 - low))


@pytest.mark.parametrize("threshold", [0.0, 1.0])
def test_where_everything_or_nothing_is_ice_no_pixel_is_uncertain(threshold: float) -> None:
    assert not is_uncertain(np.linspace(0, 1, 11, dtype=np.float32), threshold).any()
