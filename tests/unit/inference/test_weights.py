"""A weights file says everything about itself, and a file that is not one says so."""

from __future__ import annotations

import json
import math
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from trimline.errors import BandError, WeightsError
from trimline.files import sha256
from trimline.inference import Inputs, ModelMetadata, load_weights, read_metadata
from trimline.inference.torch_files import load_network, save_weights
from trimline.networks import build

BANDS = ("red", "swir1", "green")


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """Return the weights file of a small network that was never trained."""
    torch.manual_seed(0)
    metadata = ModelMetadata(
        network="unet",
        arguments={"widths": [4, 6, 8]},
        inputs=Inputs(BANDS, "reflectance", ("ndsi",), mean=(0.3, 0.2, 0.3, 0.1), std=(0.1, 0.1, 0.1, 0.5)),
        threshold=0.42,
        scores={"f1": 0.9, "kappa": None},
        data={"provenance": {"scenes": ["a", "b"]}},
    )
    network = build("unet", 4, widths=(4, 6, 8))
    network(torch.rand(4, 4, 16, 16))  # batch norm has seen something
    return save_weights(tmp_path / "weights.safetensors", network, metadata)


def rewrite(path: Path, **changes: object) -> Path:
    """Write the file anew with other metadata."""
    with safe_open(path, framework="pt") as stored:
        content = json.loads(stored.metadata()["trimline"]) | changes
    save_file(load_file(path), path, metadata={"trimline": json.dumps(content)})
    return path


def test_what_is_written_is_read(written: Path) -> None:
    model = load_weights(written, device="cpu")
    network, metadata = load_network(written)
    assert model.metadata == metadata
    assert metadata.model_copy(update={"stride": None, "receptive_field": None, "largest_halo": None}) == read_metadata(
        written
    )
    assert model.bands == BANDS
    assert model.units == "reflectance"
    assert model.threshold == 0.42
    assert model.stride == 4
    assert metadata.receptive_field == network.receptive_field
    assert model.halo == network.halo
    assert model.metadata.scores == {"f1": 0.9, "kappa": None}
    assert model.sha256 == sha256(written)
    assert not network.training


def test_the_network_predicts_as_before_it_was_written(tmp_path: Path) -> None:
    torch.manual_seed(3)
    network = build("m_landsnet", 2, widths=(4,), middle=8)
    network(torch.rand(4, 2, 8, 8))
    metadata = ModelMetadata(
        network="m_landsnet",
        arguments={"widths": (4,), "middle": 8},
        inputs=Inputs(("red", "swir1"), "reflectance"),
    )
    images = np.random.default_rng(0).uniform(size=(2, 2, 8, 8)).astype(np.float32)
    with torch.inference_mode():
        expected = network.eval()(torch.from_numpy(images)).softmax(1)[:, 1].numpy()
    path = save_weights(tmp_path / "w.safetensors", network, metadata)
    model = load_weights(path, device="cpu", precision="fp32")
    np.testing.assert_allclose(model.predict(images), expected, atol=1e-5)


def test_equal_weights_make_equal_files(written: Path, tmp_path: Path) -> None:
    network, _ = load_network(written)
    again = save_weights(tmp_path / "again.safetensors", network, read_metadata(written))
    assert again.read_bytes() == written.read_bytes()


def test_any_size_is_predicted_and_missing_data_stay_missing(written: Path) -> None:
    images = np.random.default_rng(0).uniform(size=(2, 3, 13, 22)).astype(np.float32)
    images[0, 1, 4, 5] = np.nan
    probability = load_weights(written, device="cpu").predict(images)
    assert probability.shape == (2, 13, 22)
    assert probability.dtype == np.float32
    assert np.isnan(probability[0, 4, 5])
    assert np.count_nonzero(np.isnan(probability)) == 1
    assert np.nanmin(probability) >= 0
    assert np.nanmax(probability) <= 1


def test_no_images_give_no_prediction(written: Path) -> None:
    assert load_weights(written, device="cpu").predict(np.empty((0, 3, 8, 8), np.float32)).shape == (0, 8, 8)


def test_large_batches_are_predicted_in_parts(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = load_weights(written, device="cpu")
    images = np.random.default_rng(0).uniform(size=(7, 3, 8, 8)).astype(np.float32)
    at_once = model.predict(images)
    monkeypatch.setattr("trimline.inference.model._PIXELS_AT_ONCE", 150)
    np.testing.assert_allclose(model.predict(images), at_once, atol=1e-6)


def test_bf16_predicts_nearly_the_same(written: Path) -> None:
    images = np.random.default_rng(0).uniform(size=(1, 3, 16, 16)).astype(np.float32)
    exact = load_weights(written, device="cpu", precision="fp32").predict(images)
    rough = load_weights(written, device="cpu", precision="bf16").predict(images)
    np.testing.assert_allclose(rough, exact, atol=0.05)


def test_images_of_other_bands_are_refused(written: Path) -> None:
    with pytest.raises(BandError, match="red, swir1, green"):
        load_weights(written, device="cpu").predict(np.zeros((1, 4, 8, 8), np.float32))


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no such weights file"):
        load_weights(tmp_path / "nowhere.safetensors")


class Trap:
    """Something that would betray itself if it were unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return (pytest.fail, ("a pickle was opened",))


@pytest.mark.parametrize("writer", ["pickle", "torch"])
def test_a_pickle_is_never_opened(tmp_path: Path, writer: str) -> None:
    path = tmp_path / "weights.safetensors"
    if writer == "pickle":
        path.write_bytes(pickle.dumps(Trap()))
    else:
        torch.save({"weights": Trap()}, path)
    with pytest.raises(WeightsError, match="never opens"):
        load_weights(path)


def test_a_truncated_file_is_refused(written: Path) -> None:
    written.write_bytes(written.read_bytes()[:-100])
    with pytest.raises(WeightsError, match="not a whole safetensors file"):
        load_weights(written)


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"\xff" * 100])
def test_another_kind_of_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "weights.safetensors"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match="not a whole safetensors file"):
        load_weights(path)


def test_weights_of_another_program_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    save_file({"layer": torch.zeros(3)}, path)
    with pytest.raises(WeightsError, match="not written by trimline"):
        load_weights(path)


def test_another_format_is_refused_by_number(written: Path) -> None:
    with pytest.raises(WeightsError, match="have format 99; this trimline"):
        load_weights(rewrite(written, format=99))


def test_metadata_that_lack_a_key_are_refused(written: Path) -> None:
    with pytest.raises(WeightsError, match="are damaged"):
        load_weights(rewrite(written, inputs={"bands": ["red"]}))


def test_metadata_that_name_an_unknown_network_are_refused(written: Path) -> None:
    with pytest.raises(WeightsError, match="unknown network 'unicorn'"):
        load_weights(rewrite(written, network="unicorn"))


def test_weights_that_do_not_fit_their_network_are_refused(written: Path) -> None:
    with pytest.raises(WeightsError, match="do not fit the network 'unet'"):
        load_weights(rewrite(written, arguments={"widths": [4, 6, 10]}))


def test_weights_that_are_not_numbers_are_refused(written: Path) -> None:
    tensors = load_file(written)
    tensors["head.bias"][0] = torch.nan
    with safe_open(written, framework="pt") as stored:
        metadata = stored.metadata()
    save_file(tensors, written, metadata=metadata)
    with pytest.raises(WeightsError, match="not numbers"):
        load_weights(written)


@pytest.mark.parametrize("lost", [np.nan, np.inf, -np.inf])
def test_a_pixel_that_is_not_finite_in_one_band_has_no_prediction(written: Path, lost: float) -> None:
    images = np.random.default_rng(0).uniform(size=(1, 3, 8, 8)).astype(np.float32)
    images[0, 2, 3, 4] = lost
    absent = np.isnan(load_weights(written, engine="openvino").predict(images))
    assert np.argwhere(absent).tolist() == [[0, 3, 4]]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"network": "glaciernet", "arguments": {"convolutions": 10**9}}, "convolutions must be a whole number"),
        ({"arguments": {"widths": [4] * 2000}}, "widths must be a list of at most 8 values"),
        ({"arguments": {"widths": [8192, 8192]}}, "do not fit the network 'unet' that they name"),
        ({"classes": 10**9}, "classes: Input should be less than or equal to 64"),
        ({"tile": [10**9, 16]}, "tile.0: Input should be less than or equal to 8192"),
        ({"stride": 0}, "stride: Input should be greater than or equal to 1"),
        ({"data": {"provenance": [1]}}, "data.provenance and data.start are no mappings"),
        ({"data": {"provenance": {"sensors": "oli"}}}, "data.provenance.sensors is no list of names"),
        ({"data": {"start": {"sha256": 3}}}, "data.start.sha256 is no text"),
    ],
)
def test_metadata_that_ask_for_what_cannot_be_are_refused_before_anything_is_made(
    written: Path, changes: dict[str, object], said: str
) -> None:
    with pytest.raises(WeightsError, match=said) as refused:
        load_weights(rewrite(written, **changes), device="cpu")
    assert refused.value.where == written
    assert len(str(refused.value).splitlines()) == 2


@pytest.mark.parametrize(
    ("name", "values"), [("mean", [math.nan] * 4), ("std", [0.1, 0.1, 0.1, 0.0]), ("std", [0.1, 0.1, 0.1, math.inf])]
)
def test_a_normalisation_that_makes_no_numbers_is_refused(written: Path, name: str, values: list[float]) -> None:
    inputs = {"bands": BANDS, "units": "reflectance", "indices": ["ndsi"], "mean": [0.1] * 4, "std": [0.1] * 4}
    with pytest.raises(WeightsError, match=r"damaged \(.*normalisation is not"):
        load_weights(rewrite(written, inputs={**inputs, name: values}))


@pytest.mark.parametrize("text", ["[" * 100_000, '{"format": ' + "9" * 5000 + "}", "{", "[]", "3"])
def test_metadata_that_are_no_metadata_are_refused(written: Path, text: str) -> None:
    save_file(load_file(written), written, metadata={"trimline": text})
    with pytest.raises(WeightsError, match=r"metadata of this weights file are damaged|have format None"):
        load_weights(written)


def test_weights_in_half_precision_are_computed_in_single_precision(written: Path) -> None:
    images = np.random.default_rng(0).uniform(size=(1, 3, 16, 16)).astype(np.float32)
    exact = load_weights(written, device="cpu", precision="fp32").predict(images)
    with safe_open(written, framework="pt") as stored:
        metadata = stored.metadata()
    halved = {name: each.bfloat16() if each.is_floating_point() else each for name, each in load_file(written).items()}
    save_file(halved, written, metadata=metadata)
    np.testing.assert_allclose(load_weights(written, precision="fp32").predict(images), exact, atol=0.05)
