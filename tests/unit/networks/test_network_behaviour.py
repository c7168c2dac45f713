"""What every network of the registry must do, whatever it is made of."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from trimline.errors import NetworkError
from trimline.networks import Network, build, get_network

SMALL: dict[str, dict[str, Any]] = {
    "unet": {"widths": (4, 6, 8)},
    "m_landsnet": {"widths": (4, 6), "middle": 8},
}


def small(name: str, bands: int = 3, classes: int = 2) -> Network:
    torch.manual_seed(1)
    return build(name, bands, classes, **SMALL[name])


@pytest.mark.parametrize("name", SMALL)
def test_logits_lie_on_the_image(name: str) -> None:
    network = small(name)
    assert network(torch.rand(2, 3, 16, 24)).shape == (2, 2, 16, 24)


@pytest.mark.parametrize("name", SMALL)
def test_the_gradient_reaches_every_parameter(name: str) -> None:
    network = small(name)
    network(torch.rand(2, 3, 16, 16)).square().sum().backward()
    for parameter_name, parameter in network.named_parameters():
        assert parameter.grad is not None, parameter_name
        assert parameter.grad.abs().sum() > 0, parameter_name


@pytest.mark.parametrize("name", SMALL)
def test_an_image_is_answered_alike_in_whatever_company(name: str) -> None:
    network = small(name).eval()
    images = torch.rand(4, 3, 16, 16)
    with torch.inference_mode():
        together = network(images)
        alone = torch.cat([network(each.unsqueeze(0)) for each in images])
    torch.testing.assert_close(together, alone, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", SMALL)
def test_a_side_that_is_no_multiple_of_the_stride_is_refused(name: str) -> None:
    network = small(name)
    with pytest.raises(NetworkError, match=f"multiples of {network.stride}"):
        network(torch.rand(1, 3, 16, 16 + network.stride // 2))


@pytest.mark.parametrize("name", SMALL)
def test_another_number_of_bands_is_refused(name: str) -> None:
    with pytest.raises(NetworkError, match=r"\(n, 3, h, w\)"):
        small(name)(torch.rand(1, 4, 16, 16))


@pytest.mark.parametrize("name", SMALL)
def test_bf16_and_channels_last_give_nearly_the_same(name: str) -> None:
    network = small(name).eval()
    images = torch.rand(2, 3, 16, 16)
    with torch.inference_mode():
        exact = network(images)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            rough = network.to(memory_format=torch.channels_last)(images.to(memory_format=torch.channels_last))
    assert rough.isfinite().all()
    torch.testing.assert_close(rough.float(), exact, rtol=0.05, atol=0.05 * float(exact.abs().max()))


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("unet", {"widths": (2, 2, 2, 2, 2), "batch_norm": False}),
        ("unet", {"widths": (2, 2, 2)}),
        ("m_landsnet", {"widths": (2, 2, 2), "middle": 2}),
    ],
)
def test_the_receptive_field_is_what_the_gradient_says(name: str, arguments: dict[str, Any]) -> None:
    network = everywhere_sensitive(build(name, 1, 1, **arguments))
    field, radius = network.receptive_field, network.halo
    assert field is not None
    assert radius is not None
    side = -(-2 * field // network.stride) * network.stride
    fields, radii = [], []
    for position in range(network.stride):
        centre = side // 2 // network.stride * network.stride + position
        images = torch.rand(1, 1, side, side, dtype=torch.double, requires_grad=True)
        network(images)[0, 0, centre, centre].backward()
        assert images.grad is not None
        touched = torch.nonzero(images.grad[0, 0].abs().sum(0)).flatten()
        fields.append(int(touched[-1] - touched[0]) + 1)
        radii.append(max(centre - int(touched[0]), int(touched[-1]) - centre))
    assert max(fields) == field
    assert radius - network.stride < max(radii) <= radius


def everywhere_sensitive(network: Network) -> Network:
    """Make every weight positive and every pooling an average, so that no path is silent by chance."""
    network = network.double().eval()
    for owner in network.modules():
        for name, child in owner.named_children():
            if isinstance(child, nn.MaxPool2d):
                setattr(owner, name, nn.AvgPool2d(2))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.abs_().add_(0.01)
    return network


def test_windows_with_a_halo_agree_with_the_whole_image() -> None:
    network = build("m_landsnet", 1, widths=(4, 4), middle=4).eval()
    halo, side = network.halo, 32
    assert halo is not None
    image = torch.rand(1, 1, side + 2 * halo, side + 2 * halo)
    around = torch.nn.functional.pad(image, (halo,) * 4)
    with torch.inference_mode():
        whole = network(around)[..., 2 * halo : 2 * halo + side, 2 * halo : 2 * halo + side]
        window = network(image)[..., halo : halo + side, halo : halo + side]
    torch.testing.assert_close(window, whole, rtol=1e-4, atol=1e-4)


def test_weights_are_drawn_from_the_glorot_normal_distribution() -> None:
    torch.manual_seed(0)
    weight = build("unet", 7, widths=(64, 128)).get_parameter("decoder.0.0.0.weight")
    expected = (2.0 / (128 * 9 + 64 * 9)) ** 0.5
    assert float(weight.detach().std()) == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("unett", {}, "did you mean 'unet'"),
        ("zzz", {}, "the networks are unet, m_landsnet, band_ratio"),
        ("unet", {"width": (8, 16)}, "did you mean 'widths'"),
        ("unet", {"widths": (8,)}, "at least 2 positive even numbers"),
        ("unet", {"widths": (8, -16)}, "at least 2 positive even numbers"),
        ("unet", {"widths": 8}, "wrong type"),
        ("m_landsnet", {"dilations": (1, 2)}, "three positive whole numbers"),
        ("m_landsnet", {"middle": 7}, "LandsNet's middle"),
        ("band_ratio", {"opening": 4}, "odd number"),
        ("band_ratio", {"threshold": 0.0}, "must be positive"),
        ("band_ratio", {"blue": 2}, "give both or none"),
        ("band_ratio", {"swir1": 9}, "channel 9 of 7"),
    ],
)
def test_what_cannot_be_built_says_why(name: str, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(NetworkError, match=message):
        build(name, 7, 2, **arguments)


def test_a_network_needs_bands() -> None:
    with pytest.raises(NetworkError, match="at least one band"):
        build("unet", 0)


def test_dilations_are_all_that_parts_landsnet_from_m_landsnet() -> None:
    modified = get_network("m_landsnet").build(7, 2)
    original = get_network("m_landsnet").build(7, 2, dilations=(2, 4, 6))
    assert sum(p.numel() for p in modified.parameters()) == sum(p.numel() for p in original.parameters())
