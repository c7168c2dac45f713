"""Augmentation shows the same ground otherwise; it invents no ground and no labels."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from trimline.project.recipe import Augmentation
from trimline.samples import IGNORE
from trimline.training.augment import augment
from trimline.training.tiles import generator_for

STRONG = Augmentation(scale=(0.7, 1.4), gain=0.1, offset=0.1, blur=0.5, occlusion=0.5)
ONLY_TURNS = Augmentation()
NOTHING = Augmentation(flips_and_rotations=False)


def tiles(count: int = 4, side: int = 24) -> tuple[Tensor, Tensor]:
    """Return tiles whose mask can be read off the first band, with some ground unknown and some without data."""
    generator = torch.Generator().manual_seed(11)
    blocks = torch.randint(2, (count, 1, side // 4, side // 4), generator=generator).float()
    ice = torch.nn.functional.interpolate(blocks, scale_factor=4.0)
    images = torch.cat((ice * 0.5 + 0.2, 0.3 - ice * 0.2, torch.rand(count, 1, side, side, generator=generator)), 1)
    masks = ice[:, 0].to(torch.uint8)
    masks[:, :3, :5] = IGNORE
    images[:, :, -4:] = torch.nan
    masks[:, -4:] = IGNORE
    return images, masks


def apply(settings: Augmentation, seed: int = 0, crop: int | None = None, **given_tiles: Any) -> tuple[Tensor, Tensor]:
    images, masks = tiles(**given_tiles)
    return augment(
        images,
        masks,
        settings,
        generator_for(seed, "test"),
        mean=torch.tensor([0.4, 0.2, 0.5]),
        std=torch.tensor([0.2, 0.1, 0.3]),
        scaled=torch.tensor([True, True, False]),
        crop=crop,
    )


def same(first: Tensor, second: Tensor) -> bool:
    return bool(torch.equal(first.nan_to_num(-9.0), second.nan_to_num(-9.0)))


def test_the_same_generator_gives_the_same_look() -> None:
    first, second = apply(STRONG, seed=3), apply(STRONG, seed=3)
    assert same(first[0], second[0])
    assert same(first[1], second[1])
    assert not same(first[0], apply(STRONG, seed=4)[0])


def test_nothing_asked_for_changes_nothing() -> None:
    images, masks = apply(NOTHING)
    original, labels = tiles()
    assert same(images, original)
    assert same(masks, labels)


@given(seed=st.integers(0, 50))
def test_flips_and_rotations_keep_every_pixel_with_its_label(seed: int) -> None:
    images, masks = apply(ONLY_TURNS, seed=seed)
    original, labels = tiles()
    for turned, mask, image, label in zip(images, masks, original, labels, strict=True):
        assert torch.equal(
            torch.sort(turned[2].nan_to_num(-1).flatten())[0], torch.sort(image[2].nan_to_num(-1).flatten())[0]
        )
        order = torch.argsort(turned[2].nan_to_num(-1).flatten(), stable=True)
        original_order = torch.argsort(image[2].nan_to_num(-1).flatten(), stable=True)
        with_data = turned[2].flatten()[order].isfinite()
        assert torch.equal(mask.flatten()[order][with_data], label.flatten()[original_order][with_data])


# A zoom of almost nothing is resampled like any other.
@pytest.mark.parametrize("settings", [ONLY_TURNS, Augmentation(scale=(1.0, 1.0 + 1e-7))])
def test_all_eight_symmetries_occur_and_no_other(settings: Augmentation) -> None:
    images, masks = tiles()
    every = [
        (torch.rot90(flipped[0], turns, (-2, -1)), torch.rot90(flipped[1], turns, (-2, -1)))
        for flipped in ((images[0], masks[0]), (images[0].flip(-1), masks[0].flip(-1)))
        for turns in range(4)
    ]
    seen = set()
    for seed in range(80):
        looks, labels = apply(settings, seed=seed)
        agree = [
            torch.allclose(looks[0], image, atol=1e-4, equal_nan=True) and torch.equal(labels[0], mask)
            for image, mask in every
        ]
        assert sum(agree) == 1
        seen.add(agree.index(True))
    assert len(seen) == 8


def test_augmentation_leaves_its_tiles_alone() -> None:
    images, masks = tiles()
    kept, labels = images.clone(), masks.clone()
    bands = {"mean": torch.zeros(3), "std": torch.ones(3), "scaled": torch.ones(3, dtype=torch.bool)}
    for settings in (NOTHING, ONLY_TURNS, STRONG, Augmentation(flips_and_rotations=False, gain=0.2, blur=1.0)):
        augment(images, masks, settings, generator_for(0, "test"), **bands)
        assert same(images, kept)
        assert same(masks, labels)


def test_augmentation_is_in_single_precision_whatever_the_network_is_in() -> None:
    exact = apply(STRONG, seed=1)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rough = apply(STRONG, seed=1)
    assert same(exact[0], rough[0])


@given(seed=st.integers(0, 50), crop=st.sampled_from([None, 16]))
def test_pixels_without_data_are_nan_in_all_bands_and_never_labelled(seed: int, crop: int | None) -> None:
    images, masks = apply(STRONG, seed=seed, crop=crop)
    absent = images.isnan()
    assert torch.equal(absent.any(1), absent.all(1))
    assert (masks[absent.any(1)] == IGNORE).all()
    assert set(masks.unique().tolist()) <= {0, 1, IGNORE}


@given(seed=st.integers(0, 50))
def test_zoom_keeps_labels_on_what_they_label(seed: int) -> None:
    images, masks = apply(Augmentation(scale=(0.7, 1.4)), seed=seed)
    known = masks != IGNORE
    agrees = (images[:, 0][known] > 0.45) == (masks[known] == 1)
    assert agrees.float().mean() > 0.97


def test_ground_beyond_a_tile_that_is_zoomed_out_of_is_unknown() -> None:
    images, masks = apply(Augmentation(flips_and_rotations=False, scale=(0.5, 0.5)))
    edge = torch.ones(24, 24, dtype=torch.bool)
    edge[6:18, 6:18] = False
    assert images[:, :, edge].isnan().all()
    assert (masks[:, edge] == IGNORE).all()
    assert (masks[:, ~edge] != IGNORE).any()


def test_a_crop_is_a_window_of_its_tile() -> None:
    images, masks = apply(NOTHING, crop=16)
    original, labels = tiles()
    assert images.shape == (4, 3, 16, 16)
    for cut, mask, image, label in zip(images, masks, original, labels, strict=True):
        windows = image.unfold(1, 16, 1).unfold(2, 16, 1)
        found = (windows.nan_to_num(-9.0) == cut.nan_to_num(-9.0)[:, None, None]).all(-1).all(-1).all(0)
        ((row, column),) = torch.nonzero(found).tolist()
        assert torch.equal(mask, label[row : row + 16, column : column + 16])


def test_gain_spares_brightness_temperature() -> None:
    images, _ = apply(Augmentation(flips_and_rotations=False, gain=0.2))
    original, _ = tiles()
    assert same(images[:, 2], original[:, 2])
    ratio = images[:, 0] / original[:, 0]
    for each in ratio:
        known = each[each.isfinite()]
        torch.testing.assert_close(known, known[0].expand_as(known))
        assert float(known[0]) != pytest.approx(1.0, abs=1e-4)


def test_occlusion_hides_one_band_behind_its_mean() -> None:
    images, _ = apply(Augmentation(flips_and_rotations=False, occlusion=1.0))
    original, _ = tiles()
    for look, image in zip(images, original, strict=True):
        hidden = [band for band in range(3) if not same(look[band], image[band])]
        assert len(hidden) == 1
        known = look[hidden[0]][look[hidden[0]].isfinite()]
        assert (known == torch.tensor([0.4, 0.2, 0.5])[hidden[0]]).all()


def test_blur_keeps_a_constant_constant_up_to_the_edge_of_the_data() -> None:
    images = torch.full((3, 1, 20, 20), 0.7)
    images[:, :, :, :5] = torch.nan
    blurred, _ = augment(
        images,
        torch.zeros(3, 20, 20, dtype=torch.uint8),
        Augmentation(flips_and_rotations=False, blur=1.0),
        generator_for(0, "test"),
        mean=torch.zeros(1),
        std=torch.ones(1),
        scaled=torch.ones(1, dtype=torch.bool),
    )
    torch.testing.assert_close(blurred, images, equal_nan=True)


def test_blur_is_a_gaussian() -> None:
    images = torch.zeros(40, 1, 25, 25)
    images[:, :, 12, 12] = 1.0
    blurred, _ = augment(
        images,
        torch.zeros(40, 25, 25, dtype=torch.uint8),
        Augmentation(flips_and_rotations=False, blur=1.0),
        generator_for(0, "test"),
        mean=torch.zeros(1),
        std=torch.ones(1),
        scaled=torch.ones(1, dtype=torch.bool),
    )
    torch.testing.assert_close(blurred.sum((1, 2, 3)), torch.ones(40))
    # The variance along one axis is that of the kernel: a little less than sigma squared, for pixels are few.
    variance = (blurred.sum((1, 2)) * (torch.arange(25) - 12) ** 2).sum(1)
    assert 0.2 < float(variance.min()) < float(variance.max()) < 1.5**2
    torch.testing.assert_close(blurred, blurred.transpose(-1, -2))


def test_oblong_tiles_keep_their_shape() -> None:
    images, masks = torch.rand(5, 2, 8, 12), torch.zeros(5, 8, 12, dtype=torch.uint8)
    looks, labels = augment(
        images,
        masks,
        ONLY_TURNS,
        generator_for(0, "test"),
        mean=torch.zeros(2),
        std=torch.ones(2),
        scaled=torch.ones(2, dtype=torch.bool),
    )
    assert looks.shape == images.shape
    assert labels.shape == masks.shape
