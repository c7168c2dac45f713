"""Deformable convolution: where a convolution looks is computed from what it sees."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

_TAPS = 9
"""Places that a 3x3 convolution looks at."""


class DeformableConvolution(nn.Module):
    """A 3x3 deformable convolution, batch norm and ReLU.

    An ordinary 3x3 convolution computes two offsets for each of the nine taps, and with `modulated` a weight in (0, 1)
    for each besides; the deformable one looks there, between pixels by bilinear interpolation and beyond the edge at
    zeros. The offsets start at 0, and the weights at 1/2: the block is an ordinary convolution at first [M].

    The values are interpolated in the precision of the weights also inside autocast, since an offset in half
    precision would be coarse.

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
        self.convolution = SamplingConvolution(into, out)
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


class SamplingConvolution(nn.Module):
    """A 3x3 convolution that is told where to look.

    On the CPU `sampled_convolution` computes it, 3 to 6 times as fast as torchvision, whose kernel serves
    elsewhere. Torchvision is imported only there: it takes a second and 180 MB.

    Parameters
    ----------
    into, out
        Channels. The weights are drawn as torch draws those of any convolution; there is no bias until batch norm is
        folded in.
    """

    def __init__(self, into: int, out: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(out, into, 3, 3))
        self.bias: nn.Parameter | None
        self.register_parameter("bias", None)
        nn.init.kaiming_uniform_(self.weight, a=math.sqrt(5))

    def forward(self, features: Tensor, offsets: Tensor, weights: Tensor | None) -> Tensor:
        """Return (n, out, h, w); the arguments are those of `sampled_convolution`."""
        if features.device.type == "cpu":
            return sampled_convolution(features, offsets, self.weight, weights, bias=self.bias)
        from torchvision.ops import deform_conv2d

        convolved: Tensor = deform_conv2d(features, offsets, self.weight, self.bias, padding=1, mask=weights)
        return convolved


def sampled_convolution(
    features: Tensor, offsets: Tensor, kernel: Tensor, weights: Tensor | None = None, *, bias: Tensor | None = None
) -> Tensor:
    """Return the deformable 3x3 convolution of `features`, as `torchvision.ops.deform_conv2d` defines it.

    All nine taps are interpolated by one call of `torch.nn.functional.grid_sample`, whose kernels for the CPU
    are vectorised in both directions, and one matrix product weighs them, in half precision inside autocast.

    Parameters
    ----------
    features
        (n, into, h, w) float.
    offsets
        (n, 18, h, w) of the same type: for each tap, row by row, how far down and how far right it is moved [pixels].
    kernel
        (out, into, 3, 3).
    weights
        (n, 9, h, w), a factor for each tap; None means 1.
    bias
        (out,), added; None means 0.

    Returns
    -------
    Tensor
        (n, out, h, w): padded with zeros.
    """
    count, channels, height, width = features.shape
    taps = torch.arange(-1, 2, dtype=features.dtype, device=features.device)
    rows = torch.arange(height, dtype=features.dtype, device=features.device)
    columns = torch.arange(width, dtype=features.dtype, device=features.device)
    moved = offsets.view(count, _TAPS, 2, height, width)
    row = moved[:, :, 0] + taps.repeat_interleave(3).view(-1, 1, 1) + rows.view(-1, 1)
    column = moved[:, :, 1] + taps.repeat(3).view(-1, 1, 1) + columns
    places = torch.stack(((2 * column + 1) / width - 1, (2 * row + 1) / height - 1), dim=-1)
    values = functional.grid_sample(
        features, places.view(count, _TAPS * height, width, 2), padding_mode="zeros", align_corners=False
    ).view(count, channels, _TAPS, height * width)
    if weights is not None:
        values = values * weights.view(count, 1, _TAPS, height * width)
    convolved = kernel.flatten(1) @ values.flatten(1, 2)
    if bias is not None:
        convolved += bias.view(-1, 1).to(convolved.dtype)
    return convolved.view(count, -1, height, width)


def initialise_deformable(network: nn.Module) -> None:
    """Draw deformable convolutions' weights from the Glorot normal distribution [S], and set their offsets to 0 [M].

    On the meta device nothing is drawn; see `trimline.networks.blocks.initialise`.
    """
    for module in network.modules():
        if isinstance(module, DeformableConvolution) and not module.offsets.weight.is_meta:
            nn.init.xavier_normal_(module.convolution.weight)
            nn.init.zeros_(module.offsets.weight)
            if module.offsets.bias is not None:
                nn.init.zeros_(module.offsets.bias)
