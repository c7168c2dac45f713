"""Gradient descent: a network drawn from the seed, its epochs, and what is made of the best of them."""

from __future__ import annotations

import logging
from pathlib import Path

import torch

from trimline.errors import TrainingError
from trimline.networks import Network, build, get_network
from trimline.progress import is_watched
from trimline.project.recipe import Recipe
from trimline.samples import Samples
from trimline.training.checkpoint import CHECKPOINT_NAME, EpochRecord, read_checkpoint
from trimline.training.device import best_device, in_channels_last
from trimline.training.fitting import fit
from trimline.training.halo import measure_halo
from trimline.training.inputs import Inputs
from trimline.training.module import TrainingModule
from trimline.training.progress_bar import RunBar
from trimline.training.threshold import zero_bias_threshold
from trimline.training.tiles import Tiles, generator_for
from trimline.training.validation import ask_all, scores_at
from trimline.training.weights import WeightsMetadata, finite_or_none, save_weights

_logger = logging.getLogger(__name__)


def train_by_descent(
    training: Samples,
    validation: Samples,
    recipe: Recipe,
    metadata: WeightsMetadata,
    folder: Path,
    weights: Path,
    *,
    progress: bool,
) -> Path:
    """Train a network by gradient descent and write its weights; see :func:`trimline.training.train`.

    Parameters
    ----------
    training, validation, recipe, folder, progress
        As there.
    metadata
        What is known before training; the rest is filled in here.
    weights
        Where to write the weights.
    """
    inputs = Inputs(training.bands, training.units, recipe.indices)
    network = _freshly_drawn(metadata, inputs.channels)
    tiles = Tiles.of(training, network.stride)
    _check_crop(tiles, recipe, network)
    if recipe.normalise:
        inputs = inputs.fitted_to(tiles.images)
    held_out = Tiles.of(validation, network.stride) if len(validation) else None
    device = best_device()
    module = TrainingModule(network, inputs, recipe, tiles, held_out, seed=metadata.seed, run=metadata.run)
    title = get_network(metadata.network).title
    _fit(module, folder, device, title, progress=progress)

    module.to(device)
    trained = module.result()
    threshold, flips = 0.5, recipe.flips == "always"
    scores: dict[str, float | None] = {}
    if held_out is not None:
        answers = ask_all(trained, inputs, held_out, device, recipe.precision, flips=flips)
        if recipe.flips == "if_better":
            turned = ask_all(trained, inputs, held_out, device, recipe.precision, flips=True)
            flips = scores_at(0.5, turned)["f1"] > scores_at(0.5, answers)["f1"]
            answers = turned if flips else answers
        if recipe.threshold == "zero_bias":
            threshold = zero_bias_threshold(answers)
        scores = finite_or_none(scores_at(threshold, answers))
    measured_on, shown = ("training", tiles) if held_out is None else ("validation", held_out)
    halo = measure_halo(trained, inputs, shown.images, device, flips=flips)
    finished = metadata.model_copy(
        update={
            "inputs": inputs,
            "threshold": threshold,
            "flips": flips,
            "halo": halo,
            "tile": (recipe.crop, recipe.crop) if recipe.crop else tiles.sides,
            "scores": scores,
            "data": metadata.data | {"epoch": module.best_epoch + 1, "halo_measured_on": measured_on},
        }
    )
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
    if halo is not None:
        _logger.info("%s: windows need a halo of %d pixels; it could look %d far", title, halo, trained.halo)
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
    callbacks = [EpochRecord(folder), *([RunBar(title)] if shown else [])]
    fit(module, folder, device, callbacks, bar=shown, checkpoint=path if checkpoint else None)


def _freshly_drawn(metadata: WeightsMetadata, channels: int) -> Network:
    """Build the network with weights drawn from the seed, leaving the caller's random state as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(generator_for(metadata.seed, "weights").initial_seed())
        network = build(metadata.network, channels, metadata.classes, **metadata.arguments)
    return in_channels_last(network)


def _check_crop(tiles: Tiles, recipe: Recipe, network: Network) -> None:
    if recipe.crop is None:
        return
    if network.halo is None:
        raise TrainingError(
            "a network whose answer depends on the whole tile cannot be trained on crops of it",
            remedy="leave recipe.crop out, and cut the samples as small as they should be",
        )
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
