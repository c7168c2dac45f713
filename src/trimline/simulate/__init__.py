"""A mountain range with glaciers whose truth is known, seen through a sensor.

Rivers carve the ground, ice grows and flows over it under a mass balance and retreats as the equilibrium line rises;
every look at it is written as the agencies write products, with the true outlines and a DEM beside. The room hands
out `write_range`, which does all that from the settings of a project file, and what it returns, `RangeManifest`.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_FILE_OF = {"write_range": "range", "RangeManifest": "range", "SceneRecord": "range", "ENVIRONMENTS": "environments"}

__all__ = list(_FILE_OF)


def __getattr__(name: str) -> Any:
    """Import a name on first use."""
    if name not in _FILE_OF:
        raise AttributeError(f"module 'trimline.simulate' has no attribute {name!r}")
    return getattr(import_module(f"trimline.simulate.{_FILE_OF[name]}"), name)
