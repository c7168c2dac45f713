"""Values between pixels."""

from __future__ import annotations

import numpy as np
import scipy.ndimage  # noqa: F401 - slow to import, and each test of a property has a deadline
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from trimline.scenes.resampling import (
    bilinear,
    bilinear_along_axes,
    mean_of_samples,
    nearest,
    nearest_along_axes,
)

SHAPE = (2, 6, 7)
VALUES = arrays(np.float32, SHAPE, elements=st.one_of(st.floats(-10, 10, width=32), st.just(np.nan)))
ROWS = arrays(np.float64, 20, elements=st.floats(-2, 8))
COLUMNS = arrays(np.float64, 20, elements=st.floats(-2, 9))


@given(VALUES)
def test_at_the_centres_of_pixels_both_give_the_pixels_themselves(values: np.ndarray) -> None:
    rows, columns = np.indices(SHAPE[1:]).astype(np.float64)
    np.testing.assert_array_equal(nearest(values, rows, columns), values)
    np.testing.assert_allclose(bilinear(values, rows, columns), values, rtol=1e-6)


@given(VALUES, ROWS, COLUMNS)
def test_a_position_is_valid_exactly_where_its_pixel_is(
    values: np.ndarray, rows: np.ndarray, columns: np.ndarray
) -> None:
    expected = np.isfinite(nearest(values, rows, columns))
    np.testing.assert_array_equal(np.isfinite(bilinear(values, rows, columns)), expected)


@given(VALUES, ROWS, COLUMNS)
def test_bilinear_values_stay_within_those_of_the_image(
    values: np.ndarray, rows: np.ndarray, columns: np.ndarray
) -> None:
    for layer, out in zip(values, bilinear(values, rows, columns), strict=True):
        if np.isfinite(out).any():
            assert np.nanmin(out) >= np.nanmin(layer) - 1e-4
            assert np.nanmax(out) <= np.nanmax(layer) + 1e-4


@given(ROWS, COLUMNS, st.integers(0, 2**32 - 1))
def test_a_constant_image_stays_constant_around_its_gaps(rows: np.ndarray, columns: np.ndarray, seed: int) -> None:
    values = np.full(SHAPE, 0.3, dtype=np.float32)
    values[np.random.default_rng(seed).random(SHAPE) < 0.3] = np.nan
    out = bilinear(values, rows, columns)
    np.testing.assert_allclose(out[np.isfinite(out)], 0.3, rtol=1e-6)


def test_bilinear_means_reproduce_a_plane() -> None:
    rows, columns = np.indices((10, 12)).astype(np.float32)
    plane = (2 * rows + 3 * columns)[None]
    at_rows, at_columns = np.array([3.25, 7.5]), np.array([4.75, 0.1])
    np.testing.assert_allclose(bilinear(plane, at_rows, at_columns)[0], 2 * at_rows + 3 * at_columns, rtol=1e-6)


def test_outside_the_image_there_is_nothing() -> None:
    image = np.ones((1, 3, 3), dtype=np.float32)
    rows = np.array([-0.51, 2.51, -0.49, 2.49])
    np.testing.assert_array_equal(np.isnan(nearest(image, rows, np.ones(4)))[0], [True, True, False, False])


def test_a_mean_needs_half_of_its_samples() -> None:
    samples = np.array([[1, 3, np.nan, np.nan], [1, np.nan, np.nan, np.nan]], dtype=np.float32)
    np.testing.assert_array_equal(mean_of_samples(samples), np.array([2, np.nan], dtype=np.float32))


@given(VALUES, ROWS, COLUMNS)
def test_along_axes_values_are_those_of_every_pair_of_positions(
    values: np.ndarray, rows: np.ndarray, columns: np.ndarray
) -> None:
    every_column, every_row = np.meshgrid(columns, rows)
    np.testing.assert_array_equal(nearest_along_axes(values, rows, columns), nearest(values, every_row, every_column))
    expected = bilinear(values, every_row, every_column)
    np.testing.assert_allclose(bilinear_along_axes(values, rows, columns), expected, rtol=2e-5, atol=2e-5)
