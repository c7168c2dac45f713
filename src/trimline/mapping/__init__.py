"""A model over a whole scene, in memory that does not depend on the scene's size.

The room hands out `map_scene`, which writes probability, mask and outlines and returns where they are; `predict_array`,
`predict` and `outlines_of`, which give the same in memory for what is small enough; `MapOptions`, all that decides a
map beside scene and model; `mask_shares`, how much of a written map is ice; and `snow_off_glaciers`, how much snow lies
on ground that is no glacier. Maps stream the same strips of the scene and show the network windows of them with a halo
around, so that a map depends neither on the size of the windows nor on the extent asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trimline.mapping.compatibility import check_fits
    from trimline.mapping.mapped_scene import MapResult, map_scene
    from trimline.mapping.one_scene import outlines_of, predict
    from trimline.mapping.options import MapOptions
    from trimline.mapping.plan import MapPlan
    from trimline.mapping.shares import MaskShares, mask_shares
    from trimline.mapping.snow import SnowOffGlaciers, snow_off_glaciers
    from trimline.mapping.stream import predict_array
    from trimline.mapping.zone import GlacierZone

_FILE_OF = {
    "GlacierZone": "zone",
    "MapOptions": "options",
    "MapPlan": "plan",
    "MapResult": "mapped_scene",
    "MaskShares": "shares",
    "SnowOffGlaciers": "snow",
    "check_fits": "compatibility",
    "map_scene": "mapped_scene",
    "mask_shares": "shares",
    "outlines_of": "one_scene",
    "predict": "one_scene",
    "predict_array": "stream",
    "snow_off_glaciers": "snow",
}

__all__ = [
    "GlacierZone",
    "MapOptions",
    "MapPlan",
    "MapResult",
    "MaskShares",
    "SnowOffGlaciers",
    "check_fits",
    "map_scene",
    "mask_shares",
    "outlines_of",
    "predict",
    "predict_array",
    "snow_off_glaciers",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its file on first use."""
    if name not in _FILE_OF:
        raise AttributeError(f"module 'trimline.mapping' has no attribute {name!r}")
    return getattr(import_module(f"trimline.mapping.{_FILE_OF[name]}"), name)
