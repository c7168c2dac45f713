"""Where networks are computed, and in what arithmetic."""

from __future__ import annotations

import platform
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from pathlib import Path
from typing import Literal

import torch

from trimline.errors import NetworkError
from trimline.networks import Network

Precision = Literal["auto", "bf16", "fp16", "fp32"]
"""What a user may ask for. `fp16` is for mapping on a CUDA device."""


def best_device() -> torch.device:
    """Return the first CUDA device, or the CPU where there is none."""
    return torch.device("cuda", 0) if torch.cuda.is_available() else torch.device("cpu")


def uses_bf16(precision: Precision, device: torch.device) -> bool:
    """Whether convolutions run in bfloat16: as told, or with `auto` where the device has instructions for it.

    A CPU without them emulates bfloat16 and is slower than in single precision.
    """
    if precision != "auto":
        return precision == "bf16"
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return _cpu_has_bf16()


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


@cache
def _cpu_has_bf16() -> bool:
    # torch has no public question for this on all versions that trimline accepts; Linux lists the CPU's flags.
    cpuinfo = Path("/proc/cpuinfo")
    if platform.machine() not in ("x86_64", "AMD64") or not cpuinfo.is_file():
        return False
    flags = next((line for line in cpuinfo.read_text().splitlines() if line.startswith("flags")), "").split()
    return "amx_bf16" in flags or "avx512_bf16" in flags
