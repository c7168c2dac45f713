"""Terrain of a scene: where it shades the ground, and the elevation tiles that cover a region.

The room hands out `terrain_shadow`, cast and self shadow of a scene by its elevation model and its sun;
`quality_with_shadow`, the quality flags of a scene with that shadow among them; `shadow_on_heights`, the same of plain
arrays; and `fetch_dem`, which finds the one-degree tiles of a global elevation model in a catalogue and joins them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trimline.terrain.dem_mosaic import FetchedDem, fetch_dem
    from trimline.terrain.scene_shadow import quality_with_shadow, terrain_shadow
    from trimline.terrain.shadow import Shadow, shadow_on_heights

_FILE_OF = {
    "FetchedDem": "dem_mosaic",
    "Shadow": "shadow",
    "fetch_dem": "dem_mosaic",
    "quality_with_shadow": "scene_shadow",
    "shadow_on_heights": "shadow",
    "terrain_shadow": "scene_shadow",
}

__all__ = [
    "FetchedDem",
    "Shadow",
    "fetch_dem",
    "quality_with_shadow",
    "shadow_on_heights",
    "terrain_shadow",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its file on first use."""
    if name not in _FILE_OF:
        raise AttributeError(f"module 'trimline.terrain' has no attribute {name!r}")
    return getattr(import_module(f"trimline.terrain.{_FILE_OF[name]}"), name)
