"""Shares of flow: how much of each pixel's ice reaches each pour point when it may flow in any direction.

With eight directions alone, basins get straight borders along the grid and its diagonals wherever a slope is even.
Flow here follows the steepest of eight triangular facets (Tarboton, 1997, Water Resources Research 33, 309-319) and is
shared between the two pixels beside its direction; a pixel belongs to the pour point that most of it reaches.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.linalg import splu

_RING = ((0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1), (1, 0), (1, 1))
"""Neighbours (down, right) anticlockwise from the east; the even ones share an edge."""

_AT_A_TIME = 32
"""Pour points solved at a time; bounds the memory."""


def largest_share(
    height_m: NDArray[np.float64],
    moving: NDArray[np.bool_],
    labels: NDArray[np.int64],
    below: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return the pour point that most of the flow of each pixel reaches.

    Parameters
    ----------
    height_m
        (h, w) heights without sinks [m], infinite outside the domain.
    moving
        (h, w) pixels to be assigned; those around keep their pour points.
    labels
        (h, w) pour points, negative outside the domain.
    below
        (h, w) flat index of the lower neighbour that each pixel drains to where no facet falls.

    Returns
    -------
    NDArray[np.int64]
        (h, w) pour points.
    """
    count = int(np.count_nonzero(moving))
    found = labels.copy()
    if not count:
        return found
    first, second, weight = _receivers(height_m, moving, below)
    order = np.argsort(height_m[moving], kind="stable")
    place = np.full(height_m.size, -1, np.int64)
    place[np.flatnonzero(moving)[order]] = np.arange(count)
    own, flat = place[np.flatnonzero(moving)], labels.ravel()
    rows, columns, values = [own], [own], [np.ones(count)]
    into: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]] = []
    for receiver, share in ((first, 1.0 - weight), (second, weight)):
        inner = (place[receiver] >= 0) & (share > 0)
        rows.append(own[inner])
        columns.append(place[receiver[inner]])
        values.append(-share[inner])
        outer = (place[receiver] < 0) & (share > 0)
        into.append((own[outer], flat[receiver[outer]], share[outer]))
    matrix = coo_array(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=(count, count)
    ).tocsc()
    # Each pixel depends on lower ones only: the matrix is triangular and its factors are no larger than itself.
    solver = splu(matrix, permc_spec="NATURAL", diag_pivot_thresh=0.0)
    reached, leaving, amount = (np.concatenate(each) for each in zip(*into, strict=True))
    names = np.unique(leaving)
    best, most = np.full(count, -1, np.int64), np.zeros(count)
    for start in range(0, len(names), _AT_A_TIME):
        chunk = names[start : start + _AT_A_TIME]
        inside = np.isin(leaving, chunk)
        arrival = np.zeros((count, len(chunk)))
        np.add.at(arrival, (reached[inside], np.searchsorted(chunk, leaving[inside])), amount[inside])
        share = solver.solve(arrival)
        top = share.argmax(axis=1)
        of_top = share[np.arange(count), top]
        better = of_top > most
        best[better], most[better] = chunk[top[better]], of_top[better]
    found[moving] = np.where(best[own] >= 0, best[own], labels[moving])
    return found


def _receivers(
    height_m: NDArray[np.float64], moving: NDArray[np.bool_], below: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return (n,) flat indices of the two pixels that each moving pixel flows to, and the share of the second."""
    height, width = height_m.shape
    rows, columns = np.nonzero(moving)
    padded = np.pad(height_m, 1, constant_values=np.inf)
    here = height_m[moving]
    first = below[moving].copy()
    second, weight, steepest = first.copy(), np.zeros(len(here)), np.zeros(len(here))
    for facet in range(8):
        straight, diagonal = (facet, (facet + 1) % 8) if facet % 2 == 0 else ((facet + 1) % 8, facet)
        (down, right), (far_down, far_right) = _RING[straight], _RING[diagonal]
        near = padded[rows + 1 + down, columns + 1 + right]
        far = padded[rows + 1 + far_down, columns + 1 + far_right]
        with np.errstate(invalid="ignore"):
            along, across = here - near, near - far
        whole = np.isfinite(near) & np.isfinite(far)
        angle = np.where(whole, np.arctan2(np.where(whole, across, 0.0), np.where(whole, along, 1.0)), 0.0)
        slope = np.where(whole, np.hypot(np.where(whole, along, 0.0), np.where(whole, across, 0.0)), -np.inf)
        # Beyond a facet the flow is along its nearer edge.
        straight_slope = np.where(np.isfinite(near), along, -np.inf)
        diagonal_slope = np.where(np.isfinite(far), here - far, -np.inf) / np.sqrt(2.0)
        along_straight = (angle <= 0) | ~whole
        along_diagonal = (angle >= np.pi / 4) | (~whole & (diagonal_slope > straight_slope))
        slope = np.where(along_diagonal, diagonal_slope, np.where(along_straight, straight_slope, slope))
        part = np.where(along_diagonal, 1.0, np.where(along_straight, 0.0, angle / (np.pi / 4)))
        better = slope > steepest
        steepest = np.where(better, slope, steepest)
        weight = np.where(better, part, weight)
        first = np.where(better, _flat(rows + down, columns + right, height, width), first)
        second = np.where(better, _flat(rows + far_down, columns + far_right, height, width), second)
    return first, second, weight


def _flat(rows: NDArray[np.int64], columns: NDArray[np.int64], height: int, width: int) -> NDArray[np.int64]:
    """Return flat indices; those off the grid, which no facet with a slope has, are clipped."""
    index: NDArray[np.int64] = np.clip(rows, 0, height - 1) * width + np.clip(columns, 0, width - 1)
    return index
