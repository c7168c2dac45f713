"""Stopping and going on: the state after each epoch, written whole, read without running what lies in it.

A checkpoint belongs to one run: the hash of its network, recipe, seed and samples lies in it. Where another run's
checkpoint is found, training starts anew and says so; it is never continued with other data or settings.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, cast

import lightning.pytorch as pl
import pandas as pd
import torch
from lightning.pytorch.callbacks import Checkpoint

from trimline.errors import TrainingError
from trimline.files import whole_file
from trimline.foreign import foreign_errors
from trimline.training.module import MEMORY, TrainingModule

_logger = logging.getLogger(__name__)

CHECKPOINT_NAME = "checkpoint.ckpt"
HISTORY_NAME = "history.csv"

_NO_CHECKPOINT = "this is not a checkpoint that training can go on from"
_REMEDY = "delete the file to train from the start"

_KINDS: dict[str, type | tuple[type, ...]] = {
    "run": str,
    "history": list,
    "best_score": (int, float),
    "best_epoch": int,
    "best_weights": (dict, type(None)),
    "finished": bool,
}
"""What our own part of a checkpoint holds, as `TrainingModule` writes it."""


class EpochRecord(Checkpoint):
    """Write down, when an epoch has ended and been scored, the state of the run and the scores of all epochs.

    Parameters
    ----------
    folder
        Gets `checkpoint.ckpt` and `history.csv`, overwritten each time.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Write both; Lightning calls this after the module's own hook."""
        with whole_file(self.folder / CHECKPOINT_NAME) as temporary:
            trainer.save_checkpoint(temporary)
        history = pd.DataFrame(cast(TrainingModule, pl_module).history)
        history["epoch"] = history["epoch"].astype(int) + 1
        with whole_file(self.folder / HISTORY_NAME) as temporary:
            history.to_csv(temporary, index=False)


def read_checkpoint(path: Path, run: str) -> dict[str, Any] | None:
    """Return the checkpoint of a run; None where there is none, or only that of another run.

    Raises
    ------
    TrainingError
        The file is no checkpoint, or cannot be read without running what lies in it.
    """
    if not path.is_file():
        return None
    with foreign_errors(TrainingError, path, what=_NO_CHECKPOINT, remedy=_REMEDY):
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    if not _is_whole(checkpoint):
        raise TrainingError(_NO_CHECKPOINT, where=path, remedy=_REMEDY)
    found = checkpoint[MEMORY]["run"]
    if found != run:
        _logger.warning("%s belongs to a run with other settings or samples: training starts anew", path)
        return None
    return dict(checkpoint)


def _is_whole(checkpoint: Any) -> bool:
    """Whether what was read has the form of what was written."""
    if not isinstance(checkpoint, dict) or not isinstance(checkpoint.get("state_dict"), dict):
        return False
    memory = checkpoint.get(MEMORY)
    if not isinstance(memory, dict) or not _KINDS.keys() <= memory.keys():
        return False
    history = memory["history"]
    return all(isinstance(memory[key], kinds) for key, kinds in _KINDS.items()) and all(
        isinstance(row, dict) and "epoch" in row for row in history
    )
