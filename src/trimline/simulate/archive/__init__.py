"""Simulated archives: products as the real archives lay them, with STAC items, and a server that serves and fails.

`make_archive` lays simulated products out as Cloud Optimized GeoTIFFs (or, Sentinel-2 Level-1C, as JPEG 2000) with
items and collections; `serve` serves them on this machine with range requests and a STAC API, and can be told to fail
as real servers do.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_FILE_OF = {
    "make_archive": "making",
    "serve": "serving",
    "Server": "serving",
    "Faults": "faults",
    "Request": "requests_log",
}

__all__ = list(_FILE_OF)


def __getattr__(name: str) -> Any:
    """Import a name on first use."""
    if name not in _FILE_OF:
        raise AttributeError(f"module 'trimline.simulate.archive' has no attribute {name!r}")
    return getattr(import_module(f"trimline.simulate.archive.{_FILE_OF[name]}"), name)
