"""Deformable convolution: where a convolution looks is computed from what it sees."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torchvision.ops import DeformConv2d

_TAPS = 9
"""Places that a 3x3 convolution looks at."""


class DeformableConvolution(nn.Module):
    """A 3x3 deformable convolution, batch norm and ReLU.

    An ordinary 3x3 convolution computes two offsets for each of the nine taps, and with `modulated` a weight in (0, 1)
    for each besides; the deformable one looks there, between pixels by bilinear interpolation and beyond the edge at
    zeros. The offsets start at 0, and the weights at 1/2: the block is an ordinary convolution at first [M].

    No kernel computes it in half precision on the CPU, so it runs in the precision of its weights also inside
    autocast, at the cost of some conversions.

    Source: Dai and others (2017), ICCV; with weights Zhu and others (2019), Deformable ConvNets v2, CVPR [M].

    Parameters
    ----------
    into, out
        Channels.
    modulated
        Whether the taps are weighed.
    offset_limit
        Offsets stay below this to either side [pixels of the features' grid], by ``limit * tanh(offset / limit)``,
        which leaves small offsets as they are [C]; None means no limit.
    """

    def __init__(self, into: int, out: int, *, modulated: bool = False, offset_limit: int | None = None) -> None:
        super().__init__()
        self.offset_limit = offset_limit
        self.modulated = modulated
        self.offsets = nn.Conv2d(into, (3 if modulated else 2) * _TAPS, 3, padding=1)
        self.convolution = DeformConv2d(into, out, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(out)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, features: Tensor) -> Tensor:
        """Return features of `out` channels on the same grid."""
        precision = self.convolution.weight.dtype
        computed = self.offsets(features).to(precision)
        offsets = computed[:, : 2 * _TAPS]
        if self.offset_limit is not None:
            offsets = self.offset_limit * torch.tanh(offsets / self.offset_limit)
        weights = torch.sigmoid(computed[:, 2 * _TAPS :]) if self.modulated else None
        convolved = self.convolution(features.to(precision), offsets, weights)
        activated: Tensor = self.relu(self.norm(convolved))
        return activated


def initialise_deformable(network: nn.Module) -> None:
    """Draw deformable convolutions' weights from the Glorot normal distribution [S], and set their offsets to 0 [M]."""
    for module in network.modules():
        if isinstance(module, DeformableConvolution):
            nn.init.xavier_normal_(module.convolution.weight)
            nn.init.zeros_(module.offsets.weight)
            if module.offsets.bias is not None:
                nn.init.zeros_(module.offsets.bias)
