"""PyTorch as an engine: on CUDA devices, and on the CPU as the reference that other engines are held against."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import numpy as np
import torch
from numpy.typing import NDArray

from trimline.errors import NetworkError
from trimline.inference.engine import Engine
from trimline.inference.precision import Arithmetic, Precision, cpu_has_bf16
from trimline.networks import Network


class TorchEngine(Engine):
    """A network computed by PyTorch, eagerly, channels last, in half precision by autocast.

    Parameters
    ----------
    network
        In evaluation mode; moved to the device.
    device
        Where to compute.
    arithmetic
        `fp16` on CUDA devices only.
    """

    def __init__(self, network: Network, device: torch.device, arithmetic: Arithmetic = "fp32") -> None:
        half_type(arithmetic, device)
        super().__init__("torch", str(device), arithmetic)
        self._network, self._device = in_channels_last(network.to(device)), device

    @torch.inference_mode()
    def __call__(self, channels: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return probabilities, (n, outputs, h, w); see `Engine`."""
        fed = torch.from_numpy(channels).to(self._device, memory_format=torch.channels_last)
        with autocast(self.arithmetic, self._device):
            logits = self._network(fed)
        if self.arithmetic == "fp16" and not torch.isfinite(logits).all():
            # Numbers end at 65504 in fp16, and nothing keeps the features of a network below it.
            logits = self._network(fed)
        found: NDArray[np.float32] = probabilities(logits).cpu().numpy()
        return found


def probabilities(logits: torch.Tensor) -> torch.Tensor:
    """Return what an engine gives, (n, outputs, h, w) float32, of logits (n, classes, h, w).

    Of two classes the output is the probability of the second, ice; of more it is that of each.
    """
    return ice_probability(logits).unsqueeze(1) if logits.shape[1] <= 2 else logits.float().softmax(dim=1)


def ice_probability(logits: torch.Tensor) -> torch.Tensor:
    """Return the probability of class 1, (n, h, w) float32, of logits (n, classes, h, w)."""
    if logits.shape[1] == 2:
        # The softmax of two classes, in half its time.
        ground, ice = logits.unbind(dim=1)
        return torch.sigmoid(ice.float() - ground.float())
    return logits.float().softmax(dim=1)[:, 1]


def best_device() -> torch.device:
    """Return the first CUDA device, or the CPU where there is none."""
    return torch.device("cuda", 0) if torch.cuda.is_available() else torch.device("cpu")


def device_named(name: str) -> torch.device:
    """Return a device by its name.

    Raises
    ------
    NetworkError
        There is none of that name.
    """
    try:
        device = torch.device(name)
    except RuntimeError:
        device = None
    if device is None or device.type not in ("cpu", "cuda"):
        raise NetworkError(f"there is no device '{name}'", remedy="take cpu or cuda")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise NetworkError(f"this machine has no device '{name}' that PyTorch can use", remedy="take cpu, or none")
    return device


def uses_bf16(precision: Precision, device: torch.device) -> bool:
    """Whether convolutions run in bfloat16: as told, or with `auto` where the device computes it natively."""
    if precision != "auto":
        return precision == "bf16"
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return cpu_has_bf16()


def half_type(precision: Precision, device: torch.device) -> torch.dtype | None:
    """Return the half precision that convolutions run in, or None where they run in single precision.

    Raises
    ------
    NetworkError
        The device does not compute in it.
    """
    if precision == "fp16":
        if device.type != "cuda":
            raise NetworkError(
                f"networks are not computed in fp16 on the device '{device}'", remedy="take bf16, fp32 or auto"
            )
        return torch.float16
    return torch.bfloat16 if uses_bf16(precision, device) else None


def autocast(precision: Precision, device: torch.device) -> AbstractContextManager[object]:
    """Return the context in which a network is run."""
    half = half_type(precision, device)
    return nullcontext() if half is None else torch.autocast(device.type, dtype=half)


def in_channels_last(network: Network) -> Network:
    """Return the network with its convolutions' weights laid out channels last, which both CPU and GPU prefer."""
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]
