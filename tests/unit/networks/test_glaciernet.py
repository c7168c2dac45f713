"""GlacierNet's decoder puts values back where the encoder's pooling found them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from trimline.networks import build


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


def test_the_last_convolution_is_plain() -> None:
    with torch.device("meta"):
        network = build("glaciernet", 7)
    convolutions = [each for each in network.modules() if isinstance(each, nn.Conv2d)]
    assert len(convolutions) == 16
    assert [each.bias is not None for each in convolutions] == [False] * 15 + [True]
    assert convolutions[-1].kernel_size == (3, 3)
