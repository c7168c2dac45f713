"""Termini: the ground around the lowest point of each glacier."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from trimline.errors import GridError
from trimline.evaluation.confusion import require_one_shape


def near_termini(
    ice: NDArray[Any], elevation_m: NDArray[Any], pixel_m: float, within_m: float, *, smallest_km2: float = 0.1
) -> NDArray[np.bool_]:
    """Return the ground within some distance of the lowest point of each glacier.

    Parameters
    ----------
    ice
        (h, w); what is not 0 is ice. Pixels that touch, also at corners, are one glacier.
    elevation_m
        (h, w) [m], NaN where unknown.
    pixel_m
        Side of a pixel [m].
    within_m
        Distance from the lowest point [m].
    smallest_km2
        Smaller bodies have no terminus.

    Returns
    -------
    NDArray[np.bool_]
        (h, w)

    Raises
    ------
    GridError
        The shapes differ, or the elevation of a whole glacier is unknown.
    """
    require_one_shape(ice=ice, elevation_m=elevation_m)
    bodies, count = ndimage.label(ice, structure=np.ones((3, 3)))
    numbers = np.arange(1, count + 1)
    sizes_km2 = ndimage.sum_labels(np.ones(bodies.shape), bodies, numbers) * pixel_m**2 / 1e6
    glaciers = numbers[sizes_km2 >= smallest_km2]
    known = np.where(np.isfinite(elevation_m), elevation_m, np.inf)
    away = np.ones(bodies.shape, bool)
    for lowest in ndimage.minimum_position(known, bodies, glaciers):
        if not np.isfinite(known[lowest]):
            raise GridError("the elevation of a glacier is unknown", remedy="give a DEM that covers all of the scene")
        away[lowest] = False
    if away.all():
        return ~away
    near: NDArray[np.bool_] = ndimage.distance_transform_edt(away) * pixel_m <= within_m
    return near
