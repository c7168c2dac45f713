"""A running mean of a network's weights, and batch norm that fits it.

The mean of the weights along the path of training generalises better than its last point, but it was never run on
data: its batch norm statistics must be taken anew.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable

import torch
from torch import Tensor, nn


def frozen_copy(network: nn.Module) -> nn.Module:
    """Return a copy of a network that no gradient reaches: the start of a running mean."""
    mean = copy.deepcopy(network)
    mean.requires_grad_(False)
    return mean.eval()


@torch.no_grad()
def update(mean: nn.Module, network: nn.Module, decay: float, step: int) -> None:
    """Move a running mean towards a network, in place.

    Parameters
    ----------
    mean, network
        Of one architecture. Batch norm statistics are averaged like weights, which is good enough to compare epochs.
    decay
        Share of the mean that stays, per step.
    step
        Steps done before this one. Early on the mean follows faster, so that it forgets the random start.
    """
    share = 1.0 - min(decay, (1 + step) / (10 + step))
    for kept, new in zip(mean.state_dict().values(), network.state_dict().values(), strict=True):
        if kept.dtype.is_floating_point:
            kept.lerp_(new, share)
        else:
            kept.copy_(new)


@torch.no_grad()
def refresh_batch_norm(network: nn.Module, batches: Iterable[Tensor]) -> None:
    """Take the statistics of every batch norm anew, as plain means over some batches of inputs.

    Parameters
    ----------
    network
        Changed in place and left in evaluation mode.
    batches
        Inputs as in training, each (n, channels, h, w).
    """
    norms = [each for each in network.modules() if isinstance(each, nn.modules.batchnorm._BatchNorm)]
    if not norms:
        network.eval()
        return
    momenta = [each.momentum for each in norms]
    network.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the cumulative mean over all batches
        norm.train()
    for inputs in batches:
        network(inputs)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    network.eval()
