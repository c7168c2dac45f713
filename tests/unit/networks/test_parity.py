"""U-Net and U-Net++ are wired as those of segmentation-models-pytorch, whose decoders get our weights.

The peer upsamples by repeating pixels where ours has a transposed convolution. Where the four weights of such a
convolution are equal and its bias is 0, it is a 1x1 convolution followed by repetition, and the 1x1 can be taken into
the 3x3 that comes next: the two networks then compute the same function, with different numbers of parameters.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from segmentation_models_pytorch.decoders.unet.decoder import UnetDecoder
from segmentation_models_pytorch.decoders.unetplusplus.decoder import UnetPlusPlusDecoder
from torch import Tensor, nn

from trimline.networks import Network, build

WIDTHS = (4, 6, 8, 10, 12)
LEVELS = len(WIDTHS)


def drawn(name: str) -> Network:
    """Return a network with all weights and statistics drawn, whose upsampling repeats pixels."""
    torch.manual_seed(12)
    network = build(name, 3, widths=WIDTHS).double().eval()
    for each in network.modules():
        if isinstance(each, nn.BatchNorm2d):
            nn.init.uniform_(each.weight, 0.5, 1.5)
            nn.init.normal_(each.bias)
            nn.init.normal_(each.get_buffer("running_mean"))
            nn.init.uniform_(each.get_buffer("running_var"), 0.5, 1.5)
        if isinstance(each, nn.ConvTranspose2d):
            each.weight.data[:] = each.weight.data[:, :, :1, :1]
    return network


def give(peer: nn.Module, block: nn.Module, up: nn.Module, parts: Sequence[int], order: Sequence[int]) -> None:
    """Load a decoder's block of the peer with one of ours.

    `parts` are the channels of what our block concatenates, the upsampled map's being `parts[order[0]]`; `order` is
    the peer's order of concatenation.
    """
    weights = block.state_dict()
    pieces = list(weights["0.0.weight"].split(list(parts), dim=1))
    pieces[order[0]] = torch.einsum("omhw,im->oihw", pieces[order[0]], up.get_parameter("weight")[:, :, 0, 0])
    weights["0.0.weight"] = torch.cat([pieces[each] for each in order], dim=1)
    names = {"0": "conv1", "1": "conv2"}
    peer.load_state_dict({f"{names[name[0]]}{name[1:]}": tensor for name, tensor in weights.items()})


def encoded(blocks: Sequence[nn.Module], images: Tensor) -> list[Tensor]:
    """Return the encoder's maps, the finest first."""
    maps = [blocks[0](images)]
    for block in blocks[1:]:
        maps.append(block(nn.functional.max_pool2d(maps[-1], 2)))
    return maps


@torch.inference_mode()
def test_unet_is_wired_as_the_peers() -> None:
    network, images = drawn("unet"), torch.rand(2, 3, 32, 48, dtype=torch.double)
    upwards = WIDTHS[-2::-1]
    peer = UnetDecoder((3, *WIDTHS), upwards, n_blocks=LEVELS - 1).double().eval()
    for i, width in enumerate(upwards):
        block, up = network.get_submodule(f"decoder.{i}"), network.get_submodule(f"up.{i}")
        give(peer.blocks[i], block, up, (width, width), order=(1, 0))
    maps = encoded([network.get_submodule(f"encoder.{level}") for level in range(LEVELS)], images)
    expected = network.get_submodule("head")(peer([images, *maps]))
    torch.testing.assert_close(network(images), expected, rtol=1e-9, atol=1e-9)


@torch.inference_mode()
def test_unetpp_is_wired_as_the_peers_at_every_head() -> None:
    network, images = drawn("unetpp"), torch.rand(2, 3, 32, 48, dtype=torch.double)
    deepest = LEVELS - 1
    # The peer has a further block, to a grid finer than its encoder's finest map, which ours has no use for.
    peer = UnetPlusPlusDecoder((3, *WIDTHS), (*WIDTHS[-2::-1], 2), n_blocks=LEVELS).double().eval()
    peer.blocks[f"x_0_{deepest}"] = nn.Identity()
    answers: dict[int, Tensor] = {}
    for level in range(deepest):
        for column in range(1, LEVELS - level):
            layer = deepest - 1 - level  # the peer counts layers from the coarsest, and columns backwards
            theirs = peer.blocks[f"x_{layer + 1 - column}_{layer}"]
            block = network.get_submodule(f"nodes.{level}.{column}")
            up = network.get_submodule(f"up.{level}.{column - 1}")
            give(theirs, block, up, [WIDTHS[level]] * (column + 1), order=(0, *range(column, 0, -1)))
            if level == 0:
                head = network.get_submodule(f"heads.{column}")
                theirs.register_forward_hook(
                    lambda layer, given, output, column=column, head=head: answers.update({column: head(output)})
                )
    peer([images, *encoded([network.get_submodule(f"nodes.{level}.0") for level in range(LEVELS)], images)])
    for depth, answer in enumerate(network.supervised(images), start=1):
        torch.testing.assert_close(answer, answers[depth], rtol=1e-9, atol=1e-9)
