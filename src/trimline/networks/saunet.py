"""SaU-Net: a U-Net whose coarsest map looks at itself."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import nn

from trimline.networks.attention import SelfAttention
from trimline.networks.blocks import check_widths, double_convolution
from trimline.networks.encoder_decoder import EncoderDecoder
from trimline.networks.unet import WIDTHS


class SaUNet(EncoderDecoder):
    """SaU-Net of He and others (2021): "a self-attention mechanism module" in U-Net [S].

    No source that is open says where the module sits and how it is built: it is one
    `trimline.networks.attention.SelfAttention` after the last block of the encoder, the rest is
    `trimline.networks.unet.UNet` [C].

    Every output depends on the whole tile, and attention that learned on tiles of one size spreads differently on
    another. The network therefore has no halo, and mapping shows it tiles of the size that it was trained on.

    Parameters
    ----------
    bands
        Input channels.
    classes
        Logits per pixel.
    widths
        Channels per level, the finest first, 8 or more in the last; the number of levels is free.
    """

    def __init__(self, bands: int, classes: int = 2, *, widths: Sequence[int] = WIDTHS) -> None:
        widths = check_widths(widths, 2, "SaU-Net")
        encoder = [double_convolution(into, out) for into, out in pairwise((bands, *widths))]
        super().__init__(
            bands,
            classes,
            widths,
            encoder=[*encoder[:-1], nn.Sequential(encoder[-1], SelfAttention(widths[-1]))],
            decoder=[double_convolution(2 * out, out) for out in reversed(widths[:-1])],
            reach=None,
        )
