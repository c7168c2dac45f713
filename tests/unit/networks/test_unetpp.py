"""U-Net++ is the nested network of its paper, and each of its depths can answer."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from trimline.errors import NetworkError
from trimline.networks import Network, build

WIDTHS = (4, 6, 8, 10)


def made(**arguments: Any) -> Network:
    torch.manual_seed(4)
    return build("unetpp", 3, widths=WIDTHS, **arguments).eval()


def node(network: Network, images: Tensor, level: int, column: int) -> Tensor:
    """Return X(level, column) as the paper defines it, by recursion."""
    block = network.get_submodule(f"nodes.{level}.{column}")
    if column == 0:
        finer = images if level == 0 else nn.functional.max_pool2d(node(network, images, level - 1, 0), 2)
        return block(finer)
    up = network.get_submodule(f"up.{level}.{column - 1}")(node(network, images, level + 1, column - 1))
    return block(torch.cat([up, *(node(network, images, level, each) for each in range(column))], dim=1))


@torch.inference_mode()
def test_every_head_equals_its_recursive_definition() -> None:
    network, images = made(), torch.rand(2, 3, 16, 24)
    answers = network.supervised(images)
    assert len(answers) == 3
    for depth, answer in enumerate(answers, start=1):
        defined = network.get_submodule(f"heads.{depth}")(node(network, images, 0, depth))
        torch.testing.assert_close(answer, defined)


@torch.inference_mode()
def test_the_deepest_head_answers() -> None:
    network, images = made(), torch.rand(1, 3, 16, 16)
    torch.testing.assert_close(network(images), network.supervised(images)[-1])


@pytest.mark.parametrize("depth", [1, 2, 3])
@torch.inference_mode()
def test_an_earlier_head_answers_from_the_same_weights_and_computes_only_what_it_needs(depth: int) -> None:
    whole, images = made(), torch.rand(1, 3, 16, 16)
    pruned = made(depth=depth)
    pruned.load_state_dict(whole.state_dict())
    computed: set[str] = set()

    def watch(name: str) -> None:
        pruned.get_submodule(name).register_forward_hook(lambda *_: computed.add(name))

    nodes = [f"nodes.{level}.{column}" for level in range(4) for column in range(4 - level)]
    ups = [f"up.{level}.{column}" for level in range(3) for column in range(3 - level)]
    for name in (*nodes, *ups, "heads.1", "heads.2", "heads.3"):
        watch(name)
    torch.testing.assert_close(pruned(images), whole.supervised(images)[depth - 1])
    needed = {f"nodes.{level}.{column}" for level in range(4) for column in range(4) if level + column <= depth}
    needed |= {f"up.{level}.{column}" for level in range(4) for column in range(4) if level + column < depth}
    assert computed == needed | {f"heads.{depth}"}


def test_a_shallower_answer_looks_less_far() -> None:
    fields = [made(depth=depth).receptive_field or 0 for depth in (1, 2, 3)]
    assert fields == sorted(set(fields))


def test_training_compares_all_heads_whichever_answers() -> None:
    assert len(made(depth=1).supervised(torch.rand(1, 3, 16, 16))) == 3


def test_one_head_is_trained_alone() -> None:
    network = made(heads=1)
    images = torch.rand(2, 3, 16, 16)
    (answer,) = network.supervised(images)
    torch.testing.assert_close(answer, network(images))


def test_sides_are_checked_in_training_too() -> None:
    with pytest.raises(NetworkError, match="multiples of 8"):
        made().supervised(torch.rand(1, 3, 16, 20))
