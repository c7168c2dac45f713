"""Spectral indices map without training: exactly where their formula says, and as the network `band_ratio` does."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.ndimage import binary_closing, binary_opening

from trimline.errors import NetworkError
from trimline.inference import Inputs, Model, ModelMetadata, ndsi_model, ratio_model, ratio_threshold
from trimline.inference.torch_engine import TorchEngine
from trimline.networks import build


def reflectance(*shape: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).uniform(0.01, 1.0, shape).astype(np.float32)


def by_the_network(ratio: float, blue: float | None, side: int) -> Model:
    """Return the trained method of the same name at a given threshold, computed by PyTorch."""
    bands = ("red", "swir1") if blue is None else ("red", "swir1", "blue")
    darkness = {} if blue is None else {"blue": 2, "blue_threshold": blue}
    network = build("band_ratio", len(bands), threshold=ratio, opening=side, closing=side, **darkness)
    metadata = ModelMetadata(network="band_ratio", inputs=Inputs(bands, "reflectance"), stride=1)
    return Model(metadata, TorchEngine(network.eval(), torch.device("cpu")))


@pytest.mark.parametrize("ratio", [1.5, 2.0, 3.1])
@pytest.mark.parametrize("blue", [None, 0.4])
@pytest.mark.parametrize("side", [1, 3, 5])
def test_it_gives_what_the_network_band_ratio_gives(ratio: float, blue: float | None, side: int) -> None:
    images = reflectance(2, 2 if blue is None else 3, 40, 57)
    images[0, :, 10:14, 20:50] = np.nan  # a stripe without data takes nothing from the ice beside it
    images[1, 1, :5] = -0.01
    ours = ratio_model(ratio, blue=blue, filter=side).predict(images)
    expected = by_the_network(ratio, blue, side).predict(images)
    assert np.array_equal(np.isnan(ours), np.isnan(expected))
    assert np.allclose(ours, expected, atol=2e-6, equal_nan=True)
    known = np.isfinite(ours)
    assert np.array_equal(ours[known] >= 0.5, expected[known] >= 0.5)


def test_without_a_filter_ice_is_where_the_formula_says() -> None:
    red, swir1, blue = images = reflectance(3, 64, 64)
    mapped = ratio_model(2.0, blue=0.3, filter=0).predict(images[np.newaxis])[0] >= 0.5
    assert np.array_equal(mapped, (red / swir1 > 2.0) & (blue > 0.3))
    assert ratio_model(2.0, blue=0.3).bands == ("red", "swir1", "blue")
    assert ratio_model(numerator="nir").bands == ("nir", "swir1")


@pytest.mark.parametrize("ndsi", [-0.2, 0.0, 0.4, 0.7])
def test_the_ndsi_is_the_normalised_difference(ndsi: float) -> None:
    green, swir1 = images = reflectance(2, 64, 64)
    mapped = ndsi_model(ndsi, filter=0).predict(images[np.newaxis])[0] >= 0.5
    assert np.array_equal(mapped, (green - swir1) / (green + swir1) > ndsi)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from([3, 5, 7]))
def test_the_filter_is_an_opening_and_a_closing_of_the_map(seed: int, side: int) -> None:
    images = reflectance(2, 30, 33, seed=seed)
    images = images.repeat(2, 1).repeat(2, 2)
    raw = ratio_model(1.2, filter=0).predict(images[np.newaxis])[0] >= 0.5
    window = np.ones((side, side), bool)
    # What lies beyond the edge neither erodes nor dilates.
    expected = binary_closing(np.pad(binary_opening(np.pad(raw, side, mode="edge"), window), 0), window)[
        side:-side, side:-side
    ]
    inner = slice(2 * side, -2 * side)
    mapped = ratio_model(1.2, filter=side).predict(images[np.newaxis])[0] >= 0.5
    assert np.array_equal(mapped[inner, inner], expected[inner, inner])


@pytest.mark.parametrize("threshold", [0.3, 1.5, 1.7, 2.0, 3.1, 3.7, 10.0])
def test_a_map_cut_at_the_thresholds_probability_is_the_map_of_that_threshold(threshold: float) -> None:
    """Ratios of whole numbers, as of TM: many lie exactly at a threshold, where ice must exceed it."""
    numbers = np.random.default_rng(0).integers(1, 60, (1, 2, 24, 24)).repeat(8, 2).repeat(8, 3).astype(np.float32)
    probability = ratio_model(units="dn").predict(numbers)[0]
    network = build("band_ratio", 2, threshold=threshold)
    with torch.no_grad():
        expected = network(torch.from_numpy(numbers))[0, 1].numpy() >= 0
    assert np.array_equal(probability >= ratio_threshold(threshold), expected)
    assert 0 < expected.mean() < 1


@pytest.mark.parametrize("side", [0, 3, 5, 9])
def test_beyond_its_halo_the_edge_of_a_window_is_not_felt(side: int) -> None:
    images = reflectance(1, 2, 90, 90)
    model = ratio_model(1.3, filter=side)
    whole, part = model.predict(images), model.predict(images[:, :, 20:70, 20:70])
    halo = model.halo
    assert halo == 4 * (side // 2)
    inner = slice(halo, 50 - halo)
    assert np.array_equal(part[:, inner, inner], whole[:, 20:70, 20:70][:, inner, inner])


def test_its_hash_and_its_words_follow_all_that_decides() -> None:
    models = [
        ratio_model(2.0),
        ratio_model(2.1),
        ratio_model(2.0, blue=0.1),
        ratio_model(2.0, filter=0),
        ratio_model(2.0, numerator="nir"),
        ndsi_model(0.4),
        ndsi_model(0.5),
    ]
    assert len({each.sha256 for each in models}) == len({each.rule for each in models}) == len(models)
    assert ratio_model(2.0).sha256 == ratio_model(2.0).sha256
    assert ratio_model(2.0, blue=0.1).rule == "red / swir1 > 2, blue > 0.1, opened and closed with 5 x 5 pixels"
    assert ndsi_model(0.4, filter=0).rule == "NDSI > 0.4, not filtered"
    assert "red / swir1 > 2" in repr(models[0])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ratio_model(0.0), "a ratio of bands is never 0"),
        (lambda: ratio_model(float("nan")), "a ratio of bands is never nan"),
        (lambda: ratio_model(filter=4), "4 pixels on a side"),
        (lambda: ratio_model(filter=-1), "-1 pixels on a side"),
        (lambda: ratio_model(blue=0.0), "the threshold of the blue band cannot be 0"),
        (lambda: ratio_model(numerator="swir2"), "'swir2' / SWIR1 is no ratio for ice"),
        (lambda: ndsi_model(1.0), "an NDSI is never 1"),
        (lambda: ndsi_model(-3), "an NDSI is never -3"),
    ],
)
def test_what_cannot_be_is_refused(make: Any, message: str) -> None:
    with pytest.raises(NetworkError, match=message):
        make()


def test_it_needs_no_pytorch() -> None:
    code = (
        "import numpy, sys, trimline\n"
        "trimline.ratio_model(2.0).predict(numpy.ones((1, 2, 9, 9), 'float32'))\n"
        "print(sorted({'torch', 'openvino', 'lightning'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "[]"
