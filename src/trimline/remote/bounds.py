"""What a window of a raster on a server may take: a small file can claim blocks and pixels without end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from rasterio.windows import Window

from trimline.errors import RemoteError
from trimline.scenes.raster_opening import block_bytes

MOST_WINDOW_BYTES = 1 << 30
"""Size in memory of a window that is read at once [bytes]; a whole band of 15 m takes half as much."""
MOST_BLOCKS_AT_ONCE = 500_000
"""Blocks that meet a window; what is known of each takes some hundred bytes."""
_MOST_GROWTH, _SMALL_BLOCK = 2, 64 << 10
"""No compression makes more of a block than so many times its pixels and some bytes."""
_REMEDY = "give a smaller region, or leave the scene out"


def require_few_bytes(source: Any, window: Window, bands: Sequence[int], label: str) -> None:
    """Raise `RemoteError` where the pixels of a window do not belong into memory at once."""
    size = len(bands) * int(window.height) * int(window.width) * np.dtype(source.dtypes[bands[0] - 1]).itemsize
    if size > MOST_WINDOW_BYTES:
        raise RemoteError(
            f"has {int(window.width)} x {int(window.height)} pixels in the region, which take {size / 1e9:.1f} GB",
            where=label,
            remedy=_REMEDY,
        )


def require_few_blocks(source: Any, window: Window, bands: Sequence[int], label: str) -> None:
    """Raise `RemoteError` where more blocks meet a window than are worth a look."""
    height, width = source.block_shapes[0]
    (top, bottom), (left, right) = ((int(first), int(last)) for first, last in window.toranges())
    count = len(bands) * (-(-bottom // height) - top // height) * (-(-right // width) - left // width)
    if count > MOST_BLOCKS_AT_ONCE:
        raise RemoteError(f"has {count} blocks of {width} x {height} pixels in the region", where=label, remedy=_REMEDY)


def most_stored(source: Any) -> int:
    """Return what a block takes in the file at most [bytes]; one that says more is damaged."""
    return _MOST_GROWTH * block_bytes(source) + _SMALL_BLOCK
