"""The interface of a reader of one format."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from trimline.scenes.given import Given
from trimline.scenes.product_summary import ProductInfo
from trimline.scenes.scene import Scene


@dataclass(frozen=True)
class Reader:
    """One format of products."""

    name: str
    """Name of the format for users."""
    recognises: Callable[[Path], bool]
    """Whether an existing path is of this format, by names only."""
    open: Callable[[Path, Given], Scene]
    """Open a product as a scene."""
    describe: Callable[[Path, Given], ProductInfo]
    """Describe a product, also one that cannot be opened."""
    unsaid: Callable[[Path, Given], Given] = lambda _path, _given: Given()
    """Return of what is given what a product does not say itself; products of agencies say all."""
