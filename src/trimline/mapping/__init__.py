"""A network over a whole scene, in memory that does not depend on the scene's size.

The room hands out `map_scene`, which writes probability, mask and outlines and returns where they are, and
`predict_array`, which gives the probability in memory for what is small enough. Both stream the same strips of the
scene and show the network windows of them with a halo around, so that the map depends neither on the size of the
windows nor on the extent asked for; `Within` confines it to where glaciers can be.
"""

from __future__ import annotations

from trimline.mapping.engine import predict_array
from trimline.mapping.fitting import check_fits
from trimline.mapping.map_scene import MapResult, map_scene
from trimline.mapping.screen import Within
from trimline.mapping.survey import Survey

__all__ = [
    "MapResult",
    "Survey",
    "Within",
    "check_fits",
    "map_scene",
    "predict_array",
]
