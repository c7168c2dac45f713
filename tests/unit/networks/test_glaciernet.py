"""GlacierNet's decoder puts values back where the encoder's pooling found them."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from trimline.networks import build
from trimline.networks.glaciernet import MaxPooling, MaxUnpooling


def test_unpooling_puts_values_where_the_maxima_were() -> None:
    network = build("glaciernet", 1, widths=(2,))
    features = torch.tensor([[1.0, 2.0, 8.0, 3.0], [4.0, 3.0, 5.0, 6.0]]).view(1, 1, 2, 4)
    pooled, places = network.get_submodule("pool")(features)
    put_back = network.get_submodule("unpool")(10 * pooled, places)
    expected = torch.tensor([[0.0, 0.0, 80.0, 0.0], [40.0, 0.0, 0.0, 0.0]])
    torch.testing.assert_close(put_back[0, 0], expected)


@torch.inference_mode()
def test_each_section_takes_the_places_of_its_mirror() -> None:
    """An unpooled map is zero but where the encoder's map of the same level has the largest value of its 2x2."""
    torch.manual_seed(5)
    network = build("glaciernet", 3, widths=(4, 6, 8)).eval()
    sections: list[Tensor] = []
    unpooled: list[Tensor] = []

    def into(kept: list[Tensor]) -> Any:
        return lambda layer, given, output: kept.append(output)

    for section in network.get_submodule("encoder").children():
        section.register_forward_hook(into(sections))
    network.get_submodule("unpool").register_forward_hook(into(unpooled))
    network(torch.rand(2, 3, 16, 24))
    assert len(sections) == len(unpooled) == 3
    for section, put_back in zip(reversed(sections), unpooled, strict=True):
        largest = nn.functional.interpolate(nn.functional.max_pool2d(section, 2), scale_factor=2.0)
        assert section.shape == put_back.shape
        assert put_back.abs().sum() > 0
        assert (section == largest)[put_back != 0].all()


class PooledAndPutBack(nn.Module):
    """Pooling, and the unpooling of other values at its places."""

    def __init__(self, pool: nn.Module, unpool: nn.Module) -> None:
        super().__init__()
        self.pool, self.unpool = pool, unpool

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        pooled, places = self.pool(features)
        return pooled, self.unpool(3.0 - pooled, places)


@pytest.mark.parametrize("traced", [False, True])
@torch.inference_mode()
def test_it_pools_and_unpools_as_torch_does_where_values_are_equal_too(traced: bool) -> None:
    """A graph computes the places otherwise; traced on one shape, it serves others."""
    made: nn.Module = PooledAndPutBack(MaxPooling(), MaxUnpooling())
    expected = PooledAndPutBack(nn.MaxPool2d(2, return_indices=True), nn.MaxUnpool2d(2))
    if traced:
        made = torch.jit.trace(made, torch.rand(1, 2, 4, 4))
    few = torch.cartesian_prod(*(torch.arange(3.0),) * 4).view(81, 1, 2, 2)  # every order of four values, ties and all
    for features in (few, torch.randint(0, 3, (2, 3, 8, 14)).float(), torch.rand(2, 3, 6, 10)):
        for found, right in zip(made(features), expected(features), strict=True):
            assert torch.equal(found, right)


def test_its_gradient_is_that_of_torch() -> None:
    features = torch.randint(0, 3, (2, 3, 8, 8)).float().requires_grad_()
    gradients = []
    for pool, unpool in (
        (MaxPooling(), MaxUnpooling()),
        (nn.MaxPool2d(2, return_indices=True), nn.MaxUnpool2d(2)),
    ):
        pooled, put_back = PooledAndPutBack(pool, unpool)(features)
        gradients.append(torch.autograd.grad(pooled.square().sum() + put_back.square().sum(), features)[0])
    assert torch.equal(*gradients)


def test_the_last_convolution_is_plain() -> None:
    with torch.device("meta"):
        network = build("glaciernet", 7)
    convolutions = [each for each in network.modules() if isinstance(each, nn.Conv2d)]
    assert len(convolutions) == 16
    assert [each.bias is not None for each in convolutions] == [False] * 15 + [True]
    assert convolutions[-1].kernel_size == (3, 3)
