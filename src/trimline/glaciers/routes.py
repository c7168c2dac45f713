"""The way of least cost from the terminus to the heads of a glacier, on the pixels of its ice.

After Kienholz and others (2014, The Cryosphere 8, 503-519): the cost of a pixel grows towards the margin, so that
the way keeps to the middle of the ice, and with height, so that it follows the trunk valley. Heads are the highest
points along the margin. Kienholz and others take the longest way to any head; here the way counts by its drop and by
its length along the fall, since the longest way over a wide glacier goes across its flow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse.csgraph import connected_components, dijkstra

from trimline.glaciers.drainage import Links, links_of
from trimline.graphs import graph_of

_FROM_MARGIN, _FROM_HEIGHT = 1000.0, 3000.0
_MARGIN_POWER, _HEIGHT_POWER = 4.25, 3.7
"""Coefficients and exponents of the cost (Kienholz and others, 2014, equation 2)."""

_MARGIN_PIXELS = 2.0
"""Links of pixels closer to the margin may leave the outline."""

_AROUND = np.ones((3, 3), bool)


@dataclass(frozen=True)
class Heads:
    """Ice of one glacier with its terminus and the places where its branches may begin."""

    rows: NDArray[np.int64]
    """(n,) rows of the heads."""
    columns: NDArray[np.int64]
    """(n,) columns."""
    terminus: tuple[int, int]
    """Row and column of the lowest pixel along the margin."""


def heads_of(height_m: NDArray[np.float64], ice: NDArray[np.bool_], spacing_pixels: float) -> Heads | None:
    """Return the heads and the terminus of a glacier; None where no height along its margin is known.

    Parameters
    ----------
    height_m
        (h, w) heights [m], NaN in voids.
    ice
        (h, w) ice in one piece.
    spacing_pixels
        Heads are the highest of all margin within this distance, along rows and columns.
    """
    whole = ndimage.binary_fill_holes(ice)
    margin = ice & ndimage.binary_dilation(~whole, _AROUND)
    known = margin & np.isfinite(height_m)
    if not known.any():
        return None
    terminus = np.unravel_index(int(np.where(known, height_m, np.inf).argmin()), ice.shape)
    reach = max(1, round(spacing_pixels))
    around = ndimage.maximum_filter(np.where(known, height_m, -np.inf), size=2 * reach + 1, mode="nearest")
    middle = float(np.median(height_m[ice & np.isfinite(height_m)]))
    rows, columns = np.nonzero(known & (height_m >= around) & (height_m >= middle))
    if not len(rows):
        rows, columns = (
            np.array([each]) for each in np.unravel_index(int(np.where(known, height_m, -np.inf).argmax()), ice.shape)
        )
    return Heads(rows, columns, (int(terminus[0]), int(terminus[1])))


class Routes:
    """The pixels of a glacier as a graph, and the main way over it.

    Parameters
    ----------
    height_m
        (h, w) heights [m]; for the cost, voids have the height of the nearest pixel.
    fall
        (2, h, w) unit vectors down the surface, along rows and columns; 0 where there is none.
    ice
        (h, w) ice. The largest piece that is connected by open links counts.
    is_open
        Takes (n, 2) rows and columns of the two ends of links along the margin and says which of them lie inside the
        outline, (n,).
    """

    def __init__(
        self,
        height_m: NDArray[np.float64],
        fall: NDArray[np.float64],
        ice: NDArray[np.bool_],
        is_open: Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.bool_]],
    ) -> None:
        place = np.argwhere(ice)
        links = links_of(ice)
        depth = ndimage.distance_transform_edt(np.pad(ice, 1))[1:-1, 1:-1]
        depths = depth[ice]
        doubtful = np.flatnonzero(np.minimum(depths[links.one], depths[links.other]) < _MARGIN_PIXELS)
        inside = np.ones(len(links.one), bool)
        inside[doubtful] = is_open(place[links.one[doubtful]], place[links.other[doubtful]])
        links = Links(links.one[inside], links.other[inside], links.distance[inside])
        graph = graph_of(links.one, links.other, len(place))
        piece = connected_components(graph, directed=False)[1]
        self.ice = np.zeros_like(ice)
        """(h, w) the ice that ways go over."""
        self.ice[ice] = piece == np.bincount(piece).argmax()
        self._height, self._fall = height_m, fall
        self._place = place
        self._number = np.full(ice.shape, -1, np.int64)
        self._number[ice] = np.arange(len(place))
        height = _without_voids(height_m, ice)[ice]
        span = float(height.max() - height.min())
        cost = 1.0 + _FROM_MARGIN * ((depths.max() - depths) / depths.max()) ** _MARGIN_POWER
        if span > 0:
            cost += _FROM_HEIGHT * ((height - height.min()) / span) ** _HEIGHT_POWER
        weight = links.distance * (cost[links.one] + cost[links.other]) / 2.0
        self._graph = graph_of(links.one, links.other, len(place), weight)

    def main(self, heads: Heads) -> NDArray[np.int64]:
        """Return (n, 2) rows and columns of the main way, from its head to the terminus; one pixel if all is one.

        The main way has the largest product of its drop and its length along the fall. Length alone would favour
        ways across a wide glacier, along its contours.
        """
        start = int(self._number[heads.terminus])
        _, before = dijkstra(self._graph, directed=False, indices=start, return_predecessors=True)
        best, most = np.array([start]), 0.0
        for row, column in zip(heads.rows, heads.columns, strict=True):
            way = [int(self._number[row, column])]
            while way[-1] != start and before[way[-1]] >= 0:
                way.append(int(before[way[-1]]))
            if way[-1] != start or len(way) < 2:
                continue
            places = self._place[way]
            steps = np.diff(places, axis=0)
            along = float((steps * self._fall[:, places[:-1, 0], places[:-1, 1]].T).sum())
            drop = float(self._height[row, column] - self._height[heads.terminus])
            # Ways that do not lead down at all are compared among themselves.
            worth = max(along, 1e-6) * max(drop, 1e-6)
            if worth > most:
                best, most = np.array(way), worth
        found: NDArray[np.int64] = self._place[best]
        return found


def _without_voids(height_m: NDArray[np.float64], ice: NDArray[np.bool_]) -> NDArray[np.float64]:
    unknown = ~np.isfinite(height_m)
    if not (unknown & ice).any():
        return height_m
    row, column = ndimage.distance_transform_edt(unknown, return_distances=False, return_indices=True)
    filled: NDArray[np.float64] = height_m[row, column]
    return filled
