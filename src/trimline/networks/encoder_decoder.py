"""The wiring of U-Net and its family: blocks down, blocks up, and the encoder's maps handed across."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from trimline.networks.blocks import initialise, upsampling
from trimline.networks.network import Network
from trimline.networks.receptive import Reach


class EncoderDecoder(Network):
    """Blocks with 2x2 max pooling between them; 2x2 transposed convolutions up; concatenation; blocks; a 1x1 head.

    The concatenation is encoder's map first, upsampled map second. Weights are drawn when all is built.

    Parameters
    ----------
    bands
        Input channels.
    classes
        Logits per pixel.
    widths
        Channels per level, the finest first.
    encoder
        A block per level, the finest first. The first takes `bands` channels; each gives its level's width.
    decoder
        A block per level but the coarsest, from coarse to fine: twice the level's width in, the width out.
    reach
        How far an output pixel looks; None where every output depends on the whole tile.
    """

    def __init__(
        self,
        bands: int,
        classes: int,
        widths: Sequence[int],
        *,
        encoder: Iterable[nn.Module],
        decoder: Iterable[nn.Module],
        reach: Reach | None,
    ) -> None:
        super().__init__(bands, classes, stride=2 ** (len(widths) - 1), reach=reach)
        self.encoder = nn.ModuleList(encoder)
        self.pool = nn.MaxPool2d(2)
        self.up = nn.ModuleList(upsampling(into, out) for into, out in pairwise(reversed(widths)))
        self.decoder = nn.ModuleList(decoder)
        self.head = nn.Conv2d(widths[0], classes, 1)
        initialise(self)

    def segment(self, images: Tensor) -> Tensor:
        """Return logits (n, classes, h, w)."""
        *skips, features = self._encoded(images)
        for up, block in zip(self.up, self.decoder, strict=True):
            features = block(torch.cat((skips.pop(), up(features)), dim=1))
        logits: Tensor = self.head(features)
        return logits

    def _encoded(self, images: Tensor) -> list[Tensor]:
        """Return the encoder's maps, the finest first."""
        maps: list[Tensor] = []
        for block in self.encoder:
            maps.append(block(self.pool(maps[-1]) if maps else images))
        return maps
