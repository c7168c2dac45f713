"""The blocks that weigh features compute their formulas."""

from __future__ import annotations

import torch
from segmentation_models_pytorch.base.modules import SCSEModule
from torch import nn

from trimline.networks import build
from trimline.networks.attention import AttentionGate, ChannelExcitation, SelfAttention


def test_self_attention_is_softmax_of_f_g_over_places() -> None:
    torch.manual_seed(6)
    block = SelfAttention(16).double()
    nn.init.constant_(block.gamma, 0.7)
    features = 3 * torch.randn(2, 16, 4, 6, dtype=torch.double)
    with torch.inference_mode():
        for image, answer in zip(features, block(features), strict=True):
            f, g, h = (each(image.unsqueeze(0))[0].flatten(1) for each in (block.f, block.g, block.h))
            weights = torch.softmax(f.T @ g, dim=0)
            torch.testing.assert_close(weights.sum(dim=0), torch.ones(24, dtype=torch.double))
            expected = image + 0.7 * (h @ weights).view(image.shape)
            torch.testing.assert_close(answer, expected)


def test_self_attention_starts_as_the_identity_and_learns_gamma_first() -> None:
    block = SelfAttention(16)
    features = torch.randn(2, 16, 4, 4)
    answer = block(features)
    torch.testing.assert_close(answer, features)
    answer.square().sum().backward()
    gradients = {name: parameter.grad for name, parameter in block.named_parameters()}
    moved = {name for name, gradient in gradients.items() if gradient is not None and gradient.abs().sum() > 0}
    assert moved == {"gamma"}


def test_self_attention_sits_at_the_bottleneck_only() -> None:
    with torch.device("meta"):
        network = build("saunet", 7)
    assert [name for name, each in network.named_modules() if isinstance(each, SelfAttention)] == ["encoder.4.1"]


def test_a_saunet_without_attention_is_a_unet() -> None:
    saunet, unet = (build(name, 3, widths=(4, 6, 8)).eval() for name in ("saunet", "unet"))
    weights = saunet.state_dict()
    for name in list(weights):
        if name.startswith("encoder.2."):
            _, _, part, rest = name.split(".", 3)
            moved = weights.pop(name)
            if part == "0":
                weights[f"encoder.2.{rest}"] = moved
    unet.load_state_dict(weights)
    images = torch.rand(1, 3, 16, 16)
    torch.testing.assert_close(saunet(images), unet(images))


def test_channel_excitation_is_the_peers() -> None:
    torch.manual_seed(7)
    block, peer = ChannelExcitation(8), SCSEModule(8, reduction=2).cSE
    peer.load_state_dict(block.weigh.state_dict())
    features = torch.randn(2, 8, 5, 7)
    torch.testing.assert_close(block(features), features * peer(features))


def test_channel_excitation_follows_every_block() -> None:
    with torch.device("meta"):
        network = build("unet_cse", 7)
    widths = [
        each.get_submodule("weigh.1").get_parameter("weight").shape[:2]
        for each in network.modules()
        if isinstance(each, ChannelExcitation)
    ]
    assert widths == [(width // 2, width) for width in (64, 128, 256, 512, 1024, 512, 256, 128, 64)]


def test_networks_of_the_whole_tile_feel_its_far_corner() -> None:
    for name in ("saunet", "unet_cse"):
        torch.manual_seed(8)
        network = build(name, 1, widths=(4, 8)).eval()
        for each in network.modules():
            if isinstance(each, SelfAttention):
                nn.init.constant_(each.gamma, 1.0)
        images = torch.rand(1, 1, 64, 64, requires_grad=True)
        network(images)[0, 1, 0, 0].backward()
        assert images.grad is not None
        assert images.grad[0, 0, 40:, 40:].abs().sum() > 0


def test_an_attention_gate_never_amplifies() -> None:
    skip, decoder = torch.randn(2, 4, 6, 6), torch.randn(2, 4, 6, 6)
    gated = AttentionGate(4).eval()(skip, decoder)
    weight = gated / skip
    assert ((weight > 0) & (weight < 1)).all()
    torch.testing.assert_close(weight, weight[:, :1].expand_as(weight), msg="a pixel's channels share one weight")
