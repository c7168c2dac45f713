"""The weights of ukis-csmask as a U-Net of ours.

Wieland and others (2019) trained a U-Net on scenes of Landsat and Sentinel-2 at the top of the atmosphere, to find
clouds and their shadows. It tells five classes, snow and ice among them. The package `ukis-csmask` (German Aerospace
Center, Apache-2.0) ships it as ONNX, exported from Keras. Here its weights are put into `UNet` with the order
`relu-norm`. The result differs from the original by rounding only.

Source: Wieland, Li and Martinis (2019), Remote Sensing of Environment 230, doi:10.1016/j.rse.2019.05.022; the package's
source for bands and normalisation. The package publishes the numbers of cloud and shadow; that 1 is water, 2 snow or
ice and 3 land was found by looking at what they cover.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from trimline.errors import WeightsError
from trimline.inference.inputs import Inputs
from trimline.inference.metadata import ModelMetadata, StandIn
from trimline.inference.torch_files import with_geometry
from trimline.networks import Network, build
from trimline.surfaces import SurfaceName

BANDS = ("blue", "green", "red", "nir", "swir1", "swir2")
CLASS_NAMES: tuple[SurfaceName, ...] = ("shadow", "water", "ice", "land", "cloud")
ARGUMENTS: Mapping[str, Any] = {"widths": [32, 64, 128, 256, 512], "order": "relu-norm"}
"""Of the network `unet`."""
INPUTS = Inputs(
    bands=BANDS,
    units="reflectance",
    mean=(0.19312, 0.18659, 0.18899, 0.30362, 0.23085, 0.16216),
    std=(0.16431, 0.16762, 0.18230, 0.17409, 0.16020, 0.14164),
)
"""Mean and deviation are those that the package normalises with."""

STAND_IN = StandIn(band="swir1", scale=0.87)
"""What is shown where a scene lacks SWIR 2. The ratio is that of rock and debris on four glaciers of North America, by
points that were classed by hand (RaineyAbe/glacier-snow-cover-mapping); of snow and ice both bands are near 0."""


def port_csmask(original: Path | str) -> Network:
    """Return the network of `model_6b.onnx`, in evaluation mode.

    Parameters
    ----------
    original
        The file as `ukis-csmask` 0.2.1 ships it.

    Raises
    ------
    WeightsError
        The file is another.
    """
    import onnx

    graph = onnx.load(original, load_external_data=False).graph
    stored = {each.name: onnx.numpy_helper.to_array(each) for each in graph.initializer}
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    norms = [node for node in graph.node if node.op_type == "BatchNormalization"]
    ups = [node for node in graph.node if node.op_type == "ConvTranspose"]
    network: Any = build("unet", len(BANDS), len(CLASS_NAMES), **ARGUMENTS)
    blocks = [*network.encoder, *network.decoder]
    ours = [layer for block in blocks for layer in block]  # convolution, ReLU, batch norm
    if (len(convolutions), len(norms), len(ups)) != (len(ours) + 1, len(ours), len(network.up)):
        raise WeightsError(
            "this is not the network that is ported", where=original, remedy="give model_6b.onnx of ukis-csmask 0.2.1"
        )
    with torch.no_grad():
        for layer, convolution, norm in zip(ours, convolutions, norms, strict=False):
            _fill(layer[0], *(stored[name] for name in convolution.input[1:]))
            _fill_norm(layer[2], [stored[name] for name in norm.input[1:]], norm.attribute[0].f)
        for layer, up in zip(network.up, ups, strict=True):
            _fill(layer, *(stored[name] for name in up.input[1:]))
        _fill(network.head, *(stored[name] for name in convolutions[-1].input[1:]))
        for block in network.decoder:
            # The original puts the upsampled map before the encoder's, ours the other way round.
            first, second = block[0][0].weight.chunk(2, dim=1)
            block[0][0].weight.copy_(torch.cat((second, first), dim=1))
    ported: Network = network.requires_grad_(False).eval()
    return ported


def _fill(layer: Any, weight: NDArray[np.float32], bias: NDArray[np.float32]) -> None:
    layer.weight.copy_(torch.from_numpy(weight.copy()))
    layer.bias.copy_(torch.from_numpy(bias.copy()))


def _fill_norm(norm: Any, stored: list[NDArray[np.float32]], epsilon: float) -> None:
    """Fill a batch norm; its scale is changed so that it may keep its own epsilon."""
    scale, shift, mean, variance = (torch.from_numpy(each.copy()) for each in stored)
    norm.weight.copy_(scale * torch.sqrt((variance + norm.eps) / (variance + epsilon)))
    norm.bias.copy_(shift)
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(variance)


def csmask_metadata(network: Network, *, threshold: float, halo: int | None, bf16_iou: float | None) -> ModelMetadata:
    """Return what a model file says of the ported network.

    Parameters
    ----------
    network
        As `port_csmask` returns it.
    threshold, halo, bf16_iou
        As in `ModelMetadata`; measured on scenes of glaciers, because the original knows none of them.
    """
    metadata = ModelMetadata(
        network="unet",
        arguments=dict(ARGUMENTS),
        classes=len(CLASS_NAMES),
        class_names=CLASS_NAMES,
        levels=("toa",),
        stand_ins={"swir2": STAND_IN},
        inputs=INPUTS,
        threshold=threshold,
        flips=True,
        tile=(256, 256),
        halo=halo,
        bf16_iou=bf16_iou,
        data={
            "source": "ukis-csmask 0.2.1, model_6b.onnx, Apache-2.0",
            "doi": "10.1016/j.rse.2019.05.022",
        },
    )
    return with_geometry(metadata, network)
