"""What a format must offer to be read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from trimline.scenes.given import Given
from trimline.scenes.product_info import ProductInfo
from trimline.scenes.scene import Scene


@dataclass(frozen=True)
class Reader:
    """One format of products."""

    name: str
    """What users call the format."""
    recognises: Callable[[Path], bool]
    """Whether a path that exists is of this format; looks at names only."""
    open: Callable[[Path, Given], Scene]
    """Make a scene, or raise."""
    describe: Callable[[Path, Given], ProductInfo]
    """Say what the product is, also where it cannot be opened."""
