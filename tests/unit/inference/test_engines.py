"""Engines agree: OpenVINO, ONNX Runtime and PyTorch compute the same network."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray

from trimline.errors import NetworkError
from trimline.inference import Inputs, Model, load_weights
from trimline.inference.engine import OpenVINOEngine
from trimline.inference.symmetries import mean_over_symmetries
from trimline.inference.torch_engine import TorchEngine
from trimline.inference.torch_export import export_onnx, graph_of
from trimline.networks import NETWORKS, Network
from trimline.networks.receptive import of_convolutions

from .conftest import SMALL, Write, images, inputs_of, small

SHAPES = [(2, 3, 16, 24), (1, 3, 33, 47), (3, 3, 64, 64)]
"""The first is of the size of those that graphs are traced with; the second is no multiple of any stride."""
CLOSE = 1e-5


def eagerly(name: str, shown: NDArray[np.float32], *, flips: bool = False) -> NDArray[np.float32]:
    """Return what a network predicts by the plainest PyTorch: tensors padded to the stride, softmax."""
    network, inputs = small(name), inputs_of(name)
    height, width = shown.shape[-2:]
    below, right = -height % network.stride, -width % network.stride

    def predict(channels: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.inference_mode():
            predicted: NDArray[np.float32] = network(torch.from_numpy(channels)).softmax(dim=1)[:, 1].numpy()
        return predicted

    channels = np.pad(inputs(shown), ((0, 0), (0, 0), (0, below), (0, right)))
    ice = mean_over_symmetries(predict, channels) if flips else predict(channels)
    return np.where(np.isnan(shown).any(axis=1), np.float32(np.nan), ice[:, :height, :width])


def assert_close(model: Model, name: str, *, flips: bool = False) -> None:
    for shape in SHAPES:
        shown = images(*shape)
        predicted = model.predict(shown)
        assert predicted.dtype == np.float32
        assert np.nanstd(predicted) > 1e-4, "or there would be nothing to compare"
        np.testing.assert_allclose(predicted, eagerly(name, shown, flips=flips), rtol=0, atol=CLOSE)


def test_every_network_of_the_registry_is_among_them() -> None:
    assert {name.split()[0] for name in SMALL} == set(NETWORKS)


@pytest.mark.parametrize("name", SMALL)
def test_openvino_computes_what_pytorch_does(name: str, write: Write, tmp_path: Path) -> None:
    weights = write(name)
    exported = export_onnx(weights, tmp_path / "model.onnx")
    for path in (weights, exported):
        model = load_weights(path, engine="openvino", precision="fp32")
        assert isinstance(model.engine, OpenVINOEngine)
        assert_close(model, name)


@pytest.mark.parametrize("name", SMALL)
def test_pytorch_computes_an_exported_network_too(name: str, write: Write, tmp_path: Path) -> None:
    exported = export_onnx(write(name), tmp_path / "model.onnx")
    model = load_weights(exported, engine="torch", precision="fp32", device="cpu")
    assert isinstance(model.engine, TorchEngine)
    assert_close(model, name)


@pytest.mark.parametrize("name", ["unet", "glaciernet", "saunet"])
def test_the_mean_over_flips_is_the_same_too(name: str, write: Write, tmp_path: Path) -> None:
    weights = write(name, flips=True)
    for path in (weights, export_onnx(weights, tmp_path / "model.onnx")):
        for engine in ("openvino", "torch"):
            model = load_weights(path, engine=engine, precision="fp32", device="cpu")
            assert_close(model, name, flips=True)


@pytest.mark.parametrize("name", SMALL)
def test_onnx_runtime_computes_the_same_from_images(name: str, write: Write, tmp_path: Path) -> None:
    """What other programs get: bands in, NaN where there are no data; sides are equal multiples of the stride."""
    session = onnxruntime.InferenceSession(export_onnx(write(name), tmp_path / "model.onnx"))
    for side, count in ((16, 1), (48, 2)):
        shown = images(count, 3, side, side)
        (predicted,) = session.run(None, {"images": shown})
        assert predicted.shape == (count, 1, side, side)
        known = ~np.isnan(shown).any(axis=1)
        np.testing.assert_allclose(predicted[:, 0][known], eagerly(name, shown)[known], rtol=0, atol=CLOSE)


def test_one_engine_serves_several_threads(write: Write) -> None:
    model = load_weights(write("m_landsnet"), engine="openvino", precision="fp32")
    shown = [images(1, 3, 16 + 4 * (number % 3), 32, seed=number) for number in range(24)]
    alone = [model.predict(each) for each in shown]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(model.predict, shown))
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("engine", ["openvino", "torch"])
def test_the_same_images_give_the_same_bytes(write: Write, engine: Any, precision: Any) -> None:
    weights, shown = write("unet"), images(2, 3, 32, 32)
    first = load_weights(weights, engine=engine, precision=precision, device="cpu")
    expected = first.predict(shown).tobytes()
    first.predict(images(1, 3, 48, 16))  # whatever else it computes in between
    assert first.predict(shown).tobytes() == expected
    again = load_weights(weights, engine=engine, precision=precision, device="cpu")
    assert again.predict(shown).tobytes() == expected


def test_bf16_in_openvino_is_near_single_precision(write: Write) -> None:
    weights, shown = write("unet"), images(2, 3, 32, 32)
    exact, rough = (load_weights(weights, engine="openvino", precision=each) for each in ("fp32", "bf16"))
    assert (exact.arithmetic, rough.arithmetic) == ("fp32", "bf16")
    np.testing.assert_allclose(rough.predict(shown), exact.predict(shown), rtol=0, atol=0.05)


def test_engines_say_what_they_are(write: Write) -> None:
    weights = write()
    assert str(load_weights(weights, engine="openvino", precision="fp32").engine) == "openvino fp32"
    assert str(load_weights(weights, engine="torch", precision="bf16", device="cpu").engine) == "torch bf16"


@pytest.mark.parametrize("engine", ["openvino", "torch"])
def test_fp16_is_refused_on_the_cpu(write: Write, engine: Any) -> None:
    with pytest.raises(NetworkError, match="fp16") as refused:
        load_weights(write(), engine=engine, precision="fp16", device="cpu")
    assert "bf16, fp32 or auto" in refused.value.remedy


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"engine": "tensorflow"}, "there is no engine 'tensorflow'"),
        ({"precision": "int8"}, "there is no precision 'int8'"),
        ({"engine": "torch", "device": "abacus"}, "there is no device 'abacus'"),
        ({"engine": "torch", "device": "cuda:99"}, "no device 'cuda:99'"),
        ({"device": "cuda:99"}, "no device 'cuda:99'"),
        ({"engine": "openvino", "device": "cuda"}, "OpenVINO computes on the CPU"),
    ],
)
def test_what_there_is_not_is_refused_and_not_replaced(write: Write, asked: dict[str, Any], message: str) -> None:
    with pytest.raises(NetworkError, match=message) as refused:
        load_weights(write(), **asked)
    assert refused.value.remedy


class OneLogit(Network):
    """A network of three classes, of which class 1 is ice."""

    def __init__(self) -> None:
        super().__init__(4, 3, stride=1, reach=of_convolutions(0))
        self.head = torch.nn.Conv2d(4, 3, 1).requires_grad_(False)

    def segment(self, images: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.head(images)
        return logits


def test_more_than_two_classes_are_a_softmax_in_all_engines() -> None:
    torch.manual_seed(0)
    network = OneLogit().eval()
    inputs = Inputs(("red", "swir1", "green"), "reflectance", ("ndsi",))
    channels = inputs(images(2, 3, 8, 8))
    expected = network(torch.from_numpy(channels)).softmax(dim=1).numpy()
    assert expected.shape[1] > 2
    for engine in (OpenVINOEngine(graph_of(network, inputs)), TorchEngine(network, torch.device("cpu"))):
        np.testing.assert_allclose(engine(channels), expected, rtol=0, atol=1e-6)
