"""Fine-tuning goes on from given weights: it keeps what they are, and gets better on what it is shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from trimline.errors import TrainingError, WeightsError
from trimline.inference import load_weights, read_metadata
from trimline.inference.inputs import Inputs
from trimline.inference.metadata import ModelMetadata, StandIn
from trimline.inference.torch_files import load_network, save_weights, with_geometry
from trimline.networks import build
from trimline.project.recipe import Recipe
from trimline.samples import ICE, Samples
from trimline.training import fine_tune
from trimline.weights import shipped_weights

BANDS = ("blue", "green", "red", "nir", "swir1")
NONE = Samples(np.empty((0, len(BANDS), 32, 32), np.float32), np.empty((0, 32, 32), np.uint8), BANDS, "reflectance")
SHORT = Recipe.preset("fine_tune", epochs=6, batches_per_epoch=10, learning_rate=2e-2)


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return weights of five classes that know nothing yet."""
    torch.manual_seed(2)
    arguments = {"widths": [4, 8, 8, 8, 8], "order": "relu-norm"}
    network = build("unet", len(BANDS), 5, **arguments).eval()
    metadata = ModelMetadata(
        network="unet",
        arguments=arguments,
        classes=5,
        class_names=("shadow", "water", "ice", "land", "cloud"),
        levels=("toa",),
        stand_ins={"swir1": StandIn(band="nir", scale=0.9)},
        inputs=Inputs(BANDS, "reflectance", mean=(0.2,) * 5, std=(0.2,) * 5),
    )
    path = tmp_path_factory.mktemp("start") / "start.safetensors"
    return save_weights(path, network, with_geometry(metadata, network))


@pytest.fixture(scope="module")
def tuned(start: Path, glacier: Callable[..., Samples], tmp_path_factory: pytest.TempPathFactory) -> Path:
    samples = glacier(8)
    folder = tmp_path_factory.mktemp("tuned")
    provenance = {"levels": ["surface"]}
    return fine_tune(start, samples, NONE, SHORT, folder, seed=3, provenance=provenance, progress=False)


def test_what_the_weights_are_is_kept(start: Path, tuned: Path) -> None:
    before, after = read_metadata(start), read_metadata(tuned)
    assert (after.network, after.arguments, after.inputs) == (before.network, before.arguments, before.inputs)
    assert (after.class_names, after.outputs, after.stand_ins) == (before.class_names, before.outputs, before.stand_ins)
    assert after.levels == ("toa", "surface")
    assert after.flips and after.threshold == 0.5
    assert after.data["start"]["file"] == "start.safetensors"
    assert load_weights(tuned, device="cpu").outputs == before.class_names


def test_ice_is_learned_and_the_batch_norm_is_kept(start: Path, tuned: Path, glacier: Callable[..., Samples]) -> None:
    held_out = glacier(4, seed=9)

    def loss(path: Path) -> float:
        found = load_weights(path, device="cpu", precision="fp32").probabilities(held_out.images)
        ice = found[:, read_metadata(path).outputs.index("ice")]
        known = np.isfinite(held_out.images).all(axis=1)
        return float(np.abs(ice - (held_out.masks == ICE))[known].mean())

    assert loss(tuned) < 0.5 * loss(start)
    old, new = load_file(start), load_file(tuned)
    assert old.keys() == new.keys()
    for name in old:
        same = bool(np.array_equal(old[name], new[name]))
        assert same == ("running" in name or "batches_tracked" in name), name


def test_the_same_call_gives_the_same_bytes(
    start: Path, tuned: Path, glacier: Callable[..., Samples], tmp_path: Path
) -> None:
    again = fine_tune(
        start, glacier(8), NONE, SHORT, tmp_path, seed=3, provenance={"levels": ["surface"]}, progress=False
    )
    assert again.read_bytes() == tuned.read_bytes()


def test_other_weights_to_start_from_train_anew(
    start: Path, tuned: Path, glacier: Callable[..., Samples], tmp_path: Path
) -> None:
    network, metadata = load_network(start)
    with torch.no_grad():
        next(network.parameters()).mul_(1.01)
    other = save_weights(tmp_path / "other.safetensors", network, metadata)
    run = read_metadata(tuned).run
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "weights.safetensors").write_bytes(tuned.read_bytes())
    written = fine_tune(other, glacier(8), NONE, SHORT, folder, seed=3, progress=False)
    assert read_metadata(written).run != run


def test_bands_that_the_weights_do_not_have_are_refused(glacier: Callable[..., Samples], tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="want reflectance of blue, green, red, nir, swir1, swir2"):
        fine_tune(shipped_weights(), glacier(4), NONE, SHORT, tmp_path)


def test_indices_that_the_weights_do_not_have_are_refused(
    start: Path, glacier: Callable[..., Samples], tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match="ndsi"):
        fine_tune(start, glacier(4), NONE, Recipe.preset("strong"), tmp_path)


def test_a_start_that_is_not_there_is_refused(glacier: Callable[..., Samples], tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no such weights"):
        fine_tune(tmp_path / "none.onnx", glacier(4), NONE, SHORT, tmp_path)
