"""The band ratio is the paper's, though it is written as a network."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from trimline.networks import build

WINDOW = np.ones((5, 5), bool)


def mapped(images: np.ndarray, **arguments: object) -> np.ndarray:
    """Return where the band ratio puts ice, (h, w) bool, of images (bands, h, w)."""
    network = build("band_ratio", len(images), **arguments).eval()
    with torch.inference_mode():
        logits = network(torch.from_numpy(images.astype(np.float32)).unsqueeze(0))
    return (logits.softmax(1)[0, 1] >= 0.5).numpy()


@given(
    red=arrays(np.uint8, (24, 24), elements=st.integers(1, 255)),
    swir1=arrays(np.uint8, (24, 24), elements=st.integers(1, 60)),
    threshold=st.sampled_from([1.5, 2.0, 2.5, 3.1]),
)
def test_without_filters_it_is_the_ratio_above_the_threshold(
    red: np.ndarray, swir1: np.ndarray, threshold: float
) -> None:
    expected = red.astype(np.float32) / swir1.astype(np.float32) > np.float32(threshold)
    found = mapped(np.stack((red, swir1)), threshold=threshold, opening=1, closing=1)
    np.testing.assert_array_equal(found, expected)


@given(noise=arrays(np.uint8, (40, 40), elements=st.integers(0, 9)))
def test_its_filters_are_binary_opening_and_closing(noise: np.ndarray) -> None:
    """Inside the image, where our window ends at the border and scipy's is filled up."""
    red = np.where(noise < 8, 200, 20)
    ice = red > 40
    expected = ndimage.binary_closing(ndimage.binary_opening(ice, WINDOW), WINDOW)
    found = mapped(np.stack((red, np.full_like(red, 20))), threshold=2.0)
    inside = slice(8, -8)
    np.testing.assert_array_equal(found[inside, inside], expected[inside, inside])


def test_specks_go_and_small_holes_close() -> None:
    red = np.full((40, 40), 10.0)
    red[10:30, 10:30] = 100.0
    red[18:20, 18:20] = 10.0
    red[2:4, 2:4] = 100.0
    ice = mapped(np.stack((red, np.full_like(red, 10.0))))
    assert ice[18:20, 18:20].all()
    assert not ice[2:4, 2:4].any()
    assert ice.sum() == 20 * 20


def test_probability_is_a_half_at_the_threshold() -> None:
    network = build("band_ratio", 2, threshold=3.1, opening=1, closing=1)
    with torch.inference_mode():
        logits = network(torch.tensor([62.0, 20.0]).view(1, 2, 1, 1))
    assert float(logits.softmax(1)[0, 1]) == pytest.approx(0.5, abs=1e-6)
    assert float(logits.softmax(1)[0, 1]) < 0.5, "a ratio equal to the threshold is ground"


@pytest.mark.parametrize(
    ("red", "swir1", "ice"),
    [(0.5, 0.0, True), (0.5, -0.01, True), (-0.01, 0.1, False), (0.0, 0.1, False), (-0.02, -0.01, False)],
)
def test_values_at_or_below_zero_do_not_turn_the_ratio_round(red: float, swir1: float, ice: bool) -> None:
    images = np.stack((np.full((8, 8), red), np.full((8, 8), swir1)))
    assert (mapped(images) == ice).all()


def test_pixels_without_data_do_not_eat_into_the_ice_beside_them() -> None:
    red, swir1 = np.full((40, 40), 100.0), np.full((40, 40), 10.0)
    red[:, ::8] = swir1[:, ::8] = 0.0
    ice = mapped(np.stack((red, swir1)))
    without_data = np.zeros((40, 40), bool)
    without_data[:, ::8] = True
    assert not ice[without_data].any()
    assert ice[~without_data].all()


def test_blue_keeps_shadow_out() -> None:
    red, swir1, blue = (np.full((30, 30), value) for value in (0.03, 0.002, 0.3))
    blue[:, :15] = 0.05
    ice = mapped(np.stack((red, swir1, blue)), blue=2, blue_threshold=0.1)
    assert not ice[:, :15].any()
    assert ice[:, 15:].all()


def test_positions_of_the_bands_are_arguments() -> None:
    images = np.stack((np.full((8, 8), 10.0), np.full((8, 8), 10.0), np.full((8, 8), 100.0)))
    assert mapped(images, red=2, swir1=0).all()
    assert not mapped(images, red=0, swir1=2).any()


def test_a_pixel_is_felt_as_far_as_the_halo_and_no_farther() -> None:
    network = build("band_ratio", 2)
    assert network.receptive_field == 17
    assert network.halo == 8
    generator = torch.Generator().manual_seed(3)
    images = torch.rand(1, 2, 41, 41, generator=generator) + 0.1
    felt = torch.zeros(41, 41, dtype=torch.bool)
    for value in (0.01, 100.0):
        for _ in range(20):
            images = torch.rand(1, 2, 41, 41, generator=generator) + 0.1
            changed = images.clone()
            changed[0, 0, 20, 20] = value
            felt |= (network(images) != network(changed))[0, 1]
    distance = torch.nonzero(felt).sub(20).abs().max()
    assert int(distance) <= 8
