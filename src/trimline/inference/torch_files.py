"""Networks from and to files: a `.safetensors` becomes a PyTorch network, and a PyTorch network an ONNX graph."""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from trimline.errors import NetworkError, WeightsError
from trimline.files import whole_file
from trimline.inference.engine import CHANNELS
from trimline.inference.inputs import Inputs
from trimline.inference.metadata import METADATA_KEY, ModelMetadata
from trimline.inference.model_file import is_onnx, metadata_text, read_metadata
from trimline.inference.torch_engine import ice_probability
from trimline.networks import Network, build, get_network

_OPSET = 20
"""Of the exported graph: the first with all that our networks need, deformable convolution among it."""

_UNUSED = "num_batches_tracked"
"""Ends the names of counters that training keeps beside batch norm, and a graph does not."""


def save_weights(path: Path | str, network: nn.Module, metadata: ModelMetadata) -> Path:
    """Write a network and what there is to know about it as `.safetensors`, whole or not at all.

    Parameters
    ----------
    path
        Ends in `.safetensors`.
    network
        On any device; stored in its own precision.
    metadata
        Must describe `network`, or the file cannot be read again.
    """
    path = Path(path)
    tensors = {
        name: tensor.detach().to("cpu", memory_format=torch.contiguous_format).contiguous()
        for name, tensor in network.state_dict().items()
    }
    with whole_file(path) as temporary:
        temporary.write_bytes(save(tensors, metadata={METADATA_KEY: metadata_text(metadata)}))
    return path


def load_network(path: Path) -> tuple[Network, ModelMetadata]:
    """Return the network of a model file, in evaluation mode on the CPU, and its metadata.

    Raises
    ------
    WeightsError
        The file is not one of ours, or its weights do not fit the network that it names.
    """
    metadata = read_metadata(path)
    try:
        # On the meta device nothing is allocated or drawn, whatever widths the file claims.
        with torch.device("meta"):
            network = build(metadata.network, metadata.inputs.channels, metadata.classes, **metadata.arguments)
    except NetworkError as error:
        raise WeightsError(
            f"the network of these weights cannot be built: {error.what}", where=path, remedy=error.remedy
        ) from error
    try:
        network.load_state_dict(_stored_tensors(path, network), strict=True, assign=True)
    except (SafetensorError, RuntimeError) as error:
        raise WeightsError(
            f"the weights do not fit the network '{metadata.network}' that they name ({' '.join(str(error).split())})",
            where=path,
            remedy="the file was changed, or written by another version: train anew",
        ) from error
    if not all(bool(torch.isfinite(each).all()) for each in network.state_dict().values()):
        raise WeightsError("some of the weights are not numbers", where=path, remedy="train anew")
    return network.requires_grad_(False).eval(), with_geometry(metadata, network)


def with_geometry(metadata: ModelMetadata, network: Network) -> ModelMetadata:
    """Return metadata that say how a network's input must be cut: its stride, receptive field and largest halo."""
    return metadata.model_copy(
        update={
            "stride": network.stride,
            "receptive_field": network.receptive_field,
            "largest_halo": network.halo,
        }
    )


def graph_of(network: Network, inputs: Inputs) -> bytes:
    """Return a network as an ONNX graph of any height and width, from bands to the probability of ice.

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
        there are no data; the output `probability` (n, 1, height, width); and between them the tensor `CHANNELS`. Its
        weights have the names that the network gives them.
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


def export_onnx(weights: Path | str, path: Path | str) -> Path:
    """Write a model file as ONNX, with its metadata and those that QGIS's Deepness plugin reads.

    Parameters
    ----------
    weights
        A `.safetensors` file.
    path
        Ends in `.onnx`.

    Returns
    -------
    Path
        The file, for `load_weights` or any other runtime; see `graph_of` for its input and output.

    Raises
    ------
    WeightsError
        The weights are not ours, or the path does not end in `.onnx`.
    """
    import onnx

    weights, path = Path(weights), Path(path)
    if not is_onnx(path):
        raise WeightsError("an exported model must be named .onnx", where=path, remedy=f"write {path.stem}.onnx")
    network, metadata = load_network(weights)
    exported = onnx.load_from_string(graph_of(network, metadata.inputs))
    properties = {METADATA_KEY: metadata_text(metadata)} | _for_deepness(metadata)
    for key, value in properties.items():
        exported.metadata_props.add(key=key, value=value)
    with whole_file(path) as temporary:
        temporary.write_bytes(exported.SerializeToString(deterministic=True))
    return path


class _Prepared(nn.Module):
    def __init__(self, inputs: Inputs) -> None:
        super().__init__()
        self.inputs = inputs
        self.eval()

    def forward(self, images: Tensor) -> Tensor:
        return self.inputs(images)


class _Predicted(nn.Module):
    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network
        self.eval()

    def forward(self, channels: Tensor) -> Tensor:
        return ice_probability(self.network(channels)).unsqueeze(1)


def _exported(module: nn.Module, example: Tensor, entry: str, result: str) -> object:
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
            written,
            dynamo=False,
            training=torch.onnx.TrainingMode.PRESERVE,
            do_constant_folding=False,
            input_names=[entry],
            output_names=[result],
            dynamic_axes={entry: axes, result: axes},
            opset_version=_OPSET,
        )
    return onnx.load_from_string(written.getvalue())


def _stored_tensors(path: Path, network: Network) -> Mapping[str, Tensor]:
    if not is_onnx(path):
        with safe_open(path, framework="pt") as stored:
            # Copies, because what is read shares its memory with the whole file.
            return {name: stored.get_tensor(name).clone() for name in stored.keys()}  # noqa: SIM118
    import onnx

    prefix = "network."
    stored = {
        each.name.removeprefix(prefix): torch.from_numpy(onnx.numpy_helper.to_array(each).copy())
        for each in onnx.load(path, load_external_data=False).graph.initializer
        if each.name.startswith(prefix)
    }
    counters = {name: torch.zeros((), dtype=torch.int64) for name in network.state_dict() if name.endswith(_UNUSED)}
    return stored | counters


def _for_deepness(metadata: ModelMetadata) -> dict[str, str]:
    """Return the metadata that Deepness fills its form from, as JSON.

    Source: its documentation for creators of models, "Add metadata to a model".
    """
    tile = metadata.tile[0] if metadata.tile else 512
    halo = metadata.halo or metadata.largest_halo or 0
    # Deepness divides pixel values by 255 before it standardises them.
    scale = 255.0 * (1e-4 if metadata.inputs.units == "reflectance" else 1.0)
    bands = len(metadata.inputs.bands)
    values = {
        "model_type": "Segmentor",
        "class_names": {"0": "ground", "1": "ice"},
        "tile_size": max(tile, 4 * halo),
        "tiles_overlap": min(75, round(200 * halo / max(tile, 4 * halo))),
        "seg_thresh": metadata.threshold,
        "seg_small_segment": 0,
        "standardization_mean": [0.0] * bands,
        "standardization_std": [1.0 / scale] * bands,
        "author": "trimline",
        "description": f"{get_network(metadata.network).title}: probability of glacier ice from "
        f"{', '.join(metadata.inputs.bands)} ({metadata.inputs.units})",
    }
    return {key: json.dumps(value) for key, value in values.items()}
