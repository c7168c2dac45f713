"""Blocks that weigh features: by place (attention gate), by channel (squeeze and excitation), by all other places."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from trimline.errors import NetworkError
from trimline.networks.blocks import convolution


class AttentionGate(nn.Module):
    """Weigh a skip connection by what the decoder makes of the same place.

    alpha = sigmoid(BN(psi(ReLU(BN(Wx x) + BN(Wg g))))), all convolutions 1x1, inner width half of `channels` [C];
    the gate returns alpha * x.

    Source: Oktay and others (2018), arXiv:1804.03999 [M], as used by Chen and others (2022), section II-G [S].
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = channels // 2
        self.of_skip = convolution(channels, inner, 1, relu=False)
        self.of_decoder = convolution(channels, inner, 1, relu=False)
        self.psi = convolution(inner, 1, 1, relu=False)

    def forward(self, skip: Tensor, decoder: Tensor) -> Tensor:
        """Return `skip` weighed pixel by pixel; both are (n, channels, h, w)."""
        joined = torch.relu(self.of_skip(skip) + self.of_decoder(decoder))
        weighed: Tensor = torch.sigmoid(self.psi(joined)) * skip
        return weighed


class ChannelExcitation(nn.Module):
    """Channel squeeze and excitation: weigh each channel by what the channels are on average over the tile.

    Global average, 1x1 to channels / reduction, ReLU, 1x1 back, sigmoid; the features are scaled by it. The average
    makes every output depend on the whole tile.

    Source: Hu and others (2018), CVPR; called cSE, with a reduction of 2, by Roy and others (2018), MICCAI [M].
    """

    def __init__(self, channels: int, reduction: int = 2) -> None:
        super().__init__()
        inner = channels // reduction
        self.weigh = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, inner, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(inner, channels, 1),
            nn.Sigmoid(),
        )

    def forward(self, features: Tensor) -> Tensor:
        """Return the features (n, channels, h, w), each channel multiplied by its weight in (0, 1)."""
        scaled: Tensor = features * self.weigh(features)
        return scaled


class SelfAttention(nn.Module):
    """Add to every place what the other places hold, weighed by how well they match.

    f and g are 1x1 convolutions to an eighth of the channels, h a 1x1 convolution to all of them;
    A = softmax(f^T g), where A[i, j] is what place j takes from place i and each column sums to 1, without scaling;
    y = x + gamma * h A. Gamma starts at 0: the block is the identity at first, and f, g and h learn as soon as gamma
    has moved [M]. The cost grows with the square of the number of places.

    Source: Zhang and others (2019), Self-attention generative adversarial networks, ICML [M].
    """

    def __init__(self, channels: int) -> None:
        if channels < _FEWER:
            raise NetworkError(
                f"self-attention cannot look at {channels} channels",
                remedy=f"let the coarsest level have at least {_FEWER}",
            )
        super().__init__()
        self.f = nn.Conv2d(channels, channels // _FEWER, 1)
        self.g = nn.Conv2d(channels, channels // _FEWER, 1)
        self.h = nn.Conv2d(channels, channels, 1)
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, features: Tensor) -> Tensor:
        """Return features of the same shape, (n, channels, h, w)."""
        given, asked, held = (each(features).flatten(2).transpose(1, 2) for each in (self.f, self.g, self.h))
        taken = functional.scaled_dot_product_attention(asked, given, held, scale=1.0)
        return features + self.gamma * taken.transpose(1, 2).reshape(features.shape)


_FEWER = 8
"""Times that f and g have fewer channels than the features [M]."""
