"""Decoded blocks of JPEG 2000 rasters, kept for the next reader.

A block of 1024 x 1024 pixels takes a fraction of a second to decode, and parts of a scene that are read one after the
other share blocks. So each is decoded once, by one thread, and kept until newer ones have taken its room.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from trimline.scenes.asset import open_raster
from trimline.scenes.product_files import member_of

MOST_BYTES = 512 << 20
"""Size of all blocks that are kept [bytes]; the blocks along one row of a tile have 100 MB in six bands."""


class BlockCache:
    """Arrays by key, the latest used of a bounded size together; threads may ask at the same time."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self.clear()

    def clear(self) -> None:
        """Forget all."""
        self._lock = threading.Lock()
        self._found: OrderedDict[Hashable, Future[NDArray[Any]]] = OrderedDict()
        self._bytes = 0

    def get(self, key: Hashable, make: Callable[[], NDArray[Any]]) -> NDArray[Any]:
        """Return the array of a key, made by the first thread that asks; an error is raised in all that ask."""
        with self._lock:
            future = self._found.get(key)
            is_mine = future is None
            if future is None:
                future = self._found[key] = Future()
            self._found.move_to_end(key)
        if not is_mine:
            return future.result()
        try:
            array = make()
        except BaseException as error:
            with self._lock:
                self._found.pop(key, None)
            future.set_exception(error)
            raise
        future.set_result(array)
        with self._lock:
            if key in self._found:
                self._bytes += array.nbytes
            self._drop_oldest()
        return array

    def _drop_oldest(self) -> None:
        for key, future in list(self._found.items()):
            if self._bytes <= self.most_bytes:
                return
            if future.done():
                del self._found[key]
                self._bytes -= future.result().nbytes


BLOCKS = BlockCache(MOST_BYTES)
"""The blocks of this process."""

if hasattr(os, "register_at_fork"):  # a fork has no thread that would finish what another one waits for
    os.register_at_fork(after_in_child=BLOCKS.clear)


def read_window(href: str, source: Any, indexes: Sequence[int], place: Window, threads: int) -> NDArray[Any]:
    """Read a window from decoded blocks.

    Parameters
    ----------
    href
        The raster.
    source
        The same, open; for its block size.
    indexes
        Numbers of bands, from 1.
    place
        Whole pixels within the raster.
    threads
        Threads that decode blocks at the same time.

    Returns
    -------
    (bands, h, w), as stored.
    """
    height, width = source.block_shapes[indexes[0] - 1]
    (top, bottom), (left, right) = ((int(a), int(b)) for a, b in place.toranges())
    rows, columns = range(top // height, -(-bottom // height)), range(left // width, -(-right // width))
    out = np.empty((len(indexes), bottom - top, right - left), source.dtypes[indexes[0] - 1])
    state = (href, *_state_of(href), tuple(indexes))

    def fill(block: tuple[int, int]) -> None:
        row, column = block[0] * height, block[1] * width
        whole = Window(column, row, min(width, source.width - column), min(height, source.height - row))
        numbers = BLOCKS.get((state, block), lambda: _decode(href, indexes, whole))
        start, stop = max(row, top), min(row + whole.height, bottom)
        first, last = max(column, left), min(column + whole.width, right)
        out[:, start - top : stop - top, first - left : last - left] = numbers[
            :, start - row : stop - row, first - column : last - column
        ]

    blocks = list(itertools.product(rows, columns))
    if threads == 1 or len(blocks) == 1:
        for block in blocks:
            fill(block)
    else:
        with ThreadPoolExecutor(min(threads, len(blocks))) as pool:
            list(pool.map(fill, blocks))
    return out


def _decode(href: str, indexes: Sequence[int], window: Window) -> NDArray[Any]:
    with open_raster(href) as source:
        numbers: NDArray[Any] = source.read(list(indexes), window=window)
    return numbers


def _state_of(href: str) -> tuple[int, int]:
    """Return what tells one state of a raster's file or archive from another; (0, 0) of what is no local file."""
    member = member_of(href)
    path = member.archive if member is not None else Path(href)
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_size, status.st_mtime_ns
