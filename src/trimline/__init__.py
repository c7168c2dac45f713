"""trimline: satellite products become glacier outlines, period after period, and numbers that can be defended.

The names below are the whole public surface for scripts; each is imported when it is first used, so that
``import trimline`` costs nothing. Wherever one takes a path, a `str` serves as well as a `pathlib.Path`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trimline.errors import TrimlineError
    from trimline.inference import Model, load_weights, ndsi_model, ratio_model
    from trimline.mapping.mapped_scene import map_scene
    from trimline.mapping.one_scene import outlines_of, predict
    from trimline.mapping.options import MapOptions
    from trimline.outlines import area_km2 as areas
    from trimline.outlines import rasterise, read_outlines, trace, write_outlines
    from trimline.project import Project, load_project
    from trimline.scenes import ProductInfo, Scene, open_scene, product_info

__version__ = "0.1.0"

_PLACE_OF = {
    "MapOptions": "trimline.mapping:MapOptions",
    "Model": "trimline.inference:Model",
    "ProductInfo": "trimline.scenes:ProductInfo",
    "Project": "trimline.project:Project",
    "Scene": "trimline.scenes:Scene",
    "TrimlineError": "trimline.errors:TrimlineError",
    "areas": "trimline.outlines:area_km2",
    "load_project": "trimline.project:load_project",
    "load_weights": "trimline.inference:load_weights",
    "map_scene": "trimline.mapping:map_scene",
    "ndsi_model": "trimline.inference:ndsi_model",
    "open_scene": "trimline.scenes:open_scene",
    "outlines_of": "trimline.mapping:outlines_of",
    "predict": "trimline.mapping:predict",
    "product_info": "trimline.scenes:product_info",
    "rasterise": "trimline.outlines:rasterise",
    "ratio_model": "trimline.inference:ratio_model",
    "read_outlines": "trimline.outlines:read_outlines",
    "trace": "trimline.outlines:trace",
    "write_outlines": "trimline.outlines:write_outlines",
}

_ROOMS = ("catalogues", "change", "glaciers")
"""Rooms that scripts use whole: `trimline.glaciers.attributes(outlines, dem)`."""

__all__ = [
    "MapOptions",
    "Model",
    "ProductInfo",
    "Project",
    "Scene",
    "TrimlineError",
    "__version__",
    "areas",
    "load_project",
    "load_weights",
    "map_scene",
    "ndsi_model",
    "open_scene",
    "outlines_of",
    "predict",
    "product_info",
    "rasterise",
    "ratio_model",
    "read_outlines",
    "trace",
    "write_outlines",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its room, or a room, on first use."""
    if name in _ROOMS:
        return import_module(f"trimline.{name}")
    if name not in _PLACE_OF:
        raise AttributeError(f"module 'trimline' has no attribute {name!r}")
    room, _, attribute = _PLACE_OF[name].partition(":")
    return getattr(import_module(room), attribute)


def __dir__() -> list[str]:
    return sorted(__all__)
