"""Predictions of labelled tiles, pixel by pixel and counted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from trimline.evaluation import Confusion
from trimline.inference import Inputs
from trimline.inference.torch_engine import TorchEngine
from trimline.networks import build
from trimline.samples import ICE, IGNORE, Samples
from trimline.training.tiles import Tiles
from trimline.training.validation import confusion_of, iou_of_masks, predict_labelled, scores_at, scores_of

CPU = torch.device("cpu")


def test_counts_and_pixels_agree_and_leave_out_what_is_not_labelled(glacier: Callable[..., Samples]) -> None:
    samples = glacier(count=18, side=16)
    tiles = Tiles.of(samples, stride=2)
    torch.manual_seed(0)
    network = build("unet", 5, widths=(2, 4))
    inputs = Inputs(samples.bands, samples.units)
    confusion = confusion_of(network, inputs, tiles, CPU, "fp32")
    assert network.training
    pixels = predict_labelled(TorchEngine(network.eval(), CPU), inputs, tiles)
    assert confusion == Confusion.from_masks(pixels.truth, pixels.probability >= 0.5)
    assert scores_of(confusion) == scores_at(0.5, pixels)
    labelled = samples.masks != IGNORE
    np.testing.assert_array_equal(pixels.truth, (samples.masks == ICE)[labelled])
    np.testing.assert_array_equal(pixels.tile, labelled.nonzero()[0])


def test_masks_agree_by_the_share_of_what_either_calls_ice() -> None:
    one, other = np.array([0.9, 0.8, 0.2, 0.1], np.float32), np.array([0.9, 0.4, 0.6, 0.1], np.float32)
    assert iou_of_masks(one, other, 0.5) == 1 / 3
    assert iou_of_masks(one, other, 0.15) == 1.0
    assert iou_of_masks(one, other, 0.95) is None
