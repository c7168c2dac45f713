"""Export: a PyTorch network becomes an ONNX graph, for OpenVINO here and for other programs elsewhere."""

from __future__ import annotations

import io
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from trimline.errors import WeightsError
from trimline.files import whole_file
from trimline.inference.engine import CHANNELS
from trimline.inference.inputs import Inputs
from trimline.inference.metadata import METADATA_KEY, ModelMetadata
from trimline.inference.model_file import is_onnx, metadata_text
from trimline.inference.torch_engine import probabilities
from trimline.inference.torch_files import WEIGHTS_PREFIX, load_network
from trimline.networks import Network, get_network

_OPSET = 20
"""Of the exported graph: the first with all that our networks need, deformable convolution among it."""


def graph_of(network: Network, inputs: Inputs) -> bytes:
    """Return a network as an ONNX graph of any height and width, from bands to probabilities.

    Parameters
    ----------
    network
        In evaluation mode; it is not changed.
    inputs
        What it is fed with.

    Returns
    -------
    bytes
        An ONNX model with the input `images` (n, bands, height, width) float32, in the units of the inputs, NaN where
        there are no data; the output `probability` (n, outputs, height, width), as an `Engine` gives it; and between
        them the tensor `CHANNELS`. Its weights have the names that the network gives them.
    """
    import onnx
    from onnx import compose

    side = 2 * network.stride
    device = next(network.parameters(), torch.empty(0)).device
    images = torch.zeros((1, len(inputs.bands), side, side), device=device)
    channels = torch.zeros((1, inputs.channels, side, side), device=device)
    prepared = _exported(_Prepared(inputs), images, "images", CHANNELS)
    predicted = _exported(_Predicted(network), channels, CHANNELS, "probability")
    # Names of nodes and edges must differ; weights keep theirs, which only the network has.
    prepared = compose.add_prefix(prepared, "inputs/", rename_inputs=False, rename_outputs=False)
    whole = compose.merge_models(prepared, predicted, io_map=[(CHANNELS, CHANNELS)])
    whole.producer_name = "trimline"
    onnx.checker.check_model(whole)
    content: bytes = whole.SerializeToString(deterministic=True)
    return content


def export_onnx(weights: Path | str, path: Path | str, *, half: bool = False) -> Path:
    """Write a model file as ONNX, with its metadata and those that QGIS's Deepness plugin reads.

    Parameters
    ----------
    weights
        A `.safetensors` or `.onnx` file.
    path
        Ends in `.onnx`.
    half
        Whether weights are stored in half precision: half the size, and probabilities that differ by some 0.001. What
        is computed with them is computed as before.

    Returns
    -------
    Path
        The file, for `load_weights` or any other runtime; see `graph_of` for its input and output.

    Raises
    ------
    WeightsError
        The weights are not ours, or the path does not end in `.onnx`.
    """
    path = Path(path)
    if not is_onnx(path):
        raise WeightsError("an exported model must be named .onnx", where=path, remedy=f"write {path.stem}.onnx")
    network, metadata = load_network(Path(weights))
    return write_onnx(path, network, metadata, half=half)


def write_onnx(path: Path, network: Network, metadata: ModelMetadata, *, half: bool = False) -> Path:
    """Write a network and what there is to know about it as `.onnx`, whole or not at all; see `export_onnx`.

    Parameters
    ----------
    path
        The file.
    network
        In evaluation mode.
    metadata
        Must describe `network`, its geometry included.
    half
        Whether weights are stored in half precision.
    """
    import onnx

    exported = onnx.load_from_string(graph_of(network, metadata.inputs))
    if half:
        _halve(exported)
    properties = {METADATA_KEY: metadata_text(metadata)} | _for_deepness(metadata)
    for key, value in properties.items():
        exported.metadata_props.add(key=key, value=value)
    with whole_file(path) as temporary:
        temporary.write_bytes(exported.SerializeToString(deterministic=True))
    return path


def _halve(exported: Any) -> None:
    """Store the weights of a graph in half precision; a cast before their use keeps all else as it was."""
    import onnx

    casts, cast_name = [], {}
    for weight in exported.graph.initializer:
        values = onnx.numpy_helper.to_array(weight)
        if values.dtype != np.float32 or not weight.name.startswith(WEIGHTS_PREFIX):
            continue
        weight.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float16), weight.name))
        cast_name[weight.name] = f"{weight.name}/single"
        casts.append(onnx.helper.make_node("Cast", [weight.name], [cast_name[weight.name]], to=onnx.TensorProto.FLOAT))
    for node in exported.graph.node:
        node.input[:] = [cast_name.get(each, each) for each in node.input]
    nodes = [*casts, *exported.graph.node]
    del exported.graph.node[:]
    exported.graph.node.extend(nodes)
    onnx.checker.check_model(exported)


class _Prepared(nn.Module):
    def __init__(self, inputs: Inputs) -> None:
        super().__init__()
        self.inputs = inputs

    def forward(self, images: Tensor) -> Tensor:
        return self.inputs(images)


class _Predicted(nn.Module):
    # Only the network is in evaluation mode. Of a module that is itself, torch merges weights that happen to be equal
    # (biases of 0), and names are lost.
    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, channels: Tensor) -> Tensor:
        return probabilities(self.network(channels))


def _exported(module: nn.Module, example: Tensor, entry: str, result: str) -> Any:
    """Return an ONNX model of a module, whose weights stay as they are: folding batch norm is the engine's work."""
    import onnx

    axes = {0: "n", 2: "side", 3: "side"}  # one name, because Deepness takes square tiles only
    written = io.BytesIO()
    with warnings.catch_warnings(), torch.no_grad():
        # The traced exporter is announced as old. Its successor takes 25 s for a U-Net where this one takes 1 s, and
        # none of our networks has control flow that tracing could miss.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            (example,),
            written,  # type: ignore[arg-type]  # the traced exporter takes streams too
            dynamo=False,
            training=torch.onnx.TrainingMode.PRESERVE,
            do_constant_folding=False,
            input_names=[entry],
            output_names=[result],
            dynamic_axes={entry: axes, result: axes},
            opset_version=_OPSET,
        )
    return onnx.load_from_string(written.getvalue())


def _for_deepness(metadata: ModelMetadata) -> dict[str, str]:
    """Return the metadata that Deepness fills its form from, as JSON.

    Source: its documentation for creators of models, "Add metadata to a model".
    """
    halo, stride = metadata.halo or metadata.largest_halo or 0, metadata.stride or 1
    tile = max(metadata.tile[0] if metadata.tile else 512, 4 * halo)
    tile = -(-tile // stride) * stride
    # Deepness divides pixel values by 255 before it standardises them.
    scale = 255.0 * (1e-4 if metadata.inputs.units == "reflectance" else 1.0)
    bands = len(metadata.inputs.bands)
    values = {
        "model_type": "Segmentor",
        "class_names": dict(enumerate(metadata.class_names or ("ground", "ice"))),
        "tile_size": tile,
        "tiles_overlap": -(-200 * halo // tile),  # per cent of the tile, shared by both sides: at most 50
        "seg_thresh": metadata.threshold,
        "seg_small_segment": 0,
        "standardization_mean": [0.0] * bands,
        "standardization_std": [1.0 / scale] * bands,
        "author": "trimline",
        "description": f"{get_network(metadata.network).title}: probability of glacier ice from "
        f"{', '.join(metadata.inputs.bands)} ({metadata.inputs.units})",
    }
    return {key: json.dumps(value) for key, value in values.items()}
