"""What every network here is: reflectance in, logits out, and the few facts that mapping must know about it."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn

from trimline.errors import NetworkError
from trimline.networks.receptive import Reach


class Network(nn.Module, ABC):
    """The base of the networks: checks what it is fed with, and says how far it looks.

    A subclass calls ``super().__init__`` with its number of bands and classes, its `stride` and its `reach`, and
    writes `segment`. One that is trained on more than its output (the four heads of
    U-Net++) also overrides `supervised`.

    Parameters
    ----------
    bands
        Input channels.
    classes
        Logits per pixel; class 1 is ice.
    stride
        Height and width of the input must be multiples of it.
    reach
        How far an output pixel looks; None where every output depends on the whole tile.

    Attributes
    ----------
    receptive_field
        Side of the largest square of input pixels that one output pixel depends on [pixels], or None.
    halo
        Margin around a window, a multiple of the stride, within which the window's edge can be felt [pixels], or
        None. Windows that overlap by it, and start at multiples of the stride, agree with the whole image.
    bounded
        Whether nothing beyond the halo can be felt at all. False where the halo is only what is expected.
    """

    def __init__(self, bands: int, classes: int, *, stride: int, reach: Reach | None) -> None:
        super().__init__()
        if bands < 1 or classes < 1:
            raise NetworkError(f"a network needs at least one band and one class, not {bands} and {classes}")
        self.bands = bands
        self.classes = classes
        self.stride = stride
        self.receptive_field = reach.field if reach else None
        self.halo = -(-reach.radius // stride) * stride if reach else None
        self.bounded = reach is not None

    @abstractmethod
    def segment(self, images: Tensor) -> Tensor:
        """Return the logits of images whose shape has been checked."""

    def forward(self, images: Tensor) -> Tensor:
        """Return logits.

        Parameters
        ----------
        images
            (n, bands, h, w) float; h and w are multiples of `stride`.

        Returns
        -------
        Tensor
            (n, classes, h, w) logits.

        Raises
        ------
        NetworkError
            The images have another number of bands, or a side that is no multiple of the stride.
        """
        self._check(images)
        return self.segment(images)

    def supervised(self, images: Tensor) -> tuple[Tensor, ...]:
        """Return every map of logits that training compares with the mask; their losses are averaged."""
        return (self(images),)

    def _check(self, images: Tensor) -> None:
        if images.ndim != 4 or images.shape[1] != self.bands:
            raise NetworkError(
                f"{type(self).__name__} takes images of shape (n, {self.bands}, h, w), not {tuple(images.shape)}"
            )
        height, width = images.shape[-2:]
        if height % self.stride or width % self.stride or not height or not width:
            raise NetworkError(
                f"{type(self).__name__} cannot take images of {height} x {width} pixels",
                remedy=f"height and width must be multiples of {self.stride}",
            )
