"""LandsNet and M-LandsNet: residual blocks, attention gates, and three dilated convolutions side by side."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from trimline.errors import NetworkError
from trimline.networks.attention import AttentionGate
from trimline.networks.blocks import ResBlock, check_widths, convolution, initialise, upsampling
from trimline.networks.network import Network
from trimline.networks.receptive import of_pyramid

WIDTHS = (64, 128, 256)
MIDDLE = 512
"""Channels of the three levels and of the middle [C]; no source prints them."""


class LandsNet(Network):
    """LandsNet of Yi and Zhang (2020); with dilations 1, 2, 3 the M-LandsNet of Chen and others (2022).

    Encoder: a residual block and 2x2 max pooling, three times [S]. Middle: three *parallel* 3x3 convolutions of
    different dilation on the last pooled map, joined from local to global: the first two through a 1x1 convolution,
    the result and the third through another [S]; batch norm and ReLU after the dilated ones, batch norm after the
    1x1 [C]. Decoder: 2x2 transposed convolution of stride 2, attention gate on the encoder's map,
    concatenation, residual block, three times [S]. The skips are the maps before pooling, which have the grid of the
    upsampled ones [C]. Head: 1x1 to logits; softmax is the loss's affair [S].

    "The max pooling uses a 2x2 convolutional layer" in the paper is read as 2x2 max pooling.

    Parameters
    ----------
    bands
        Input channels.
    classes
        Logits per pixel.
    dilations
        Of the three middle convolutions, from local to global [S].
    widths
        Channels per level, the finest first [C]; the number of levels is free.
    middle
        Channels of the dilated convolutions [C]; None means twice the coarsest level's.
    """

    def __init__(
        self,
        bands: int,
        classes: int = 2,
        *,
        dilations: Sequence[int],
        widths: Sequence[int] = WIDTHS,
        middle: int | None = None,
    ) -> None:
        widths = check_widths(widths, 1, "LandsNet")
        (middle,) = check_widths((2 * widths[-1] if middle is None else middle,), 1, "LandsNet's middle")
        dilations = _check_dilations(dilations)
        levels = len(widths)
        reach = of_pyramid(encoder=[2] * levels, middle=max(dilations), decoder=[2] * levels)
        super().__init__(bands, classes, stride=2**levels, reach=reach)
        self.encoder = nn.ModuleList(ResBlock(into, out) for into, out in pairwise((bands, *widths)))
        self.pool = nn.MaxPool2d(2)
        self.dilated = nn.ModuleList(convolution(widths[-1], middle, dilation=each) for each in dilations)
        self.fuse_local = convolution(2 * middle, middle, 1, relu=False)
        self.fuse_global = convolution(2 * middle, middle, 1, relu=False)
        upwards = tuple(reversed(widths))
        self.up = nn.ModuleList(upsampling(into, out) for into, out in pairwise((middle, *upwards)))
        self.gates = nn.ModuleList(AttentionGate(each) for each in upwards)
        self.decoder = nn.ModuleList(ResBlock(2 * each, each) for each in upwards)
        self.head = nn.Conv2d(widths[0], classes, 1)
        initialise(self)

    def segment(self, images: Tensor) -> Tensor:
        """Return logits (n, classes, h, w)."""
        skips: list[Tensor] = []
        features = images
        for block in self.encoder:
            features = block(features)
            skips.append(features)
            features = self.pool(features)
        nearest, nearer, far = (branch(features) for branch in self.dilated)
        features = self.fuse_local(torch.cat((nearest, nearer), dim=1))
        features = self.fuse_global(torch.cat((features, far), dim=1))
        for up, gate, block in zip(self.up, self.gates, self.decoder, strict=True):
            features = up(features)
            features = block(torch.cat((gate(skips.pop(), features), features), dim=1))
        logits: Tensor = self.head(features)
        return logits


def _check_dilations(dilations: Sequence[int]) -> tuple[int, ...]:
    checked = tuple(dilations)
    if len(checked) != 3 or any(not isinstance(each, int) or each < 1 for each in checked):
        raise NetworkError(
            f"dilations {list(checked)} do not make a LandsNet", remedy="give three positive whole numbers"
        )
    return checked
