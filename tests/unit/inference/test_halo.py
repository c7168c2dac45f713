"""The measured halo is how far a network's predictions feel an edge: no less, and no more than they can."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from trimline.inference import Inputs, ModelMetadata, load_weights, read_metadata
from trimline.inference.halo import TOLERANCE, measure_halo
from trimline.inference.torch_engine import TorchEngine
from trimline.inference.torch_files import save_weights, with_geometry
from trimline.networks import Network, build
from trimline.networks.deformable import DeformableConvolution
from trimline.networks.receptive import of_convolutions
from trimline.training.descent import operations_per_pixel
from trimline.weights import shipped_weights

CPU = torch.device("cpu")
INPUTS = Inputs(("red", "nir", "swir1"), "reflectance")


def images(count: int = 3, side: int = 64, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).uniform(size=(count, 3, side, side)).astype(np.float32)


def halo_of(network: Network, shown: NDArray[np.float32], **named: Any) -> int | None:
    """Return the halo of a network as training measures it."""
    return measure_halo(
        TorchEngine(network, CPU),
        INPUTS,
        shown,
        stride=network.stride,
        largest=network.halo,
        bounded=network.bounded,
        operations_per_pixel=operations_per_pixel(network),
        **named,
    )


def trained(name: str, sharpness: float = 1.0, **arguments: Any) -> Network:
    """Return a network whose norms have seen something and whose predictions are as sure as is asked for."""
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
    assert halo_of(Straight(looks).eval(), images()) == halo


@pytest.mark.parametrize("looks", [4, 14])
def test_tiles_smaller_than_the_reach_are_continued(looks: int) -> None:
    assert halo_of(Straight(looks).eval(), images(side=8)) == -(-looks // 4) * 4


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
    network = trained(name, sharpness, **arguments)
    assert network.halo is not None
    shown = images(side=2 * network.halo + 32)  # what is looked at whole where the network looks farther than half way
    halo = halo_of(network, shown)
    assert halo is not None
    assert halo % network.stride == 0
    assert halo <= network.halo

    def seam(margin: int) -> float:
        """Return the largest difference in windows without one row and one column of margins, beyond a halo."""
        largest = 0.0
        cut = -(-network.halo // network.stride) * network.stride  # type: ignore[operator]
        predict = TorchEngine(network, CPU)
        whole = predict(shown)
        for turns in range(4):
            window = np.rot90(shown, turns, (-2, -1))[..., cut:, cut:]
            alone = np.rot90(predict(np.rot90(window, -turns, (-2, -1)).copy()), turns, (-2, -1))
            among = np.rot90(whole, turns, (-2, -1))[..., cut:, cut:]
            largest = max(largest, float(np.abs(alone - among)[..., margin:, margin:].max()))
        return largest

    assert seam(halo) <= 1.05 * TOLERANCE
    assert halo == 0 or seam(halo - network.stride) > 0.95 * TOLERANCE


@pytest.mark.parametrize("flips", [False, True])
def test_the_mean_of_eight_views_has_its_own(flips: bool) -> None:
    network = Straight(8).eval()
    # Turned views look along the columns, and each weighs an eighth.
    assert halo_of(network, images(), flips=flips) == 8
    assert halo_of(network, images(), flips=flips, tolerance=1.0) == 0


def test_it_may_exceed_a_halo_that_is_only_expected() -> None:
    network = trained("dunet", 30.0, widths=(4, 6))
    for module in network.modules():
        if isinstance(module, DeformableConvolution):
            nn.init.constant_(module.offsets.get_parameter("bias"), 4.0)
    halo = halo_of(network, images())
    assert not network.bounded
    assert network.halo is not None
    assert halo is not None
    assert network.halo < halo <= 2 * network.halo


def test_a_limit_of_the_offsets_makes_the_halo_exact() -> None:
    network = trained("dunet", 1000.0, widths=(4, 6), offset_limit=1)
    for module in network.modules():
        if isinstance(module, DeformableConvolution):
            nn.init.constant_(module.offsets.get_parameter("bias"), 4.0)
    halo = halo_of(network, images())
    assert network.bounded
    assert network.halo is not None
    assert halo is not None
    assert halo <= network.halo


def test_pixels_without_data_are_not_judged() -> None:
    shown = images()
    shown[:, :, :, :40] = np.nan
    shown[1] = np.nan
    network = trained("unet", 10.0, widths=(4, 6))
    halo = halo_of(network, shown)
    assert halo is not None
    assert 0 < halo <= (network.halo or 0)
    assert halo_of(network, shown[1:2]) is None
    assert halo_of(network, shown[:0]) is None


@pytest.mark.parametrize("name", ["saunet", "unet_cse"])
def test_where_predictions_depend_on_the_whole_tile_there_is_none(name: str) -> None:
    assert halo_of(trained(name, widths=(4, 8)), images()) is None


def test_wide_networks_are_measured_on_fewer_tiles() -> None:
    shown: list[int] = []
    predict = TorchEngine(Straight(4).eval(), CPU)

    def counted(channels: NDArray[np.float32]) -> NDArray[np.float32]:
        shown.append(len(channels))
        return predict(channels)

    tiles = images(100, side=16)
    measure_halo(counted, INPUTS, tiles, stride=4, largest=16, operations_per_pixel=1.0)
    assert shown == [1] * 5 * 32  # each tile whole and from four corners
    shown.clear()
    measure_halo(counted, INPUTS, tiles, stride=4, largest=16, operations_per_pixel=1e12)
    assert shown == [1] * 5 * 2


def test_mapping_uses_the_measured_halo_where_there_is_one(tmp_path: Path) -> None:
    network = trained("unet", widths=(4, 6))
    known = ModelMetadata(network="unet", arguments={"widths": [4, 6]}, inputs=INPUTS, scores={"f1": 0.5})
    before = load_weights(save_weights(tmp_path / "before.safetensors", network, known), device="cpu")
    assert before.metadata.halo is None
    assert before.halo == before.metadata.largest_halo == network.halo
    halo = halo_of(network, images())
    measured = with_geometry(known.model_copy(update={"halo": halo}), network)
    after = load_weights(save_weights(tmp_path / "after.safetensors", network, measured), device="cpu")
    assert after.metadata == read_metadata(tmp_path / "after.safetensors") == measured
    assert after.halo == halo
    assert halo is not None
    assert halo < (network.halo or 0)
    np.testing.assert_array_equal(after.predict(images(1)), before.predict(images(1)))


def test_the_weights_that_come_along_say_what_halo_they_need() -> None:
    metadata = read_metadata(shipped_weights())
    assert metadata.halo == 96
    assert metadata.largest_halo == 112
    assert metadata.stride == 16
