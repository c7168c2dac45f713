"""Losses count labelled pixels only, and count them right."""

from __future__ import annotations

from typing import get_args

import pytest
import torch
from torch import Tensor

from trimline.project.recipe import Focal, LossName
from trimline.samples import GROUND, ICE, IGNORE
from trimline.training.losses import Labelled, cross_entropy, dice, focal, weighted_sum

every_term = pytest.mark.parametrize("name", get_args(LossName))


def scene() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(5)
    logits = torch.randn(2, 2, 6, 6, generator=generator)
    masks = torch.randint(2, (2, 6, 6), generator=generator).to(torch.uint8)
    return logits, masks


def gradient(name: LossName, logits: Tensor, masks: Tensor) -> tuple[float, Tensor]:
    """Return a loss and its gradient."""
    logits = logits.clone().requires_grad_(True)
    loss = weighted_sum({name: 1.0})(logits, masks)
    loss.backward()
    assert logits.grad is not None
    return float(loss.detach()), logits.grad


def test_cross_entropy_is_that_of_torch() -> None:
    logits, masks = scene()
    masks[0, :3] = IGNORE
    expected = torch.nn.functional.cross_entropy(logits, masks.long(), ignore_index=IGNORE)
    torch.testing.assert_close(cross_entropy(Labelled.of(logits, masks)), expected)


@pytest.mark.parametrize("alpha", [None, 0.25])
def test_focal_loss_is_that_of_torchvision(alpha: float | None) -> None:
    from torchvision.ops import sigmoid_focal_loss

    logits, masks = scene()
    # A softmax over two logits is a sigmoid of their difference; torchvision means by alpha < 0 that there is none.
    expected = sigmoid_focal_loss(
        logits[:, 1] - logits[:, 0], masks.float(), alpha=-1 if alpha is None else alpha, gamma=2.0, reduction="mean"
    )
    torch.testing.assert_close(focal(Labelled.of(logits, masks), Focal(gamma=2.0, alpha=alpha)), expected)


def test_focal_loss_without_focus_is_cross_entropy() -> None:
    labelled = Labelled.of(*scene())
    torch.testing.assert_close(focal(labelled, Focal(gamma=0.0)), cross_entropy(labelled))


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_focal_loss_of_pixels_that_are_sure_has_a_finite_gradient(gamma: float) -> None:
    _, masks = scene()
    logits = torch.stack((masks == GROUND, masks == ICE), dim=1).float() * 400 - 200
    logits.requires_grad_(True)
    loss = weighted_sum({"focal": 1.0}, Focal(gamma=gamma))(logits, masks)
    loss.backward()
    assert float(loss.detach()) == pytest.approx(0.0, abs=1e-6)
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


def test_dice_is_nearly_zero_for_a_sure_and_right_map_and_nearly_one_for_a_wrong_one() -> None:
    _, masks = scene()
    sure = torch.stack((masks == GROUND, masks == ICE), dim=1).float() * 40 - 20
    assert float(dice(Labelled.of(sure, masks))) == pytest.approx(0.0, abs=1e-5)
    assert float(dice(Labelled.of(-sure, masks))) == pytest.approx(1.0, abs=1e-5)


def test_dice_of_a_hand_made_case() -> None:
    logits = torch.zeros(1, 2, 1, 4)
    masks = torch.tensor([[[ICE, GROUND, GROUND, GROUND]]], dtype=torch.uint8)
    ice, ground = 2 * 0.5 / (2.0 + 1), 2 * 1.5 / (2.0 + 3)
    assert float(dice(Labelled.of(logits, masks))) == pytest.approx(1 - (ice + ground) / 2)


def test_dice_leaves_out_a_class_that_does_not_occur() -> None:
    logits, masks = scene()
    masks[:] = GROUND
    probability = logits.softmax(1)[:, 0]
    expected = 1 - 2 * probability.sum() / (probability.sum() + masks.numel())
    torch.testing.assert_close(dice(Labelled.of(logits, masks)), expected)


@every_term
def test_pixels_without_label_count_in_no_loss(name: LossName) -> None:
    logits, masks = scene()
    masks[1] = IGNORE
    changed = logits.clone()
    changed[1] += 100.0
    loss = weighted_sum({name: 1.0})
    torch.testing.assert_close(loss(logits, masks), loss(changed, masks))


@every_term
def test_a_tile_without_any_label_weighs_nothing(name: LossName) -> None:
    logits, masks = scene()
    masks[1] = IGNORE
    loss, slope = gradient(name, logits, masks)
    alone, slope_alone = gradient(name, logits[:1], masks[:1])
    assert loss == pytest.approx(alone)
    torch.testing.assert_close(slope[:1], slope_alone)
    assert (slope[1] == 0).all()


@every_term
@pytest.mark.parametrize("label", [GROUND, ICE])
def test_a_batch_of_one_class_has_a_finite_loss_that_wants_more_of_it(name: LossName, label: int) -> None:
    logits, masks = scene()
    masks[:] = label
    loss, slope = gradient(name, logits, masks)
    assert loss > 0
    assert (slope[:, label] < 0).all()


@every_term
def test_a_batch_without_any_label_gives_zero_and_a_gradient_of_zero(name: LossName) -> None:
    logits, masks = scene()
    masks[:] = IGNORE
    loss, slope = gradient(name, logits, masks)
    assert loss == 0.0
    assert (slope == 0).all()


def test_a_sum_of_losses_weighs_its_terms() -> None:
    logits, masks = scene()
    labelled, settings = Labelled.of(logits, masks), Focal(gamma=3.0, alpha=0.7)
    summed = weighted_sum({"cross_entropy": 2.0, "dice": 0.5, "focal": 3.0}, settings)(logits, masks)
    expected = 2.0 * cross_entropy(labelled) + 0.5 * dice(labelled) + 3.0 * focal(labelled, settings)
    torch.testing.assert_close(summed, expected)


@every_term
def test_losses_of_half_precision_logits_are_in_single_precision(name: LossName) -> None:
    logits, masks = scene()
    assert weighted_sum({name: 1.0})(logits.bfloat16(), masks).dtype == torch.float32
