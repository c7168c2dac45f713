"""The fastest way that a machine has to compute a trained network, with the outlines of the slow one.

Batch norm is folded into the convolutions. On the CPU a convolution and the ReLU after it are one pass over memory
where oneDNN is at hand, and on a CUDA device the kernels of a window are recorded once and replayed. Whether half
precision pays is measured, for a second at most, since it is six times as fast on one machine and slower on another.
"""

from __future__ import annotations

import logging
import time
from functools import cache
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

from trimline.networks import Network, Within
from trimline.networks.encoder_decoder import EncoderDecoder
from trimline.networks.folding import fold_batch_norm
from trimline.training.device import Precision, autocast, half_type, in_channels_last, uses_bf16
from trimline.training.footprint import bytes_per_pixel

_logger = logging.getLogger(__name__)

Arithmetic = Literal["bf16", "fp16", "fp32"]

_CLEARLY = 2.0
"""Times that another arithmetic than the expected must be faster to be taken: a machine that is busy now and idle then
must not draw other outlines."""

_CPU_SIDE = 128
"""Largest side of the noise that is measured on the CPU [pixels]; 128 x 128 take the largest U-Net a quarter of a
second on one core in single precision."""

_SECONDS = 0.3
"""How long rounds of all paths are timed, after a first one that is not [s]; the last one is finished."""


_ROUNDING = 0.02
"""How far two ways to compute a convolution in half precision may differ."""


class FastPath:
    """A trained network, computed in one arithmetic with all that makes it faster.

    Called with images (n, channels, h, w), channels last, on the device, it returns their logits (n, classes, h, w).

    Parameters
    ----------
    network
        In evaluation mode, on `device`; left as it is.
    device
        Where it computes.
    precision
        Arithmetic of the convolutions; `auto` takes bf16 where the device has instructions for it.

    Raises
    ------
    NetworkError
        The device does not compute in this precision.
    """

    def __init__(self, network: Network, device: torch.device, precision: Precision) -> None:
        half = half_type(precision, device)
        self.arithmetic: Arithmetic = "fp32" if half is None else "fp16" if half == torch.float16 else "bf16"
        self.megapixels_per_second: dict[str, float] = {}
        """What was measured of each way that was tried; empty where nothing was."""
        self._as_trained = network
        self._device = device
        self._network = in_channels_last(fold_batch_norm(network))
        if device.type == "cpu" and _onednn_fuses(half or torch.float32):
            _fuse(self._network, half or torch.float32)
        if half is not None:
            # Autocast would do the same at every call. Deformable convolutions keep their single precision.
            for module in self._network.modules():
                if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                    module.to(half)
        self._recorded: _Recording | None = None

    def __str__(self) -> str:
        return f"{self.arithmetic}, recorded" if self._recorded is not None else self.arithmetic

    def __call__(self, images: Tensor, within: Within | None = None) -> Tensor:
        """Return logits, of some rows and columns or of all."""
        if self._recorded is not None and self._recorded.shape == images.shape:
            logits = self._recorded(images)
            logits = logits if within is None else logits[(..., *within)]
        else:
            logits = self._computed(images, within)
        if self.arithmetic == "fp16" and not torch.isfinite(logits).all():
            # Numbers end at 65504 in fp16, and nothing keeps the features of a network below it.
            logits = self._as_trained(images, within)
        return logits

    @property
    def bytes_per_pixel(self) -> float:
        """The most memory that features take at a time, per pixel of a large window [bytes]."""
        half = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(self.arithmetic, torch.float32)
        return bytes_per_pixel(self._network, half)

    def record(self, images: Tensor) -> None:
        """Record the kernels of a batch on a CUDA device, for all batches of the same shape."""
        self._recorded = _Recording(self, images)

    def _computed(self, images: Tensor, within: Within | None = None) -> Tensor:
        with autocast(self.arithmetic, self._device):
            logits: Tensor = self._network(images, within)
        return logits


def fastest(
    network: Network, device: torch.device, precision: Precision, sides: tuple[int, int], title: str
) -> FastPath:
    """Return the fastest way to compute a network on a device, and say in one line of the log which it is.

    Parameters
    ----------
    network
        In evaluation mode, on `device`.
    device
        Where it computes.
    precision
        `auto` measures; anything else is done as told.
    sides
        Height and width of the windows that it will be asked about [pixels].
    title
        Of the network, for the log.

    Returns
    -------
    FastPath
        With what was measured.

    Raises
    ------
    NetworkError
        The device does not compute in this precision.
    """
    images = _noise(network, device, sides)
    tried = _paths(network, device, precision, images)
    best = _expected(network, tried)
    if len(tried) > 1:
        speeds = _speeds(tried, images)
        for path in tried:
            worth = 1.0 if path.arithmetic == best.arithmetic else _CLEARLY
            best = path if speeds[str(path)] > worth * speeds[str(best)] else best
        best.megapixels_per_second = speeds
    _logger.info("%s: %s%s", title, best, _compared(best))
    return best


def _expected(network: Network, paths: list[FastPath]) -> FastPath:
    """Return the path that should be fastest: half precision, but for deformable convolutions, which have none."""
    exact, *halves = paths
    deformable = any("Deformable" in type(module).__name__ for module in network.modules())
    return exact if deformable or not halves else halves[0]


def _paths(network: Network, device: torch.device, precision: Precision, images: Tensor) -> list[FastPath]:
    """Return what is to be tried, the most exact first."""
    paths = [FastPath(network, device, each) for each in _arithmetics(network, device, precision)]
    if device.type != "cuda":
        return paths
    for path in tuple(paths):
        recorded = FastPath(network, device, path.arithmetic)
        try:
            recorded.record(images)
        except RuntimeError as error:
            _logger.debug("%s cannot be recorded in %s: %s", type(network).__name__, path, error)
        else:
            paths.append(recorded)
    return paths


def _arithmetics(network: Network, device: torch.device, precision: Precision) -> tuple[Precision, ...]:
    if precision != "auto":
        return (precision,)
    if not any(isinstance(module, nn.Conv2d) for module in network.modules()):
        return ("fp32",)
    if uses_bf16("auto", device):
        return ("fp32", "bf16")
    # A CUDA device that has no bf16 came before Ampere, and has fp16.
    return ("fp32", "fp16") if device.type == "cuda" else ("fp32",)


def _compared(path: FastPath) -> str:
    measured = path.megapixels_per_second
    if not measured:
        return ""
    text = f"; {measured[str(path)]:.2g} Mpx/s"
    if str(path) != "fp32" and "fp32" in measured:
        text += f" against {measured['fp32']:.2g} in fp32"
    return text


def _noise(network: Network, device: torch.device, sides: tuple[int, int]) -> Tensor:
    """Return one image of noise: as large as a window on a GPU, which is idle with less, and smaller on the CPU."""
    if device.type == "cpu":
        sides = min(sides[0], _CPU_SIDE), min(sides[1], _CPU_SIDE)
    height, width = (-(-max(side, 1) // network.stride) * network.stride for side in sides)
    noise = torch.randn((1, network.bands, height, width), generator=torch.Generator().manual_seed(0))
    return noise.to(device).contiguous(memory_format=torch.channels_last)


@torch.inference_mode()
def _speeds(paths: list[FastPath], images: Tensor) -> dict[str, float]:
    """Return how fast paths are [Mpx/s], by their names.

    They take turns, and the best of each counts: whatever else the machine does only slows them.
    """
    for path in paths:
        path(images)
    best = dict.fromkeys(map(str, paths), float("inf"))
    started = time.perf_counter()
    while time.perf_counter() - started < _SECONDS:
        for path in paths:
            _wait_for(images.device)
            start = time.perf_counter()
            path(images)
            _wait_for(images.device)
            best[str(path)] = min(best[str(path)], time.perf_counter() - start)
    return {name: images[:, 0].numel() / 1e6 / seconds for name, seconds in best.items()}


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


class _Recording:
    """A forward pass on a CUDA device, recorded for one shape: its kernels start together and not one by one."""

    def __init__(self, path: FastPath, images: Tensor) -> None:
        self.shape = images.shape
        self._images = images.clone(memory_format=torch.preserve_format)
        with torch.inference_mode(), torch.cuda.device(images.device):
            # The first passes choose algorithms, which may not be recorded; they must run beside the default stream.
            beside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
            beside.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(beside):
                for _ in range(3):
                    path._computed(self._images)
            torch.cuda.current_stream().wait_stream(beside)
            self._graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(self._graph):
                self._logits = path._computed(self._images)

    def __call__(self, images: Tensor) -> Tensor:
        self._images.copy_(images)
        self._graph.replay()
        return self._logits.clone()


class _ConvolutionWithReLU(nn.Module):
    """A convolution and the ReLU after it in one pass over memory.

    The operator is the one that torch.compile writes for CPUs; it has no public name, so :func:`_onednn_fuses` looks
    whether it is there and does what it should. The bias, which batch norm is part of, is added in single precision
    before anything is rounded.
    """

    def __init__(self, convolution: nn.Conv2d, dtype: torch.dtype) -> None:
        super().__init__()
        self.weight = nn.Parameter(convolution.weight.detach().to(dtype), requires_grad=False)
        self.bias = convolution.bias
        self.setting = (convolution.padding, convolution.stride, convolution.dilation, convolution.groups)

    def forward(self, features: Tensor) -> Tensor:
        """Return relu(convolution(features)), (n, out, h, w)."""
        features = features.to(self.weight.dtype)
        activated: Tensor = torch.ops.mkldnn._convolution_pointwise(
            features, self.weight, self.bias, *self.setting, "relu", [], ""
        )
        return activated


class _ConvolutionOfTwo(nn.Module):
    """The same for two maps, of which the second is added to what was made of the first.

    Nothing is copied to lie side by side, and where there are many channels two convolutions of half of them each are
    faster than one of all. What is made of the first map is rounded before the second is added.
    """

    def __init__(self, convolution: _ConvolutionWithReLU, channels: int) -> None:
        super().__init__()
        whole = convolution.weight
        self.channels = [channels, whole.shape[1] - channels]
        self.first, self.second = (
            nn.Parameter(part.contiguous(memory_format=torch.channels_last), requires_grad=False)
            for part in torch.split(whole, self.channels, dim=1)
        )
        self.bias = convolution.bias
        self.setting = convolution.setting

    def forward(self, features: Tensor) -> Tensor:
        """Return relu(convolution(features)) of two maps whose channels lie side by side, (n, out, h, w)."""
        first, second = torch.split(features, self.channels, dim=1)
        return self.finish(self.begin(first), second)

    def begin(self, first: Tensor) -> Tensor:
        """Return the first map's share of the convolution."""
        begun: Tensor = torch.ops.mkldnn._convolution_pointwise(
            first.to(self.first.dtype), self.first, self.bias, *self.setting, "none", [], ""
        )
        return begun

    def finish(self, begun: Tensor, second: Tensor) -> Tensor:
        """Return relu(begun + convolution(second)), in the memory of what was begun."""
        if begun.is_meta:  # the operator does not know what it does to shapes alone
            return begun
        activated: Tensor = torch.ops.mkldnn._convolution_pointwise_.binary(
            begun, second.to(self.second.dtype), self.second, None, *self.setting, "add", None, "relu", [], None
        )
        return activated


def _fuse(network: Network, dtype: torch.dtype) -> None:
    """Let convolutions do what follows them, and take two maps apart where a decoder joins them."""
    _fuse_relu(network, dtype)
    if isinstance(network, EncoderDecoder):
        for block in network.decoder:
            _take_two(block)


def _take_two(block: nn.Module) -> None:
    """Let a block that begins with a convolution and ReLU take two maps apart, half of its channels each."""
    if not isinstance(block, nn.Sequential):
        return
    first = block[0]
    if isinstance(first, _ConvolutionWithReLU):
        block[0] = _ConvolutionOfTwo(first, first.weight.shape[1] // 2)
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
                setattr(owner, first, _ConvolutionWithReLU(convolution, dtype))
                setattr(owner, second, nn.Identity())


@cache
def _onednn_fuses(dtype: torch.dtype) -> bool:
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    with torch.random.fork_rng(devices=[]):
        convolution = nn.Conv2d(3, 8, 3, padding=1).requires_grad_(False)
        images = torch.randn(1, 3, 8, 8)
    try:
        fused = _ConvolutionWithReLU(convolution, dtype)
        answers = fused(images), _ConvolutionOfTwo(fused, 1)(images)
    except (AttributeError, RuntimeError):
        return False
    expected = convolution(images).relu()
    return all(torch.allclose(each.float(), expected, rtol=_ROUNDING, atol=_ROUNDING) for each in answers)
