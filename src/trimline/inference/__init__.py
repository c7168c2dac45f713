"""A model, ready to map: images in, probability of ice out.

The room hands out `load_weights`, which turns a model file (`.safetensors` or `.onnx`) into a `Model`; `ratio_model`
and `ndsi_model`, which need no file, only a threshold; `ratio_threshold`, for a ratio's map at other thresholds;
`read_metadata`, what a model file says of itself; `Inputs`, the channels that a network is fed with; and the two
engines that compute a network: OpenVINO on CPUs and PyTorch on CUDA devices. Only `trimline.inference.torch_engine`
imports PyTorch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trimline.inference.engine import Engine
    from trimline.inference.inputs import Inputs
    from trimline.inference.metadata import ModelMetadata
    from trimline.inference.model import Model, load_weights
    from trimline.inference.model_file import read_metadata
    from trimline.inference.spectral_index import ndsi_model, ratio_model, ratio_threshold

_FILE_OF = {
    "Engine": "engine",
    "Inputs": "inputs",
    "Model": "model",
    "ModelMetadata": "metadata",
    "load_weights": "model",
    "ndsi_model": "spectral_index",
    "ratio_model": "spectral_index",
    "ratio_threshold": "spectral_index",
    "read_metadata": "model_file",
}

__all__ = [
    "Engine",
    "Inputs",
    "Model",
    "ModelMetadata",
    "load_weights",
    "ndsi_model",
    "ratio_model",
    "ratio_threshold",
    "read_metadata",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its file on first use."""
    if name not in _FILE_OF:
        raise AttributeError(f"module 'trimline.inference' has no attribute {name!r}")
    return getattr(import_module(f"trimline.inference.{_FILE_OF[name]}"), name)
