"""The fast path gives the answers of the slow one, and is taken only where it is faster."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from trimline.errors import NetworkError
from trimline.networks import NETWORKS, Network, build
from trimline.training import Inputs, WeightsMetadata, fast_path, lighter_layers, load_weights, save_weights
from trimline.training.answer import ask, probability_of_ice
from trimline.training.fast_path import FastPath, fastest

CPU = torch.device("cpu")
ARGUMENTS: dict[str, dict[str, Any]] = {
    "unet": {"widths": (4, 6, 8)},
    "unetpp": {"widths": (4, 6, 8)},
    "glaciernet": {"widths": (4, 6)},
    "saunet": {"widths": (4, 6, 8)},
    "unet_cse": {"widths": (4, 6, 8)},
    "landsnet": {"widths": (4, 6), "middle": 8},
    "m_landsnet": {"widths": (4, 6), "middle": 8},
    "dunet": {"widths": (4, 6, 8), "mixed": True},
    "band_ratio": {},
}


def lived_in(name: str) -> Network:
    """Return a network whose batch norm has seen something."""
    torch.manual_seed(6)
    network = build(name, 3, **ARGUMENTS[name])
    for _ in range(3):
        network(torch.rand(4, 3, 16, 16))
    return network.requires_grad_(False).eval()


def images(seed: int = 0) -> torch.Tensor:
    return torch.rand(2, 3, 16, 24, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("fused", [True, False])
@torch.inference_mode()
def test_in_single_precision_it_differs_by_rounding(name: str, fused: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not fused:
        monkeypatch.setattr(lighter_layers, "onednn_fuses", lambda dtype: False)
    network = lived_in(name)
    expected = ask(network, images(), "fp32")
    torch.testing.assert_close(
        probability_of_ice(FastPath(network, CPU, "fp32"), images()), expected, rtol=0, atol=1e-5
    )


@pytest.mark.parametrize("name", NETWORKS)
@torch.inference_mode()
def test_in_half_precision_it_rounds_like_autocast(name: str) -> None:
    network = lived_in(name)
    exact, slow = ask(network, images(), "fp32"), ask(network, images(), "bf16")
    fast = probability_of_ice(FastPath(network, CPU, "bf16"), images())
    assert float((fast - exact).abs().mean()) <= 1.5 * float((slow - exact).abs().mean()) + 1e-4


def test_convolutions_take_the_relu_that_follows_them() -> None:
    if not lighter_layers.onednn_fuses(torch.float32):
        pytest.skip("this build of torch has no oneDNN")
    path = FastPath(lived_in("unet"), CPU, "fp32")
    assert not [each for each in path._network.modules() if isinstance(each, nn.ReLU)]
    fused = lighter_layers.ConvolutionWithReLU, lighter_layers.ConvolutionOfTwo
    assert [sum(isinstance(each, kind) for each in path._network.modules()) for kind in fused] == [8, 2]


def test_two_maps_are_convolved_as_if_side_by_side() -> None:
    if not lighter_layers.onednn_fuses(torch.float32):
        pytest.skip("this build of torch has no oneDNN")
    torch.manual_seed(0)
    convolution = nn.Conv2d(5, 4, 3, padding=1).requires_grad_(False)
    first, second = torch.randn(2, 3, 9, 7), torch.randn(2, 2, 9, 7)
    layer = lighter_layers.ConvolutionOfTwo(lighter_layers.ConvolutionWithReLU(convolution, torch.float32), 3)
    expected = convolution(torch.cat((first, second), dim=1)).relu()
    torch.testing.assert_close(layer.finish(layer.begin(first), second), expected)
    torch.testing.assert_close(layer(torch.cat((first, second), dim=1)), expected)


@given(st.integers(1, 5), st.integers(1, 5), st.integers(1, 3), st.sampled_from([torch.float32, torch.bfloat16]))
def test_pooling_by_comparing_is_max_pooling(height: int, width: int, channels: int, dtype: torch.dtype) -> None:
    features = torch.randn(2, channels, 2 * height, 2 * width).to(dtype, memory_format=torch.channels_last)
    features[0, 0, 0, 0] = torch.nan
    torch.testing.assert_close(
        lighter_layers.HalvingMaximum()(features), nn.MaxPool2d(2)(features), rtol=0, atol=0, equal_nan=True
    )


def test_only_pooling_that_notes_where_maxima_were_is_left_as_it_is() -> None:
    left = {
        name: [type(each) for each in FastPath(lived_in(name), CPU, "fp32")._network.modules() if "Max" in repr(each)]
        for name in ("unet", "unetpp", "landsnet", "glaciernet")
    }
    assert {name: nn.MaxPool2d in kinds for name, kinds in left.items()} == {
        "unet": False, "unetpp": False, "landsnet": False, "glaciernet": True,
    }  # fmt: skip


def test_the_network_itself_is_left_alone() -> None:
    network = lived_in("unet")
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    FastPath(network, CPU, "bf16")
    torch.testing.assert_close(dict(network.state_dict()), before, rtol=0, atol=0)


def test_looking_for_onednn_draws_no_random_number() -> None:
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    lighter_layers.onednn_fuses.__wrapped__(torch.float32)
    torch.testing.assert_close(torch.rand(3), expected)


@pytest.mark.parametrize(("gain", "taken"), [(0.4, "fp32"), (0.8, "bf16"), (1.3, "bf16"), (6.0, "bf16")])
def test_half_precision_is_taken_where_it_pays(
    gain: float, taken: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(fast_path, "uses_bf16", lambda precision, device: True)
    monkeypatch.setattr(fast_path, "_speeds", lambda paths, noise: {"fp32": 1.0, "bf16": gain})
    with caplog.at_level(logging.INFO):
        path = fastest(lived_in("unet"), CPU, "auto", (512, 512), "U-Net")
    assert path.arithmetic == taken
    assert path.megapixels_per_second == {"fp32": 1.0, "bf16": gain}
    said = f"U-Net: bf16; {gain:.2g} Mpx/s against 1 in fp32" if taken == "bf16" else "U-Net: fp32; 1 Mpx/s"
    assert [record.message for record in caplog.records] == [said]


@pytest.mark.parametrize("precision", ["bf16", "fp32"])
def test_a_precision_that_is_asked_for_is_not_measured(precision: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fast_path, "_speeds", lambda paths, noise: pytest.fail("measured"))
    assert fastest(lived_in("unet"), CPU, precision, (64, 64), "U-Net").arithmetic == precision


def test_where_there_is_no_convolution_nothing_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fast_path, "_speeds", lambda paths, noise: pytest.fail("measured"))
    assert fastest(lived_in("band_ratio"), CPU, "auto", (64, 64), "Band ratio").arithmetic == "fp32"


def test_what_is_measured_is_a_small_window() -> None:
    network = lived_in("unet")
    assert fast_path._noise(network, CPU, (512, 30)).shape == (1, 3, 128, 32)
    speeds = fast_path._speeds([FastPath(network, CPU, "fp32")], fast_path._noise(network, CPU, (16, 16)))
    assert list(speeds) == ["fp32"]
    assert speeds["fp32"] > 0


def test_fp16_is_not_for_the_cpu() -> None:
    with pytest.raises(NetworkError, match="fp16"):
        FastPath(lived_in("unet"), CPU, "fp16")


@torch.inference_mode()
def test_what_overflows_in_fp16_is_computed_in_single_precision() -> None:
    network = lived_in("unet")
    path = FastPath(network, CPU, "fp32")
    path.arithmetic = "fp16"
    path._computed = lambda images, within=None: torch.full((2, 2, 16, 24), torch.inf)  # type: ignore[method-assign]
    torch.testing.assert_close(path(images()), network(images()))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
@pytest.mark.parametrize("precision", ["fp32", "fp16", "bf16"])
@torch.inference_mode()
def test_recorded_kernels_answer_like_the_network(precision: Any) -> None:
    device = torch.device("cuda", 0)
    network, given = lived_in("unet").to(device), images().to(device)
    path = FastPath(network, device, precision)
    path.record(torch.zeros_like(given).contiguous(memory_format=torch.channels_last))
    for seed in range(2):
        given = images(seed).to(device)
        recorded = probability_of_ice(path, given)
        torch.testing.assert_close(recorded, ask(network, given, "fp32"), rtol=0, atol=0.02)
        turned = probability_of_ice(path, given.mT)  # of a shape that is not recorded
        torch.testing.assert_close(turned, ask(network, given.mT, "fp32"), rtol=0, atol=0.02)


def test_a_segmenter_answers_alike_before_and_after_it_is_measured(tmp_path: Path) -> None:
    metadata = WeightsMetadata(
        network="unet", arguments={"widths": (4, 6, 8)}, inputs=Inputs(("red", "nir", "swir1"), "reflectance")
    )
    written = save_weights(tmp_path / "weights.safetensors", lived_in("unet"), metadata)
    image = np.random.default_rng(0).uniform(size=(1, 3, 20, 30)).astype(np.float32)
    image[0, 1, 2, 3] = np.nan
    segmenter = load_weights(written, device="cpu")
    measured = segmenter.fastest((64, 64))
    assert measured.arithmetic in ("bf16", "fp32")
    assert measured.metadata == segmenter.metadata
    np.testing.assert_allclose(measured.probability(image), segmenter.probability(image), atol=0.02)
    exact = load_weights(written, device="cpu", precision="fp32").fastest((64, 64))
    assert exact.arithmetic == "fp32"
