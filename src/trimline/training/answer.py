"""Asking a network: once, or once per symmetry of the square."""

from __future__ import annotations

import torch
from torch import Tensor

from trimline.networks import Network
from trimline.training.device import Precision, autocast


def ask(network: Network, fed: Tensor, precision: Precision, *, flips: bool = False) -> Tensor:
    """Return the probability of ice.

    Parameters
    ----------
    network
        In evaluation mode, on the device of `fed`.
    fed
        (n, channels, h, w): what :class:`trimline.training.Inputs` gives.
    precision
        Arithmetic of the convolutions.
    flips
        Ask eight times, with the image turned and mirrored, and give the mean of the answers turned back. A glacier
        does not know which way the image lies, but a network does, a little.

    Returns
    -------
    Tensor
        (n, h, w) float32 in [0, 1].
    """
    if not flips:
        return _ask_once(network, fed, precision)
    total = torch.zeros_like(fed[:, 0], dtype=torch.float32)
    for turns in range(4):
        turned = torch.rot90(fed, turns, (-2, -1))
        total += torch.rot90(_ask_once(network, turned, precision), -turns, (-2, -1))
        mirrored = _ask_once(network, turned.flip(-1), precision).flip(-1)
        total += torch.rot90(mirrored, -turns, (-2, -1))
    return total / 8.0


def _ask_once(network: Network, fed: Tensor, precision: Precision) -> Tensor:
    with autocast(precision, fed.device):
        logits: Tensor = network(fed.contiguous(memory_format=torch.channels_last))
    return logits.float().softmax(dim=1)[:, 1]
