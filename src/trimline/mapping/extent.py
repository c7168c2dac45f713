"""Where a scene lies on the grid that it is mapped onto."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from trimline.errors import GridError
from trimline.mapping.windows import Extent
from trimline.scenes import Scene
from trimline.scenes.grid import offset_between, positions_in

_POINTS_PER_EDGE = 65


def extent_on(scene: Scene, region: GeoBox) -> Extent:
    """Return the rows and columns of a region's grid that a scene covers."""
    if region.crs is None:
        raise GridError("the grid to map onto has no CRS")
    start = offset_between(region, scene.geobox)
    if start is not None:
        row, column = start
        height, width = scene.geobox.shape
        return Extent((-row, height - row), (-column, width - column))
    columns, rows = positions_in(region, scene.geobox, *_edge(scene.geobox))
    known = np.isfinite(columns) & np.isfinite(rows)
    if not known.any():
        return Extent((0, 0), (0, 0))
    return Extent(_outward(rows[known]), _outward(columns[known]))


def _edge(geobox: GeoBox) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return columns and rows of points along the edge of a grid, close enough to follow where it bends."""
    height, width = geobox.shape
    along, zero, one = np.linspace(0, 1, _POINTS_PER_EDGE), np.zeros(_POINTS_PER_EDGE), np.ones(_POINTS_PER_EDGE)
    columns, rows = np.concatenate([along, along, zero, one]), np.concatenate([zero, one, along, along])
    return columns * width, rows * height


def _outward(positions: NDArray[np.float64]) -> tuple[int, int]:
    return math.floor(positions.min()), math.ceil(positions.max())
