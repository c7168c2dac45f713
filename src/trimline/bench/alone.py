"""Work in a process of its own: what mapping needs when nothing else does anything, what must leave nothing behind."""

from __future__ import annotations

import multiprocessing
import resource
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import ParamSpec, TypeVar

from trimline.inference import load_weights
from trimline.mapping import MapOptions, map_scene
from trimline.scenes import open_scene

P = ParamSpec("P")
T = TypeVar("T")

_STATUS = Path("/proc/self/status")


def peak_memory_mb(product: Path, weights: Path, folder: Path, device: str | None = None) -> float:
    """Map a scene in a fresh process and return the most memory that was resident [MB of 2**20 bytes].

    Parameters
    ----------
    product, weights
        What is mapped, and with what.
    folder
        Gets the maps.
    device
        Where to map, as for `load_weights`; a GPU's own memory is not counted.
    """
    return alone(map_alone, product, weights, folder, device)


def alone(work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """Return what a function of a module returns in a fresh process, whose memory goes with it."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *arguments, **named).result()


def map_alone(product: Path, weights: Path, folder: Path, device: str | None) -> float:
    """Map a scene in this process; return the most memory that was ever resident in it [MB]."""
    options = MapOptions(clouds="keep")
    map_scene(open_scene(product), load_weights(weights, device=device), folder, options=options, progress=False)
    return _peak_mb()


def _peak_mb() -> float:
    # Linux hands the largest resident set of a parent on to the program it starts, so that getrusage tells of the
    # parent here; the high-water mark of the process's own memory does not.
    if _STATUS.is_file():
        lines = dict(line.split(":", 1) for line in _STATUS.read_text().splitlines())
        return float(lines["VmHWM"].split()[0]) / 2**10
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)
