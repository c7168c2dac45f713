"""A running mean of a network's weights, and batch norm that fits it.

The mean of the weights along the path of training generalises better than its last point, but it was never run on
data: its batch norm statistics must be taken anew.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from trimline.networks import Network


def frozen_copy(network: nn.Module) -> nn.Module:
    """Return a copy of a network that no gradient reaches: the start of a running mean."""
    mean = copy.deepcopy(network)
    mean.requires_grad_(False)
    return mean.eval()


class RunningMean:
    """Moves a running mean towards a network, in place.

    The tensors of both are looked up once, so that a step costs no more than reading and writing them. Loading a
    state dict keeps them; moving a network to another device does not.

    Parameters
    ----------
    mean, network
        Of one architecture. Batch norm statistics are averaged like weights, which is good enough to compare epochs.
    decay
        Share of the mean that stays, per step.
    """

    def __init__(self, mean: nn.Module, network: nn.Module, decay: float) -> None:
        self.decay = decay
        pairs = list(zip(mean.state_dict().values(), network.state_dict().values(), strict=True))
        self._averaged = [pair for pair in pairs if pair[0].dtype.is_floating_point]
        self._counted = [pair for pair in pairs if not pair[0].dtype.is_floating_point]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Move by one step.

        Parameters
        ----------
        step
            Steps done before this one. Early on the mean follows faster, so that it forgets the random start.
        """
        share = 1.0 - min(self.decay, (1 + step) / (10 + step))
        if self._averaged:
            kept, new = zip(*self._averaged, strict=True)
            torch._foreach_lerp_(kept, new, share)
        if self._counted:
            kept, new = zip(*self._counted, strict=True)
            torch._foreach_copy_(kept, new)


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
    # Branches that only training compares with the mask have norms too.
    run = network.supervised if isinstance(network, Network) else network
    for inputs in batches:
        run(inputs)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    network.eval()
