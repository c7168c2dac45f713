"""What a network is fed with, from arrays and from tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from trimline.errors import BandError
from trimline.inference import Inputs

BANDS = ("green", "red", "nir", "swir1")
ALL_INDICES = ("ndsi", "ndwi", "red_swir1")

both = pytest.mark.parametrize("given_as", [np.asarray, torch.from_numpy], ids=["array", "tensor"])
Given = Callable[[NDArray[np.float32]], Any]


def drawn(*shape: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).uniform(size=shape).astype(np.float32)


@both
def test_indices_are_their_formulas(given_as: Given) -> None:
    images = np.array([0.6, 0.5, 0.4, 0.1], np.float32).reshape(1, 4, 1, 1)
    channels = Inputs(BANDS, "reflectance", ALL_INDICES)(given_as(images)).reshape(-1).tolist()
    assert channels == pytest.approx([0.6, 0.5, 0.4, 0.1, 0.5 / 0.7, 0.2, 5.0])


@both
@given(
    images=arrays(
        np.float32,
        (1, 4, 3, 3),
        elements=st.floats(-1e4, 7e4, width=32) | st.sampled_from([0.0, np.nan, np.inf, -np.inf]),
    )
)
def test_channels_are_finite_whatever_the_image_holds(given_as: Given, images: NDArray[np.float32]) -> None:
    with np.errstate(invalid="ignore"):
        fed = Inputs(BANDS, "dn", ALL_INDICES)(given_as(images))
    assert fed.shape == (1, 7, 3, 3)
    assert np.isfinite(np.asarray(fed)).all()


@given(
    arrays(np.float32, (2, 4, 3, 5), elements=st.floats(-10, 7e4, width=32) | st.sampled_from([0.0, np.nan])),
    st.booleans(),
)
def test_arrays_and_tensors_give_the_same_bits(images: NDArray[np.float32], normalised: bool) -> None:
    statistics = {"mean": (0.3,) * 7, "std": (0.7,) * 7} if normalised else {}
    inputs = Inputs(BANDS, "dn", ALL_INDICES, **statistics)
    np.testing.assert_array_equal(inputs(images), inputs(torch.from_numpy(images)).numpy())


@both
@pytest.mark.parametrize("indices", [(), ("ndsi",)])
def test_the_image_itself_is_left_as_it_was(given_as: Given, indices: tuple[str, ...]) -> None:
    images = drawn(1, 4, 3, 3)
    images[0, 1, 1, 1] = np.nan
    before, count = images.copy(), 4 + len(indices)
    Inputs(BANDS, "reflectance", indices, mean=(0.5,) * count, std=(0.1,) * count)(given_as(images))
    np.testing.assert_array_equal(images, before)


@both
def test_a_pixel_that_lacks_one_band_is_zero_in_all(given_as: Given) -> None:
    images = drawn(1, 4, 2, 2)
    images[0, 2, 0, 0] = np.nan
    fed = Inputs(BANDS, "reflectance", ("ndsi",), mean=(0.5,) * 5, std=(0.1,) * 5)(given_as(images))
    assert (fed[0, :, 0, 0] == 0).all()
    assert (fed[0, :, 1, 1] != 0).any()


@both
def test_fitted_inputs_have_mean_zero_and_standard_deviation_one(given_as: Given) -> None:
    images = drawn(70, 4, 8, 8) * 3 + 1
    images[3, :, :4] = np.nan
    inputs = Inputs(BANDS, "reflectance", ("ndsi",)).fitted_to(given_as(images))
    fed = np.moveaxis(np.asarray(inputs(given_as(images))), 1, -1)[np.isfinite(images[:, 0])]
    np.testing.assert_allclose(fed.mean(0), np.zeros(5), atol=1e-4)
    np.testing.assert_allclose(fed.std(0), np.ones(5), atol=1e-3)


@both
def test_a_band_that_never_changes_is_not_blown_up(given_as: Given) -> None:
    images = drawn(2, 2, 8, 8)
    images[:, 1] = 273.15
    fed = Inputs(("red", "thermal"), "reflectance").fitted_to(given_as(images))(given_as(images))
    assert np.abs(np.asarray(fed)[:, 1]).max() < 1e-3


def test_an_index_whose_band_is_missing_is_refused() -> None:
    with pytest.raises(BandError, match="'ndwi' needs the band nir"):
        Inputs(("green", "red"), "reflectance", ("ndwi",))


def test_an_unknown_index_is_refused() -> None:
    with pytest.raises(BandError, match="the indices are ndsi"):
        Inputs(BANDS, "reflectance", ("ndvi",))


@both
def test_images_without_a_single_whole_pixel_cannot_be_fitted_to(given_as: Given) -> None:
    with pytest.raises(BandError, match="no pixel has data"):
        Inputs(("red",), "reflectance").fitted_to(given_as(np.full((1, 1, 4, 4), np.nan, np.float32)))
