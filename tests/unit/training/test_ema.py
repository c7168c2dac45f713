"""The running mean of the weights, and batch norm that fits it."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from trimline.training.ema import RunningMean, frozen_copy, refresh_batch_norm


def test_the_mean_follows_quickly_at_first_and_slowly_later() -> None:
    network = nn.Linear(1, 1, bias=False)
    nn.init.constant_(network.weight, 0.0)
    mean = frozen_copy(network)
    nn.init.constant_(network.weight, 1.0)
    running = RunningMean(mean, network, decay=0.99)
    running.update(step=0)
    assert mean.state_dict()["weight"].item() == pytest.approx(0.9)
    running.update(step=10_000)
    assert mean.state_dict()["weight"].item() == pytest.approx(1 - 0.1 * 0.99)


def test_batch_norm_statistics_are_averaged_and_its_batches_counted() -> None:
    network = nn.BatchNorm2d(2)
    mean = frozen_copy(network)
    running = RunningMean(mean, network, decay=0.99)
    network(torch.randn(4, 2, 8, 8) + 3.0)
    running.update(step=0)
    kept, new = mean.state_dict(), network.state_dict()
    torch.testing.assert_close(kept["running_mean"], 0.9 * new["running_mean"])
    assert kept["num_batches_tracked"] == new["num_batches_tracked"] == 1


def test_the_mean_follows_what_is_loaded_into_the_network() -> None:
    network = nn.Linear(1, 1, bias=False)
    mean = frozen_copy(network)
    running = RunningMean(mean, network, decay=0.5)
    network.load_state_dict({"weight": torch.tensor([[8.0]])})
    mean.load_state_dict({"weight": torch.tensor([[4.0]])})
    running.update(step=10_000)
    assert mean.state_dict()["weight"].item() == pytest.approx(6.0)


def test_no_gradient_reaches_the_mean() -> None:
    assert not any(each.requires_grad for each in frozen_copy(nn.Conv2d(1, 1, 3)).parameters())


def test_refreshed_batch_norm_holds_the_statistics_of_what_it_was_shown() -> None:
    network = nn.Sequential(nn.BatchNorm2d(3))
    batches = list(torch.randn(6, 4, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * 2 + 5)
    refresh_batch_norm(network, batches)
    seen = torch.cat(batches)
    norm = network[0]
    torch.testing.assert_close(norm.running_mean, seen.mean((0, 2, 3)))
    torch.testing.assert_close(norm.running_var, seen.var((0, 2, 3)), rtol=0.02, atol=0.0)
    assert norm.momentum == 0.1
    assert not network.training


def test_a_network_without_batch_norm_needs_no_refreshing() -> None:
    network = nn.Conv2d(1, 1, 3)
    refresh_batch_norm(network, iter(()))
    assert not network.training
