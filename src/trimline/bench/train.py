"""Benchmark of training: from samples to weights.

The ceiling is the bare forward and backward pass of the same network, in the same arithmetic and memory format, over
one batch that never changes. What a step of training does besides (augmentation, normalisation, the optimiser, the
running mean of the weights, the schedule, the loop) is what it loses against that. The peer of the data's way to the
network is what most projects write: two GeoTIFFs per tile, read with rasterio by an item of a data set, augmented in
the same way and normalised one by one, and collated by a `DataLoader`, without workers or with two, whichever is
faster.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
import rasterio
import torch
from affine import Affine
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from trimline.bench.figures import Figure
from trimline.bench.turns import Turns
from trimline.inference import Inputs
from trimline.inference.torch_engine import autocast, best_device, in_channels_last
from trimline.networks import build
from trimline.project import Recipe
from trimline.samples import ICE, IGNORE, Samples
from trimline.training.augment import augment
from trimline.training.ema import frozen_copy
from trimline.training.fitting import fit
from trimline.training.module import TrainingModule
from trimline.training.tiles import Tiles, generator_for, order_of_epoch

BANDS = ("blue", "green", "red", "nir", "swir1", "swir2")
FIGURES: Mapping[str, Figure] = {
    "ratio_of_ceiling": Figure("share of the bare forward and backward pass", "more", 0.9),
    "ratio_of_dataloader": Figure("batches without a network, speed against a DataLoader of GeoTIFFs", "more", 5),
    "dataloader_workers": Figure("workers with which the DataLoader was fastest"),
}

ARGUMENTS: dict[str, dict[str, Any]] = {"unet": {"widths": (32, 64, 128, 256, 512)}}
"""What a network is built with, where not as the registry has it: the light U-Net."""

_TILES = 64
"""Tiles in memory, and on disk for the peer."""

_QUICK_ROUNDS = 3

_WORKERS = (0, 2)
"""Processes that fetch tiles for the peer."""


def measure(
    network: str = "unet",
    tile: int = 128,
    batch: int = 8,
    device: str | None = None,
    rounds: int = 10,
    steps: int = 3,
    arguments: dict[str, Any] | None = None,
    quick: bool = False,
) -> dict[str, float]:
    """Return the shares of ceiling and peer that are reached, and the tiles per second of all four.

    Parameters
    ----------
    network
        A name from the registry.
    tile
        Side of a tile [pixels].
    batch
        Tiles per step.
    device
        Where to train; None takes a CUDA device where there is one.
    rounds, steps
        How often the contenders take turns, and the steps of training in one turn.
    arguments
        Of the network; None means those in `ARGUMENTS`.
    quick
        Whether the contenders take few turns.
    """
    if quick:
        rounds = min(rounds, _QUICK_ROUNDS)
    where = best_device() if device is None else torch.device(device)
    recipe = Recipe.preset(
        "strong", epochs=rounds + 1, batches_per_epoch=steps, batch_size=batch, select="last", threshold="half"
    )
    module = _module(network, ARGUMENTS.get(network, {}) if arguments is None else arguments, recipe, tile)
    batches_per_turn = max(1, _TILES // batch)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = _TileFiles(folder / "tiles", module)
        work: dict[str, Callable[[], object]] = {"ceiling": _ceiling(module, where, steps)}
        work["pipeline"] = _pipeline(module, where, batches_per_turn)
        for workers in _WORKERS:
            work[f"dataloader {workers}"] = _loading(files, batch, workers, where)
        turns = Turns()
        fit(module, folder, where, [_Turn(turns, work, where)])
    seconds = turns.medians()
    tiles_per_s = {each: steps * batch / seconds[each] for each in ("train", "ceiling")}
    pipeline = batches_per_turn * batch / seconds["pipeline"]
    loaded = {workers: _TILES / seconds[f"dataloader {workers}"] for workers in _WORKERS}
    best = max(_WORKERS, key=lambda workers: loaded[workers])
    return {
        "ratio_of_ceiling": tiles_per_s["train"] / tiles_per_s["ceiling"],
        "ratio_of_dataloader": pipeline / loaded[best],
        "tiles_per_s": tiles_per_s["train"],
        "ceiling_tiles_per_s": tiles_per_s["ceiling"],
        "pipeline_tiles_per_s": pipeline,
        "dataloader_tiles_per_s": loaded[best],
        "dataloader_workers": float(best),
    }


class _Turn(pl.Callback):
    """Times the steps of each epoch, and lets the others take their turns before the next."""

    def __init__(self, turns: Turns, work: dict[str, Callable[[], object]], device: torch.device) -> None:
        self.turns, self.work, self.device = turns, work, device

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start the clock; Lightning calls this before the module's own hook."""
        _wait(self.device)
        self._started = time.perf_counter()

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Stop it when the last step is done, also before the module's own hook."""
        _wait(self.device)
        self.turns.add("train", time.perf_counter() - self._started)
        # Lightning forbids gradients here.
        with torch.enable_grad():
            for name, work in self.work.items():
                self.turns.take(name, work)


class _TileFiles(Dataset[tuple[Tensor, Tensor]]):
    """The tiles of a module as GeoTIFFs, an image and a mask each, as rasterio writes them when told nothing."""

    def __init__(self, folder: Path, module: TrainingModule) -> None:
        folder.mkdir()
        self.folder, self.inputs, self.settings = folder, module.fed, module.recipe.augmentation
        # On the CPU, where the files are read; the module's own move to where it is trained.
        self.mean, self.std, self.scaled = (
            module.band_mean.clone(),
            module.band_std.clone(),
            module.gain_allowed.clone(),
        )
        self.draws = torch.Generator()
        tiles = module.training_tiles
        for number in range(_TILES):
            for kind, stack in (("image", tiles.images[number]), ("mask", tiles.masks[number].unsqueeze(0))):
                values = stack.numpy()
                shape = dict(zip(("count", "height", "width"), values.shape, strict=True))
                grid = {"crs": "EPSG:32646", "transform": Affine(30.0, 0.0, 500_000.0, 0.0, -30.0, 3_900_000.0)}
                with rasterio.open(
                    folder / f"{kind}_{number}.tif", "w", driver="GTiff", dtype=values.dtype, **shape, **grid
                ) as target:
                    target.write(values)

    def __len__(self) -> int:
        return _TILES

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor]:
        with rasterio.open(self.folder / f"image_{number}.tif") as source:
            image = torch.from_numpy(source.read())
        with rasterio.open(self.folder / f"mask_{number}.tif") as source:
            mask = torch.from_numpy(source.read(1))
        looks, labels = augment(
            image.unsqueeze(0),
            mask.unsqueeze(0),
            self.settings,
            self.draws.manual_seed(number),
            mean=self.mean,
            std=self.std,
            scaled=self.scaled,
        )
        return self.inputs(looks)[0], labels[0]


def _module(network: str, arguments: dict[str, Any], recipe: Recipe, tile: int) -> TrainingModule:
    inputs = Inputs(BANDS, "reflectance", recipe.indices)
    built = in_channels_last(build(network, inputs.channels, **arguments))
    tiles = Tiles.of(_samples(tile), built.stride)
    return TrainingModule(built, inputs.fitted_to(tiles.images), recipe, tiles, None, seed=0, run="bench")


def _samples(tile: int) -> Samples:
    """Return made-up tiles, a corner of each without data."""
    generator = np.random.default_rng(0)
    images = generator.uniform(0.02, 0.9, (_TILES, len(BANDS), tile, tile)).astype(np.float32)
    masks = (images[:, 0] > 0.6).astype(np.uint8) * ICE
    images[..., : tile // 8, : tile // 8] = np.nan
    masks[..., : tile // 8, : tile // 8] = IGNORE
    return Samples(images, masks, BANDS, "reflectance")


def _ceiling(module: TrainingModule, device: torch.device, steps: int) -> Callable[[], None]:
    """Return a turn of bare forward and backward passes over a batch on the device."""
    network = frozen_copy(module.network).requires_grad_(True).train().to(device)
    size = module.recipe.batch_size
    shape = (size, module.fed.channels, *module.training_tiles.sides)
    generator = generator_for(0, "ceiling")
    images = torch.randn(shape, generator=generator).to(device, memory_format=torch.channels_last)
    masks = torch.randint(2, (size, *module.training_tiles.sides), generator=generator).to(device)

    def turn() -> None:
        for _ in range(steps):
            with autocast(module.recipe.precision, device):
                logits = network(images)
            functional.cross_entropy(logits.float(), masks).backward()  # type: ignore[no-untyped-call]
            network.zero_grad(set_to_none=True)
        _wait(device)

    return turn


def _pipeline(module: TrainingModule, device: torch.device, batches: int) -> Callable[[], None]:
    """Return a turn of batches as training makes them, without a network."""

    def turn() -> None:
        order = order_of_epoch(len(module.training_tiles), batches, module.recipe.batch_size, 0, 0)
        for number, chosen in enumerate(order):
            module.batch(chosen, generator_for(0, "pipeline", number))
        _wait(device)

    return turn


def _loading(files: _TileFiles, batch: int, workers: int, device: torch.device) -> Callable[[], None]:
    """Return a turn of the peer: every tile once, in batches on the device."""
    loader = DataLoader(
        files,
        batch,
        shuffle=True,
        num_workers=workers,
        persistent_workers=workers > 0,
        pin_memory=device.type == "cuda",
    )

    def turn() -> None:
        for images, masks in loader:
            images.to(device, memory_format=torch.channels_last, non_blocking=True)
            masks.to(device, non_blocking=True)
        _wait(device)

    return turn


def _wait(device: torch.device) -> None:
    """Wait for a GPU to have done what it was told."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
