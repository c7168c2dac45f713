"""Losses count labelled pixels only, and count them right."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from trimline.samples import GROUND, ICE, IGNORE
from trimline.training.losses import LOSSES, cross_entropy, dice, weighted_sum


def scene() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(5)
    logits = torch.randn(2, 2, 6, 6, generator=generator)
    masks = torch.randint(2, (2, 6, 6), generator=generator).to(torch.uint8)
    return logits, masks


def test_cross_entropy_is_that_of_torch() -> None:
    logits, masks = scene()
    masks[0, :3] = IGNORE
    expected = torch.nn.functional.cross_entropy(logits, masks.long(), ignore_index=IGNORE)
    torch.testing.assert_close(cross_entropy(logits, masks), expected)


def test_dice_is_nearly_zero_for_a_sure_and_right_map_and_nearly_one_for_a_wrong_one() -> None:
    _, masks = scene()
    sure = torch.stack((masks == GROUND, masks == ICE), dim=1).float() * 40 - 20
    assert float(dice(sure, masks)) == pytest.approx(0.0, abs=1e-5)
    assert float(dice(-sure, masks)) == pytest.approx(1.0, abs=1e-5)


def test_dice_of_a_hand_made_case() -> None:
    logits = torch.zeros(1, 2, 1, 4)
    masks = torch.tensor([[[ICE, GROUND, GROUND, GROUND]]], dtype=torch.uint8)
    ice, ground = 2 * 0.5 / (2.0 + 1), 2 * 1.5 / (2.0 + 3)
    assert float(dice(logits, masks)) == pytest.approx(1 - (ice + ground) / 2)


def test_dice_leaves_out_a_class_that_does_not_occur() -> None:
    logits, masks = scene()
    masks[:] = GROUND
    loss = dice(logits, masks)
    probability = logits.softmax(1)[:, 0]
    expected = 1 - 2 * probability.sum() / (probability.sum() + masks.numel())
    torch.testing.assert_close(loss, expected)


@pytest.mark.parametrize("name", LOSSES)
def test_pixels_without_label_count_in_no_loss(name: str) -> None:
    logits, masks = scene()
    masks[1] = IGNORE
    changed = logits.clone()
    changed[1] += 100.0
    torch.testing.assert_close(LOSSES[name](logits, masks), LOSSES[name](changed, masks))


@pytest.mark.parametrize("name", LOSSES)
def test_a_batch_without_any_label_gives_zero_and_a_gradient_of_zero(name: str) -> None:
    logits, masks = scene()
    logits.requires_grad_(True)
    masks[:] = IGNORE
    loss = LOSSES[name](logits, masks)
    loss.backward()
    assert float(loss.detach()) == 0.0
    assert logits.grad is not None
    assert (logits.grad == 0).all()


def test_a_sum_of_losses_weighs_its_terms() -> None:
    logits, masks = scene()
    both = weighted_sum({"cross_entropy": 2.0, "dice": 0.5})(logits, masks)
    torch.testing.assert_close(both, 2.0 * cross_entropy(logits, masks) + 0.5 * dice(logits, masks))


def test_losses_of_half_precision_logits_are_in_single_precision() -> None:
    logits, masks = scene()
    for loss in LOSSES.values():
        assert loss(logits.bfloat16(), masks).dtype == torch.float32
