"""U-Net: an encoder, a decoder, and the encoder's maps handed across."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

from trimline.networks.blocks import Order, check_widths, double_convolution
from trimline.networks.encoder_decoder import EncoderDecoder
from trimline.networks.receptive import of_pyramid

WIDTHS = (64, 128, 256, 512, 1024)
"""Channels per level in Ronneberger and others (2015)."""


class UNet(EncoderDecoder):
    """U-Net of Ronneberger and others (2015), as Chen and others (2022) trained it.

    Encoder levels of two 3x3 convolutions with ReLU, 2x2 max pooling between them; 2x2 transposed convolutions of
    stride 2 up; concatenation with the encoder's map of the same level; two 3x3 convolutions; a 1x1 head. With five
    levels these are 23 convolutions [S]. 'Same' padding, so that the output lies on the input, and batch norm [M].

    Parameters
    ----------
    bands
        Input channels.
    classes
        Logits per pixel.
    widths
        Channels per level, the finest first; the number of levels is free.
    batch_norm
        Whether each 3x3 convolution has batch norm.
    order
        Whether batch norm comes before ReLU (the convolution then has no bias), or after it, as in the network of
        Wieland and others (2019).
    """

    def __init__(
        self,
        bands: int,
        classes: int = 2,
        *,
        widths: Sequence[int] = WIDTHS,
        batch_norm: bool = True,
        order: Order = "norm-relu",
    ) -> None:
        widths = check_widths(widths, 2, "U-Net")
        coarser = len(widths) - 1
        block = partial(double_convolution, batch_norm=batch_norm, order=order)
        super().__init__(
            bands,
            classes,
            widths,
            encoder=(block(into, out) for into, out in pairwise((bands, *widths))),
            decoder=(block(2 * out, out) for out in reversed(widths[:-1])),
            reach=of_pyramid(encoder=[2] * coarser, middle=2, decoder=[2] * coarser),
        )
