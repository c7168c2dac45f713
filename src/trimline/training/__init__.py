"""Learning: from samples to a weights file that says everything about itself.

The room hands out `train` and `fine_tune`, which write the file, and `threshold_scores`, the band ratio at given
thresholds on samples. What maps, with the file or without one, lies in `trimline.inference`. Lightning is imported only
when something is trained.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trimline.training.run import fine_tune, train
    from trimline.training.search import threshold_scores

_FILE_OF = {"fine_tune": "run", "threshold_scores": "search", "train": "run"}

__all__ = ["fine_tune", "threshold_scores", "train"]


def __getattr__(name: str) -> Any:
    """Import a public name from its file on first use."""
    if name not in _FILE_OF:
        raise AttributeError(f"module 'trimline.training' has no attribute {name!r}")
    return getattr(import_module(f"trimline.training.{_FILE_OF[name]}"), name)
