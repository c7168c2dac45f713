"""The epochs of a run under Lightning, which is kept quiet and in its place."""

from __future__ import annotations

import logging
import signal
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import Checkpoint
from lightning.pytorch.loggers import TensorBoardLogger

from trimline.inference.torch_engine import uses_bf16
from trimline.training.module import TrainingModule

LOGS_NAME = "tensorboard"


def fit(
    module: TrainingModule,
    folder: Path,
    device: torch.device,
    callbacks: Sequence[pl.Callback],
    *,
    bar: bool = False,
    checkpoint: Path | None = None,
) -> None:
    """Run the epochs that are still to run.

    Parameters
    ----------
    module
        Trained in place.
    folder
        Gets the logs, `tensorboard/`.
    device
        Where to train.
    callbacks
        Told of every batch and epoch.
    bar
        Whether one of them is a progress bar.
    checkpoint
        Of the same run, to go on from.
    """
    with _quiet_lightning():
        trainer = pl.Trainer(
            accelerator="gpu" if device.type == "cuda" else "cpu",
            devices=1 if device.index is None or device.type == "cpu" else [device.index],
            max_epochs=module.recipe.epochs,
            precision="bf16-mixed" if uses_bf16(module.recipe.precision, device) else "32-true",
            # On the CPU all operations are deterministic anyway, and the switch would slow down every allocation.
            deterministic="warn" if device.type == "cuda" else None,
            logger=TensorBoardLogger(folder, name=LOGS_NAME, version=""),
            log_every_n_steps=module.batches,
            callbacks=list(callbacks),
            # Lightning would else add a writer of checkpoints of its own.
            enable_checkpointing=any(isinstance(each, Checkpoint) for each in callbacks),
            enable_progress_bar=bar,
            enable_model_summary=False,
        )
        with _keyboard_interrupt_as_itself():
            trainer.fit(module, ckpt_path=checkpoint, weights_only=True)


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
