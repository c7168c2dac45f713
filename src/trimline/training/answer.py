"""Asking a network: once, or once per symmetry of the square."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from trimline.networks import Network, Within
from trimline.training.device import Precision, autocast


def ask(network: Network, fed: Tensor, precision: Precision, *, flips: bool = False) -> Tensor:
    """Return the probability of ice, from a network as it is trained.

    Parameters
    ----------
    network
        In evaluation mode, on the device of `fed`.
    fed
        (n, channels, h, w): what :class:`trimline.training.Inputs` gives.
    precision
        Arithmetic of the convolutions.
    flips
        As in :func:`probability_of_ice`.

    Returns
    -------
    Tensor
        (n, h, w) float32 in [0, 1].
    """

    def logits(images: Tensor, within: Within | None) -> Tensor:
        with autocast(precision, images.device):
            answer: Tensor = network(images, within)
        return answer

    return probability_of_ice(logits, fed, flips=flips)


def probability_of_ice(
    logits: Callable[[Tensor, Within | None], Tensor],
    fed: Tensor,
    *,
    flips: bool = False,
    within: Within | None = None,
) -> Tensor:
    """Return the probability of ice, from whatever computes logits.

    Parameters
    ----------
    logits
        From images (n, channels, h, w), channels last, and rows and columns to their logits: a network, or a
        :class:`trimline.training.fast_path.FastPath` to one.
    fed
        (n, channels, h, w): what :class:`trimline.training.Inputs` gives.
    flips
        Ask eight times, with the image turned and mirrored, and give the mean of the answers turned back. A glacier
        does not know which way the image lies, but a network does, a little.
    within
        Rows and columns that are wanted; None means all.

    Returns
    -------
    Tensor
        (n, h, w) float32 in [0, 1], of the rows and columns wanted.
    """
    if not flips:
        return _ask_once(logits, fed, within)
    total = torch.zeros_like(fed[:, 0], dtype=torch.float32)
    for turns in range(4):
        turned = torch.rot90(fed, turns, (-2, -1))
        total += torch.rot90(_ask_once(logits, turned), -turns, (-2, -1))
        mirrored = _ask_once(logits, turned.flip(-1)).flip(-1)
        total += torch.rot90(mirrored, -turns, (-2, -1))
    return total / 8.0 if within is None else total[(..., *within)] / 8.0


def _ask_once(logits: Callable[[Tensor, Within | None], Tensor], fed: Tensor, within: Within | None = None) -> Tensor:
    answer = logits(fed.contiguous(memory_format=torch.channels_last), within)
    if answer.shape[1] == 2:
        # The softmax of two classes, in half its time.
        ground, ice = answer.unbind(dim=1)
        return (ice.float() - ground.float()).sigmoid_()
    return answer.float().softmax(dim=1)[:, 1]
