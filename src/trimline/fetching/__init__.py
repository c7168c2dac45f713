"""Scenes of archives as products on the disk: the windows that a study needs, or whole products, whole or not at all.

The room hands out `fetch_scene`, which fetches one candidate, `fetch_scenes`, which fetches several at a time, and
`Request`, which tells whether a product on the disk already holds what is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trimline.fetching.fetched_file import FetchedFile, FetchedProduct, read_fetched
    from trimline.fetching.request import Request
    from trimline.fetching.scene import Fetched, Watch, fetch_scene
    from trimline.fetching.several import Task, fetch_scenes

_FILE_OF = {
    "Fetched": "scene",
    "FetchedFile": "fetched_file",
    "FetchedProduct": "fetched_file",
    "Request": "request",
    "Task": "several",
    "Watch": "scene",
    "fetch_scene": "scene",
    "fetch_scenes": "several",
    "read_fetched": "fetched_file",
}

__all__ = [
    "Fetched",
    "FetchedFile",
    "FetchedProduct",
    "Request",
    "Task",
    "Watch",
    "fetch_scene",
    "fetch_scenes",
    "read_fetched",
]


def __getattr__(name: str) -> Any:
    """Import a name from its file on first use."""
    if name not in _FILE_OF:
        raise AttributeError(f"module 'trimline.fetching' has no attribute {name!r}")
    return getattr(import_module(f"trimline.fetching.{_FILE_OF[name]}"), name)
