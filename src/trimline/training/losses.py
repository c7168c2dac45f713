"""Losses over labelled pixels. A pixel whose mask is `IGNORE` counts in none of them.

Written with products and sums only, whose gradients are deterministic on every device.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from trimline.project.recipe import LossName
from trimline.samples import IGNORE

Loss = Callable[[Tensor, Tensor], Tensor]


def cross_entropy(logits: Tensor, masks: Tensor) -> Tensor:
    """Return the mean cross-entropy of the labelled pixels.

    Parameters
    ----------
    logits
        (n, classes, h, w) float.
    masks
        (n, h, w) uint8: the class, or `IGNORE`.

    Returns
    -------
    Tensor
        A scalar; 0, with a gradient of 0, where no pixel is labelled.
    """
    labelled, truth = _one_hot(logits, masks)
    surprise = -(truth * logits.float().log_softmax(dim=1)).sum()
    return surprise / labelled.sum().clamp(min=1.0)


def dice(logits: Tensor, masks: Tensor) -> Tensor:
    """Return one minus the soft Dice coefficient of the batch, averaged over the classes that occur in it.

    A class that no pixel of the batch is labelled with has no Dice coefficient worth raising and is left out; its
    false alarms still lower the other class's.

    Parameters
    ----------
    logits
        (n, classes, h, w) float.
    masks
        (n, h, w) uint8: the class, or `IGNORE`.

    Returns
    -------
    Tensor
        A scalar in [0, 1]; 0, with a gradient of 0, where no pixel is labelled.

    Notes
    -----
    Source: Milletari and others (2016), arXiv:1606.04797, without the squares.
    """
    labelled, truth = _one_hot(logits, masks)
    probability = logits.float().softmax(dim=1) * labelled
    common = (probability * truth).sum(dim=(0, 2, 3))
    either = (probability + truth).sum(dim=(0, 2, 3))
    present = (truth.sum(dim=(0, 2, 3)) > 0).float()
    missed = (1.0 - 2.0 * common / either.clamp(min=1e-6)) * present
    return missed.sum() / present.sum().clamp(min=1.0)


LOSSES: Mapping[LossName, Loss] = {"cross_entropy": cross_entropy, "dice": dice}
"""The terms that a recipe may name."""


def weighted_sum(terms: Mapping[LossName, float]) -> Loss:
    """Return the loss that adds several terms, each times its weight."""

    def loss(logits: Tensor, masks: Tensor) -> Tensor:
        parts = [weight * LOSSES[name](logits, masks) for name, weight in terms.items()]
        return torch.stack(parts).sum()

    return loss


def _one_hot(logits: Tensor, masks: Tensor) -> tuple[Tensor, Tensor]:
    """Return where labels are, (n, 1, h, w), and which, (n, classes, h, w), both float."""
    classes = torch.arange(logits.shape[1], device=masks.device).view(1, -1, 1, 1)
    labelled = (masks != IGNORE).unsqueeze(1)
    truth = masks.unsqueeze(1) == classes
    return labelled.float(), truth.float()
