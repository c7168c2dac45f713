"""From samples to weights: recipes carried out, stopped and taken up again, and the result asked for its opinion.

The room hands out `train`, which writes one weights file that says everything about itself; `load_weights`, which
turns such a file into a `Segmenter` (images in, probability of ice out); and `Inputs`, what a network is fed with.
Lightning is imported only when something is trained.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trimline.training.inputs import Inputs
    from trimline.training.run import train
    from trimline.training.search import threshold_scores
    from trimline.training.segmenter import Segmenter, load_weights
    from trimline.training.weights import WeightsMetadata, read_metadata, save_weights

_FILE_OF = {
    "Inputs": "inputs",
    "Segmenter": "segmenter",
    "WeightsMetadata": "weights",
    "load_weights": "segmenter",
    "read_metadata": "weights",
    "save_weights": "weights",
    "threshold_scores": "search",
    "train": "run",
}

__all__ = [
    "Inputs",
    "Segmenter",
    "WeightsMetadata",
    "load_weights",
    "read_metadata",
    "save_weights",
    "threshold_scores",
    "train",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its file on first use."""
    if name not in _FILE_OF:
        raise AttributeError(f"module 'trimline.training' has no attribute {name!r}")
    return getattr(import_module(f"trimline.training.{_FILE_OF[name]}"), name)
