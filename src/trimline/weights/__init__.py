"""The weights that come along: one network for Landsat 4 to 9 and Sentinel-2, which tells five surface classes.

It is the network of `ukis-csmask` (German Aerospace Center, Apache-2.0), see `trimline.training.csmask`. Its model
card, `README.md`, says what it was trained on, what it scores on glaciers it never saw, and what it cannot do.
The room hands out `shipped_weights`, the path of the file: ONNX, which maps without PyTorch, and which `engine="torch"`
computes too.
"""

from __future__ import annotations

from pathlib import Path

SHIPPED = "csmask.onnx"
SHIPPED_NOTE = (
    f"the network that comes along maps the scene ({SHIPPED}). It tells snow and ice from ground, water, shadow and "
    "cloud, and snow from ice not at all: look at its model card and at every outline before you use one"
)


def shipped_weights() -> Path:
    """Return the path of the weights that come along."""
    return Path(__file__).parent / SHIPPED
