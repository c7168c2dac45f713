"""Where networks are computed, and in what arithmetic."""

from __future__ import annotations

import platform
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from pathlib import Path
from typing import Literal

import torch

from trimline.networks import Network

Precision = Literal["auto", "bf16", "fp32"]


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


def autocast(precision: Precision, device: torch.device) -> AbstractContextManager[object]:
    """Return the context in which a network is run."""
    if uses_bf16(precision, device):
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return nullcontext()


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
