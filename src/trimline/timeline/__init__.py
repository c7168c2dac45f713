"""Many mapped scenes become one set of outlines per period.

The room hands out the steps in their order: `preferred`, the order in which the scenes of a period are used; `combine`,
the rules that decide a pixel from several scenes, on arrays; `Place`, the grid of the whole study; `MappedScene`, a
scene with its maps; `combine_period`, which writes the maps of a period; `trace_period`, which fills gaps from other
periods and traces patches of ice; and `identify`, which gives every glacier one name in all periods.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from trimline.timeline.preference import Candidate, preferred
from trimline.timeline.rules import GROUND, ICE, UNSEEN, Combined, combine

if TYPE_CHECKING:
    from trimline.timeline.bridging import TraceOptions, trace_period
    from trimline.timeline.period_maps import combine_period
    from trimline.timeline.place import Place
    from trimline.timeline.scene_view import MappedScene, SceneView
    from trimline.timeline.tracking import ground_by_glacier, identify

_FILE_OF = {
    "MappedScene": "scene_view",
    "Place": "place",
    "SceneView": "scene_view",
    "TraceOptions": "bridging",
    "combine_period": "period_maps",
    "ground_by_glacier": "tracking",
    "identify": "tracking",
    "trace_period": "bridging",
}

__all__ = [
    "GROUND",
    "ICE",
    "UNSEEN",
    "Candidate",
    "Combined",
    "MappedScene",
    "Place",
    "SceneView",
    "TraceOptions",
    "combine",
    "combine_period",
    "ground_by_glacier",
    "identify",
    "preferred",
    "trace_period",
]


def __getattr__(name: str) -> Any:
    """Import what reads rasters and polygons on first use: the rules need arrays only."""
    if name not in _FILE_OF:
        raise AttributeError(f"module 'trimline.timeline' has no attribute {name!r}")
    return getattr(import_module(f"trimline.timeline.{_FILE_OF[name]}"), name)
