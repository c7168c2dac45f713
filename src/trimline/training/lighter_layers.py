"""Layers that give what a network's own give on the CPU, in fewer passes over memory and less of it."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from trimline.networks import Network
from trimline.networks.encoder_decoder import EncoderDecoder

_ROUNDING = 0.02
"""How far two ways to compute a convolution in half precision may differ."""


class ConvolutionWithReLU(nn.Module):
    """A convolution and the ReLU after it in one pass over memory.

    The operator is the one that torch.compile writes for CPUs; it has no public name, so :func:`onednn_fuses` looks
    whether it is there and does what it should. The bias, which batch norm is part of, is added in single precision
    before anything is rounded.
    """

    def __init__(self, convolution: nn.Conv2d, dtype: torch.dtype) -> None:
        super().__init__()
        self.weight = nn.Parameter(convolution.weight.detach().to(dtype), requires_grad=False)
        self.bias = convolution.bias
        self.padding: Any = convolution.padding
        self.setting = (convolution.stride, convolution.dilation, convolution.groups)

    def forward(self, features: Tensor, *, beyond: int = 0) -> Tensor:
        """Return relu(convolution(features)), (n, out, h - 2 * beyond, w).

        Some rows `beyond` what is asked for may be given, above and below, in the place of padding.
        """
        features = features.to(self.weight.dtype)
        padding = _less(self.padding, beyond)
        activated: Tensor = torch.ops.mkldnn._convolution_pointwise(
            features, self.weight, self.bias, padding, *self.setting, "relu", [], ""
        )
        return activated


class ConvolutionOfTwo(nn.Module):
    """The same for two maps, of which the second is added to what was made of the first.

    Nothing is copied to lie side by side, and where there are many channels two convolutions of half of them each are
    faster than one of all. What is made of the first map is rounded before the second is added.
    """

    def __init__(self, convolution: ConvolutionWithReLU, channels: int) -> None:
        super().__init__()
        whole = convolution.weight
        self.channels = [channels, whole.shape[1] - channels]
        self.first, self.second = (
            nn.Parameter(part.contiguous(memory_format=torch.channels_last), requires_grad=False)
            for part in torch.split(whole, self.channels, dim=1)
        )
        self.bias = convolution.bias
        self.padding = convolution.padding
        self.setting = convolution.setting

    def forward(self, features: Tensor) -> Tensor:
        """Return relu(convolution(features)) of two maps whose channels lie side by side, (n, out, h, w)."""
        first, second = torch.split(features, self.channels, dim=1)
        return self.finish(self.begin(first), second)

    def begin(self, first: Tensor, *, beyond: int = 0) -> Tensor:
        """Return the first map's share of the convolution, (n, out, h - 2 * beyond, w).

        The map may have some rows `beyond` what is asked for, above and below, in the place of padding.
        """
        padding = _less(self.padding, beyond)
        begun: Tensor = torch.ops.mkldnn._convolution_pointwise(
            first.to(self.first.dtype), self.first, self.bias, padding, *self.setting, "none", [], ""
        )
        return begun

    def finish(self, begun: Tensor, second: Tensor, *, beyond: int = 0) -> Tensor:
        """Return relu(begun + convolution(second)), in the memory of what was begun.

        The second map may have some rows `beyond` what was begun, above and below, in the place of padding.
        """
        if begun.is_meta:  # the operator does not know what it does to shapes alone
            return begun
        padding = _less(self.padding, beyond)
        activated: Tensor = torch.ops.mkldnn._convolution_pointwise_.binary(
            begun,
            second.to(self.second.dtype),
            self.second,
            None,
            padding,
            *self.setting,
            "add",
            None,
            "relu",
            [],
            None,
        )
        return activated


class HalvingMaximum(nn.Module):
    """2x2 max pooling by comparing rows, then columns.

    Torch's own also notes where each maximum was, in four times the memory of a pooled map in half precision, and takes
    nearly twice the time.
    """

    def forward(self, features: Tensor) -> Tensor:
        """Return (n, channels, h / 2, w / 2); h and w are even."""
        higher = torch.maximum(features[..., ::2, :], features[..., 1::2, :])
        return torch.maximum(higher[..., ::2], higher[..., 1::2])


def make_lighter(network: Network, dtype: torch.dtype) -> None:
    """Change a folded network's layers on the CPU to ones that give the same in fewer passes over memory.

    Convolutions do what follows them, and take two maps apart where a decoder joins them; pooling notes no places.

    Parameters
    ----------
    network
        Whose batch norms are folded; it can then be asked, and not trained.
    dtype
        That convolutions will compute in.
    """
    _pool_by_comparing(network)
    if not onednn_fuses(dtype):
        return
    _fuse_relu(network, dtype)
    if isinstance(network, EncoderDecoder):
        for block in network.decoder:
            _take_two(block)


def _pool_by_comparing(network: Network) -> None:
    plain = repr(nn.MaxPool2d(2))
    for name, layer in list(network.named_modules()):
        if isinstance(layer, nn.MaxPool2d) and repr(layer) == plain and not layer.return_indices:
            network.set_submodule(name, HalvingMaximum())


def _take_two(block: nn.Module) -> None:
    """Let a block that begins with a convolution and ReLU take two maps apart, half of its channels each."""
    if not isinstance(block, nn.Sequential):
        return
    first = block[0]
    if isinstance(first, ConvolutionWithReLU):
        block[0] = ConvolutionOfTwo(first, first.weight.shape[1] // 2)
    else:
        _take_two(first)


def _fuse_relu(network: Network, dtype: torch.dtype) -> None:
    """Make one module of each convolution that a ReLU follows directly."""
    for owner in [module for module in network.modules() if isinstance(module, nn.Sequential)]:
        computing = [name for name, child in owner.named_children() if not isinstance(child, nn.Identity)]
        for first, second in pairwise(computing):
            convolution, after = owner.get_submodule(first), owner.get_submodule(second)
            if (
                isinstance(convolution, nn.Conv2d)
                and isinstance(after, nn.ReLU)
                and convolution.padding_mode == "zeros"
                and isinstance(convolution.padding, tuple)
            ):
                setattr(owner, first, ConvolutionWithReLU(convolution, dtype))
                setattr(owner, second, nn.Identity())


def _less(padding: Any, beyond: int) -> tuple[int, int]:
    """Return the padding of rows and columns that is left where some rows are given in its place."""
    return padding[0] - beyond, padding[1]


@cache
def onednn_fuses(dtype: torch.dtype) -> bool:
    """Return whether the operators that fused layers need are there, and give what they should in some precision."""
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    with torch.random.fork_rng(devices=[]):
        convolution = nn.Conv2d(3, 8, 3, padding=1).requires_grad_(False)
        images = torch.randn(1, 3, 8, 8)
    try:
        fused = ConvolutionWithReLU(convolution, dtype)
        answers = fused(images), ConvolutionOfTwo(fused, 1)(images)
    except (AttributeError, RuntimeError):
        return False
    expected = convolution(images).relu()
    return all(torch.allclose(each.float(), expected, rtol=_ROUNDING, atol=_ROUNDING) for each in answers)
