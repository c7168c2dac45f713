"""One training run as Lightning sees it: a step, an epoch's end, and what must be remembered to go on later."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Mapping
from typing import Any, cast

import lightning.pytorch as pl
import numpy as np
import torch
from torch import Tensor

from trimline.errors import TrainingError
from trimline.inference.inputs import Inputs
from trimline.inference.torch_engine import autocast
from trimline.networks import Network
from trimline.project.recipe import Recipe
from trimline.training.augment import augment
from trimline.training.ema import RunningMean, frozen_copy, refresh_batch_norm
from trimline.training.losses import weighted_sum
from trimline.training.schedules import learning_rate_factor
from trimline.training.tiles import Tiles, generator_for, order_of_epoch
from trimline.training.validation import confusion_of, scores_of

_logger = logging.getLogger(__name__)

_READ_EVERY = 16
"""Batches whose losses are read together on a GPU: reading makes it wait for its last step."""

MEMORY = "trimline"
"""Key of our own part of a checkpoint."""


class TrainingModule(pl.LightningModule):
    """A network in training.

    Parameters
    ----------
    network
        Freshly built; trained in place.
    inputs
        What it is fed with.
    recipe
        How it is trained.
    training, validation
        Tiles; without validation tiles the last epoch is kept.
    seed
        Of the batches and the augmentation.
    run
        Hash of all that decides the result; written into checkpoints.
    """

    band_mean: Tensor
    band_std: Tensor
    gain_allowed: Tensor

    def __init__(
        self,
        network: Network,
        inputs: Inputs,
        recipe: Recipe,
        training: Tiles,
        validation: Tiles | None,
        *,
        seed: int,
        run: str,
    ) -> None:
        super().__init__()
        self.network = network
        self.averaged = frozen_copy(network) if recipe.ema else None
        self.fed, self.recipe, self.seed, self.run = inputs, recipe, seed, run
        self.training_tiles, self.validation_tiles = training, validation
        self.batches = recipe.batches_per_epoch or -(-len(training) // recipe.batch_size)
        self._loss = weighted_sum(recipe.loss, recipe.focal)
        bands = Inputs(inputs.bands, inputs.units).fitted_to(training.images)
        # Buffers go with the network from device to device, and these into no checkpoint.
        self.register_buffer("band_mean", torch.tensor(bands.mean), persistent=False)
        self.register_buffer("band_std", torch.tensor(bands.std), persistent=False)
        gain_allowed = torch.tensor([band != "thermal" for band in inputs.bands])
        self.register_buffer("gain_allowed", gain_allowed, persistent=False)
        self.history: list[dict[str, float]] = []
        self.best_score = -math.inf
        self.best_epoch = -1
        self.best_weights: dict[str, Tensor] | None = None
        self.finished = False
        self._running_mean: RunningMean | None = None
        self._unread: list[Tensor] = []
        self._losses: list[float] = []
        self._started = time.monotonic()

    # What Lightning asks for

    def train_dataloader(self) -> range:
        """Return the numbers of an epoch's batches; the step looks up what each holds."""
        return range(self.batches)

    def configure_optimizers(self) -> Any:
        """Return the recipe's optimiser with its schedule, moved every step."""
        kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[self.recipe.optimiser]
        optimiser = kind(
            self.network.parameters(), lr=self.recipe.learning_rate, weight_decay=self.recipe.weight_decay, fused=True
        )
        factor = learning_rate_factor(self.recipe.schedule, self.batches, self.recipe.epochs)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, factor)
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def on_fit_start(self) -> None:
        """Bring the tiles to where the network is, if they fit there."""
        self.training_tiles = self.training_tiles.resident(self.device)
        if self.validation_tiles is not None:
            self.validation_tiles = self.validation_tiles.resident(self.device)
        if self.averaged is not None and self.recipe.ema:
            self._running_mean = RunningMean(self.averaged, self.network, self.recipe.ema)

    def on_train_epoch_start(self) -> None:
        """Shuffle, and hold what is not learned."""
        if self.recipe.batch_norm == "kept":
            for each in self.network.modules():
                if isinstance(each, torch.nn.modules.batchnorm._BatchNorm):
                    each.eval()
        self._order = order_of_epoch(
            len(self.training_tiles), self.batches, self.recipe.batch_size, self.seed, self.current_epoch
        )
        self._unread.clear()
        self._losses.clear()
        self._started = time.monotonic()

    def training_step(self, number: int, batch_idx: int) -> Tensor:
        """Return the loss of one batch."""
        generator = generator_for(self.seed, "augment", self.current_epoch, number)
        fed, masks = self.batch(self._order[number], generator)
        maps = self.network.supervised(fed)
        losses = [self._loss(logits, masks) for logits in maps]
        loss = losses[0] if len(losses) == 1 else torch.stack(losses).mean()
        self._unread.append(loss.detach())
        if self.device.type == "cpu" or len(self._unread) == _READ_EVERY:
            self._read_losses()
        return loss

    def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
        """Move the running mean of the weights."""
        if self._running_mean is not None:
            self._running_mean.update(self.global_step - 1)

    def on_train_epoch_end(self) -> None:
        """Score the epoch on validation, keep its weights if they are the best, and decide whether to go on."""
        self._read_losses()
        row = {
            "epoch": float(self.current_epoch),
            "learning_rate": float(self.optimizers().param_groups[0]["lr"]),  # type: ignore[union-attr]
            "loss": float(np.mean(self._losses)),
        }
        if self.validation_tiles is not None:
            row |= scores_of(
                confusion_of(self.candidate, self.fed, self.validation_tiles, self.device, self.recipe.precision)
            )
        row["seconds"] = round(time.monotonic() - self._started, 3)
        self.history.append(row)
        for name, value in row.items():
            if name != "epoch":
                self.log(name, value)
        self._select(row)
        patience = self.recipe.patience
        waited = self.current_epoch - self.best_epoch
        self.finished = self.current_epoch + 1 == self.recipe.epochs or (
            patience is not None and self.recipe.select != "last" and waited >= patience
        )
        if self.finished:
            self.trainer.should_stop = True

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add what Lightning does not know of."""
        checkpoint[MEMORY] = {
            "run": self.run,
            "history": self.history,
            "best_score": self.best_score,
            "best_epoch": self.best_epoch,
            "best_weights": self.best_weights,
            "finished": self.finished,
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take it back."""
        memory = checkpoint[MEMORY]
        self.history = list(memory["history"])
        self.best_score, self.best_epoch = memory["best_score"], memory["best_epoch"]
        self.best_weights, self.finished = memory["best_weights"], memory["finished"]

    # What the run is asked for at its end

    @property
    def candidate(self) -> Network:
        """The network that is scored: the running mean of the weights where the recipe wants one."""
        return cast(Network, self.averaged) if self.averaged is not None else self.network

    @torch.no_grad()
    def result(self) -> Network:
        """Return the network with the selected epoch's weights, its batch norm refreshed if they are a mean."""
        network = self.candidate
        if self.best_weights is not None:
            network.load_state_dict(self.best_weights)
        if self.recipe.ema and self.recipe.batch_norm == "learned":
            order = order_of_epoch(
                len(self.training_tiles), self.batches, self.recipe.batch_size, self.seed, self.recipe.epochs
            )
            with autocast(self.recipe.precision, self.device):
                refresh_batch_norm(
                    network,
                    (
                        self.batch(order[number], generator_for(self.seed, "refresh", number))[0]
                        for number in range(self.batches)
                    ),
                )
        return network.eval()

    def batch(self, chosen: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return augmented inputs and masks of some tiles, on the device."""
        images, masks = augment(
            *self.training_tiles.batch(chosen, self.device),
            self.recipe.augmentation,
            generator,
            mean=self.band_mean,
            std=self.band_std,
            scaled=self.gain_allowed,
            crop=self.recipe.crop,
        )
        return self.fed(images).contiguous(memory_format=torch.channels_last), masks

    def _read_losses(self) -> None:
        """Read the losses of the last batches from the device, and stop at one that is not a number."""
        for value in torch.stack(self._unread).tolist() if self._unread else ():
            if not math.isfinite(value):
                raise TrainingError(
                    f"the loss is {value} in epoch {self.current_epoch + 1}, batch {len(self._losses) + 1}",
                    remedy="lower learning_rate, or normalise the inputs (normalise: true)",
                )
            self._losses.append(value)
        self._unread.clear()

    def _select(self, row: Mapping[str, float]) -> None:
        """Keep the weights of the best epoch so far; the earlier one where two are equal."""
        if self.recipe.select == "last":
            self.best_epoch = self.current_epoch
            return
        score = row["oa" if self.recipe.select == "accuracy" else self.recipe.select]
        if score > self.best_score:
            self.best_score, self.best_epoch = score, self.current_epoch
            self.best_weights = {
                name: tensor.detach().to("cpu", copy=True) for name, tensor in self.candidate.state_dict().items()
            }
            _logger.debug("epoch %d is the best so far: %.4f", self.current_epoch + 1, score)
