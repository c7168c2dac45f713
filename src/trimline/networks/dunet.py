"""D-UNet: a U-Net of deformable convolutions, with dilated ones at its coarsest level."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import nn

from trimline.errors import NetworkError
from trimline.networks.blocks import DenseAtrous, check_widths, convolution
from trimline.networks.deformable import DeformableConvolution, initialise_deformable
from trimline.networks.encoder_decoder import EncoderDecoder
from trimline.networks.receptive import of_pyramid

WIDTHS = (32, 64, 128, 256, 512)
"""Channels of the four stages and of the bottleneck [C]; no source prints them."""

_ALLOWANCE = 1
"""Offset that the reach allows for where offsets have no limit [pixels of each grid]."""


class DUNet(EncoderDecoder):
    """D-UNet of Li and others (2024): deformable convolutions in every stage, dense atrous convolution between [S].

    Stem: a 3x3 convolution. Encoder: two deformable convolutions and 2x2 max pooling, four times [S]. Bottleneck: a
    3x3 convolution to 512 channels [C], then `trimline.networks.blocks.DenseAtrous` [S]. Decoder: 2x2
    transposed convolution of stride 2, concatenation with the encoder's map before pooling, a 3x3 convolution to the
    stage's width [C], two deformable convolutions, four times [S]. Head: 1x1. Batch norm and ReLU follow every 3x3 and
    deformable convolution [P].

    Offsets have no limit in the papers, so nothing bounds how far the network looks. Without `offset_limit` its
    receptive field and halo are those of offsets up to 1 pixel of each level's grid, which a trained network may
    exceed: the map then depends a little on where windows meet, and a larger halo makes it depend less. With
    `offset_limit` both are exact, and grow by some 90 pixels per pixel of the limit.

    Source: Jin and others (2019), DUNet, Knowledge-Based Systems 178; Gu and others (2019), CE-Net.

    Parameters
    ----------
    bands
        Input channels.
    classes
        Logits per pixel.
    widths
        Channels per stage, the finest first, and of the bottleneck; the number of stages is free.
    mixed
        Whether only the second convolution of a stage is deformable, which is about twice as fast [C]: the first of
        the encoder's is an ordinary one, and the decoder's is the one that follows the concatenation.
    modulated
        Whether deformable convolutions weigh their taps; None means that they do where `mixed` is set [C].
    offset_limit
        How far a tap may be moved along each axis [pixels of its level's grid]; None means any distance, as in the
        papers.
    """

    def __init__(
        self,
        bands: int,
        classes: int = 2,
        *,
        widths: Sequence[int] = WIDTHS,
        mixed: bool = False,
        modulated: bool | None = None,
        offset_limit: int | None = None,
    ) -> None:
        *stages, bottleneck = widths = check_widths(widths, 2, "D-UNet")
        if offset_limit is not None and (not isinstance(offset_limit, int) or offset_limit < 1):
            raise NetworkError(
                f"offsets cannot be limited to {offset_limit} pixels", remedy="give a positive whole number, or none"
            )

        def deformable(into: int, out: int) -> nn.Module:
            return DeformableConvolution(
                into, out, modulated=mixed if modulated is None else modulated, offset_limit=offset_limit
            )

        first = convolution if mixed else deformable
        encoder: list[nn.Module] = [
            nn.Sequential(first(into, out), deformable(out, out)) for into, out in pairwise((stages[0], *stages))
        ]
        encoder[0] = nn.Sequential(convolution(bands, stages[0]), *encoder[0].children())
        encoder.append(nn.Sequential(convolution(stages[-1], bottleneck), DenseAtrous(bottleneck)))
        decoder = [
            nn.Sequential(convolution(2 * out, out), *(deformable(out, out) for _ in range(1 if mixed else 2)))
            for out in reversed(stages)
        ]
        deformed = 1 + (_ALLOWANCE if offset_limit is None else offset_limit)
        down = 1 + deformed if mixed else 2 * deformed
        up = 1 + deformed if mixed else 1 + 2 * deformed
        reach = of_pyramid(
            encoder=[1 + down] + [down] * (len(stages) - 1),
            middle=1 + DenseAtrous.RADIUS,
            decoder=[up] * len(stages),
        )
        super().__init__(bands, classes, widths, encoder=encoder, decoder=decoder, reach=reach)
        self.bounded = offset_limit is not None
        initialise_deformable(self)
