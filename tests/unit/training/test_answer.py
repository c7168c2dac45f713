"""Asking a network once, or once per symmetry of the square."""

from __future__ import annotations

import pytest
import torch

from trimline.networks import Network, build
from trimline.training.answer import ask


@pytest.fixture(scope="module")
def network() -> Network:
    torch.manual_seed(2)
    return build("unet", 3, widths=(4, 6)).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def image() -> torch.Tensor:
    return torch.rand(2, 3, 8, 12, generator=torch.Generator().manual_seed(1))


def test_one_answer_is_the_softmax_of_the_logits(network: Network, image: torch.Tensor) -> None:
    torch.testing.assert_close(ask(network, image, "fp32"), network(image).softmax(1)[:, 1])


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
@pytest.mark.parametrize("mirrored", [False, True])
def test_with_flips_a_turned_image_has_the_turned_answer(
    network: Network, image: torch.Tensor, turns: int, mirrored: bool
) -> None:
    def turned(tensor: torch.Tensor) -> torch.Tensor:
        tensor = torch.rot90(tensor, turns, (-2, -1))
        return tensor.flip(-1) if mirrored else tensor

    answer = ask(network, image, "fp32", flips=True)
    torch.testing.assert_close(ask(network, turned(image), "fp32", flips=True), turned(answer))


def test_without_flips_it_has_not(network: Network, image: torch.Tensor) -> None:
    answer, mirrored = ask(network, image, "fp32"), ask(network, image.flip(-1), "fp32")
    assert not torch.allclose(mirrored, answer.flip(-1))


def test_answers_are_probabilities_in_single_precision(network: Network, image: torch.Tensor) -> None:
    answer = ask(network, image, "bf16", flips=True)
    assert answer.dtype == torch.float32
    assert answer.shape == (2, 8, 12)
    assert 0 <= float(answer.min()) <= float(answer.max()) <= 1
