"""Networks in files: a PyTorch network to `.safetensors`, and back from a model file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor, nn

from trimline.errors import NetworkError, WeightsError
from trimline.files import whole_file
from trimline.foreign import foreign_errors
from trimline.inference.metadata import METADATA_KEY, ModelMetadata
from trimline.inference.model_file import is_onnx, metadata_text, read_metadata
from trimline.networks import Network, build

WEIGHTS_PREFIX = "network."
"""Begins the names of weights in an exported graph."""

_REMEDY = "the file was changed, or written by another version: train anew"

_COUNTER = "num_batches_tracked"
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
            f"the network of these weights cannot be built: {error.what}",
            where=path,
            remedy=error.remedy or _REMEDY,
        ) from error
    misfit = f"the weights do not fit the network '{metadata.network}' that they name"
    with foreign_errors(WeightsError, path, what=misfit, remedy=_REMEDY):
        network.load_state_dict(_stored_tensors(path, network), strict=True, assign=True)
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


def _stored_tensors(path: Path, network: Network) -> Mapping[str, Tensor]:
    if not is_onnx(path):
        with safe_open(path, framework="pt") as stored:
            names = list(stored.keys())
            _check_shapes({name: stored.get_slice(name).get_shape() for name in names}, network)
            # Copies, because what is read shares its memory with the whole file.
            read = {name: stored.get_tensor(name).clone() for name in names}
        expected = network.state_dict()
        return {name: each.to(expected[name].dtype) for name, each in read.items()}
    import onnx

    stored = {
        each.name.removeprefix(WEIGHTS_PREFIX): torch.from_numpy(onnx.numpy_helper.to_array(each).copy())
        for each in onnx.load(path, load_external_data=False).graph.initializer
        if each.name.startswith(WEIGHTS_PREFIX)
    }
    # Those stored in half precision are computed with in single precision.
    stored = {name: each.float() if each.is_floating_point() else each for name, each in stored.items()}
    expected = network.state_dict()
    absent = {name for name in expected if name not in stored and not name.endswith(_COUNTER)}
    if absent:
        absent -= _predicted_with(network)
    absent |= {name for name in expected if name.endswith(_COUNTER)}
    return stored | {name: torch.zeros(expected[name].shape, dtype=expected[name].dtype) for name in absent}


def _check_shapes(shapes: Mapping[str, list[int]], network: Network) -> None:
    """Raise `ValueError` where the header of a file names other tensors than the network has, before any is read."""
    expected = {name: list(each.shape) for name, each in network.state_dict().items()}
    for name in [*expected, *shapes]:
        found, needed = shapes.get(name), expected.get(name)
        if found != needed:
            raise ValueError(f"{name} has the shape {found}, not {needed}")


def _predicted_with(network: Network) -> set[str]:
    """Return the names of the weights that a prediction needs; further heads of U-Net++, say, are for training only.

    Parameters
    ----------
    network
        On the meta device, where computing takes no time.
    """
    computed: set[str] = set()
    hooks = [
        module.register_forward_hook(lambda *_, name=name: computed.add(name))
        for name, module in network.named_modules()
    ]
    side = 2 * network.stride
    network.eval()(torch.empty((1, network.bands, side, side), device="meta"))
    for hook in hooks:
        hook.remove()
    return {name for name in network.state_dict() if name.rpartition(".")[0] in computed}
