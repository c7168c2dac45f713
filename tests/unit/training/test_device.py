"""In what arithmetic networks are computed."""

from __future__ import annotations

import pytest
import torch

from trimline.training import device
from trimline.training.device import autocast, uses_bf16

CPU = torch.device("cpu")


def test_precision_does_as_told() -> None:
    assert uses_bf16("bf16", CPU)
    assert not uses_bf16("fp32", CPU)


@pytest.mark.parametrize("has", [True, False])
def test_auto_asks_the_processor(monkeypatch: pytest.MonkeyPatch, has: bool) -> None:
    monkeypatch.setattr(device, "_cpu_has_bf16", lambda: has)
    assert uses_bf16("auto", CPU) is has


def test_autocast_runs_convolutions_in_bf16() -> None:
    layer, image = torch.nn.Conv2d(1, 1, 3), torch.rand(1, 1, 8, 8)
    with torch.no_grad():
        with autocast("bf16", CPU):
            assert layer(image).dtype == torch.bfloat16
        with autocast("fp32", CPU):
            assert layer(image).dtype == torch.float32
