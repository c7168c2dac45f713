"""A network over a whole scene, in memory that does not depend on the scene's size.

The room hands out `map_scene`, which writes probability, mask and outlines and returns where they are, and
`predict_array`, which gives the probability in memory for what is small enough. Both stream the same windows: what is
kept of each is its core, and the network sees a halo around it, so that the map depends neither on the size of the
windows nor on the extent asked for.
"""

from __future__ import annotations

from trimline.mapping.engine import check_fits, predict_array
from trimline.mapping.map_scene import MapResult, map_scene
from trimline.mapping.rasters import PROBABILITY_NODATA, PROBABILITY_SCALE
from trimline.mapping.windows import Tiling, Window, plan_windows

__all__ = [
    "PROBABILITY_NODATA",
    "PROBABILITY_SCALE",
    "MapResult",
    "Tiling",
    "Window",
    "check_fits",
    "map_scene",
    "plan_windows",
    "predict_array",
]
