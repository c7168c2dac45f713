"""An exported model says all that its weights say, to trimline and to others, and a file that is not one says so."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper
from typer.testing import CliRunner

from trimline.cli.app import app
from trimline.errors import WeightsError
from trimline.files import sha256
from trimline.inference import load_weights, read_metadata
from trimline.inference.torch_export import export_onnx
from trimline.inference.torch_files import load_network

from .conftest import SMALL, Write, images


@pytest.fixture
def exported(write: Write, tmp_path: Path) -> Path:
    """Return the exported model of a small U-Net that says much about itself."""
    weights = write("unet", bf16_iou=0.9995, halo=8, tile=(30, 30), scores={"f1": 0.9, "kappa": None}, seed=3)
    return export_onnx(weights, tmp_path / "model.onnx")


def test_its_metadata_are_those_of_the_weights(write: Write, exported: Path) -> None:
    weights = write("unet", bf16_iou=0.9995, halo=8, tile=(30, 30), scores={"f1": 0.9, "kappa": None}, seed=3)
    model = load_weights(exported, engine="openvino")
    assert read_metadata(exported) == read_metadata(weights) == model.metadata
    assert model.sha256 == sha256(exported)
    assert (model.stride, model.halo, model.tile, model.threshold) == (4, 8, (30, 30), 0.42)


def test_weights_from_before_geometry_was_recorded_get_it(write: Write, tmp_path: Path) -> None:
    weights = write("unet", stride=None, receptive_field=None, largest_halo=None)
    network, _ = load_network(weights)
    metadata = read_metadata(export_onnx(weights, tmp_path / "model.onnx"))
    assert metadata.stride == network.stride
    assert metadata.receptive_field == network.receptive_field
    assert metadata.largest_halo == network.halo


def test_equal_weights_make_equal_models(write: Write, tmp_path: Path) -> None:
    first, second = (export_onnx(write(), tmp_path / f"{name}.onnx") for name in ("one", "two"))
    assert first.read_bytes() == second.read_bytes()


def test_a_model_is_exported_from_a_model_too(exported: Path, tmp_path: Path) -> None:
    assert export_onnx(exported, tmp_path / "again.onnx").read_bytes() == exported.read_bytes()


@pytest.mark.parametrize("name", SMALL)
def test_weights_keep_their_names_and_values(write: Write, tmp_path: Path, name: str) -> None:
    """All that a prediction needs, though many biases of these networks are equal."""
    weights = write(name)
    network, _ = load_network(weights)
    again, _ = load_network(export_onnx(weights, tmp_path / "model.onnx"))
    expected, found = network.state_dict(), again.state_dict()
    assert list(found) == list(expected)
    trained_only = {each for each in expected if each.endswith("num_batches_tracked")}
    if name.startswith("unetpp"):
        depth = SMALL[name].get("depth", 2)
        needed = {f"nodes.{i}.{j}" for i in range(3) for j in range(3) if i + j <= depth} | {f"heads.{depth}"}
        needed |= {f"up.{i}.{j - 1}" for i in range(3) for j in range(1, 3) if i + j <= depth}
        trained_only |= {each for each in expected if not each.startswith(tuple(f"{one}." for one in needed))}
    for each in set(expected) - trained_only:
        assert found[each].equal(expected[each]), each


def test_others_find_one_input_and_one_output_with_square_sides(exported: Path) -> None:
    session = onnxruntime.InferenceSession(exported)
    (taken,), (given,) = session.get_inputs(), session.get_outputs()
    assert (taken.name, taken.type, taken.shape) == ("images", "tensor(float)", ["n", 3, "side", "side"])
    assert (given.name, given.type, given.shape) == ("probability", "tensor(float)", ["n", 1, "side", "side"])


def test_deepness_finds_what_it_fills_its_form_with(exported: Path) -> None:
    found = onnxruntime.InferenceSession(exported).get_modelmeta().custom_metadata_map
    values = {key: json.loads(value) for key, value in found.items()}
    assert values["model_type"] == "Segmentor"
    assert values["class_names"] == {"0": "ground", "1": "ice"}
    assert values["tile_size"] == 32, "the training tile, as far as the network takes it"
    assert values["tiles_overlap"] == 50, "a halo of 8 pixels on either side of 32"
    assert values["seg_thresh"] == 0.42
    assert values["seg_small_segment"] == 0
    assert values["trimline"]["network"] == "unet"


@pytest.mark.parametrize(("units", "of_reflectance"), [("reflectance", 1e4), ("dn", 1.0)])
def test_what_deepness_feeds_is_what_the_network_learned_from(
    write: Write, tmp_path: Path, units: str, of_reflectance: float
) -> None:
    """It divides pixels by 255 and standardises them; products hold ten thousandths of reflectance."""
    inputs = read_metadata(write()).inputs
    weights = write("unet", inputs=type(inputs)(inputs.bands, units, inputs.indices))  # type: ignore[arg-type]
    found = onnxruntime.InferenceSession(export_onnx(weights, tmp_path / "model.onnx")).get_modelmeta()
    mean, std = (json.loads(found.custom_metadata_map[f"standardization_{each}"]) for each in ("mean", "std"))
    pixels = np.array([3000.0, 500.0, 4100.0])
    np.testing.assert_allclose((pixels / 255 - mean) / std, pixels / of_reflectance, rtol=1e-12)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: content[: len(content) // 2],
        lambda content: content[:-100],
        lambda content: b"",
        lambda content: b"GIF89a" + content,
        lambda content: b"\xff" * 100,
    ],
    ids=["half", "truncated", "empty", "another kind", "noise"],
)
@pytest.mark.parametrize("engine", ["openvino", "torch"])
def test_a_damaged_file_is_refused(exported: Path, spoil: Callable[[bytes], bytes], engine: str) -> None:
    exported.write_bytes(spoil(exported.read_bytes()))
    with pytest.raises(WeightsError, match=r"not a whole ONNX file|not written by trimline") as refused:
        load_weights(exported, engine=engine)  # type: ignore[arg-type]
    assert refused.value.remedy


def test_a_model_of_another_program_is_refused(tmp_path: Path) -> None:
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, 8, 8]) for name in ("images", "other")]
    graph = helper.make_graph([helper.make_node("Relu", ["images"], ["other"])], "graph", values[:1], values[1:])
    path = tmp_path / "foreign.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), path)
    with pytest.raises(WeightsError, match="not written by trimline") as refused:
        load_weights(path)
    assert "trimline export" in refused.value.remedy


def test_a_graph_whose_channels_were_optimised_away_is_refused(exported: Path) -> None:
    model = onnx.load(exported)
    for node in model.graph.node:
        for edges in (node.input, node.output):
            for position, edge in enumerate(edges):
                if edge == "channels":
                    edges[position] = "renamed"
    onnx.save(model, exported)
    with pytest.raises(WeightsError, match="no tensor 'channels'") as refused:
        load_weights(exported, engine="openvino")
    assert "trimline export" in refused.value.remedy


def changed(path: Path, **changes: object) -> Path:
    """Write the model anew with other metadata."""
    model = onnx.load(path)
    for entry in model.metadata_props:
        if entry.key == "trimline":
            entry.value = json.dumps(json.loads(entry.value) | changes)
    onnx.save(model, path)
    return path


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"stride": None}, "do not say the network's stride"),
        ({"format": 99}, "have format 99; this trimline"),
        ({"inputs": {"bands": ["red"]}}, "are damaged"),
        (
            {"inputs": {"bands": ["red", "green"], "units": "dn"}},
            "the graph takes 4 channels and gives 1, its metadata",
        ),
        ({"stride": 10**9}, "stride: Input should be less than or equal to 8192"),
    ],
)
def test_metadata_that_do_not_do_are_refused(exported: Path, changes: dict[str, object], message: str) -> None:
    with pytest.raises(WeightsError, match=message) as refused:
        load_weights(changed(exported, **changes), engine="openvino")
    assert refused.value.remedy


def test_pytorch_refuses_a_model_that_lacks_weights_it_needs(exported: Path) -> None:
    with pytest.raises(WeightsError, match="do not fit the network 'unet'"):
        load_weights(changed(exported, arguments={"widths": [4, 6, 8, 10]}), engine="torch", device="cpu")


def test_a_name_that_does_not_end_in_onnx_is_refused(write: Write, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"must be named \.onnx") as refused:
        export_onnx(write(), tmp_path / "model.pt")
    assert "model.onnx" in refused.value.remedy


def test_the_command_exports(write: Write, tmp_path: Path) -> None:
    weights, path = write(), tmp_path / "model.onnx"
    result = CliRunner().invoke(app, ["export", str(weights), str(path)])
    assert result.exit_code == 0, result.output
    assert result.stdout.strip() == str(path)
    shown = images(1, 3, 16, 16)
    found, expected = (
        load_weights(each, precision="fp32", engine="openvino").predict(shown) for each in (path, weights)
    )
    np.testing.assert_array_equal(found, expected)


def test_the_command_says_what_cannot_be_exported(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["export", str(tmp_path / "none.safetensors"), str(tmp_path / "model.onnx")])
    assert result.exit_code != 0
    assert isinstance(result.exception, WeightsError | SystemExit)


PREDICT_ALONE = """
import sys
import numpy as np
from trimline.inference import load_weights
model = load_weights(sys.argv[1])
assert model.predict(np.full((1, 3, 20, 24), 0.3, np.float32)).shape == (1, 20, 24)
print(sorted(name for name in sys.modules if name.split(".")[0] in ("torch", "torchvision", "lightning", "onnx")))
"""


def test_a_model_is_loaded_and_predicts_without_pytorch(exported: Path) -> None:
    done = subprocess.run([sys.executable, "-c", PREDICT_ALONE, exported], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


WITHOUT_TORCH = """
import sys
sys.modules["torch"] = None
from trimline.errors import TrimlineError
from trimline.inference import load_weights
for engine in ("auto", "torch"):
    try:
        load_weights(sys.argv[1], engine=engine)
    except TrimlineError as error:
        print(error.remedy)
"""


def test_weights_to_train_on_say_that_they_need_pytorch(write: Write) -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT_TORCH, write()], capture_output=True, text=True, check=True)
    first, second = done.stdout.splitlines()
    assert first == second
    assert 'pip install "trimline[train]"' in first
    assert ".onnx" in first
