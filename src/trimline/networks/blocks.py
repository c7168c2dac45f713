"""Pieces that networks are built of: the double convolution, the residual block, the dense atrous block."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from trimline.errors import NetworkError

Order = Literal["norm-relu", "relu-norm"]
"""What follows a convolution first: batch norm, as is usual, or ReLU."""


def convolution(
    into: int,
    out: int,
    size: int = 3,
    *,
    dilation: int = 1,
    batch_norm: bool = True,
    relu: bool = True,
    order: Order = "norm-relu",
) -> nn.Sequential:
    """Return a 'same' padded convolution, with batch norm and ReLU unless told otherwise.

    The convolution has no bias where batch norm follows at once: the norm's own shift would undo it.
    """
    norm_first = batch_norm and order == "norm-relu"
    layers: list[nn.Module] = [
        nn.Conv2d(into, out, size, padding=dilation * (size // 2), dilation=dilation, bias=not norm_first)
    ]
    if batch_norm:
        layers.append(nn.BatchNorm2d(out))
    if relu:
        layers.insert(len(layers) if norm_first else 1, nn.ReLU(inplace=True))
    return nn.Sequential(*layers)


def double_convolution(into: int, out: int, *, batch_norm: bool = True, order: Order = "norm-relu") -> nn.Sequential:
    """Return two 3x3 convolutions, each with batch norm (unless switched off) and ReLU: the block of U-Net.

    Raises
    ------
    NetworkError
        There is no such order.
    """
    if order not in get_args(Order):
        raise NetworkError(f"there is no order '{order}'", remedy=f"take {' or '.join(get_args(Order))}")
    return nn.Sequential(
        convolution(into, out, batch_norm=batch_norm, order=order),
        convolution(out, out, batch_norm=batch_norm, order=order),
    )


def upsampling(into: int, out: int) -> nn.ConvTranspose2d:
    """Return the 2x2 transposed convolution of stride 2 that doubles height and width."""
    return nn.ConvTranspose2d(into, out, kernel_size=2, stride=2)


class ResBlock(nn.Module):
    """Two 3x3 convolutions and a 1x1, added to the input [S]; inner width and norms [C].

    3x3 (out / 2) - BN - ReLU, 3x3 (out) - BN - ReLU, 1x1 (out) - BN; the sum passes a ReLU. Where the number of
    channels changes, the input passes a 1x1 convolution and batch norm before it is added.

    Source: Chen and others (2022), section II-G, after Yi and Zhang (2020).
    """

    def __init__(self, into: int, out: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            convolution(into, out // 2), convolution(out // 2, out), convolution(out, out, 1, relu=False)
        )
        self.shortcut = nn.Identity() if into == out else convolution(into, out, 1, relu=False)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, features: Tensor) -> Tensor:
        """Return features of `out` channels on the same grid."""
        shortcut: Tensor = self.shortcut(features)
        activated: Tensor = self.relu(self.body(features) + shortcut)
        return activated


class DenseAtrous(nn.Module):
    """Dense atrous convolution: four branches whose 3x3 convolutions are dilated by 1, 3 and 5, added to the input.

    With a, b, c 3x3 convolutions of dilation 1, 3 and 5 and p a 1x1 convolution, all with bias and shared by the
    branches, y = x + relu(a(x)) + relu(p(b(x))) + relu(p(b(a(x)))) + relu(p(c(b(a(x))))).

    Source: Gu and others (2019), CE-Net, IEEE TMI 38 [M].
    """

    RADIUS = 1 + 3 + 5
    """How far the longest branch looks to each side [pixels]."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.near, self.middle, self.far = (
            nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation) for dilation in (1, 3, 5)
        )
        self.project = nn.Conv2d(channels, channels, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Return features of the same shape, (n, channels, h, w)."""
        near = self.near(features)
        middle = self.middle(near)
        branches = (near, *(self.project(each) for each in (self.middle(features), middle, self.far(middle))))
        for branch in branches:
            features = features + torch.relu(branch)
        return features


def initialise(network: nn.Module) -> None:
    """Draw every convolution's weights from the Glorot normal distribution and set the biases to 0.

    On the meta device, where tensors hold no numbers, nothing is drawn: torch would import its compiler for it, which
    takes seconds.

    Source: Chen and others (2022), section II-G [S]; Glorot and Bengio (2010).
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d) and not module.weight.is_meta:
            nn.init.xavier_normal_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def check_widths(widths: Sequence[int], at_least: int, of: str) -> tuple[int, ...]:
    """Return the widths as a tuple.

    Raises
    ------
    NetworkError
        There are too few of them, or one is not a positive even number.
    """
    checked = tuple(widths)
    if len(checked) < at_least or any(not isinstance(each, int) or each < 2 or each % 2 for each in checked):
        raise NetworkError(
            f"widths {list(checked)} do not make a {of}",
            remedy=f"give at least {at_least} positive even numbers of channels, from the finest level down",
        )
    return checked
