"""Samples as tensors, and which make up which batch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from trimline.samples import IGNORE, Samples
from trimline.training.identity import fingerprint
from trimline.training.tiles import Tiles, generator_for, order_of_epoch


@given(tiles=st.integers(1, 40), batches=st.integers(1, 12), size=st.integers(1, 9), epoch=st.integers(0, 3))
def test_every_tile_comes_once_before_any_comes_again(tiles: int, batches: int, size: int, epoch: int) -> None:
    order = order_of_epoch(tiles, batches, size, seed=1, epoch=epoch)
    assert order.shape == (batches, size)
    counts = torch.bincount(order.flatten(), minlength=tiles)
    assert int(counts.max() - counts.min()) <= 1


def test_epochs_are_shuffled_differently_and_each_always_alike() -> None:
    first = order_of_epoch(20, 4, 5, seed=1, epoch=0)
    assert torch.equal(first, order_of_epoch(20, 4, 5, seed=1, epoch=0))
    assert not torch.equal(first, order_of_epoch(20, 4, 5, seed=1, epoch=1))
    assert not torch.equal(first, order_of_epoch(20, 4, 5, seed=2, epoch=0))


def test_generators_of_other_purposes_and_counters_draw_other_numbers() -> None:
    draws = {
        float(torch.rand(1, generator=generator_for(*key)))
        for key in [(0, "order"), (0, "order", 0), (0, "order", 0, 0), (0, "augment", 0), (0, "order", 1), (1, "order")]
    }
    assert len(draws) == 6


def test_tiles_are_filled_up_to_the_stride_without_data_or_label(glacier: Callable[..., Samples]) -> None:
    tiles = Tiles.of(glacier(count=2, side=30), stride=16)
    assert tiles.sides == (32, 32)
    assert tiles.images[:, :, 30:].isnan().all()
    assert (tiles.masks[:, 30:] == IGNORE).all()


def test_a_pixel_that_lacks_one_band_is_not_learnt_from() -> None:
    images = np.ones((1, 2, 8, 8), np.float32)
    images[0, 1, 2, 3] = np.nan
    tiles = Tiles.of(Samples(images, np.ones((1, 8, 8), np.uint8), ("red", "swir1"), "dn"), stride=1)
    assert tiles.masks[0, 2, 3] == IGNORE
    assert tiles.images[0, :, 2, 3].isnan().all()
    assert int((tiles.masks == IGNORE).sum()) == 1


def test_the_fingerprint_changes_with_one_label(glacier: Callable[..., Samples]) -> None:
    samples = glacier(count=2)
    changed = samples.masks.copy()
    changed[1, 20, 20] ^= 1
    assert fingerprint(samples) == fingerprint(glacier(count=2))
    assert fingerprint(samples) != fingerprint(Samples(samples.images, changed, samples.bands, samples.units))


def test_a_batch_is_a_copy_of_the_chosen_tiles(glacier: Callable[..., Samples]) -> None:
    tiles = Tiles.of(glacier(count=4), stride=1).resident(torch.device("cpu"))
    images, masks = tiles.batch(torch.tensor([2, 0, 2]), torch.device("cpu"))
    for place, tile in enumerate((2, 0, 2)):
        assert torch.equal(images[place].nan_to_num(-1.0), tiles.images[tile].nan_to_num(-1.0))
        assert torch.equal(masks[place], tiles.masks[tile])
    images.zero_()
    assert tiles.images.nan_to_num(1.0).abs().sum() > 0


def test_a_part_of_the_tiles_is_spread_over_them_all(glacier: Callable[..., Samples]) -> None:
    tiles = Tiles.of(glacier(9), 1)
    assert tiles.at_most(9) is tiles
    few = tiles.at_most(3)
    for position, tile in enumerate((0, 4, 8)):
        assert torch.equal(few.masks[position], tiles.masks[tile])
