"""Exact share of every pixel that a polygon covers.

The edges of the polygon are cut at the borders of the pixels. Each piece then lies in one pixel, and the signed area
between it and the right border of the pixel, summed along the row, is the covered share (Green's theorem). The result
is that of intersecting the polygon with every pixel, at the cost of its edges only.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

_ROUNDING = 1e-9
"""Shares nearer than this to 0 or 1 are rounding of sums along a row."""


def coverage(polygon: shapely.Geometry, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Return the share of every pixel of a grid that a polygon covers.

    Parameters
    ----------
    polygon
        A valid polygon or multipolygon in pixels: x is the column and y the row of a corner, the upper left corner of
        the grid is (0, 0). What lies beyond the grid is not counted.
    shape
        Rows and columns.

    Returns
    -------
    NDArray[np.float64]
        (h, w) shares from 0 to 1.
    """
    height, width = shape
    start, end = _edges(polygon)
    start, end = _pieces(start, end)
    middle_x, middle_y = ((start + end) / 2).T
    rise = end[:, 1] - start[:, 1]
    row = np.floor(middle_y).astype(np.intp)
    inside = (row >= 0) & (row < height) & (middle_x < width) & (rise != 0)
    # What lies to the left of the grid covers the same pixels as its border.
    x, row, rise = np.maximum(middle_x[inside], 0.0), row[inside], rise[inside]
    column = np.floor(x).astype(np.intp)
    right = x - column
    place = row * (width + 1) + column
    sums: NDArray[np.float64] = np.bincount(place, rise * (1 - right), height * (width + 1)).astype(np.float64)
    sums += np.bincount(place + 1, rise * right, height * (width + 1))
    shares: NDArray[np.float64] = np.cumsum(sums.reshape(height, width + 1)[:, :width], axis=1)
    np.abs(shares, out=shares)
    shares[shares < _ROUNDING] = 0.0
    shares[shares > 1 - _ROUNDING] = 1.0
    return shares


def _edges(polygon: shapely.Geometry) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the (n, 2) ends of all edges; holes run against the outer rings."""
    rings = shapely.get_rings(shapely.get_parts(shapely.normalize(polygon)))
    corners, ring = shapely.get_coordinates(rings, return_index=True)
    same = ring[1:] == ring[:-1]
    return corners[:-1][same], corners[1:][same]


def _pieces(start: NDArray[np.float64], end: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cut edges at whole columns and rows; return the (m, 2) ends of the pieces."""
    edges, cuts = [np.arange(len(start))], [np.zeros(len(start))]
    for axis in (0, 1):
        a, b = start[:, axis], end[:, axis]
        low, high = np.minimum(a, b), np.maximum(a, b)
        first = np.floor(low) + 1
        number = np.maximum(np.ceil(high) - first, 0).astype(np.intp)
        edge = np.repeat(np.arange(len(start)), number)
        nth = np.arange(len(edge)) - np.repeat(np.cumsum(number) - number, number)
        edges.append(edge)
        cuts.append((first[edge] + nth - a[edge]) / (b[edge] - a[edge]))
    edge, cut = np.concatenate(edges), np.concatenate(cuts)
    order = np.lexsort((cut, edge))
    edge, cut = edge[order], cut[order]
    points = start[edge] + cut[:, None] * (end - start)[edge]
    following = np.empty_like(points)
    following[:-1] = points[1:]
    last = np.append(edge[1:] != edge[:-1], True) if len(edge) else np.empty(0, bool)
    following[last] = end[edge[last]]
    return points, following
