"""The wiring of U-Net and its family: blocks down, blocks up, and the encoder's maps handed across."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from trimline.networks.blocks import initialise, upsampling
from trimline.networks.network import Network, Within
from trimline.networks.receptive import Reach


@runtime_checkable
class OfTwo(Protocol):
    """A layer that takes two maps one after the other, where others take their channels side by side."""

    def begin(self, first: Tensor) -> Tensor:
        """Return what `finish` needs of the first map."""
        ...

    def finish(self, begun: Tensor, second: Tensor) -> Tensor:
        """Return what the layer makes of both maps; `begun` may be written to."""
        ...


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
    decoder_radius
        How far a decoder's block looks to each side [pixels of its level], which lets the decoder leave out what is
        not asked for; None where that is not bounded.
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
        decoder_radius: int | None = None,
    ) -> None:
        super().__init__(bands, classes, stride=2 ** (len(widths) - 1), reach=reach)
        self.encoder = nn.ModuleList(encoder)
        self.pool = nn.MaxPool2d(2)
        self.up = nn.ModuleList(upsampling(into, out) for into, out in pairwise(reversed(widths)))
        self.decoder = nn.ModuleList(decoder)
        self.head = nn.Conv2d(widths[0], classes, 1)
        self.decoder_radius = decoder_radius
        initialise(self)

    def segment(self, images: Tensor) -> Tensor:
        """Return logits (n, classes, h, w)."""
        height, width = images.shape[-2:]
        return self._decoded(images, (slice(0, height), slice(0, width)))

    def segment_within(self, images: Tensor, within: Within) -> Tensor:
        """Return the logits of rows and columns, decoding only what they depend on.

        The encoder sees all. Of a decoder's level, the pixels wanted and those that its block looks at around them
        are computed, so that the halo of a window costs little more than the encoder's half of the work.
        """
        return super().segment_within(images, within) if self.decoder_radius is None else self._decoded(images, within)

    def _decoded(self, images: Tensor, within: Within) -> Tensor:
        *skips, features = self._encoded(images)
        wanted, seen = [within], []
        for skip in skips:
            seen.append(_around(wanted[-1], self.decoder_radius or 0, skip.shape[-2:]))
            wanted.append(_halved(seen[-1]))
        features = features[(..., *wanted.pop())]
        for up, block in zip(self.up, self.decoder, strict=True):
            to_see, to_give = seen.pop(), wanted.pop()
            on_risen = _relative(to_see, _doubled(_halved(to_see)))
            first, *others = layers_of(block)
            # What a layer has read is gone before the next one writes.
            if isinstance(first, OfTwo):
                skip = skips.pop()[(..., *to_see)].contiguous(memory_format=torch.channels_last)
                begun = first.begin(skip)
                del skip
                features = up(features)[(..., *on_risen)]
                features = first.finish(begun, features)
                del begun
            else:
                features = up(features)[(..., *on_risen)]
                features = first(torch.cat((skips.pop()[(..., *to_see)], features), dim=1))
            for layer in others:
                features = layer(features)
            if skips:
                features = features[(..., *_relative(to_give, to_see))]
        logits: Tensor = self.head(features)[(..., *_relative(to_give, to_see))]
        return logits

    def _encoded(self, images: Tensor) -> list[Tensor]:
        """Return the encoder's maps, the finest first."""
        maps: list[Tensor] = []
        for block in self.encoder:
            maps.append(block(self.pool(maps[-1]) if maps else images))
        return maps


def layers_of(block: nn.Module) -> list[nn.Module]:
    """Return what a block does, one layer after the other."""
    if not isinstance(block, nn.Sequential):
        return [block]
    return [layer for part in block for layer in layers_of(part)]


def _around(within: Within, radius: int, shape: Sequence[int]) -> Within:
    rows, columns = (
        slice(max(0, axis.start - radius), min(length, axis.stop + radius))
        for axis, length in zip(within, shape, strict=True)
    )
    return rows, columns


def _halved(within: Within) -> Within:
    rows, columns = (slice(axis.start // 2, -(-axis.stop // 2)) for axis in within)
    return rows, columns


def _doubled(within: Within) -> Within:
    rows, columns = (slice(2 * axis.start, 2 * axis.stop) for axis in within)
    return rows, columns


def _relative(within: Within, to: Within) -> Within:
    rows, columns = (
        slice(axis.start - origin.start, axis.stop - origin.start) for axis, origin in zip(within, to, strict=True)
    )
    return rows, columns
