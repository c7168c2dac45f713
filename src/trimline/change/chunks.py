"""Outlines processed in chunks by threads; shapely and NumPy release the interpreter lock while they compute."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

OUTLINES = 128
"""Outlines in a chunk."""


def chunks_of(positions: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Return positions in chunks; none for no positions."""
    return [positions[start : start + OUTLINES] for start in range(0, len(positions), OUTLINES)]


def work_through(tasks: Iterable[Callable[[], None]], threads: int) -> None:
    """Run independent tasks in threads; the first error of any of them is raised."""
    if threads <= 1:
        for task in tasks:
            task()
        return
    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(task) for task in tasks]:
            done.result()
