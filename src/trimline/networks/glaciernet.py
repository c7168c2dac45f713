"""GlacierNet: a SegNet, whose decoder puts values back where the encoder's pooling found them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from trimline.errors import NetworkError
from trimline.networks.blocks import check_widths, convolution, initialise
from trimline.networks.network import Network
from trimline.networks.receptive import of_pyramid

WIDTHS = (64, 64, 64, 64)
CONVOLUTIONS = 2
"""Channels of the sections and convolutions in each [C]: the published ones are not public."""


class GlacierNet(Network):
    """GlacierNet of Xie and others (2020), which took SegNet as its model [S].

    "Appropriately choosing the type, number and size of layers and filters, and encoder depth" is all that Chen and
    others (2022) tell, and the paper's own depth and widths are not public: four sections of two 3x3 convolutions
    with 64 channels are our choice [C], after the SegNet family's plainest member [P]. Batch norm and ReLU follow
    each convolution but the last, which gives the logits; max pooling keeps the places of its maxima, and the mirrored
    decoder puts values back there, with zeros between; nothing else is handed across [M].

    Source: Badrinarayanan and others (2017), SegNet, IEEE TPAMI 39 [M].

    Parameters
    ----------
    bands
        Input channels.
    classes
        Logits per pixel.
    widths
        Channels per section, the finest first; the number of sections is free.
    convolutions
        How many each section has.
    """

    def __init__(
        self,
        bands: int,
        classes: int = 2,
        *,
        widths: Sequence[int] = WIDTHS,
        convolutions: int = CONVOLUTIONS,
    ) -> None:
        widths = check_widths(widths, 1, "GlacierNet")
        if convolutions < 1:
            raise NetworkError(f"a section of {convolutions} convolutions does nothing", remedy="give 1 or more")
        depth = len(widths)
        reach = of_pyramid(encoder=[convolutions] * depth, middle=0, decoder=[convolutions] * depth)
        super().__init__(bands, classes, stride=2**depth, reach=reach)
        self.encoder = nn.ModuleList(
            _section([into] + [out] * convolutions) for into, out in pairwise((bands, *widths))
        )
        self.pool = MaxPooling()
        self.unpool = MaxUnpooling()
        # Each section of the decoder ends with the channels of the next finer one, which unpooling needs.
        self.decoder = nn.ModuleList(
            _section([into] * convolutions + [out]) for into, out in pairwise(reversed(widths))
        )
        self.last = _section([widths[0]] * convolutions)
        self.head = nn.Conv2d(widths[0], classes, 3, padding=1)
        initialise(self)

    def segment(self, images: Tensor) -> Tensor:
        """Return logits (n, classes, h, w)."""
        places: list[Tensor] = []
        features = images
        for section in self.encoder:
            features, where = self.pool(section(features))
            places.append(where)
        for section in (*self.decoder, self.last):
            features = section(self.unpool(features, places.pop()))
        logits: Tensor = self.head(features)
        return logits


class MaxPooling(nn.Module):
    """2x2 max pooling that keeps the places of the maxima; of equal values the first, row by row, is the maximum.

    In an exported graph, places are four truth values per window instead of numbers: max_unpool2d cannot be exported,
    and a scatter at numbered places takes OpenVINO ten times as long.
    """

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Return the maxima, (n, channels, h / 2, w / 2), and their places, for `MaxUnpooling`."""
        if not _traced():
            pooled, numbers = functional.max_pool2d(features, 2, return_indices=True)
            return pooled, numbers
        a, b, c, d = (features[..., row::2, column::2] for row in (0, 1) for column in (0, 1))
        upper, left, right = torch.maximum(a, b) >= torch.maximum(c, d), a >= b, c >= d
        places = (upper & left, upper & ~left, ~upper & right, ~(upper | right))
        return functional.max_pool2d(features, 2), torch.stack(places, dim=2)


class MaxUnpooling(nn.Module):
    """The inverse of `MaxPooling`: each value at the place of its maximum, zeros elsewhere."""

    def forward(self, features: Tensor, places: Tensor) -> Tensor:
        """Return (n, channels, 2 h, 2 w) of features (n, channels, h, w)."""
        if not _traced():
            return functional.max_unpool2d(features, places, (2, 2))
        return functional.pixel_shuffle((features.unsqueeze(2) * places).flatten(1, 2), 2)


def _traced() -> bool:
    return bool(torch.jit.is_tracing())  # type: ignore[attr-defined, no-untyped-call]


def _section(channels: Sequence[int]) -> nn.Sequential:
    """Return 3x3 convolutions between consecutive numbers of channels; none where there is one number."""
    return nn.Sequential(*(convolution(into, out) for into, out in pairwise(channels)))
