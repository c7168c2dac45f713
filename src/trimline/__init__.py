"""trimline: satellite products become glacier outlines, period after period, and numbers that can be defended.

The names below are the whole public surface for scripts; each is imported when it is first used, so that
``import trimline`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_ROOM_OF = {
    "open_scene": "trimline.scenes",
    "Scene": "trimline.scenes",
    "read_outlines": "trimline.outlines",
    "write_outlines": "trimline.outlines",
    "load_weights": "trimline.inference",
    "map_scene": "trimline.mapping",
    "Project": "trimline.project",
    "load_project": "trimline.project",
    "TrimlineError": "trimline.errors",
}

__all__ = ["__version__", *_ROOM_OF]


def __getattr__(name: str) -> Any:
    """Import a public name from its room on first use."""
    if name not in _ROOM_OF:
        raise AttributeError(f"module 'trimline' has no attribute {name!r}")
    return getattr(import_module(_ROOM_OF[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
