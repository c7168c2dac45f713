"""Where probability becomes ice."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimline.training.threshold import LabelledPixels, zero_bias_threshold


def pixels_of(tiles: int, seed: int, shift: float = 0.0, pixels: int = 400) -> LabelledPixels:
    """Return predictions that map the true area at a threshold of 0.5 + `shift`, but for what chance does per pixel."""
    generator = np.random.default_rng(seed)
    probability = generator.uniform(0.0, 1.0, tiles * pixels)
    truth = generator.uniform(size=tiles * pixels) < np.clip((probability - 0.5 - shift) * 5 + 0.5, 0, 1)
    return LabelledPixels(probability.astype(np.float32), truth, np.repeat(np.arange(tiles), pixels))


def bias_at(threshold: float, pixels: LabelledPixels) -> float:
    true = np.count_nonzero(pixels.truth)
    return (np.count_nonzero(pixels.probability >= threshold) - true) / true


@given(seed=st.integers(0, 1000), shift=st.floats(-0.3, 0.3))
def test_many_tiles_leave_hardly_any_bias(seed: int, shift: float) -> None:
    many = pixels_of(tiles=200, seed=seed, shift=shift)
    assert abs(bias_at(zero_bias_threshold(many), many)) < 0.02


@given(seed=st.integers(0, 1000))
def test_it_never_makes_the_bias_larger_than_at_a_half(seed: int) -> None:
    some = pixels_of(tiles=4, seed=seed, shift=0.1)
    assert abs(bias_at(zero_bias_threshold(some), some)) <= abs(bias_at(0.5, some)) + 1e-9


def test_one_tile_cannot_move_it() -> None:
    assert zero_bias_threshold(pixels_of(tiles=1, seed=0, shift=0.3)) == 0.5


def test_tiles_that_disagree_cannot_move_it() -> None:
    """One tile is mapped too large, the other hardly too small: their mean bias means nothing."""
    probability = np.array([0.6] * 50 + [0.1] * 50 + [0.6] * 48 + [0.4] * 2 + [0.1] * 50, np.float32)
    truth = np.array([True] * 30 + [False] * 70 + [True] * 50 + [False] * 50)
    assert zero_bias_threshold(LabelledPixels(probability, truth, np.repeat([0, 1], 100))) == 0.5


@pytest.mark.parametrize("ice", [True, False])
def test_without_both_classes_it_is_a_half(ice: bool) -> None:
    uniform = pixels_of(tiles=5, seed=0)
    assert zero_bias_threshold(LabelledPixels(uniform.probability, np.full(2000, ice), uniform.tile)) == 0.5


def test_it_stays_among_pixels_that_the_network_is_unsure_of() -> None:
    many = pixels_of(tiles=50, seed=1, shift=0.49)
    assert zero_bias_threshold(many) == 0.95


def test_tiles_without_a_label_do_not_count() -> None:
    some = pixels_of(tiles=20, seed=3, shift=0.2)
    gaps = LabelledPixels(some.probability, some.truth, some.tile * 3)
    assert zero_bias_threshold(gaps) == zero_bias_threshold(some)
