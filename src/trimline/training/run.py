"""Training from samples to a weights file, however the network learns."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from trimline.errors import TrainingError, WeightsError
from trimline.files import StrPath, made_folder, sha256
from trimline.inference.inputs import Inputs
from trimline.inference.metadata import ModelMetadata
from trimline.inference.model_file import read_metadata
from trimline.networks import get_network
from trimline.project.recipe import Recipe
from trimline.samples import ICE, Samples
from trimline.training.identity import fingerprint, identity_of_run
from trimline.training.outputs import THRESHOLDS
from trimline.training.search import train_by_search

_logger = logging.getLogger(__name__)

WEIGHTS_NAME = "weights.safetensors"


def train(
    network: str,
    training: Samples,
    validation: Samples,
    recipe: Recipe,
    folder: StrPath,
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
        where the recipe chooses nothing by them (`select: last`, `threshold: half`, and `flips` not `if_better`;
        without ice also `select: accuracy`).
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
        What whoever made the samples has to say of them; stored in the weights' metadata. `levels` among it, of `toa`
        and `surface`, is what reflectance they hold.
    progress
        Show a progress bar, where standard error is a terminal.

    Returns
    -------
    Path
        The weights file, for `trimline.inference.load_weights`.

    Raises
    ------
    TrainingError
        The samples lack ice or do not fit the recipe, or the loss is no longer a number.
    NetworkError
        The network or one of its arguments does not exist.
    KeyboardInterrupt
        The user stopped it; the last finished epoch lies in `folder`.
    """
    spec = get_network(network)
    metadata = ModelMetadata(
        network=network,
        arguments=dict(arguments or {}),
        inputs=Inputs(training.bands, training.units, recipe.indices if spec.trained_by == "gradient" else ()),
        levels=tuple((provenance or {}).get("levels", ())),
    )
    return _train(metadata, None, training, validation, recipe, Path(folder), seed, provenance, progress=progress)


def fine_tune(
    start: StrPath,
    training: Samples,
    validation: Samples,
    recipe: Recipe,
    folder: StrPath,
    *,
    seed: int = 0,
    provenance: Mapping[str, Any] | None = None,
    progress: bool = True,
) -> Path:
    """Train a network on from weights that it has already, and write the new ones.

    Network, bands, indices and normalisation stay those of the weights. Where they tell several surface classes, ice
    is learned against all others together, and they still tell them afterwards.

    Parameters
    ----------
    start
        A model file, `.safetensors` or `.onnx`; `trimline.weights.shipped_weights()` for instance.
    training, validation, recipe, folder, seed, provenance, progress
        As `train` takes them. The samples have the bands of the weights, in their order. `Recipe.preset("fine_tune")`
        is made for this.

    Returns
    -------
    Path
        The weights file.

    Raises
    ------
    TrainingError
        As in `train`; or the samples have other bands or units than the weights, or the recipe asks for indices.
    WeightsError
        The model file is absent, damaged or of another program.
    KeyboardInterrupt
        The user stopped it; the last finished epoch lies in `folder`.
    """
    start = Path(start)
    known = read_metadata(start)
    if (training.bands, training.units) != (known.inputs.bands, known.inputs.units):
        raise TrainingError(
            f"the samples hold {training.units} of {', '.join(training.bands)}, and the weights to start from want "
            f"{known.inputs.units} of {', '.join(known.inputs.bands)}",
            where=start,
            remedy="cut the samples with the bands of the weights",
        )
    if recipe.indices and recipe.indices != known.inputs.indices:
        raise TrainingError(
            f"the recipe wants {', '.join(recipe.indices)}, which the weights to start from do not know",
            where=start,
            remedy="leave indices out of the recipe, or take its preset fine_tune",
        )
    levels = dict.fromkeys((*known.levels, *(provenance or {}).get("levels", ())))
    metadata = ModelMetadata(
        network=known.network,
        arguments=known.arguments,
        classes=known.classes,
        class_names=known.class_names,
        stand_ins=known.stand_ins,
        inputs=known.inputs,
        levels=tuple(levels),
        data={"start": {"file": start.name, "sha256": sha256(start), "data": known.data}},
    )
    return _train(metadata, start, training, validation, recipe, Path(folder), seed, provenance, progress=progress)


def _train(
    metadata: ModelMetadata,
    start: Path | None,
    training: Samples,
    validation: Samples,
    recipe: Recipe,
    folder: Path,
    seed: int,
    provenance: Mapping[str, Any] | None,
    *,
    progress: bool,
) -> Path:
    """Train what metadata describe, from weights or afresh, unless that is done already."""
    _check_samples(training, validation, recipe)
    hashes = {"training": fingerprint(training), "validation": fingerprint(validation)}
    begun = metadata.begun_from
    run = identity_of_run(metadata.network, metadata.arguments, recipe, seed, hashes, start=begun)
    weights = folder / WEIGHTS_NAME
    is_searched = get_network(metadata.network).trained_by == "search"
    left = [weights, folder / THRESHOLDS] if is_searched else [weights]
    if all(each.is_file() for each in left) and _is_finished(weights, run):
        _logger.info("%s is trained already", weights)
        return weights
    made_folder(folder)
    data = {
        "training": _describe(training, hashes["training"]),
        "validation": _describe(validation, hashes["validation"]),
        "provenance": dict(provenance or {}),
    }
    metadata = metadata.model_copy(
        update={
            "recipe": recipe.model_dump(mode="json"),
            "seed": seed,
            "data": metadata.data | data,
            "run": run,
        }
    )
    if is_searched:
        return train_by_search(training, validation, metadata, folder, weights)
    _check_choices(validation, recipe)
    # Lightning takes seconds to import; a search does without it.
    from trimline.training.descent import train_by_descent

    return train_by_descent(training, validation, recipe, metadata, folder, weights, start=start, progress=progress)


def _describe(samples: Samples, digest: str) -> dict[str, Any]:
    ice = samples.ice_fraction
    return {"tiles": len(samples), "ice_fraction": ice if ice == ice else None, "hash": digest}


def _is_finished(weights: Path, run: str) -> bool:
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
    if not _has_ice(training):
        raise TrainingError(
            f"none of the {len(training)} training tiles holds ice",
            remedy="check that the outlines lie on the scenes and are of their years, or widen the training ground",
        )


def _check_choices(validation: Samples, recipe: Recipe) -> None:
    """Refuse to choose an epoch or a threshold by validation samples that cannot tell."""
    wanted = []
    if recipe.threshold == "zero_bias":
        wanted.append("threshold: zero_bias")
    if recipe.select == "f1" or (recipe.select == "accuracy" and not len(validation)):
        wanted.append(f"select: {recipe.select}")
    if recipe.flips == "if_better":
        wanted.append("flips: if_better")
    if wanted and (not _has_ice(validation)):
        raise TrainingError(
            f"the validation samples hold no ice, which the recipe's {' and '.join(wanted)} needs",
            remedy="give validation more ground, or set select: last, threshold: half and flips: never",
        )


def _has_ice(samples: Samples) -> bool:
    """Whether any pixel with data in all bands is labelled ice."""
    return any(
        bool((np.isfinite(image).all(axis=0) & (mask == ICE)).any())
        for image, mask in zip(samples.images, samples.masks, strict=True)
    )
