"""A network of several surface classes as one of ice and ground, so that it can learn from masks of ice."""

from __future__ import annotations

import torch
from torch import Tensor

from trimline.networks import Network


class IceAgainstGround(Network):
    """Two logits made of several: that of ice, and one for all other classes together.

    The probability of ice is that of the network itself: the softmax of ice against the logarithm of the sum of the
    other exponentials is the softmax over all. A mask of ice says nothing of what else the ground is, so the other
    classes move together.

    Parameters
    ----------
    network
        Of three classes or more; changed by what changes this one.
    ice
        Position of ice among its classes.
    """

    def __init__(self, network: Network, ice: int) -> None:
        super().__init__(network.bands, 2, stride=network.stride, reach=None)
        self.network, self.ice = network, ice
        self.receptive_field, self.halo, self.bounded = network.receptive_field, network.halo, network.bounded
        self._others = [each for each in range(network.classes) if each != ice]

    def segment(self, images: Tensor) -> Tensor:
        """Return the logits of ground and ice."""
        return self._two(self.network.segment(images))

    def supervised(self, images: Tensor) -> tuple[Tensor, ...]:
        """Return the network's own maps, each of two logits."""
        return tuple(self._two(logits) for logits in self.network.supervised(images))

    def _two(self, logits: Tensor) -> Tensor:
        logits = logits.float()
        return torch.stack((logits[:, self._others].logsumexp(dim=1), logits[:, self.ice]), dim=1)
