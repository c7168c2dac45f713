"""The fastest way that a machine has to compute a trained network, with the outlines of the slow one.

Batch norm is folded into the convolutions. On the CPU a convolution and the ReLU after it are one pass over memory
where oneDNN is at hand, and on a CUDA device the kernels of a window are recorded once and replayed. Whether half
precision pays is measured, for a second at most, since it is six times as fast on one machine and slower on another.
"""

from __future__ import annotations

import logging
import time
from typing import Literal

import torch
from torch import Tensor, nn

from trimline.networks import Network, Within
from trimline.networks.folding import fold_batch_norm
from trimline.training.bands import in_bands
from trimline.training.device import Precision, autocast, half_type, in_channels_last, uses_bf16
from trimline.training.footprint import bytes_per_pixel
from trimline.training.lighter_layers import make_lighter

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
        if device.type == "cpu":
            make_lighter(self._network, half or torch.float32)
        if half is not None:
            # Autocast would do the same at every call. Deformable convolutions keep their single precision.
            for module in self._network.modules():
                if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                    module.to(half)
        self._in_bands = in_bands(self._network) if device.type == "cpu" else None
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

    def bytes_per_pixel(self, halo: int) -> float:
        """Return the most memory that features take at a time, per pixel of a large window with some halo [bytes].

        A network that is asked in bands may take less.
        """
        half = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(self.arithmetic, torch.float32)
        return bytes_per_pixel(self._network, half, halo)

    def record(self, images: Tensor) -> None:
        """Record the kernels of a batch on a CUDA device, for all batches of the same shape."""
        self._recorded = _Recording(self, images)

    def _computed(self, images: Tensor, within: Within | None = None) -> Tensor:
        with autocast(self.arithmetic, self._device):
            if self._in_bands is not None and within is not None and len(images) == 1:
                return self._in_bands(images, within)
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
