"""The measured halo is how far a network's answers feel an edge: no less, and no more than they can."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from trimline.training.answer import ask
from trimline.training.halo import TOLERANCE, measure_halo, remeasure

from trimline.networks import Network, build
from trimline.networks.deformable import DeformableConvolution
from trimline.networks.receptive import of_convolutions
from trimline.training import Inputs, WeightsMetadata, load_weights, read_metadata, save_weights
from trimline.weights import shipped_weights

CPU = torch.device("cpu")
INPUTS = Inputs(("red", "nir", "swir1"), "reflectance")


def images(count: int = 3, side: int = 64, seed: int = 0) -> Tensor:
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(seed))


def lived_in(name: str, sharpness: float = 1.0, **arguments: Any) -> Network:
    """Return a network whose norms have seen something and whose answers are as sure as is asked for."""
    torch.manual_seed(7)
    network = build(name, 3, **arguments)
    for _ in range(3):
        network(torch.rand(4, 3, 16, 16))
    with torch.no_grad():
        network.get_parameter("head.weight").mul_(sharpness)
    return network.requires_grad_(False).eval()


class Straight(Network):
    """A single convolution that could look 16 pixels far and looks as far as it is told, along the rows."""

    def __init__(self, looks: int) -> None:
        super().__init__(3, 2, stride=4, reach=of_convolutions(16))
        self.convolution = nn.Conv2d(3, 1, 33, padding=16, bias=False).requires_grad_(False)
        nn.init.constant_(self.convolution.weight, 1e-9)
        self.convolution.weight[:, :, 16, 16 - looks : 17 + looks] = 0.1

    def segment(self, images: Tensor) -> Tensor:
        ice = self.convolution(images)
        return torch.cat((torch.zeros_like(ice), ice), dim=1)


@pytest.mark.parametrize(("looks", "halo"), [(0, 0), (1, 4), (4, 4), (5, 8), (8, 8), (9, 12), (16, 16)])
def test_it_is_as_far_as_the_network_looks(looks: int, halo: int) -> None:
    assert measure_halo(Straight(looks).eval(), INPUTS, images(), CPU) == halo


@pytest.mark.parametrize("looks", [4, 14])
def test_tiles_smaller_than_the_reach_are_continued(looks: int) -> None:
    assert measure_halo(Straight(looks).eval(), INPUTS, images(side=8), CPU) == -(-looks // 4) * 4


@pytest.mark.parametrize("sharpness", [1.0, 10.0, 100.0])
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("unet", {"widths": (4, 6, 8)}),
        ("m_landsnet", {"widths": (4, 6), "middle": 8}),
        ("glaciernet", {"widths": (4,)}),
    ],
)
def test_a_window_with_the_halo_has_no_seam_and_with_a_stride_less_it_has(
    name: str, arguments: dict[str, Any], sharpness: float
) -> None:
    network = lived_in(name, sharpness, **arguments)
    assert network.halo is not None
    shown = images(side=2 * network.halo + 32)  # what is looked at whole where the network looks farther than half way
    halo = measure_halo(network, INPUTS, shown, CPU)
    assert halo is not None
    assert halo % network.stride == 0
    assert halo <= network.halo

    def seam(margin: int) -> float:
        """Return the largest difference in windows without one row and one column of margins, beyond a halo."""
        largest = 0.0
        cut = -(-network.halo // network.stride) * network.stride  # type: ignore[operator]
        whole = ask(network, shown, "fp32")
        for turns in range(4):
            window = torch.rot90(shown, turns, (-2, -1))[..., cut:, cut:]
            alone = torch.rot90(ask(network, torch.rot90(window, -turns, (-2, -1)), "fp32"), turns, (-2, -1))
            among = torch.rot90(whole, turns, (-2, -1))[..., cut:, cut:]
            largest = max(largest, float((alone - among)[..., margin:, margin:].abs().max()))
        return largest

    assert seam(halo) <= 1.05 * TOLERANCE
    assert halo == 0 or seam(halo - network.stride) > 0.95 * TOLERANCE


@pytest.mark.parametrize("flips", [False, True])
def test_the_mean_of_eight_views_has_its_own(flips: bool) -> None:
    network = Straight(8).eval()
    # Turned views look along the columns, and each weighs an eighth.
    assert measure_halo(network, INPUTS, images(), CPU, flips=flips) == 8
    assert measure_halo(network, INPUTS, images(), CPU, flips=flips, tolerance=1.0) == 0


def test_it_may_exceed_a_halo_that_is_only_expected() -> None:
    network = lived_in("dunet", 30.0, widths=(4, 6))
    for module in network.modules():
        if isinstance(module, DeformableConvolution):
            nn.init.constant_(module.offsets.get_parameter("bias"), 4.0)
    halo = measure_halo(network, INPUTS, images(), CPU)
    assert not network.bounded
    assert network.halo is not None
    assert halo is not None
    assert network.halo < halo <= 2 * network.halo


def test_a_limit_of_the_offsets_makes_the_halo_exact() -> None:
    network = lived_in("dunet", 1000.0, widths=(4, 6), offset_limit=1)
    for module in network.modules():
        if isinstance(module, DeformableConvolution):
            nn.init.constant_(module.offsets.get_parameter("bias"), 4.0)
    halo = measure_halo(network, INPUTS, images(), CPU)
    assert network.bounded
    assert network.halo is not None
    assert halo is not None
    assert halo <= network.halo


def test_pixels_without_data_are_not_judged() -> None:
    shown = images()
    shown[:, :, :, :40] = torch.nan
    shown[1] = torch.nan
    network = lived_in("unet", 10.0, widths=(4, 6))
    halo = measure_halo(network, INPUTS, shown, CPU)
    assert halo is not None
    assert 0 < halo <= (network.halo or 0)
    assert measure_halo(network, INPUTS, shown[1:2], CPU) is None
    assert measure_halo(network, INPUTS, shown[:0], CPU) is None


@pytest.mark.parametrize("name", ["saunet", "unet_cse"])
def test_where_answers_depend_on_the_whole_tile_there_is_none(name: str) -> None:
    assert measure_halo(lived_in(name, widths=(4, 8)), INPUTS, images(), CPU) is None


def test_wide_networks_are_measured_on_fewer_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[int] = []
    original = ask.__globals__["probability_of_ice"]

    def counted(*given: Any, **named: Any) -> Tensor:
        shown.append(1)
        answer: Tensor = original(*given, **named)
        return answer

    monkeypatch.setattr("trimline.training.halo.probability_of_ice", counted)
    measure_halo(Straight(4).eval(), INPUTS, images(100, side=16), CPU)
    assert len(shown) == 5 * 32  # each tile whole and from four corners
    shown.clear()
    monkeypatch.setattr("trimline.training.halo._WORK", 1.0)
    measure_halo(Straight(4).eval(), INPUTS, images(100, side=16), CPU)
    assert len(shown) == 5 * 2


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """Return weights from before halos were measured."""
    metadata = WeightsMetadata(network="unet", arguments={"widths": (4, 6)}, inputs=INPUTS, scores={"f1": 0.5})
    return save_weights(tmp_path / "weights.safetensors", lived_in("unet", widths=(4, 6)), metadata)


def test_mapping_uses_the_measured_halo_and_knows_the_other(written: Path, tmp_path: Path) -> None:
    before = load_weights(written, device="cpu")
    assert before.metadata.halo is None
    assert before.halo == before.declared_halo == before.network.halo
    metadata = remeasure(written, images().numpy(), tmp_path / "measured.safetensors")
    after = load_weights(tmp_path / "measured.safetensors", device="cpu")
    assert metadata == read_metadata(tmp_path / "measured.safetensors")
    assert after.halo == metadata.halo == measure_halo(after.network, INPUTS, images(), CPU)
    assert after.declared_halo == before.declared_halo
    assert after.metadata.scores == {"f1": 0.5}
    image = images(1).numpy()
    np.testing.assert_array_equal(after.probability(image), before.probability(image))


def test_the_weights_that_come_along_say_what_halo_they_need() -> None:
    segmenter = load_weights(shipped_weights(), device="cpu")
    assert segmenter.metadata.halo == segmenter.halo == 80
    assert segmenter.declared_halo == 112
    assert segmenter.declared_halo is not None
    assert segmenter.halo <= segmenter.declared_halo
