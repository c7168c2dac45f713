"""What a network says of labelled tiles: pixel by pixel, or only counted."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from trimline.evaluation import Confusion
from trimline.networks import Network
from trimline.samples import ICE, IGNORE
from trimline.training.answer import ask
from trimline.training.device import Precision
from trimline.training.inputs import Inputs
from trimline.training.threshold import Answers
from trimline.training.tiles import Tiles

_TILES_AT_ONCE = 16
"""Tiles that are answered together."""


def ask_all(
    network: Network, inputs: Inputs, tiles: Tiles, device: torch.device, precision: Precision, *, flips: bool = False
) -> Answers:
    """Return what a network says of the labelled pixels of some tiles.

    Parameters
    ----------
    network
        On `device`; left in the mode it is in.
    inputs, precision, flips
        What it is fed with, in what arithmetic, and whether it is asked eight times; see
        :func:`trimline.training.answer.ask`.
    tiles
        On any device.
    """
    probability, truth, tile = [], [], []
    for start, ice, masks in _answers(network, inputs, tiles, device, precision, flips=flips):
        ice, masks = ice.cpu(), masks.cpu()
        labelled = masks != IGNORE
        probability.append(ice[labelled])
        truth.append(masks[labelled] == ICE)
        tile.append(labelled.nonzero()[:, 0] + start)
    return Answers(torch.cat(probability).numpy(), torch.cat(truth).numpy(), torch.cat(tile).numpy())


def confusion_of(
    network: Network, inputs: Inputs, tiles: Tiles, device: torch.device, precision: Precision
) -> Confusion:
    """Return how the labelled pixels of some tiles are mapped at a threshold of 0.5; parameters as :func:`ask_all`.

    The pixels are counted where they are, and only the counts leave the device.
    """
    counts = torch.zeros(4, dtype=torch.int64, device=device)
    for _, probability, masks in _answers(network, inputs, tiles, device, precision):
        mapped, ice, ground = probability >= 0.5, masks == ICE, (masks != ICE) & (masks != IGNORE)
        counts += torch.stack(
            [(ice & mapped).sum(), (ground & mapped).sum(), (ice & ~mapped).sum(), (ground & ~mapped).sum()]
        )
    tp, fp, fn, tn = counts.tolist()
    return Confusion(tp, fp, fn, tn)


def scores_of(confusion: Confusion) -> dict[str, float]:
    """Return the scores that histories and weights carry; NaN where one is not defined."""
    names = ("oa", "f1", "iou", "precision", "recall", "kappa", "area_bias")
    return {name: float(getattr(confusion, name)) for name in names}


def scores_at(threshold: float, answers: Answers) -> dict[str, float]:
    """Return the scores of labelled pixels at a threshold of the probability; NaN where one is not defined."""
    return scores_of(Confusion.from_masks(answers.truth, answers.probability >= threshold))


@torch.no_grad()
def _answers(
    network: Network, inputs: Inputs, tiles: Tiles, device: torch.device, precision: Precision, *, flips: bool = False
) -> Iterator[tuple[int, Tensor, Tensor]]:
    """Yield, some tiles at a time, the number of the first, the probability of ice and the masks, on the device."""
    was_training = network.training
    network.eval()
    for start in range(0, len(tiles), _TILES_AT_ONCE):
        part = slice(start, start + _TILES_AT_ONCE)
        images, masks = tiles.images[part].to(device), tiles.masks[part].to(device)
        yield start, ask(network, inputs(images), precision, flips=flips), masks
    network.train(was_training)
