"""Stopping and going on: the state after each epoch, written whole, read without running what lies in it.

A checkpoint belongs to one run: the hash of its network, recipe, seed and samples lies in it. Where another run's
checkpoint is found, training starts anew and says so; it is never continued with other data or settings.
"""

from __future__ import annotations

import hashlib
import json
import logging
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import Checkpoint

from trimline import __version__
from trimline.errors import TrainingError
from trimline.files import whole_file
from trimline.project.recipe import Recipe

_logger = logging.getLogger(__name__)

CHECKPOINT_NAME = "checkpoint.ckpt"


class EpochCheckpoint(Checkpoint):
    """Write the state of a run when an epoch has ended and been scored.

    Parameters
    ----------
    path
        The one file that is overwritten each time.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Write it; Lightning calls this after the module's own hook."""
        with whole_file(self.path) as temporary:
            trainer.save_checkpoint(temporary)


def identity_of_run(
    network: str, arguments: Mapping[str, Any], recipe: Recipe, seed: int, samples: Mapping[str, str]
) -> str:
    """Return a hash of all that decides the weights that come out of a run."""
    decides = {
        "version": __version__,
        "network": network,
        "arguments": dict(arguments),
        "recipe": recipe.model_dump(mode="json"),
        "seed": seed,
        "samples": dict(samples),
    }
    return hashlib.sha256(json.dumps(decides, sort_keys=True, default=list).encode()).hexdigest()


def read_checkpoint(path: Path, run: str) -> dict[str, Any] | None:
    """Return the checkpoint of a run; None where there is none, or only that of another run.

    Raises
    ------
    TrainingError
        The file is no checkpoint, or cannot be read without running what lies in it.
    """
    if not path.is_file():
        return None
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
        found = checkpoint["trimline"]["run"]
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, TypeError, ValueError) as error:
        raise TrainingError(
            "this is not a checkpoint that training can go on from",
            where=path,
            remedy="delete the file to train from the start",
        ) from error
    if found != run:
        _logger.warning("%s belongs to a run with other settings or samples: training starts anew", path)
        return None
    return dict(checkpoint)
