"""Training from samples to a weights file."""

from __future__ import annotations

import logging
import signal
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pandas as pd
import torch
from lightning.pytorch.loggers import TensorBoardLogger

from trimline.errors import TrainingError, WeightsError
from trimline.files import whole_file
from trimline.networks import Network, build, get_network
from trimline.progress import is_watched
from trimline.project.recipe import Recipe
from trimline.samples import Samples
from trimline.training.checkpoint import CHECKPOINT_NAME, EpochCheckpoint, identity_of_run, read_checkpoint
from trimline.training.device import best_device, in_channels_last, uses_bf16
from trimline.training.inputs import Inputs
from trimline.training.module import TrainingModule, ask, scores_at
from trimline.training.progress_bar import RunBar
from trimline.training.search import train_by_search
from trimline.training.threshold import zero_bias_threshold
from trimline.training.tiles import Tiles, fingerprint, generator_for
from trimline.training.weights import WeightsMetadata, finite_or_none, read_metadata, save_weights

_logger = logging.getLogger(__name__)

WEIGHTS_NAME = "weights.safetensors"
HISTORY_NAME = "history.csv"
LOGS_NAME = "tensorboard"


def train(
    network: str,
    training: Samples,
    validation: Samples,
    recipe: Recipe,
    folder: Path,
    *,
    arguments: Mapping[str, Any] | None = None,
    seed: int = 0,
    provenance: Mapping[str, Any] | None = None,
    progress: bool = True,
) -> Path:
    """Train a network and write its weights.

    The same samples, settings and seed give the same weights on the same machine, whether the run was stopped and
    taken up again or not: after each epoch its state lies in `folder`, and a second call goes on from there. A call
    for a run that is already finished returns its weights. Settings or samples that differ start anew.

    Parameters
    ----------
    network
        Name in the registry.
    training
        Labelled tiles to learn from.
    validation
        Labelled tiles, of other ground, to choose the epoch and the threshold by. May be empty, or without ice, only
        where the recipe chooses neither by them (`select: last` and `threshold: half`; without ice also
        `select: accuracy`).
    recipe
        How it is trained.
    folder
        Gets `weights.safetensors`, `history.csv` (one row per epoch), `tensorboard/`, and while it runs
        `checkpoint.ckpt`.
    arguments
        The network's own.
    seed
        Of the initial weights, the batches and the augmentation.
    provenance
        What whoever made the samples has to say of them; stored in the weights' metadata.
    progress
        Show a progress bar, where standard error is a terminal.

    Returns
    -------
    Path
        The weights file, for :func:`trimline.training.load_weights`.

    Raises
    ------
    TrainingError
        The samples lack ice or do not fit the recipe, or the loss is no longer a number.
    NetworkError
        The network or one of its arguments does not exist.
    KeyboardInterrupt
        The user stopped it; the last finished epoch lies in `folder`.
    """
    arguments = dict(arguments or {})
    spec = get_network(network)
    _check_samples(training, validation, recipe)
    hashes = {"training": fingerprint(training), "validation": fingerprint(validation)}
    run = identity_of_run(network, arguments, recipe, seed, hashes)
    weights = folder / WEIGHTS_NAME
    if _is_finished(weights, run):
        _logger.info("%s is trained already", weights)
        return weights
    folder.mkdir(parents=True, exist_ok=True)
    data = {
        "training": _describe(training, hashes["training"]),
        "validation": _describe(validation, hashes["validation"]),
        "provenance": dict(provenance or {}),
    }
    metadata = WeightsMetadata(
        network=network,
        arguments=arguments,
        inputs=Inputs(training.bands, training.units),
        recipe=recipe.model_dump(mode="json"),
        seed=seed,
        data=data,
        run=run,
    )
    if spec.trained_by == "search":
        return train_by_search(training, validation, metadata, folder, weights)
    return _train_by_gradient(training, validation, recipe, metadata, folder, weights, progress=progress)


def _train_by_gradient(
    training: Samples,
    validation: Samples,
    recipe: Recipe,
    metadata: WeightsMetadata,
    folder: Path,
    weights: Path,
    *,
    progress: bool,
) -> Path:
    inputs = Inputs(training.bands, training.units, recipe.indices)
    network = _freshly_drawn(metadata, inputs.channels)
    tiles = Tiles.of(training, network.stride)
    if not tiles.has_ice:
        raise _no_ice(training)
    _check_crop(tiles, recipe, network)
    if recipe.normalise:
        inputs = inputs.fitted_to(tiles.images)
    held_out = Tiles.of(validation, network.stride) if len(validation) else None
    _check_choices(held_out, recipe)
    device = best_device()
    module = TrainingModule(network, inputs, recipe, tiles, held_out, seed=metadata.seed, run=metadata.run)
    title = get_network(metadata.network).title
    _fit(module, folder, device, title, progress=progress)

    module.to(device)
    trained = module.result()
    threshold, scores = 0.5, {}
    if held_out is not None:
        answers = ask(trained, inputs, held_out, device, recipe.precision)
        if recipe.threshold == "zero_bias":
            threshold = zero_bias_threshold(answers)
        scores = finite_or_none(scores_at(threshold, answers))
    finished = metadata.model_copy(
        update={
            "inputs": inputs,
            "threshold": threshold,
            "tile": (recipe.crop, recipe.crop) if recipe.crop else tiles.sides,
            "scores": scores,
            "data": metadata.data | {"epoch": module.best_epoch + 1},
        }
    )
    with whole_file(folder / HISTORY_NAME) as temporary:
        history = pd.DataFrame(module.history)
        history["epoch"] = history["epoch"].astype(int) + 1
        history.to_csv(temporary, index=False)
    save_weights(weights, trained, finished)
    (folder / CHECKPOINT_NAME).unlink(missing_ok=True)
    _logger.info(
        "%s: epoch %d of %d is kept%s; ice is from probability %.2f on",
        title,
        module.best_epoch + 1,
        len(module.history),
        f", F1 {scores['f1']:.3f} on validation" if scores.get("f1") is not None else "",
        threshold,
    )
    return weights


def _fit(module: TrainingModule, folder: Path, device: torch.device, title: str, *, progress: bool) -> None:
    """Run the epochs that are still to run."""
    path = folder / CHECKPOINT_NAME
    checkpoint = read_checkpoint(path, module.run)
    if checkpoint is not None:
        module.on_load_checkpoint(checkpoint)
        _logger.info("going on after epoch %d", len(module.history))
        if module.finished:
            module.load_state_dict(checkpoint["state_dict"])
            return
    shown = progress and is_watched()
    with _quiet_lightning():
        trainer = pl.Trainer(
            accelerator="gpu" if device.type == "cuda" else "cpu",
            devices=1,
            max_epochs=module.recipe.epochs,
            precision="bf16-mixed" if uses_bf16(module.recipe.precision, device) else "32-true",
            # On the CPU all operations are deterministic anyway, and the switch would slow down every allocation.
            deterministic="warn" if device.type == "cuda" else None,
            logger=TensorBoardLogger(folder, name=LOGS_NAME, version=""),
            log_every_n_steps=module.batches,
            callbacks=[EpochCheckpoint(path), *([RunBar(title)] if shown else [])],
            enable_progress_bar=shown,
            enable_model_summary=False,
        )
        with _keyboard_interrupt_as_itself():
            trainer.fit(module, ckpt_path=path if checkpoint else None, weights_only=True)


def _freshly_drawn(metadata: WeightsMetadata, channels: int) -> Network:
    """Build the network with weights drawn from the seed, leaving the caller's random state as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(generator_for(metadata.seed, "weights").initial_seed())
        network = build(metadata.network, channels, metadata.classes, **metadata.arguments)
    return in_channels_last(network)


def _describe(samples: Samples, digest: str) -> dict[str, Any]:
    ice = samples.ice_fraction
    return {"tiles": len(samples), "ice_fraction": ice if ice == ice else None, "hash": digest}


def _is_finished(weights: Path, run: str) -> bool:
    if not weights.is_file():
        return False
    try:
        return read_metadata(weights).run == run
    except WeightsError:
        # What lies there is to be replaced anyway.
        return False


def _check_samples(training: Samples, validation: Samples, recipe: Recipe) -> None:
    for name, samples in (("training", training), ("validation", validation)):
        if samples.units != recipe.units:
            raise TrainingError(
                f"the {name} samples are in {samples.units}, but the recipe wants {recipe.units}",
                remedy=f"set recipe.units to {samples.units}, or cut the samples anew",
            )
    if validation.bands != training.bands:
        raise TrainingError(
            f"training samples have the bands {', '.join(training.bands)}, validation samples "
            f"{', '.join(validation.bands)}",
            remedy="cut both with the same bands",
        )
    if not len(training) or not training.ice_fraction > 0:
        raise _no_ice(training)


def _no_ice(training: Samples) -> TrainingError:
    return TrainingError(
        f"none of the {len(training)} training tiles holds ice",
        remedy="check that the outlines lie on the scenes and are of their years, or widen the training ground",
    )


def _check_choices(held_out: Tiles | None, recipe: Recipe) -> None:
    """Refuse to choose an epoch or a threshold by validation samples that cannot tell."""
    wanted = []
    if recipe.threshold == "zero_bias":
        wanted.append("threshold: zero_bias")
    if recipe.select == "f1" or (recipe.select == "accuracy" and held_out is None):
        wanted.append(f"select: {recipe.select}")
    if wanted and (held_out is None or not held_out.has_ice):
        raise TrainingError(
            f"the validation samples hold no ice, which the recipe's {' and '.join(wanted)} needs",
            remedy="give validation more ground, or set select: last and threshold: half",
        )


def _check_crop(tiles: Tiles, recipe: Recipe, network: Network) -> None:
    if recipe.crop is None:
        return
    if recipe.crop % network.stride:
        raise TrainingError(
            f"a crop of {recipe.crop} pixels does not fit the network",
            remedy=f"set recipe.crop to a multiple of {network.stride}",
        )
    if recipe.crop > min(tiles.sides):
        raise TrainingError(
            f"a crop of {recipe.crop} pixels cannot be cut from tiles of {tiles.sides[0]} x {tiles.sides[1]}",
            remedy="lower recipe.crop, or cut larger tiles",
        )


@contextmanager
def _quiet_lightning() -> Iterator[None]:
    """Keep Lightning's announcements and advice from the user, who asked for a glacier, for the time of a run."""
    loggers = [logging.getLogger(name) for name in ("lightning.pytorch", "lightning.fabric")]
    levels = [each.level for each in loggers]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"lightning\..*")
        for each in loggers:
            each.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for each, level in zip(loggers, levels, strict=True):
                each.setLevel(level)


@contextmanager
def _keyboard_interrupt_as_itself() -> Iterator[None]:
    """Undo what Lightning makes of Ctrl-C: it ignores all later ones and leaves by SystemExit."""
    in_main_thread = threading.current_thread() is threading.main_thread()
    handler = signal.getsignal(signal.SIGINT)
    try:
        yield
    except SystemExit as leaving:
        if isinstance(leaving.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from leaving
        raise
    finally:
        if in_main_thread and handler is not None:
            signal.signal(signal.SIGINT, handler)
