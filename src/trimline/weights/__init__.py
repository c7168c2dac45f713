"""The weights that come along: one light network for Landsat 4 to 9 and Sentinel-2.

Its model card, `README.md`, says what it was trained on, what it scores on ground it never saw, and what it cannot do.
The room hands out `shipped_weights`, the path of the file: ONNX, which maps without PyTorch, and which `engine="torch"`
computes too.
"""

from __future__ import annotations

from pathlib import Path

SHIPPED = "unet_light.onnx"
SHIPPED_NOTE = (
    f"the light U-Net that comes along maps the scene ({SHIPPED}). It learned from simulated ranges and one real "
    "glacier: look at its model card and at every outline before you use one"
)


def shipped_weights() -> Path:
    """Return the path of the weights that come along."""
    return Path(__file__).parent / SHIPPED
