"""One map of the band ratio holds its maps at all thresholds."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from trimline.networks import build
from trimline.training import ratio_model, ratio_threshold


@pytest.mark.parametrize("threshold", [0.3, 1.5, 1.7, 2.0, 3.1, 3.7, 10.0])
def test_a_map_cut_at_the_thresholds_probability_is_the_map_of_that_threshold(threshold: float) -> None:
    """Ratios of whole numbers, as of TM: many lie exactly at a threshold, where ice must exceed it."""
    numbers = np.random.default_rng(0).integers(1, 60, (1, 2, 24, 24)).repeat(8, 2).repeat(8, 3).astype(np.float32)
    probability = ratio_model("dn").predict(numbers)[0]
    network = build("band_ratio", 2, threshold=threshold)
    with torch.no_grad():
        expected = network(torch.from_numpy(numbers))[0, 1].numpy() >= 0
    assert np.array_equal(probability >= ratio_threshold(threshold), expected)
    assert 0 < expected.mean() < 1
