"""Losses over labelled pixels, and their weighted sums. A pixel whose mask is `IGNORE` counts in none of them.

Every term sees the same `Labelled`: log probabilities in single precision and one-hot labels that are 0 in all
classes of a pixel without label. They are computed once per map of logits, however many terms there are. A term is
a scalar pooled over the batch, so that a tile without data weighs nothing; where no pixel of the batch is labelled
it is 0, with a gradient of 0. Written with products and sums only, whose gradients are deterministic on every device.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Self

import torch
from torch import Tensor

from trimline.project.recipe import Focal, LossName
from trimline.samples import ICE, IGNORE

Loss = Callable[[Tensor, Tensor], Tensor]
"""Takes logits (n, classes, h, w), float, and masks (n, h, w), uint8; returns a scalar in single precision."""

_SURE = 1e-7
"""Least probability of a wrong class in `focal`: below it single precision tells it from 0 no more."""


@dataclass(frozen=True)
class Labelled:
    """A batch of logits and labels as the terms need them."""

    log_probability: Tensor
    """(n, classes, h, w) float32."""
    truth: Tensor
    """(n, classes, h, w) float32: 1 for the class of a labelled pixel, else 0."""

    @classmethod
    def of(cls, logits: Tensor, masks: Tensor) -> Self:
        """Return what the terms need of logits and masks; see `Loss`."""
        # `IGNORE` is the number of no class, so that comparing leaves its pixels out.
        classes = torch.arange(min(logits.shape[1], IGNORE), device=masks.device).view(1, -1, 1, 1)
        return cls(logits.float().log_softmax(dim=1), (masks.unsqueeze(1) == classes).float())

    def mean(self, values: Tensor) -> Tensor:
        """Return the mean over the labelled pixels of the true class's values, (n, classes, h, w)."""
        return (self.truth * values).sum() / self.truth.sum().clamp(min=1.0)


def cross_entropy(labelled: Labelled) -> Tensor:
    """Return the mean cross-entropy."""
    return labelled.mean(-labelled.log_probability)


def focal(labelled: Labelled, settings: Focal) -> Tensor:
    """Return the mean focal loss: cross-entropy times (1 - p)^gamma, p being the probability of the true class.

    Notes
    -----
    Source: Lin and others (2017), arXiv:1708.02002, equations 4 and 5. The paper divides by the number of objects;
    the mean over labelled pixels is our choice.
    """
    wrong = (-torch.expm1(labelled.log_probability)).clamp(min=_SURE)
    surprise = -labelled.log_probability * wrong**settings.gamma
    if settings.alpha is not None:
        weights = torch.full_like(labelled.truth[:1, :, :1, :1], 1.0 - settings.alpha)
        weights[:, ICE] = settings.alpha
        surprise = surprise * weights
    return labelled.mean(surprise)


def dice(labelled: Labelled) -> Tensor:
    """Return one minus the soft Dice coefficient of the batch, in [0, 1], averaged over the classes that occur in it.

    A class that no pixel of the batch is labelled with has no Dice coefficient worth raising and is left out; its
    false alarms still lower the other class's.

    Notes
    -----
    Source: Milletari and others (2016), arXiv:1606.04797, without the squares.
    """
    pixels = (0, 2, 3)
    probability = labelled.log_probability.exp() * labelled.truth.sum(dim=1, keepdim=True)
    common = (probability * labelled.truth).sum(dim=pixels)
    size = labelled.truth.sum(dim=pixels)
    present = (size > 0).float()
    missed = (1.0 - 2.0 * common / (probability.sum(dim=pixels) + size).clamp(min=1e-6)) * present
    return missed.sum() / present.sum().clamp(min=1.0)


def weighted_sum(terms: Mapping[LossName, float], settings: Focal | None = None) -> Loss:
    """Return the loss that adds several terms, each times its weight.

    Parameters
    ----------
    terms
        Weights by name.
    settings
        Of the focal loss; None means its defaults.
    """
    known: Mapping[LossName, Callable[[Labelled], Tensor]] = {
        "cross_entropy": cross_entropy,
        "focal": partial(focal, settings=settings or Focal()),
        "dice": dice,
    }
    chosen = [(known[name], weight) for name, weight in terms.items()]

    def loss(logits: Tensor, masks: Tensor) -> Tensor:
        labelled = Labelled.of(logits, masks)
        return torch.stack([weight * term(labelled) for term, weight in chosen]).sum()

    return loss
