"""Drainage basins of ice: which pixels drain to the same place at the margin, and which basins are one glacier.

The surface is drained as Kienholz and others (2013, Journal of Glaciology 59, 925-937) do: a gutter around the ice,
cut below the ground, gathers what leaves a tongue on its sides and leads it to the terminus. Each lowest point of the
gutter is a pour point. Sinks on the ice drain over the lowest pass around them.

Basins are then merged. Kienholz and others merge by the distance between pour points, with parameters for Alaska.
Here the border itself decides: at a divide the ice flows away on both sides, and where a border runs along the flow
it separates two lobes of one glacier. The measure is the divergence of the direction of flow across the border, 0
where it runs along the flow and 2 where the two sides flow straight apart.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse.csgraph import breadth_first_order, connected_components, dijkstra, minimum_spanning_tree

from trimline.glaciers.flow_shares import largest_share
from trimline.graphs import graph_of

GUTTER_M = 100.0
"""Depth of the gutter below the ground [m]; deeper than a margin is rough."""

SHALLOW_M = 30.0
"""Pour points that a lower threshold separates are one [m]; several times the noise of a 30 m elevation model."""

DIVERGENCE = 0.4
"""Least mean divergence of the flow across a divide. On the Hintereis complex the agreement with RGI 7.0 is the same
for all values from 0.2 to 0.4, within 0.02; from 0.5 or 0.6 on glaciers are joined."""

_REACH_M = 110.0
"""The direction of flow is read at this distance on either side of a border [m]."""

NO_BASIN = -1

_FALL_M = 1e-4
"""Fall from pixel to pixel across a filled sink [m]."""

_AROUND = np.ones((3, 3), bool)

Labels = NDArray[np.int64]
"""(h, w) number of the basin of each pixel, `NO_BASIN` elsewhere."""


class Links(NamedTuple):
    """Neighbouring pixels of a domain, each pair once, as numbers of its pixels in the order of rows."""

    one: NDArray[np.int64]
    other: NDArray[np.int64]
    distance: NDArray[np.float64]
    """1, or the square root of 2 [pixels]."""


def links_of(domain: NDArray[np.bool_]) -> Links:
    """Return the pairs of neighbouring pixels, over edges and corners."""
    number = np.full(domain.shape, -1, np.int64)
    number[domain] = np.arange(np.count_nonzero(domain))
    height, width = domain.shape
    found = []
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
        one = number[: height - down, max(0, -right) : width - max(0, right)].ravel()
        other = number[down:, max(0, right) : width + min(0, right)].ravel()
        inside = (one >= 0) & (other >= 0)
        found.append((one[inside], other[inside], np.full(np.count_nonzero(inside), np.hypot(down, right))))
    ones, others, distances = (np.concatenate(each) for each in zip(*found, strict=True))
    return Links(ones, others, distances)


def basins(surface_m: NDArray[np.float64], ice: NDArray[np.bool_], *, gutter_pixels: int, shallow_m: float) -> Labels:
    """Return the basins that drain to the same pour point.

    Parameters
    ----------
    surface_m
        (h, w) heights [m], smoothed, NaN where there is none.
    ice
        (h, w) pixels of one connected patch of ice; nunataks drain like ice.
    gutter_pixels
        Width of the gutter [pixels].
    shallow_m
        Pour points between which no threshold is higher are one [m]; 0 keeps each lowest point.

    Returns
    -------
    NDArray[np.int64]
        (h, w) basins of ice and gutter that have heights, numbered from 0 in no particular order.
    """
    whole, known = ndimage.binary_fill_holes(ice), np.isfinite(surface_m)
    ring = ndimage.binary_dilation(whole, _AROUND, iterations=gutter_pixels) & ~whole & known
    # Where the heights end on the ice nobody knows how it goes on: what reaches their edge leaves there.
    end = whole & known & ndimage.binary_dilation(whole & ~known, _AROUND, iterations=gutter_pixels)
    gutter, domain = ring | end, (whole & known) | ring
    labels = np.full(ice.shape, NO_BASIN, np.int64)
    if not gutter.any():
        labels[domain] = 0
        return labels
    height = np.where(gutter, surface_m - GUTTER_M, surface_m)[domain]
    links = links_of(domain)
    falls = np.where(height[links.one] > height[links.other], links.one, links.other)
    level = height[links.one] == height[links.other]
    lowest = gutter[domain].copy()
    lowest[falls[~level]] = False
    basin, below, filled = _drained(height, links, np.flatnonzero(lowest))
    labels[domain] = _without_shallow(basin, height, links, shallow_m) if shallow_m > 0 else basin
    inside = np.flatnonzero(domain)
    heights, receivers = np.full(ice.shape, np.inf), np.zeros(ice.shape, np.int64)
    heights[domain] = filled
    receivers[domain] = inside[below]
    return largest_share(heights, domain & ~gutter, labels, receivers)


def _drained(
    height: NDArray[np.float64], links: Links, outlets: NDArray[np.intp]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return which outlet each pixel drains to, numbered from 0, the pixel below each, and heights without sinks.

    Links are taken up in the order of their higher end, the steepest of a pixel first, unless both ends drain already:
    the minimum spanning tree of the grid. Each pixel gets the link to its steepest lower neighbour, and each sink one
    more over the lowest pass around it. An outlet has itself below.
    """
    count = len(height)
    top = np.maximum(height[links.one], height[links.other])
    slope = np.abs(height[links.one] - height[links.other]) / links.distance
    rank = np.empty(len(top))
    rank[np.lexsort((-slope, top))] = np.arange(len(top)) + 2.0
    rows = np.concatenate([links.one, np.full(len(outlets), count)])
    columns = np.concatenate([links.other, outlets])
    weights = np.concatenate([rank, np.ones(len(outlets))])
    tree = minimum_spanning_tree(graph_of(rows, columns, count + 1, weights))
    order, below = breadth_first_order(tree, count, directed=False)
    filled, receiver, outlet = height.tolist(), below.tolist(), [NO_BASIN] * count
    number = 0
    for pixel in order[1:].tolist():
        lower = receiver[pixel]
        if lower == count:
            receiver[pixel], outlet[pixel] = pixel, number
            number += 1
        else:
            outlet[pixel] = outlet[lower]
            filled[pixel] = max(filled[pixel], filled[lower] + _FALL_M)
    return np.array(outlet, np.int64), np.array(receiver[:count], np.int64), np.array(filled)


def _without_shallow(
    basin: NDArray[np.int64], height: NDArray[np.float64], links: Links, shallow_m: float
) -> NDArray[np.int64]:
    """Merge basins whose pour point lies less than a depth below the lowest pass to a deeper one."""
    count = int(basin.max()) + 1
    bottom = np.full(count, np.inf)
    np.minimum.at(bottom, basin, height)
    across = basin[links.one] != basin[links.other]
    one, other = basin[links.one[across]], basin[links.other[across]]
    top = np.maximum(height[links.one[across]], height[links.other[across]])
    pair = np.minimum(one, other) * count + np.maximum(one, other)
    order = np.lexsort((top, pair))
    lowest = order[np.flatnonzero(np.diff(pair[order], prepend=-1))]
    groups = _Groups(count)
    for link in lowest[np.argsort(top[lowest], kind="stable")]:
        a, b = groups.of(int(one[link])), groups.of(int(other[link]))
        deep, shallow = (a, b) if bottom[a] <= bottom[b] else (b, a)
        if a != b and top[link] - bottom[shallow] < shallow_m:
            groups.join(shallow, deep)
    return groups.numbered()[basin]


class _Groups:
    """Numbers that are joined in groups, each known by one of them."""

    def __init__(self, count: int) -> None:
        self._of = np.arange(count)

    def of(self, number: int) -> int:
        while self._of[number] != number:
            self._of[number] = self._of[self._of[number]]
            number = int(self._of[number])
        return number

    def join(self, number: int, to: int) -> None:
        self._of[number] = to

    def numbered(self) -> NDArray[np.int64]:
        """Return the group of each number, counted from 0."""
        roots = [self.of(number) for number in range(len(self._of))]
        return np.asarray(np.unique(roots, return_inverse=True)[1], np.int64)


def merged_along_flow(
    labels: Labels,
    surface_m: NDArray[np.float64],
    ice: NDArray[np.bool_],
    pixel_m: float,
    *,
    divergence: float,
    smallest_pixels: float,
) -> Labels:
    """Merge basins whose common border runs along the flow, and slivers with the neighbour that they flow beside.

    Parameters
    ----------
    labels
        Basins.
    surface_m
        (h, w) heights that directions of flow are taken from [m].
    ice
        (h, w) ice. Borders count on ice only.
    pixel_m
        Side of a pixel [m].
    divergence
        Basins with less mean divergence across their border are merged, the least first.
    smallest_pixels
        Basins with less ice [pixels] are slivers.

    Returns
    -------
    NDArray[np.int64]
        (h, w) the basins, numbered anew.
    """
    count = int(labels.max()) + 1
    if count < 2:
        return labels
    size = np.bincount(labels[ice & (labels >= 0)], minlength=count).astype(np.float64)
    borders = _borders(labels, surface_m, ice, pixel_m)
    groups = _Groups(count)
    while borders:
        mean = {pair: total / length for pair, (total, length) in borders.items()}
        slivers = [pair for pair in borders if min(size[pair[0]], size[pair[1]]) < smallest_pixels]
        pair = min(slivers or borders, key=lambda each: (mean[each], each))
        if not slivers and mean[pair] >= divergence:
            break
        kept, gone = pair if size[pair[0]] >= size[pair[1]] else (pair[1], pair[0])
        groups.join(gone, kept)
        size[kept] += size[gone]
        size[gone] = 0.0
        for other in [each for each in borders if gone in each]:
            total, length = borders.pop(other)
            beside = other[0] if other[1] == gone else other[1]
            if beside != kept:
                key = (min(kept, beside), max(kept, beside))
                sums = borders.get(key, (0.0, 0.0))
                borders[key] = (sums[0] + total, sums[1] + length)
    found = labels.copy()
    found[labels >= 0] = groups.numbered()[labels[labels >= 0]]
    return found


def _borders(
    labels: Labels, surface_m: NDArray[np.float64], ice: NDArray[np.bool_], pixel_m: float
) -> dict[tuple[int, int], tuple[float, float]]:
    """Return for each pair of basins the sum of the divergence across their border on ice, and its length [pixels]."""
    known = np.isfinite(surface_m)
    down, right = np.gradient(np.where(known, surface_m, np.nan), pixel_m)
    steepness = np.hypot(down, right)
    with np.errstate(invalid="ignore", divide="ignore"):
        flow = np.stack([-down / steepness, -right / steepness])
    reach = max(1, round(_REACH_M / pixel_m))
    found: dict[tuple[int, int], tuple[float, float]] = {}
    for axis in (0, 1):
        step = np.array([1, 0]) if axis == 0 else np.array([0, 1])
        height, width = labels.shape
        first = np.s_[: height - step[0], : width - step[1]]
        second = np.s_[step[0] :, step[1] :]
        one, other = labels[first], labels[second]
        rows, columns = np.nonzero((one != other) & (one >= 0) & (other >= 0) & ice[first] & ice[second])
        before = _clipped(rows - (reach - 1) * step[0], columns - (reach - 1) * step[1], labels.shape)
        after = _clipped(rows + reach * step[0], columns + reach * step[1], labels.shape)
        apart = flow[axis][after] - flow[axis][before]
        whole = np.isfinite(apart)
        ones, others = one[rows, columns], other[rows, columns]
        for a, b, each in zip(ones[whole], others[whole], apart[whole], strict=True):
            key = (int(min(a, b)), int(max(a, b)))
            total, length = found.get(key, (0.0, 0.0))
            found[key] = (total + float(each), length + 1.0)
    return found


def _clipped(
    rows: NDArray[np.int64], columns: NDArray[np.int64], shape: tuple[int, ...]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return np.clip(rows, 0, shape[0] - 1), np.clip(columns, 0, shape[1] - 1)


def spread_on(labels: Labels, ice: NDArray[np.bool_]) -> Labels:
    """Give ice without a basin to the nearest one, the way over ice; ice that no basin reaches gets a new one each.

    Parameters
    ----------
    labels
        Basins.
    ice
        (h, w) ice.
    """
    found = np.where(ice, labels, NO_BASIN)
    seeds = np.flatnonzero(found[ice] >= 0)
    if len(seeds) < np.count_nonzero(ice):
        links, count = links_of(ice), int(np.count_nonzero(ice))
        graph = graph_of(links.one, links.other, count, links.distance)
        of_ice = found[ice]
        if len(seeds):
            distance, _, nearest = dijkstra(
                graph, directed=False, indices=seeds, min_only=True, return_predecessors=True
            )
            reached = np.isfinite(distance)
            of_ice[reached] = of_ice[nearest[reached]]
        alone = of_ice < 0
        patches = connected_components(graph, directed=False)[1]
        if alone.any():
            of_ice[alone] = np.unique(patches[alone], return_inverse=True)[1] + int(labels.max()) + 1
        found[ice] = of_ice
    return found
