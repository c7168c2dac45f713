"""Outlines for a level of tiles: every vertex moves to the nearest point of a lattice, and repeated ones fall away.

Where a vertex goes depends on the vertex alone. So a border that two glaciers share stays one line on every level,
which simplifying each outline by itself does not keep, and an outline that changes leaves its neighbours as they are.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

_FEWEST = 4
"""Vertices of a ring, the first again at its end."""


def snapped(geometries: NDArray[np.object_], origin: tuple[float, float], step: float) -> NDArray[np.object_]:
    """Return polygons with their vertices on a lattice.

    Parameters
    ----------
    geometries
        (n,) polygons and multipolygons.
    origin
        A point of the lattice [m].
    step
        Its spacing [m]; no vertex moves further than 0.71 of it.

    Returns
    -------
    ndarray
        (n,) multipolygons, in places invalid, as two vertices may have met; empty where nothing is left of one.
        Rings and parts of less than three vertices are left out.
    """
    if shapely.is_empty(geometries).all():
        return np.full(len(geometries), shapely.MultiPolygon(), object)
    kind, coordinates, offsets = shapely.to_ragged_array(geometries, include_z=False)
    if kind == shapely.GeometryType.POLYGON:
        offsets = (*offsets, np.arange(len(geometries) + 1))
    ring_starts, polygon_starts, geometry_starts = (np.asarray(each, np.int64) for each in offsets)
    cells = np.rint((coordinates - np.asarray(origin)) / step)
    ring = np.repeat(np.arange(len(ring_starts) - 1), np.diff(ring_starts))
    for wanted in (_is_new, _is_corner):
        kept = wanted(cells, ring)
        cells, ring = cells[kept], ring[kept]

    counts = np.bincount(ring, minlength=len(ring_starts) - 1)
    has_ring = counts >= _FEWEST
    polygon = np.repeat(np.arange(len(polygon_starts) - 1), np.diff(polygon_starts))
    has_polygon = has_ring[polygon_starts[:-1]] if len(ring_starts) > 1 else np.zeros(len(polygon_starts) - 1, bool)
    has_ring &= has_polygon[polygon]
    geometry = np.repeat(np.arange(len(geometries)), np.diff(geometry_starts))
    return np.asarray(
        shapely.from_ragged_array(
            shapely.GeometryType.MULTIPOLYGON,
            np.asarray(origin) + cells[has_ring[ring]] * step,
            (
                _starts(counts[has_ring]),
                _starts(np.bincount(polygon[has_ring], minlength=len(has_polygon))[has_polygon]),
                _starts(np.bincount(geometry[has_polygon], minlength=len(geometries))),
            ),
        )
    )


def _is_new(cells: NDArray[np.float64], ring: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return whether each vertex is another one than that before it in its ring."""
    out = np.ones(len(cells), bool)
    out[1:] = (cells[1:] != cells[:-1]).any(axis=1) | (ring[1:] != ring[:-1])
    return out


def _is_corner(cells: NDArray[np.float64], ring: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return whether the outline turns at each vertex; the ends of a ring count as corners."""
    out = np.ones(len(cells), bool)
    before, after = cells[1:-1] - cells[:-2], cells[2:] - cells[1:-1]
    is_inside = (ring[1:-1] == ring[:-2]) & (ring[1:-1] == ring[2:])
    is_straight = (before[:, 0] * after[:, 1] == before[:, 1] * after[:, 0]) & ((before * after).sum(axis=1) > 0)
    out[1:-1] = ~(is_inside & is_straight)
    return out


def _starts(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(counts)])
