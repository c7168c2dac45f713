"""Simulated mountain ranges with known glaciers, as satellite products.

Rivers carve the terrain; ice grows and flows under a mass balance, and retreats as the equilibrium line rises. Every
acquisition is written as a product in the format of the agency, with the true outlines and a DEM. The room hands out
`write_range`, which does this from the settings of a project file, and its result, `RangeManifest`.
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
