"""What a network says of labelled tiles, pixel by pixel and counted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from trimline.training.inputs import Inputs

from trimline.evaluation import Confusion
from trimline.networks import build
from trimline.samples import ICE, IGNORE, Samples
from trimline.training.tiles import Tiles
from trimline.training.validation import ask_all, confusion_of, scores_at, scores_of

CPU = torch.device("cpu")


def test_counts_and_answers_agree_and_leave_out_what_is_not_labelled(glacier: Callable[..., Samples]) -> None:
    samples = glacier(count=18, side=16)
    tiles = Tiles.of(samples, stride=2)
    torch.manual_seed(0)
    network = build("unet", 5, widths=(2, 4))
    inputs = Inputs(samples.bands, samples.units)
    answers = ask_all(network, inputs, tiles, CPU, "fp32")
    confusion = confusion_of(network, inputs, tiles, CPU, "fp32")
    assert confusion == Confusion.from_masks(answers.truth, answers.probability >= 0.5)
    assert scores_of(confusion) == scores_at(0.5, answers)
    labelled = samples.masks != IGNORE
    np.testing.assert_array_equal(answers.truth, (samples.masks == ICE)[labelled])
    np.testing.assert_array_equal(answers.tile, labelled.nonzero()[0])
    assert network.training
