"""Edges of outlines as plain arrays, for what is computed along them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Shapes = NDArray[np.object_]


class Edges(NamedTuple):
    """Edges of the rings of outlines, holes included."""

    begin: Floats
    """(m, 2) x and y."""
    end: Floats
    """(m, 2)"""
    of: NDArray[np.int64]
    """(m,) position of the outline of each."""


def edges_of(outlines: Shapes) -> Edges:
    """Return the edges of polygons and multipolygons; None has none."""
    parts, of_part = shapely.get_parts(outlines, return_index=True)
    rings, of_ring = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    first = np.flatnonzero(ring[1:] == ring[:-1])
    return Edges(xy[first], xy[first + 1], of_part[of_ring[ring[first]]].astype(np.int64))
