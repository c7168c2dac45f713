"""One bar for a whole run: how far it is, how long it will take, how good the network is by now."""

from __future__ import annotations

from typing import Any

import lightning.pytorch as pl
from lightning.pytorch.callbacks import ProgressBar
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

_SHOWN = {"loss": "loss", "f1": "F1"}
"""Which columns of the history are shown, and as what."""


class RunBar(ProgressBar):
    """A bar over all batches of all epochs, on standard error, gone when the run ends.

    Parameters
    ----------
    title
        What is trained.
    """

    def __init__(self, title: str) -> None:
        super().__init__()
        self.title = title
        self._progress: Progress | None = None

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Draw it, as far along as the run is."""
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        batches = int(trainer.num_training_batches)
        self._task = self._progress.add_task(
            self.title, total=batches * (trainer.max_epochs or 1), completed=batches * trainer.current_epoch
        )
        self._progress.start()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Move on by a batch."""
        if self._progress is not None:
            self._progress.advance(self._task)

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Say which epoch it is, and how the one before was."""
        if self._progress is None:
            return
        done = getattr(pl_module, "history", [])
        scores = [f"{shown} {done[-1][key]:.3f}" for key, shown in _SHOWN.items() if done and key in done[-1]]
        epoch = f"{self.title}: epoch {trainer.current_epoch + 1} of {trainer.max_epochs}"
        self._progress.update(self._task, description=", ".join([epoch, *scores]))

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Remove it."""
        self._stop()

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        """Remove it, so that what is said of the error stands by itself."""
        self._stop()

    def disable(self) -> None:
        """Do nothing: the bar is only made where it is wanted."""

    def _stop(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None
