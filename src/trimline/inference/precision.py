"""Arithmetic of a network's convolutions: what may be asked for, and what a CPU computes natively."""

from __future__ import annotations

import platform
from functools import cache
from pathlib import Path
from typing import Literal

Precision = Literal["auto", "bf16", "fp16", "fp32"]
"""What a user may ask for; `fp16` on CUDA devices only. `auto` is bf16 where the device computes it natively and the
model's own record says that it keeps the outlines (see `keeps_outlines`), else fp32."""

Arithmetic = Literal["bf16", "fp16", "fp32"]
"""What a network is computed in."""

LEAST_IOU = 0.999
"""IoU with the mask in single precision that half precision must keep on the model's validation ground."""


def keeps_outlines(bf16_iou: float | None) -> bool:
    """Whether a model's record says that bfloat16 keeps its outlines; without a record it does not."""
    return bf16_iou is not None and bf16_iou >= LEAST_IOU


@cache
def cpu_has_bf16() -> bool:
    """Whether the CPU has instructions for bfloat16 (AVX512-BF16 or AMX); without them it is emulated and slower."""
    # No library that the package needs answers this: OpenVINO lists BF16 for CPUs that emulate it. Linux lists flags.
    cpuinfo = Path("/proc/cpuinfo")
    if platform.machine() not in ("x86_64", "AMD64") or not cpuinfo.is_file():
        return False
    flags = next((line for line in cpuinfo.read_text().splitlines() if line.startswith("flags")), "").split()
    return "amx_bf16" in flags or "avx512_bf16" in flags
