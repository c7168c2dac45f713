"""Samples as tensors that stay in memory, and which of them make up which batch.

What a batch holds follows from the seed, the epoch and the batch's number alone. No generator lives from one batch
to the next, so a run that was stopped draws what it would have drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor

from trimline.samples import IGNORE, Samples


@dataclass(frozen=True)
class Tiles:
    """Labelled tiles as tensors."""

    images: Tensor
    """(n, bands, h, w) float32; a pixel that lacks data in any band is NaN in all."""
    masks: Tensor
    """(n, h, w) uint8; `IGNORE` where the image has no data."""

    @classmethod
    def of(cls, samples: Samples, stride: int) -> Self:
        """Return the samples as tensors, filled up without data to multiples of a network's stride."""
        height, width = samples.images.shape[-2:]
        below, right = -height % stride, -width % stride
        images = torch.from_numpy(np.ascontiguousarray(samples.images))
        masks = torch.from_numpy(np.ascontiguousarray(samples.masks))
        images = torch.nn.functional.pad(images, (0, right, 0, below), value=torch.nan)
        masks = torch.nn.functional.pad(masks, (0, right, 0, below), value=IGNORE)
        absent = ~torch.isfinite(images).all(dim=1)
        return cls(images.masked_fill(absent.unsqueeze(1), torch.nan), masks.masked_fill(absent, IGNORE))

    def __len__(self) -> int:
        return len(self.images)

    def resident(self, device: torch.device) -> Self:
        """Return the tiles on a CUDA device where they leave half of its free memory to the network; else as they are.

        Training then waits for no transfer, and there is nothing to be fetched by processes of their own.
        """
        if device.type != "cuda" or self.images.nbytes + self.masks.nbytes > torch.cuda.mem_get_info(device)[0] / 2:
            return self
        return type(self)(self.images.to(device), self.masks.to(device))

    def batch(self, chosen: Tensor, device: torch.device) -> tuple[Tensor, Tensor]:
        """Return copies of the images and masks of some tiles, (n,) int64 on the CPU, on a device."""
        chosen = chosen.to(self.images.device, non_blocking=True)
        images, masks = self.images.index_select(0, chosen), self.masks.index_select(0, chosen)
        return images.to(device, non_blocking=True), masks.to(device, non_blocking=True)

    def at_most(self, count: int) -> Self:
        """Return so many of the tiles, evenly spread over their order, or all where there are no more."""
        if len(self) <= count:
            return self
        chosen = torch.linspace(0, len(self) - 1, count).round().long().to(self.images.device)
        return type(self)(self.images.index_select(0, chosen), self.masks.index_select(0, chosen))

    @property
    def sides(self) -> tuple[int, int]:
        """Height and width of a tile [pixels]."""
        return self.images.shape[-2], self.images.shape[-1]


def generator_for(seed: int, purpose: str, *counters: int) -> torch.Generator:
    """Return a generator that depends on a seed, a purpose and some counters (epoch, batch), and on nothing else."""
    entropy = (seed, int.from_bytes(purpose.encode(), "big"), len(counters), *counters)
    (state,) = np.random.SeedSequence(entropy).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(state) >> 1)  # torch takes signed seeds


def order_of_epoch(tiles: int, batches: int, batch_size: int, seed: int, epoch: int) -> Tensor:
    """Return which tiles make up the batches of an epoch, (batches, batch_size) int64.

    Every tile comes once before any comes again; the last batch is filled up from the next shuffle.
    """
    generator = generator_for(seed, "order", epoch)
    wanted = batches * batch_size
    rounds = [torch.randperm(tiles, generator=generator) for _ in range(-(-wanted // tiles))]
    return torch.cat(rounds)[:wanted].view(batches, batch_size)
