"""The weights that come along are those of ukis-csmask: every class has the probability of the original."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from trimline.errors import WeightsError
from trimline.inference import load_weights, read_metadata
from trimline.inference.torch_files import load_network
from trimline.training.csmask import BANDS, CLASS_NAMES, INPUTS, csmask_metadata, port_csmask
from trimline.weights import shipped_weights


@pytest.fixture(scope="module")
def original() -> Path:
    """Return the file of the installed package, which is not imported."""
    spec = find_spec("ukis_csmask")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0]) / "model_6b.onnx"


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """Return two images of patches of reflectance: bright and dark, of the original's only size."""
    generator = np.random.default_rng(1)
    coarse = generator.random((2, len(BANDS), 16, 16), np.float32).repeat(16, 2).repeat(16, 3)
    return coarse * generator.uniform(0.5, 1.0, coarse.shape).astype(np.float32)


@pytest.fixture(scope="module")
def expected(original: Path, images: np.ndarray) -> np.ndarray:
    """Return the original's probabilities, (2, 5, h, w)."""
    session = onnxruntime.InferenceSession(original, providers=["CPUExecutionProvider"])
    mean, std = (np.array(each, np.float32)[:, None, None] for each in (INPUTS.mean, INPUTS.std))
    fed = np.moveaxis((images - mean) / std, 1, -1)
    found = [session.run(None, {"input_1": image[np.newaxis]})[0][0] for image in fed]
    return np.moveaxis(np.stack(found), -1, 1)


def test_every_class_has_the_probability_that_the_original_gives(
    original: Path, images: np.ndarray, expected: np.ndarray
) -> None:
    network = port_csmask(original)
    with torch.no_grad():
        found = network(torch.from_numpy(np.asarray(INPUTS(images)))).softmax(dim=1).numpy()
    assert expected.shape == found.shape == (2, len(CLASS_NAMES), 256, 256)
    assert np.ptp(expected.argmax(axis=1)) >= 3, "the images must hold several classes"
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_the_shipped_file_is_the_ported_network_in_half_precision(original: Path) -> None:
    shipped, metadata = load_network(shipped_weights())
    ported = port_csmask(original)
    again = csmask_metadata(
        ported, threshold=metadata.threshold, halo=metadata.halo, bf16_iou=metadata.bf16_iou
    ).model_copy(update={"version": metadata.version})
    assert metadata == again
    assert shipped_weights().stat().st_size < 20_000_000
    for name, weight in ported.state_dict().items():
        if weight.is_floating_point():
            torch.testing.assert_close(shipped.state_dict()[name], weight.half().float(), rtol=0, atol=0)


def test_half_precision_and_openvino_cost_less_than_a_hundredth(images: np.ndarray, expected: np.ndarray) -> None:
    model = load_weights(precision="fp32")
    single_view = model.engine(np.asarray(INPUTS(images)))
    assert model.outputs == CLASS_NAMES
    np.testing.assert_allclose(single_view, expected, atol=0.01)


def test_another_network_is_refused(tmp_path: Path) -> None:
    import onnx

    graph = onnx.helper.make_graph([], "none", [], [])
    onnx.save(onnx.helper.make_model(graph), tmp_path / "other.onnx")
    with pytest.raises(WeightsError, match=r"not the network that is ported\ngive model_6b.onnx"):
        port_csmask(tmp_path / "other.onnx")


def test_the_file_says_what_reflectance_it_knows_and_what_stands_in_for_swir2() -> None:
    metadata = read_metadata(shipped_weights())
    assert metadata.levels == ("toa",)
    assert metadata.stand_ins["swir2"].band == "swir1"
    assert metadata.flips
