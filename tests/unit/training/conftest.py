"""A small made-up glacier to train on."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch

from trimline.samples import ICE, IGNORE, Samples

BANDS = ("blue", "green", "red", "nir", "swir1")
ICE_REFLECTANCE = (0.6, 0.58, 0.55, 0.45, 0.05)
GROUND_REFLECTANCE = (0.12, 0.13, 0.15, 0.2, 0.25)


def make_samples(count: int = 6, side: int = 32, seed: int = 0, ice: bool = True) -> Samples:
    """Return tiles with a disc of ice each, noise, and a corner without data."""
    generator = np.random.default_rng(seed)
    rows, columns = np.mgrid[:side, :side]
    images, masks = [], []
    for _ in range(count):
        row, column, radius = generator.uniform(0.3 * side, 0.7 * side, 3)
        mask = (rows - row) ** 2 + (columns - column) ** 2 < (radius / 2) ** 2 if ice else np.zeros((side, side), bool)
        image = np.where(mask, np.reshape(ICE_REFLECTANCE, (-1, 1, 1)), np.reshape(GROUND_REFLECTANCE, (-1, 1, 1)))
        image = image + generator.normal(0, 0.05, image.shape)
        image[:, :3, :3] = np.nan
        images.append(image)
        masks.append(np.where(np.isnan(image[0]), IGNORE, mask * ICE))
    return Samples(np.stack(images).astype(np.float32), np.stack(masks).astype(np.uint8), BANDS, "reflectance")


@pytest.fixture(scope="session")
def glacier() -> Callable[..., Samples]:
    """Return the maker of made-up samples."""
    return make_samples


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    """Compute on one thread: tiny convolutions on many threads mostly wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
