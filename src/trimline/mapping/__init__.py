"""A model over a whole scene, in memory that does not depend on the scene's size.

The room hands out `map_scene`, which writes probability, mask and outlines and returns where they are; `predict_array`,
`predict` and `outlines_of`, which give the same in memory for what is small enough; and `MapOptions`, all that decides
a map beside scene and model. All stream the same strips of the scene and show the network windows of them with a halo
around, so that a map depends neither on the size of the windows nor on the extent asked for.
"""

from __future__ import annotations

from trimline.mapping.compatibility import check_fits
from trimline.mapping.map_scene import MapResult, map_scene
from trimline.mapping.one_scene import outlines_of, predict
from trimline.mapping.options import MapOptions
from trimline.mapping.plan import MapPlan
from trimline.mapping.stream import predict_array
from trimline.mapping.zone import GlacierZone

__all__ = [
    "GlacierZone",
    "MapOptions",
    "MapPlan",
    "MapResult",
    "check_fits",
    "map_scene",
    "outlines_of",
    "predict",
    "predict_array",
]
