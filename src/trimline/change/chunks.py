"""Work on outlines a chunk at a time, in threads: shapely and NumPy let go of the interpreter while they compute."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

OUTLINES = 128
"""Outlines of a chunk."""


def chunks_of(positions: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Cut positions into chunks; nothing gives none."""
    return [positions[start : start + OUTLINES] for start in range(0, len(positions), OUTLINES)]


def work_through(tasks: Iterable[Callable[[], None]], threads: int) -> None:
    """Run tasks that do not depend on each other, so many at a time; the first error that one raises is raised."""
    if threads <= 1:
        for task in tasks:
            task()
        return
    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(task) for task in tasks]:
            done.result()
