"""What a network is fed with."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from trimline.training.inputs import Inputs

from trimline.errors import BandError

BANDS = ("green", "red", "nir", "swir1")
ALL_INDICES = ("ndsi", "ndwi", "red_swir1")


def test_indices_are_their_formulas() -> None:
    images = torch.tensor([0.6, 0.5, 0.4, 0.1]).view(1, 4, 1, 1)
    channels = Inputs(BANDS, "reflectance", ALL_INDICES)(images).flatten().tolist()
    assert channels == pytest.approx([0.6, 0.5, 0.4, 0.1, 0.5 / 0.7, 0.2, 5.0])


@given(
    arrays(
        np.float32,
        (1, 4, 3, 3),
        elements=st.floats(-1e4, 7e4, width=32) | st.sampled_from([0.0, np.nan, np.inf, -np.inf]),
    )
)
def test_channels_are_finite_whatever_the_image_holds(images: np.ndarray) -> None:
    fed = Inputs(BANDS, "dn", ALL_INDICES)(torch.from_numpy(images))
    assert fed.shape == (1, 7, 3, 3)
    assert fed.isfinite().all()


def test_a_pixel_that_lacks_one_band_is_zero_in_all() -> None:
    images = torch.rand(1, 4, 2, 2)
    images[0, 2, 0, 0] = torch.nan
    fed = Inputs(BANDS, "reflectance", ("ndsi",), mean=(0.5,) * 5, std=(0.1,) * 5)(images)
    assert (fed[0, :, 0, 0] == 0).all()
    assert (fed[0, :, 1, 1] != 0).any()


def test_whole_pixels_give_the_same_without_being_looked_for() -> None:
    images = torch.rand(2, 3, 5, 5, generator=torch.Generator().manual_seed(1))
    images[:, :, 1, 2] = torch.nan
    inputs = Inputs(("green", "nir", "swir1"), "reflectance", ("ndsi", "ndwi")).fitted_to(images)
    torch.testing.assert_close(inputs(images, whole_pixels=True), inputs(images), rtol=0, atol=0)
    assert (inputs(images)[:, :, 1, 2] == 0).all()


def test_fitted_inputs_have_mean_zero_and_standard_deviation_one() -> None:
    images = torch.rand(70, 4, 8, 8, generator=torch.Generator().manual_seed(0)) * 3 + 1
    images[3, :, :4] = torch.nan
    inputs = Inputs(BANDS, "reflectance", ("ndsi",)).fitted_to(images)
    fed = inputs(images).movedim(1, -1)[torch.isfinite(images[:, 0])]
    torch.testing.assert_close(fed.mean(0), torch.zeros(5), atol=1e-4, rtol=0)
    torch.testing.assert_close(fed.std(0), torch.ones(5), atol=1e-3, rtol=0)


def test_a_band_that_never_changes_is_not_blown_up() -> None:
    images = torch.rand(2, 2, 8, 8)
    images[:, 1] = 273.15
    fed = Inputs(("red", "thermal"), "reflectance").fitted_to(images)(images)
    assert fed[:, 1].abs().max() < 1e-3


def test_an_index_whose_band_is_missing_is_refused() -> None:
    with pytest.raises(BandError, match="'ndwi' needs the band nir"):
        Inputs(("green", "red"), "reflectance", ("ndwi",))


def test_an_unknown_index_is_refused() -> None:
    with pytest.raises(BandError, match="the indices are ndsi"):
        Inputs(BANDS, "reflectance", ("ndvi",))


def test_images_without_a_single_whole_pixel_cannot_be_fitted_to() -> None:
    with pytest.raises(BandError, match="no pixel has data"):
        Inputs(("red",), "reflectance").fitted_to(torch.full((1, 1, 4, 4), torch.nan))
