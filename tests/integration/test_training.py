"""Training from samples to weights: it learns, it can be stopped, and it says what it cannot do."""

from __future__ import annotations

import logging
import math
import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray

from trimline.errors import TrainingError
from trimline.inference import load_weights, read_metadata
from trimline.inference.engine import Engine
from trimline.networks import build
from trimline.project.recipe import Recipe
from trimline.report.written_tables import WRITTEN
from trimline.samples import ICE, IGNORE, Samples
from trimline.training import train
from trimline.training.module import TrainingModule

BANDS = ("blue", "green", "red", "nir", "swir1")
ICE_REFLECTANCE = (0.6, 0.58, 0.55, 0.45, 0.05)
GROUND_REFLECTANCE = (0.12, 0.13, 0.15, 0.2, 0.25)
TINY: dict[str, dict[str, Any]] = {
    "unet": {"widths": (4, 8)},
    "m_landsnet": {"widths": (4, 8), "middle": 8},
    "unetpp": {"widths": (4, 8, 12)},
    "saunet": {"widths": (4, 8)},
    "dunet": {"widths": (4, 8)},
}
SHORT = Recipe.preset("strong", epochs=5, batches_per_epoch=4, batch_size=4)


def glacier(count: int = 6, side: int = 32, seed: int = 0, units: str = "reflectance", ice: bool = True) -> Samples:
    """Return tiles with a disc of ice each, noise, and a corner without data."""
    generator = np.random.default_rng(seed)
    rows, columns = np.mgrid[:side, :side]
    images, masks = [], []
    for _ in range(count):
        row, column, radius = generator.uniform(0.3 * side, 0.7 * side, 3)
        mask = (rows - row) ** 2 + (columns - column) ** 2 < (radius / 2) ** 2 if ice else np.zeros((side, side), bool)
        image = np.where(mask, np.reshape(ICE_REFLECTANCE, (-1, 1, 1)), np.reshape(GROUND_REFLECTANCE, (-1, 1, 1)))
        image = image + generator.normal(0, 0.05, image.shape)
        image[:, :3, :3] = np.nan
        images.append(image * (255 if units == "dn" else 1))
        masks.append(np.where(np.isnan(image[0]), IGNORE, mask * ICE))
    return Samples(
        np.stack(images).astype(np.float32),
        np.stack(masks).astype(np.uint8),
        BANDS,
        units,  # type: ignore[arg-type]
    )


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Compute on one thread: tiny convolutions on many threads mostly wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def training() -> Samples:
    return glacier(seed=1)


@pytest.fixture(scope="module")
def validation() -> Samples:
    return glacier(count=3, seed=2)


@pytest.fixture
def run(training: Samples, validation: Samples, tmp_path: Path) -> Callable[..., Path]:
    """Return a short training run into a folder of its own."""

    def start(folder: str = "run", recipe: Recipe = SHORT, network: str = "unet", seed: int = 7) -> Path:
        return train(network, training, validation, recipe, tmp_path / folder, arguments=TINY[network], seed=seed)

    return start


@pytest.mark.parametrize("network", TINY)
def test_a_small_network_learns_an_easy_glacier(run: Callable[..., Path], network: str) -> None:
    recipe = Recipe.preset("strong", epochs=6, batches_per_epoch=10, batch_size=4, learning_rate=0.01)
    model = load_weights(run(network=network, recipe=recipe), device="cpu")
    unseen = glacier(seed=9)
    mapped = model.predict(unseen.images) >= model.threshold
    known = unseen.masks != IGNORE
    assert np.mean((mapped == (unseen.masks == ICE))[known]) > 0.97
    f1 = model.metadata.scores["f1"]
    assert f1 is not None
    assert f1 > 0.95


def test_the_paper_recipe_trains_on_digital_numbers(tmp_path: Path) -> None:
    recipe = Recipe.preset("paper", epochs=4)
    samples = glacier(units="dn", seed=3)
    path = train("m_landsnet", samples, glacier(units="dn", seed=4), recipe, tmp_path, arguments=TINY["m_landsnet"])
    model = load_weights(path, device="cpu")
    assert model.units == "dn"
    assert model.threshold == 0.5
    assert model.inputs.mean == ()
    history = pd.read_csv(tmp_path / "history.csv")
    assert history["loss"].iloc[-1] < history["loss"].iloc[0]


def test_a_folder_holds_the_log_of_every_epoch_and_no_leftovers(run: Callable[..., Path]) -> None:
    folder = run().parent
    history = pd.read_csv(folder / "history.csv")
    assert list(history["epoch"]) == [1, 2, 3, 4, 5]
    (described,) = (each for each in WRITTEN if each.path == "training/<method>/history.csv")
    assert tuple(history.columns) == described.columns
    assert list((folder / "tensorboard").glob("events.*"))
    assert sorted(each.name for each in folder.iterdir()) == ["history.csv", "tensorboard", "weights.safetensors"]


def test_weights_tell_how_they_came_about(training: Samples, validation: Samples, tmp_path: Path) -> None:
    path = train(
        "unet",
        training,
        validation,
        SHORT,
        tmp_path,
        arguments=TINY["unet"],
        seed=3,
        provenance={"scenes": ["LT05_L1TP_139036"], "levels": ["toa"]},
    )
    metadata = read_metadata(path)
    network = build("unet", 6, **TINY["unet"])
    assert metadata.network == "unet"
    assert metadata.arguments["widths"] == [4, 8]
    assert metadata.inputs.indices == SHORT.indices
    assert metadata.recipe == SHORT.model_dump(mode="json")
    assert metadata.seed == 3
    assert metadata.tile == (32, 32)
    assert metadata.data["provenance"] == {"scenes": ["LT05_L1TP_139036"], "levels": ["toa"]}
    assert metadata.levels == ("toa",)
    assert metadata.data["training"]["tiles"] == 6
    assert 1 <= metadata.data["epoch"] <= 5
    assert metadata.data["halo_measured_on"] == "validation"
    assert metadata.halo in range(0, network.halo + 1, 2)
    assert (metadata.stride, metadata.receptive_field, metadata.largest_halo) == (
        2,
        network.receptive_field,
        network.halo,
    )
    assert set(metadata.scores) == {"oa", "f1", "iou", "precision", "recall", "kappa", "area_bias"}


def test_the_area_bias_on_validation_is_nearly_zero(run: Callable[..., Path]) -> None:
    bias = read_metadata(run()).scores["area_bias"]
    assert bias is not None
    # The threshold is found among ranked probabilities; here few pixels of three tiles share a rank.
    assert abs(bias) < 0.05


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(run: Callable[..., Path]) -> None:
    first = run("first").read_bytes()
    torch.rand(5)  # whatever the caller draws in between
    assert run("second").read_bytes() == first
    assert run("third", seed=8).read_bytes() != first


def test_training_leaves_the_callers_random_numbers_alone(run: Callable[..., Path]) -> None:
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    run()
    torch.testing.assert_close(torch.rand(3), expected, rtol=0, atol=0)


class StopError(Exception):
    """What kills a run in these tests."""


def killed(monkeypatch: pytest.MonkeyPatch, epoch: int, batch: int, error: type[BaseException]) -> None:
    """Let the next run die in a certain batch."""
    whole = TrainingModule.training_step

    def step(self: TrainingModule, number: int, batch_idx: int) -> Any:
        if (self.current_epoch, number) == (epoch, batch):
            raise error
        return whole(self, number, batch_idx)

    monkeypatch.setattr(TrainingModule, "training_step", step)


@pytest.mark.parametrize(("epoch", "batch"), [(1, 0), (3, 2)])
def test_a_run_that_was_killed_and_taken_up_again_ends_as_if_undisturbed(
    run: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, epoch: int, batch: int
) -> None:
    undisturbed = run("undisturbed")
    with monkeypatch.context() as patch:
        killed(patch, epoch, batch, StopError)
        with pytest.raises(StopError):
            run("killed")
    resumed = run("killed")
    assert resumed.read_bytes() == undisturbed.read_bytes()
    columns = ["epoch", "learning_rate", "loss", "f1"]
    pd.testing.assert_frame_equal(
        pd.read_csv(resumed.parent / "history.csv")[columns], pd.read_csv(undisturbed.parent / "history.csv")[columns]
    )


def test_a_run_killed_before_its_weights_were_written_only_writes_them(
    run: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed = run("undisturbed")
    with monkeypatch.context() as patch:
        patch.setattr("trimline.training.descent.save_weights", _stop)
        with pytest.raises(StopError):
            run("killed")
        killed(patch, 4, 0, AssertionError)
        patch.undo()
    assert run("killed").read_bytes() == undisturbed.read_bytes()


def _stop(*_: Any) -> None:
    raise StopError


def test_ctrl_c_is_a_keyboard_interrupt_and_leaves_a_checkpoint(
    run: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    handler = signal.getsignal(signal.SIGINT)
    with monkeypatch.context() as patch:
        killed(patch, 2, 1, KeyboardInterrupt)
        with pytest.raises(KeyboardInterrupt):
            run("interrupted")
    assert signal.getsignal(signal.SIGINT) is handler
    assert (tmp_path / "interrupted" / "checkpoint.ckpt").is_file()
    assert run("interrupted").read_bytes() == run("undisturbed").read_bytes()


def test_another_runs_checkpoint_is_not_gone_on_from(
    run: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as patch:
        killed(patch, 3, 0, StopError)
        with pytest.raises(StopError):
            run("mixed", seed=1)
    with caplog.at_level(logging.WARNING):
        mixed = run("mixed", seed=2)
    assert "training starts anew" in caplog.text
    assert mixed.read_bytes() == run("alone", seed=2).read_bytes()


def test_a_file_that_is_no_checkpoint_is_named(run: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "checkpoint.ckpt").write_bytes(b"not a checkpoint")
    with pytest.raises(TrainingError, match="delete the file"):
        run()


def test_a_finished_run_is_not_done_again(run: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    path = run()
    killed(monkeypatch, 0, 0, AssertionError)
    assert run() == path


def test_training_stops_when_patience_is_at_an_end_and_resumes_to_the_same_stop(
    run: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = Recipe.preset("strong", epochs=30, batches_per_epoch=1, batch_size=2, patience=2, learning_rate=1e-7)
    undisturbed = run("undisturbed", recipe)
    epochs = len(pd.read_csv(undisturbed.parent / "history.csv"))
    assert epochs < 30
    with monkeypatch.context() as patch:
        killed(patch, epochs - 1, 0, StopError)
        with pytest.raises(StopError):
            run("killed", recipe)
    assert run("killed", recipe).read_bytes() == undisturbed.read_bytes()


def test_flips_are_only_used_where_they_raise_the_f1_on_validation(
    run: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = SHORT.model_copy(update={"flips": "if_better"})
    plain, flipped = load_weights(run("plain"), device="cpu"), load_weights(run("flipped", recipe), device="cpu")
    if flipped.metadata.flips:
        assert flipped.metadata.scores["f1"] != plain.metadata.scores["f1"]
    else:
        assert flipped.metadata.scores == plain.metadata.scores
    monkeypatch.setattr("trimline.training.validation.mean_over_symmetries", _nothing)
    assert not read_metadata(run("worse", recipe)).flips
    always = SHORT.model_copy(update={"flips": "always"})
    assert read_metadata(run("always", always)).flips


def _nothing(predict: Any, channels: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.zeros_like(channels[:, :1])


@pytest.mark.parametrize("native", [True, False])
def test_the_agreement_of_bf16_is_recorded_where_the_device_has_it(
    run: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, native: bool
) -> None:
    monkeypatch.setattr("trimline.inference.torch_engine.cpu_has_bf16", lambda: native)
    recipe = SHORT.model_copy(update={"precision": "fp32"})
    recorded = read_metadata(run(recipe=recipe)).bf16_iou
    if native:
        assert recorded is not None
        assert 0.9 < recorded <= 1.0
    else:
        assert recorded is None


def test_the_record_is_the_agreement_of_the_masks(run: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that calls half of the pixels otherwise in bf16 is found out."""

    class Wrong(Engine):
        def __call__(self, channels: NDArray[np.float32]) -> NDArray[np.float32]:
            ice = np.ones_like(channels[:, :1])
            if self.arithmetic == "bf16":
                ice[:, :, ::2] = 0.0
            return ice

    monkeypatch.setattr("trimline.inference.torch_engine.cpu_has_bf16", lambda: True)
    monkeypatch.setattr(
        "trimline.training.descent._engines", lambda network, inputs, device: partial(Wrong, "wrong", "cpu")
    )
    recipe = SHORT.model_copy(update={"precision": "fp32", "threshold": "half", "select": "last"})
    assert read_metadata(run(recipe=recipe)).bf16_iou == pytest.approx(0.5, abs=0.01)


def test_tiles_are_cut_to_the_recipes_crop(run: Callable[..., Path]) -> None:
    recipe = Recipe.preset("strong", epochs=1, batches_per_epoch=1, batch_size=2, crop=16)
    assert read_metadata(run(recipe=recipe)).tile == (16, 16)


def test_tiles_that_are_no_multiple_of_the_stride_are_trained_on(tmp_path: Path) -> None:
    samples = glacier(side=30)
    recipe = Recipe.preset("strong", epochs=1, batches_per_epoch=1, batch_size=2)
    assert train("unet", samples, samples, recipe, tmp_path, arguments={"widths": (4, 6, 8)}).is_file()


def test_single_precision_and_bf16_are_both_obeyed(run: Callable[..., Path]) -> None:
    recipe = Recipe.preset("strong", epochs=1, batches_per_epoch=2, batch_size=2)
    exact = run("fp32", recipe.model_copy(update={"precision": "fp32"}))
    rough = run("bf16", recipe.model_copy(update={"precision": "bf16"}))
    assert exact.read_bytes() != rough.read_bytes()


@pytest.mark.parametrize("value", [math.nan, -math.inf])
def test_a_loss_that_is_not_a_number_names_epoch_and_batch(
    run: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, value: float
) -> None:
    from trimline.training import losses

    calls = []

    def broken(labelled: losses.Labelled) -> torch.Tensor:
        calls.append(1)
        return labelled.log_probability.sum() * (value if len(calls) == 6 else 1.0)

    monkeypatch.setattr(losses, "cross_entropy", broken)
    with pytest.raises(TrainingError, match=r"the loss is (nan|inf) in epoch 2, batch 2"):
        run()
    assert not (tmp_path / "run" / "weights.safetensors").exists()


def test_samples_without_ice_cannot_be_trained_on(validation: Samples, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="none of the 6 training tiles holds ice"):
        train("unet", glacier(ice=False), validation, SHORT, tmp_path, arguments=TINY["unet"])


def test_validation_without_ice_cannot_choose(training: Samples, tmp_path: Path) -> None:
    bare = glacier(count=2, ice=False)
    with pytest.raises(TrainingError, match="threshold: zero_bias and select: f1 needs"):
        train("unet", training, bare, SHORT, tmp_path, arguments=TINY["unet"])
    blind = Recipe.preset("strong", epochs=1, batches_per_epoch=1, threshold="half", select="accuracy")
    path = train("unet", training, bare, blind, tmp_path, arguments=TINY["unet"])
    assert read_metadata(path).scores["recall"] is None


def test_no_validation_is_enough_where_nothing_is_chosen_by_it(training: Samples, tmp_path: Path) -> None:
    none = Samples(training.images[:0], training.masks[:0], training.bands, training.units)
    recipe = Recipe.preset("strong", epochs=2, batches_per_epoch=2, threshold="half", select="last")
    path = train("unet", training, none, recipe, tmp_path, arguments=TINY["unet"])
    metadata = read_metadata(path)
    assert metadata.scores == {}
    assert metadata.data["epoch"] == 2
    assert metadata.data["halo_measured_on"] == "training"
    assert metadata.halo is not None


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        (Recipe.preset("paper"), "set recipe.units to reflectance"),
        (Recipe.preset("strong", crop=33), "multiple of 2"),
        (Recipe.preset("strong", crop=64), "cannot be cut from tiles of 32 x 32"),
    ],
)
def test_a_recipe_that_does_not_fit_the_samples_says_what_to_set(
    run: Callable[..., Path], recipe: Recipe, message: str
) -> None:
    with pytest.raises(TrainingError, match=message):
        run(recipe=recipe)
