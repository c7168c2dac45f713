"""bf16 is taken where the processor has it and the model's own record says that it keeps the outlines; never else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from trimline.inference import load_weights
from trimline.inference.precision import LEAST_IOU, cpu_has_bf16, keeps_outlines
from trimline.inference.torch_export import export_onnx

from .conftest import Write


@pytest.mark.parametrize(
    ("native", "iou", "taken"),
    [
        (True, 1.0, "bf16"),
        (True, LEAST_IOU, "bf16"),
        (True, 0.9989, "fp32"),
        (True, None, "fp32"),
        (False, 1.0, "fp32"),
        (False, None, "fp32"),
    ],
)
@pytest.mark.parametrize("engine", ["openvino", "torch"])
def test_auto_asks_the_processor_and_the_record(
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    native: bool,
    iou: float | None,
    taken: str,
    engine: Any,
) -> None:
    monkeypatch.setattr("trimline.inference.model.cpu_has_bf16", lambda: native)
    weights = write(bf16_iou=iou)
    for path in (weights, export_onnx(weights, tmp_path / "model.onnx")):
        assert load_weights(path, engine=engine, device="cpu").arithmetic == taken


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize("iou", [None, 0.5, 1.0])
def test_who_asks_for_a_precision_gets_it(
    write: Write, monkeypatch: pytest.MonkeyPatch, precision: Any, native: bool, iou: float | None
) -> None:
    monkeypatch.setattr("trimline.inference.model.cpu_has_bf16", lambda: native)
    weights = write(bf16_iou=iou)
    assert load_weights(weights, engine="openvino", precision=precision).arithmetic == precision


def test_without_a_record_bf16_keeps_nothing() -> None:
    assert not keeps_outlines(None)


@pytest.mark.parametrize(
    ("machine", "flags", "native"),
    [
        ("x86_64", "fpu sse2 avx512_bf16 avx2", True),
        ("x86_64", "fpu amx_bf16", True),
        ("x86_64", "fpu sse2 avx2 avx512f", False),
        ("aarch64", "fp asimd bf16 avx512_bf16", False),
    ],
)
def test_the_processor_is_known_by_its_flags(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, machine: str, flags: str, native: bool
) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor\t: 0\nmodel name\t: some\nflags\t\t: {flags}\n")
    monkeypatch.setattr("trimline.inference.precision.Path", lambda _: cpuinfo)
    monkeypatch.setattr("platform.machine", lambda: machine)
    cpu_has_bf16.cache_clear()
    try:
        assert cpu_has_bf16() is native
    finally:
        cpu_has_bf16.cache_clear()
