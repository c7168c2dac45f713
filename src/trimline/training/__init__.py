"""Learning: from samples to a weights file that says everything about itself.

The room hands out `train`, which writes the file, and the band ratio at given thresholds: `threshold_scores` on
samples, `ratio_model` and `ratio_threshold` on scenes. What maps with the file lies in `trimline.inference`. Lightning
is imported only when something is trained.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trimline.training.run import train
    from trimline.training.search import ratio_model, ratio_threshold, threshold_scores

_FILE_OF = {"ratio_model": "search", "ratio_threshold": "search", "threshold_scores": "search", "train": "run"}

__all__ = ["ratio_model", "ratio_threshold", "threshold_scores", "train"]


def __getattr__(name: str) -> Any:
    """Import a public name from its file on first use."""
    if name not in _FILE_OF:
        raise AttributeError(f"module 'trimline.training' has no attribute {name!r}")
    return getattr(import_module(f"trimline.training.{_FILE_OF[name]}"), name)
