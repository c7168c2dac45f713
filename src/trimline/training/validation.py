"""Predictions of labelled tiles: pixel by pixel, or only counted."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from trimline.evaluation import Confusion
from trimline.inference.inputs import Inputs
from trimline.inference.precision import Precision
from trimline.inference.symmetries import Predictor, mean_over_symmetries
from trimline.inference.torch_engine import autocast, ice_probability
from trimline.networks import Network
from trimline.samples import ICE, IGNORE
from trimline.training.threshold import LabelledPixels
from trimline.training.tiles import Tiles

_TILES_AT_ONCE = 16
"""Tiles that are predicted together."""


def predict_labelled(predict: Predictor, inputs: Inputs, tiles: Tiles, *, flips: bool = False) -> LabelledPixels:
    """Return the predictions of the labelled pixels of some tiles.

    Parameters
    ----------
    predict
        An engine whose only output is ice.
    inputs
        What it is fed with.
    tiles
        On any device.
    flips
        Whether a prediction is the mean over the eight symmetries of the square.
    """
    probability, truth, tile = [], [], []
    for start in range(0, len(tiles), _TILES_AT_ONCE):
        part = slice(start, start + _TILES_AT_ONCE)
        channels = np.ascontiguousarray(inputs(tiles.images[part].cpu().numpy()), np.float32)
        ice = (mean_over_symmetries(predict, channels) if flips else predict(channels))[:, 0]
        masks = tiles.masks[part].cpu().numpy()
        labelled = masks != IGNORE
        probability.append(ice[labelled])
        truth.append(masks[labelled] == ICE)
        tile.append(np.nonzero(labelled)[0] + start)
    return LabelledPixels(np.concatenate(probability), np.concatenate(truth), np.concatenate(tile))


@torch.no_grad()
def confusion_of(
    network: Network, inputs: Inputs, tiles: Tiles, device: torch.device, precision: Precision
) -> Confusion:
    """Return how the labelled pixels of some tiles are mapped at a threshold of 0.5, by a network in training.

    The pixels are counted where they are, and only the counts leave the device.

    Parameters
    ----------
    network
        On `device`; left in the mode it is in.
    inputs, precision
        What it is fed with, and in what arithmetic.
    tiles
        On any device.
    """
    was_training = network.training
    network.eval()
    counts = torch.zeros(4, dtype=torch.int64, device=device)
    for start in range(0, len(tiles), _TILES_AT_ONCE):
        part = slice(start, start + _TILES_AT_ONCE)
        images, masks = tiles.images[part].to(device), tiles.masks[part].to(device)
        with autocast(precision, device):
            logits = network(inputs(images).contiguous(memory_format=torch.channels_last))
        mapped, ice = ice_probability(logits) >= 0.5, masks == ICE
        ground = (masks != ICE) & (masks != IGNORE)
        counts += torch.stack(
            [(ice & mapped).sum(), (ground & mapped).sum(), (ice & ~mapped).sum(), (ground & ~mapped).sum()]
        )
    network.train(was_training)
    tp, fp, fn, tn = counts.tolist()
    return Confusion(tp, fp, fn, tn)


def scores_of(confusion: Confusion) -> dict[str, float]:
    """Return the scores that histories and weights carry; NaN where one is not defined."""
    names = ("oa", "f1", "iou", "precision", "recall", "kappa", "area_bias")
    return {name: float(getattr(confusion, name)) for name in names}


def scores_at(threshold: float, pixels: LabelledPixels) -> dict[str, float]:
    """Return the scores of labelled pixels at a threshold of the probability; NaN where one is not defined."""
    return scores_of(Confusion.from_masks(pixels.truth, pixels.probability >= threshold))


def iou_of_masks(one: NDArray[np.float32], other: NDArray[np.float32], threshold: float) -> float | None:
    """Return the IoU of two predictions of the same pixels at a threshold; None where neither finds ice."""
    first, second = one >= threshold, other >= threshold
    either = int(np.count_nonzero(first | second))
    return int(np.count_nonzero(first & second)) / either if either else None
