"""Deformable and dense atrous convolutions compute their formulas."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.functional import conv2d, relu
from torch.testing import assert_close
from torchvision.ops import deform_conv2d

from trimline.networks import build
from trimline.networks.blocks import DenseAtrous
from trimline.networks.deformable import DeformableConvolution, initialise_deformable, sampled_convolution


def block(**arguments: object) -> DeformableConvolution:
    torch.manual_seed(9)
    made = DeformableConvolution(3, 4, **arguments).eval()  # type: ignore[arg-type]
    initialise_deformable(made)
    return made


def ordinary(made: DeformableConvolution, features: Tensor) -> Tensor:
    return conv2d(features, made.convolution.weight, padding=1)


def answer(made: DeformableConvolution, features: Tensor) -> Tensor:
    """Return what the block convolves, before the norm."""
    kept: list[Tensor] = []
    with made.norm.register_forward_pre_hook(lambda layer, given: kept.append(given[0].clone())):
        made(features)
    return kept[0]


@torch.inference_mode()
def test_without_offsets_it_is_an_ordinary_convolution() -> None:
    made, features = block(), torch.rand(2, 3, 8, 10)
    expected = relu(made.norm(ordinary(made, features)))
    torch.testing.assert_close(made(features), expected, rtol=1e-5, atol=1e-5)


@torch.inference_mode()
def test_with_weights_it_starts_as_half_an_ordinary_convolution() -> None:
    made, features = block(modulated=True), torch.rand(2, 3, 8, 10)
    torch.testing.assert_close(answer(made, features), ordinary(made, features) / 2, rtol=1e-5, atol=1e-5)


@torch.inference_mode()
def test_offsets_move_where_it_looks() -> None:
    made, features = block(), torch.rand(1, 3, 12, 12)
    made.offsets.get_parameter("bias")[0::2] = 2.0  # rows
    made.offsets.get_parameter("bias")[1::2] = -1.0  # columns
    expected = ordinary(made, features).roll((-2, 1), (2, 3))
    inside = (..., slice(4, 8), slice(4, 8))
    torch.testing.assert_close(answer(made, features)[inside], expected[inside], rtol=1e-5, atol=1e-5)


@torch.inference_mode()
def test_a_limit_holds_offsets_and_leaves_small_ones() -> None:
    free, held, features = block(), block(offset_limit=2), torch.rand(1, 3, 12, 12)
    for far, expected in ((1000.0, 2.0), (-1000.0, -2.0), (0.01, 0.01)):
        nn.init.constant_(held.offsets.get_parameter("bias"), far)
        nn.init.constant_(free.offsets.get_parameter("bias"), expected)
        torch.testing.assert_close(held(features), free(features), rtol=1e-4, atol=1e-4)


@torch.inference_mode()
def test_it_places_taps_in_single_precision_inside_autocast() -> None:
    made, features = block(), torch.rand(1, 3, 4, 600).bfloat16()  # in half precision 599.5 is 600
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rough = answer(made, features)
    torch.testing.assert_close(rough.float(), ordinary(made, features.float()), rtol=0.01, atol=0.01)


def test_it_learns_inside_autocast() -> None:
    torch.manual_seed(10)
    network = build("dunet", 3, widths=(4, 6, 8), modulated=True)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = network(torch.rand(2, 3, 16, 16)).float().square().sum()
    loss.backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize(("arguments", "count"), [({}, 16), ({"modulated": True}, 16), ({"mixed": True}, 8)])
def test_offsets_of_a_fresh_network_are_zero(arguments: dict[str, bool], count: int) -> None:
    network = build("dunet", 7, widths=(4, 4, 4, 4, 4), **arguments)
    deformable = [each for each in network.modules() if isinstance(each, DeformableConvolution)]
    assert len(deformable) == count
    for each in deformable:
        assert all(not parameter.any() for parameter in each.offsets.parameters())
        assert each.offsets.out_channels == (27 if arguments else 18)


@torch.inference_mode()
def test_dense_atrous_convolution_is_its_formula() -> None:
    torch.manual_seed(11)
    made = DenseAtrous(4)
    x = torch.randn(2, 4, 16, 16)

    def a(given: Tensor) -> Tensor:
        return conv2d(given, made.near.weight, made.near.bias, padding=1, dilation=1)

    def b(given: Tensor) -> Tensor:
        return conv2d(given, made.middle.weight, made.middle.bias, padding=3, dilation=3)

    def c(given: Tensor) -> Tensor:
        return conv2d(given, made.far.weight, made.far.bias, padding=5, dilation=5)

    p = made.project
    expected = x + relu(a(x)) + relu(p(b(x))) + relu(p(b(a(x)))) + relu(p(c(b(a(x)))))
    torch.testing.assert_close(made(x), expected)


@settings(deadline=None, max_examples=30)
@given(
    size=st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 5), st.integers(1, 9), st.integers(1, 9)),
    spread=st.sampled_from((0.0, 0.5, 20.0)),
    modulated=st.booleans(),
    seed=st.integers(0, 99),
)
def test_sampling_is_the_deformable_convolution_of_torchvision(
    size: tuple[int, int, int, int, int], spread: float, modulated: bool, seed: int
) -> None:
    count, into, out, height, width = size
    chance = torch.Generator().manual_seed(seed)

    def drawn(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=chance, dtype=torch.float64).requires_grad_()

    features, kernel = drawn(count, into, height, width), drawn(out, into, 3, 3)
    offsets = (drawn(count, 18, height, width) * spread).detach().requires_grad_()
    weights = drawn(count, 9, height, width) if modulated else None
    inputs = [each for each in (features, offsets, kernel, weights) if each is not None]
    sampled = sampled_convolution(features, offsets, kernel, weights)
    expected = deform_conv2d(features, offsets, kernel, padding=1, mask=weights)
    assert_close(sampled, expected)
    if spread:  # at whole offsets the derivative depends on the side
        heed = torch.randn(expected.shape, generator=chance, dtype=torch.float64)
        found = torch.autograd.grad((sampled * heed).sum(), inputs)
        assert_close(found, torch.autograd.grad((expected * heed).sum(), inputs))
