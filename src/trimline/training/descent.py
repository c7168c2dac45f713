"""Gradient descent: a network drawn from the seed or read from a file, its epochs, and what is made of the best."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from trimline.errors import TrainingError
from trimline.inference.engine import Engine, OpenVINOEngine
from trimline.inference.halo import measure_halo
from trimline.inference.inputs import Inputs
from trimline.inference.metadata import ModelMetadata, finite_or_none
from trimline.inference.precision import Arithmetic
from trimline.inference.torch_engine import TorchEngine, best_device, in_channels_last, uses_bf16
from trimline.inference.torch_export import graph_of
from trimline.inference.torch_files import load_network, save_weights, with_geometry
from trimline.networks import Network, build, get_network
from trimline.progress import is_watched
from trimline.project.recipe import Recipe
from trimline.samples import Samples
from trimline.training.checkpoint import CHECKPOINT_NAME, EpochRecord, read_checkpoint
from trimline.training.fitting import fit
from trimline.training.module import TrainingModule
from trimline.training.progress_bar import RunBar
from trimline.training.threshold import zero_bias_threshold
from trimline.training.tiles import Tiles, generator_for
from trimline.training.two_classes import IceAgainstGround
from trimline.training.validation import iou_of_masks, predict_labelled, scores_at

_logger = logging.getLogger(__name__)

_MOST_SHOWN = 256
"""Tiles of the training samples that halo and precision are measured on, where nothing is held out."""


def train_by_descent(
    training: Samples,
    validation: Samples,
    recipe: Recipe,
    metadata: ModelMetadata,
    folder: Path,
    weights: Path,
    *,
    start: Path | None,
    progress: bool,
) -> Path:
    """Train a network by gradient descent and write its weights; see `trimline.training.train`.

    Parameters
    ----------
    training, validation, recipe, folder, progress
        As there.
    metadata
        What is known before training; the rest is filled in here.
    weights
        Where to write the weights.
    start
        A model file to start from, whose inputs the metadata have; None means weights drawn from the seed.
    """
    inputs = metadata.inputs
    whole = _freshly_drawn(metadata) if start is None else _read(start)
    several = len(metadata.outputs) > 1
    network = IceAgainstGround(whole, metadata.outputs.index("ice")) if several else whole
    tiles = Tiles.of(training, network.stride)
    _check_crop(tiles, recipe, network)
    if recipe.normalise and start is None:
        inputs = inputs.fitted_to(tiles.images)
    held_out = Tiles.of(validation, network.stride) if len(validation) else None
    device = best_device()
    module = TrainingModule(network, inputs, recipe, tiles, held_out, seed=metadata.seed, run=metadata.run)
    title = get_network(metadata.network).title
    _fit(module, folder, device, title, progress=progress)

    module.to(device)
    trained = module.result()
    shown = tiles.at_most(_MOST_SHOWN) if held_out is None else held_out
    judged = _judge(trained, inputs, shown, recipe, device, held_out is not None)
    measured_on = "training" if held_out is None else "validation"
    finished = metadata.model_copy(
        update={
            "inputs": inputs,
            "tile": (recipe.crop, recipe.crop) if recipe.crop else tiles.sides,
            "data": metadata.data | {"epoch": module.best_epoch + 1, "halo_measured_on": measured_on},
            **judged,
        }
    )
    kept = trained.network if isinstance(trained, IceAgainstGround) else trained
    finished = with_geometry(finished, kept)
    save_weights(weights, kept, finished)
    (folder / CHECKPOINT_NAME).unlink(missing_ok=True)
    _logger.info(
        "%s: epoch %d of %d is kept%s; ice is from probability %.2f on",
        title,
        module.best_epoch + 1,
        len(module.history),
        f", F1 {finished.scores['f1']:.3f} on validation" if finished.scores.get("f1") is not None else "",
        finished.threshold,
    )
    if finished.halo is not None:
        _logger.info("%s: windows need a halo of %d pixels; it could look %d far", title, finished.halo, trained.halo)
    return weights


def _judge(
    network: Network, inputs: Inputs, tiles: Tiles, recipe: Recipe, device: torch.device, held_out: bool
) -> dict[str, Any]:
    """Return what the metadata say of a trained network's predictions, computed as in mapping.

    Parameters
    ----------
    network
        Trained, on `device`.
    inputs
        What it is fed with.
    tiles
        To judge by.
    held_out
        Whether the network did not learn from them: else it has no scores, and nothing is chosen by them.

    Returns
    -------
    dict
        `threshold`, `flips`, `scores`, `halo` and `bf16_iou`.
    """
    engine_in = _engines(network, inputs, device)
    exact = engine_in("fp32")
    threshold, flips = 0.5, recipe.flips == "always"
    scores: dict[str, float | None] = {}
    pixels = predict_labelled(exact, inputs, tiles, flips=flips)
    if held_out:
        if recipe.flips == "if_better":
            turned = predict_labelled(exact, inputs, tiles, flips=True)
            flips = scores_at(0.5, turned)["f1"] > scores_at(0.5, pixels)["f1"]
            pixels = turned if flips else pixels
        if recipe.threshold == "zero_bias":
            threshold = zero_bias_threshold(pixels)
        scores = finite_or_none(scores_at(threshold, pixels))
    bf16_iou = None
    if uses_bf16("auto", device):
        half = predict_labelled(engine_in("bf16"), inputs, tiles, flips=flips)
        bf16_iou = iou_of_masks(pixels.probability, half.probability, threshold)
    halo = measure_halo(
        exact,
        inputs,
        tiles.images.cpu().numpy(),
        stride=network.stride,
        largest=network.halo,
        bounded=network.bounded,
        operations_per_pixel=operations_per_pixel(network),
        flips=flips,
    )
    return {"threshold": threshold, "flips": flips, "scores": scores, "halo": halo, "bf16_iou": bf16_iou}


def _engines(network: Network, inputs: Inputs, device: torch.device) -> Callable[[Arithmetic], Engine]:
    """Return a function that gives the engine that maps with a network on a device, in an arithmetic."""
    if device.type == "cuda":
        return lambda arithmetic: TorchEngine(network, device, arithmetic)
    graph = graph_of(network, inputs)
    return lambda arithmetic: OpenVINOEngine(graph, arithmetic)


def operations_per_pixel(network: Network) -> float:
    """Return the floating-point operations of a network per pixel of its input."""
    side = 2 * network.stride
    probe = torch.zeros((1, network.bands, side, side), device=next(network.parameters()).device)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(probe)
    return float(counter.get_total_flops()) / side**2


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


def _freshly_drawn(metadata: ModelMetadata) -> Network:
    """Build the network with weights drawn from the seed, leaving the caller's random state as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(generator_for(metadata.seed, "weights").initial_seed())
        network = build(metadata.network, metadata.inputs.channels, metadata.classes, **metadata.arguments)
    return in_channels_last(network)


def _read(start: Path) -> Network:
    """Return the network of a model file, ready to learn."""
    network, _ = load_network(start)
    return in_channels_last(network.requires_grad_(True).train())


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
