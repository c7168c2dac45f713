"""Batch norm folded into the convolution before it: the same answers in fewer passes over memory.

Once trained, batch norm only scales and shifts what each channel of a convolution gives, which the convolution's own
weights and bias can do as well.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from itertools import pairwise

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

from trimline.networks.deformable import DeformableConvolution, SamplingConvolution
from trimline.networks.network import Network


def fold_batch_norm(network: Network) -> Network:
    """Return a copy of a network, in evaluation mode, whose batch norms are part of the convolutions before them.

    A norm that does not follow a convolution directly, or holds no running statistics, stays.

    Parameters
    ----------
    network
        Left as it is. The weights of the copy are constants; it can be asked, and not trained.

    Returns
    -------
    Network
        On the same device and of the same type; its logits differ by rounding. :class:`torch.nn.Identity` stands where
        norms were.

    Source: Jacob and others (2018), CVPR, section 3.2.
    """
    folded = copy.deepcopy(network).requires_grad_(False).eval()
    for owner in list(folded.modules()):
        for first, second in _followed(owner):
            convolution, norm = owner.get_submodule(first), owner.get_submodule(second)
            if isinstance(norm, nn.BatchNorm2d) and _fold(convolution, norm):
                setattr(owner, second, nn.Identity())
    return folded


def _followed(owner: nn.Module) -> Iterator[tuple[str, str]]:
    """Yield the names of a module's parts that are computed one directly after the other."""
    if isinstance(owner, nn.Sequential):
        yield from pairwise(name for name, _ in owner.named_children())
    elif isinstance(owner, DeformableConvolution):
        yield "convolution", "norm"


def _fold(convolution: nn.Module, norm: nn.BatchNorm2d) -> bool:
    """Change a convolution's weights so that it needs the norm no more; return whether that could be done."""
    if not isinstance(convolution, nn.Conv2d | nn.ConvTranspose2d | SamplingConvolution):
        return False
    if norm.running_mean is None or norm.running_var is None:
        return False
    if isinstance(convolution, nn.ConvTranspose2d) and convolution.groups > 1:
        return False  # its weights do not lie channel by channel
    # Not fuse_conv_bn_eval: it copies the convolution, and the whole network is a copy already.
    weight, bias = fuse_conv_bn_weights(
        convolution.weight,
        convolution.bias,
        norm.running_mean,
        norm.running_var,
        norm.eps,
        norm.weight,
        norm.bias,
        transpose=isinstance(convolution, nn.ConvTranspose2d),
    )
    convolution.weight = weight.requires_grad_(False)
    convolution.bias = bias.requires_grad_(False)
    return True
