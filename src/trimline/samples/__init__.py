"""Scenes and outlines become labelled tiles, split without leaks.

The room hands out the grid of places that tiles are cut from, the splits that say which place is for training,
validation or test, the store that holds the tiles (Zarr v3 with a GeoParquet index), and `Samples`, the tiles in
memory. `trimline.training.dataset.TileDataset` shows a store to PyTorch with TorchGeo's keys.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from trimline.samples.samples import GROUND, ICE, IGNORE, Samples

_FILE_OF = {
    "LabelledScene": "cutting",
    "Sides": "cutting",
    "cut_samples": "cutting",
    "MEASURES": "split",
    "SampleStore": "store",
    "open_truth": "truth",
    "Truth": "truth",
}

__all__ = ["GROUND", "ICE", "IGNORE", "Samples", *_FILE_OF]


def __getattr__(name: str) -> Any:
    """Import what reads scenes and outlines on first use: training needs the tiles alone."""
    if name not in _FILE_OF:
        raise AttributeError(f"module 'trimline.samples' has no attribute {name!r}")
    return getattr(import_module(f"trimline.samples.{_FILE_OF[name]}"), name)
