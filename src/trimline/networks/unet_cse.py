"""U-Net+cSE: a U-Net whose blocks weigh their channels."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import nn

from trimline.errors import NetworkError
from trimline.networks.attention import ChannelExcitation
from trimline.networks.blocks import check_widths, double_convolution
from trimline.networks.encoder_decoder import EncoderDecoder
from trimline.networks.unet import WIDTHS

REDUCTION = 2
"""Times that the excitation has fewer channels inside [M]."""


class UNetCSE(EncoderDecoder):
    """U-Net+cSE of Tian and others (2022): channel squeeze and excitation in U-Net [S].

    A `trimline.networks.attention.ChannelExcitation` follows every block of the encoder and of the decoder,
    the rest is `trimline.networks.unet.UNet` [C].

    The excitation averages over the tile, so every output depends on the whole tile, and on its size: the average
    over a small tile scatters more. The network therefore has no halo, and mapping shows it tiles of the size that it
    was trained on.

    Parameters
    ----------
    bands
        Input channels.
    classes
        Logits per pixel.
    widths
        Channels per level, the finest first; the number of levels is free.
    reduction
        Times that the excitation has fewer channels inside.
    """

    def __init__(
        self, bands: int, classes: int = 2, *, widths: Sequence[int] = WIDTHS, reduction: int = REDUCTION
    ) -> None:
        widths = check_widths(widths, 2, "U-Net+cSE")
        if not 1 <= reduction <= min(widths):
            raise NetworkError(
                f"the excitation's {min(widths)} channels cannot be reduced {reduction} times",
                remedy=f"give a reduction from 1 to {min(widths)}",
            )

        def block(into: int, out: int) -> nn.Module:
            return nn.Sequential(double_convolution(into, out), ChannelExcitation(out, reduction))

        super().__init__(
            bands,
            classes,
            widths,
            encoder=[block(into, out) for into, out in pairwise((bands, *widths))],
            decoder=[block(2 * out, out) for out in reversed(widths[:-1])],
            reach=None,
        )
