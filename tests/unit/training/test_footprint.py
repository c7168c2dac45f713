"""The memory of features is told from shapes alone, and decides how large windows are."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from trimline.mapping.survey import WINDOW, window_for
from trimline.mapping.windows import STEP, shown
from trimline.networks import Network, build
from trimline.training import fast_path, lighter_layers
from trimline.training.footprint import bytes_per_pixel


class Two(Network):
    """Three channels become eight, and eight two."""

    def __init__(self) -> None:
        super().__init__(3, 2, stride=1, reach=None)
        self.first, self.second = nn.Conv2d(3, 8, 1), nn.Conv2d(8, 2, 1)

    def segment(self, images: Tensor) -> Tensor:
        features: Tensor = self.first(images)
        return self.second(features)  # type: ignore[no-any-return]


def test_what_is_alive_at_a_time_is_counted() -> None:
    assert bytes_per_pixel(Two(), torch.float32, halo=0) == pytest.approx((8 + 2) * 4)
    assert bytes_per_pixel(Two(), torch.bfloat16, halo=0) == pytest.approx((8 + 2) * 2)


def test_features_of_a_unet_are_counted_without_computing_them() -> None:
    """At the finest level of the decoder: the map handed across, what is upsampled, and both side by side."""
    network = build("unet", 6)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    assert 4 * 64 * 2 <= bytes_per_pixel(network, torch.bfloat16, halo=0) <= 8 * 64 * 2
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())


def test_a_decoder_that_takes_two_maps_apart_needs_less() -> None:
    if not lighter_layers.onednn_fuses(torch.bfloat16):
        pytest.skip("this build of torch has no oneDNN")
    network = build("unet", 6).eval()
    fused = fast_path.FastPath(network, torch.device("cpu"), "bf16")
    assert fused.bytes_per_pixel(0) <= 0.75 * bytes_per_pixel(network, torch.bfloat16, halo=0)


def test_what_is_not_asked_for_takes_less_memory() -> None:
    """A decoder leaves out what lies in the halo, of which there may be more than of anything else."""
    network = build("unet", 6)
    none, some, most = (bytes_per_pixel(network, torch.float32, halo) for halo in (0, 64, 1024))
    assert some <= 0.95 * none
    assert most < some


@pytest.mark.parametrize(("needs", "side"), [(100.0, WINDOW), (2323.0, 768), (6000.0, 384), (1e6, 64)])
def test_windows_are_as_large_as_memory_allows(needs: float, side: int) -> None:
    segmenter: Any = SimpleNamespace(device=SimpleNamespace(type="cpu"), bytes_per_pixel=lambda halo: needs, stride=16)
    assert window_for(segmenter, 64) == side
    if side > STEP:
        assert shown(side, 64) ** 2 * needs <= 1.9e9


def test_on_a_gpu_windows_are_as_large_as_ever() -> None:
    segmenter: Any = SimpleNamespace(device=SimpleNamespace(type="cuda"), bytes_per_pixel=lambda halo: 1e6, stride=16)
    assert window_for(segmenter, 64) == WINDOW
