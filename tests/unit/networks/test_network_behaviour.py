"""What every network of the registry must do, whatever it is made of."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from trimline.errors import NetworkError
from trimline.networks import Network, build, get_network
from trimline.networks.attention import SelfAttention
from trimline.networks.deformable import DeformableConvolution
from trimline.networks.glaciernet import MaxPooling, MaxUnpooling

SMALL: dict[str, dict[str, Any]] = {
    "unet": {"widths": (4, 6, 8)},
    "unetpp": {"widths": (4, 6, 8)},
    "glaciernet": {"widths": (4, 6)},
    "saunet": {"widths": (4, 6, 8)},
    "unet_cse": {"widths": (4, 6, 8)},
    "landsnet": {"widths": (4, 6), "middle": 8},
    "m_landsnet": {"widths": (4, 6), "middle": 8},
    "dunet": {"widths": (4, 6, 8)},
    "dunet modulated": {"widths": (4, 6, 8), "modulated": True, "offset_limit": 2},
    "dunet mixed": {"widths": (4, 6, 8), "mixed": True},
}


def small(name: str, bands: int = 3, classes: int = 2) -> Network:
    """Build a small network; where gamma of self-attention would be 0 and hide the rest of the block, it is not."""
    torch.manual_seed(1)
    network = build(name.split()[0], bands, classes, **SMALL[name])
    for module in network.modules():
        if isinstance(module, SelfAttention):
            nn.init.constant_(module.gamma, 0.5)
    return network


@pytest.mark.parametrize("name", SMALL)
def test_logits_lie_on_the_image(name: str) -> None:
    network = small(name)
    assert network(torch.rand(2, 3, 16, 24)).shape == (2, 2, 16, 24)


@pytest.mark.parametrize("name", SMALL)
def test_the_gradient_reaches_every_parameter(name: str) -> None:
    network = small(name)
    torch.stack(network.supervised(torch.rand(2, 3, 16, 16))).square().sum().backward()
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
    close = torch.isclose(rough.float(), exact, rtol=0.05, atol=0.05 * float(exact.abs().max()))
    # Where two neighbours are nearly equal, rounding decides which is the maximum that GlacierNet puts back.
    assert float(close.float().mean()) > (0.9 if name == "glaciernet" else 0.9999)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("unet", {"widths": (2, 2, 2, 2, 2), "batch_norm": False}),
        ("unet", {"widths": (2, 2, 2)}),
        ("unetpp", {"widths": (2, 2, 2, 2)}),
        ("unetpp", {"widths": (2, 2, 2, 2), "depth": 2}),
        ("glaciernet", {"widths": (2, 2, 2)}),
        ("glaciernet", {"widths": (2, 2), "convolutions": 3}),
        ("landsnet", {"widths": (2, 2, 2), "middle": 2}),
        ("m_landsnet", {"widths": (2, 2, 2), "middle": 2}),
        ("dunet", {"widths": (2, 2, 2)}),
        ("dunet", {"widths": (2, 2), "mixed": True}),
        ("dunet", {"widths": (2, 2), "offset_limit": 3}),
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
        felt = images.grad[0, 0].abs().sum(0)
        touched = torch.nonzero(felt > 1e-13 * felt.max()).flatten()  # less is the rounding of a deformed tap's place
        fields.append(int(touched[-1] - touched[0]) + 1)
        radii.append(max(centre - int(touched[0]), int(touched[-1]) - centre))
    assert max(fields) == field
    assert radius - network.stride < max(radii) <= radius


class AveragePool(nn.Module):
    """Stands for a pooling that keeps the places of its maxima."""

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, None]:
        return nn.functional.avg_pool2d(features, 2), None


class Spread(nn.Module):
    """Stands for the unpooling that needs them."""

    def forward(self, features: torch.Tensor, places: None) -> torch.Tensor:
        return nn.functional.interpolate(features, scale_factor=2.0)


def everywhere_sensitive(network: Network) -> Network:
    """Make every weight positive and every pooling an average, so that no path is silent by chance.

    The taps of deformable convolutions are moved outward, as far as they can where offsets are limited, and else by
    the one pixel that the reach allows for.
    """
    network = network.double().eval()
    for owner in network.modules():
        for name, child in owner.named_children():
            if isinstance(child, nn.MaxPool2d):
                setattr(owner, name, nn.AvgPool2d(2))
            if isinstance(child, MaxPooling):
                setattr(owner, name, AveragePool())
            if isinstance(child, MaxUnpooling):
                setattr(owner, name, Spread())
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.abs_().add_(0.01)
        for module in network.modules():
            if isinstance(module, DeformableConvolution):
                outward = torch.cartesian_prod(torch.arange(-1, 2), torch.arange(-1, 2)).flatten().double()
                module.offsets.weight.zero_()
                module.offsets.get_parameter("bias")[:18] = outward * (1 if module.offset_limit is None else 1000)
    return network


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("unetpp", {"widths": (4, 4, 4)}),
        ("unetpp", {"widths": (4, 4, 4), "depth": 1}),
        ("glaciernet", {"widths": (4, 4)}),
        ("m_landsnet", {"widths": (4, 4), "middle": 4}),
        ("dunet", {"widths": (4, 4), "offset_limit": 1}),
    ],
)
def test_windows_with_a_halo_agree_with_the_whole_image(name: str, arguments: dict[str, Any]) -> None:
    torch.manual_seed(2)
    network = build(name, 1, **arguments).eval()
    for module in network.modules():
        if isinstance(module, DeformableConvolution):
            nn.init.normal_(module.offsets.weight)
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
        (
            "zzz",
            {},
            "the networks are unet, unetpp, glaciernet, saunet, unet_cse, landsnet, m_landsnet, dunet, band_ratio",
        ),
        ("unet", {"width": (8, 16)}, "did you mean 'widths'"),
        ("unet", {"widths": (8,)}, "at least 2 positive even numbers"),
        ("unet", {"widths": (8, -16)}, "at least 2 positive even numbers"),
        ("unet", {"widths": 8}, "widths must be a list of at most 8 values"),
        ("unet", {"widths": "8"}, "widths must be a list"),
        ("unet", {"widths": (8, True)}, "widths must be a list"),
        ("unet", {"widths": (8,) * 9}, "widths must be a list of at most 8 values"),
        ("unet", {"widths": (10**9, 16)}, "each a whole number of at most 8192"),
        ("unet", {"widths": None}, "widths must be a list"),
        ("unet", {"batch_norm": "no"}, "batch_norm must be true or false, not 'no'"),
        ("unet", {"order": ["norm-relu"]}, "order must be a word"),
        ("glaciernet", {"convolutions": 10**9}, "convolutions must be a whole number of at most 64"),
        ("glaciernet", {"convolutions": 2.0}, "convolutions must be a whole number"),
        ("m_landsnet", {"middle": 10**9}, "middle must be a whole number of at most 8192"),
        ("m_landsnet", {"dilations": (1, 2, 10**9)}, "dilations must be a list"),
        ("dunet", {"mixed": 1}, "mixed must be true or false"),
        ("band_ratio", {"threshold": float("nan")}, "threshold must be a finite number, not nan"),
        ("band_ratio", {"opening": 10**9 + 1}, "opening must be a whole number of at most 1024"),
        ("unetpp", {"heads": 5}, "give 1 to 4"),
        ("unetpp", {"depth": 0}, "give a depth from 1 to 4"),
        ("unetpp", {"heads": 1, "depth": 3}, "give a depth from 4 to 4"),
        ("glaciernet", {"convolutions": 0}, "give 1 or more"),
        ("glaciernet", {"widths": ()}, "at least 1 positive even numbers"),
        ("saunet", {"widths": (4, 6)}, "let the coarsest level have at least 8"),
        ("unet_cse", {"reduction": 0}, "a reduction from 1 to 64"),
        ("dunet", {"offset_limit": 0}, "a positive whole number"),
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


@pytest.mark.parametrize("bands", [-1, 0, 10**9])
def test_a_network_needs_bands_but_not_any_number_of_them(bands: int) -> None:
    with pytest.raises(NetworkError, match=f"1 to 8192 bands and classes, not {bands} and 2"):
        build("unet", bands)


def test_dilations_are_all_that_parts_landsnet_from_m_landsnet() -> None:
    modified, original = get_network("m_landsnet"), get_network("landsnet")
    assert modified.arguments == dict(original.arguments) | {"dilations": (1, 2, 3)}
    torch.manual_seed(3)
    weights = original.build(3, widths=(4, 6)).state_dict()
    same = original.build(3, widths=(4, 6), dilations=(1, 2, 3)).eval()
    other = modified.build(3, widths=(4, 6)).eval()
    images = torch.rand(1, 3, 16, 16)
    same.load_state_dict(weights)
    other.load_state_dict(weights)
    torch.testing.assert_close(same(images), other(images))
