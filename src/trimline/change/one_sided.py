"""One-sided areas: the area within an outline that is moved inwards or outwards by a distance.

Where two glaciers share a border, an error of the border moves area from one to the other, and does not change their
sum. The one-sided areas therefore move only the border between ice and ground. The ring outside a glacier ends at the
ice of its neighbours, the ring inside follows only the outline of the whole complex, and ground that lies within reach
of two glaciers is shared between them. The sum over glaciers then equals a buffer around all of them together, and
every subtotal is a sum.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import shapely
from numpy.typing import NDArray

from trimline.change.chunks import chunks_of, work_through
from trimline.change.moving import moved, moved_one
from trimline.change.sound import difference, intersection, sound_one, union

SLIVER_M = 0.5
"""Gaps between neighbours narrower than this are rounding of a shared border, not ground [m]."""


@dataclass(frozen=True)
class OneSided:
    """Areas of outlines moved by a distance, and their borders with other ice."""

    inner_m2: NDArray[np.float64]
    """(n,) areas with the border between ice and ground moved inwards [m2]."""
    outer_m2: NDArray[np.float64]
    """(n,) areas with it moved outwards [m2]."""
    shared_border: NDArray[np.object_]
    """(n,) the lines of each outline shared with neighbours; empty without any."""


def one_sided_areas(
    outlines: NDArray[np.object_],
    distances_m: NDArray[np.float64],
    neighbours: Sequence[NDArray[np.intp]],
    areas_m2: NDArray[np.float64],
    threads: int = 1,
    wanted: Collection[int] | None = None,
) -> OneSided:
    """Return the areas of outlines moved inwards and outwards by a distance.

    Parameters
    ----------
    outlines
        (n,) valid polygons of one date in an equal-area plane [m].
    distances_m
        (n,) distances [m].
    neighbours
        For each outline the positions, in increasing order, of those within twice its distance; see `near_pairs`.
    areas_m2
        (n,) areas of the outlines [m2].
    threads
        Number of threads; the result does not depend on it.
    wanted
        Positions of those to move; None means all. Of the others both areas are those of the outlines.

    Returns
    -------
    OneSided
        With inner <= area <= outer.
    """
    moving = range(len(outlines)) if wanted is None else sorted(wanted)
    lonely = np.array([i for i in moving if len(neighbours[i]) == 0], np.intp)
    inner, outer = areas_m2.copy(), areas_m2.copy()
    shared = np.full(len(outlines), shapely.LineString(), dtype=object)

    def of_chunk(chunk: NDArray[np.intp]) -> None:
        some, distance = outlines[chunk], distances_m[chunk]
        outer[chunk] = shapely.area(moved(some, distance))
        inner[chunk] = shapely.area(moved(some, -distance))

    def of_one(i: int) -> None:
        inner[i], outer[i], shared[i] = _among_neighbours(outlines, i, float(distances_m[i]), neighbours[i])

    tasks: list[Callable[[], None]] = [partial(of_chunk, chunk) for chunk in chunks_of(lonely)]
    tasks += [partial(of_one, int(i)) for i in moving if len(neighbours[i])]
    work_through(tasks, threads)
    # Arcs are chords, so that a very small buffer may come out smaller by rounding.
    return OneSided(np.clip(inner, 0.0, areas_m2), np.maximum(outer, areas_m2), shared)


def near_pairs(outlines: NDArray[np.object_], distance_m: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the positions (first < second) of outlines that lie within twice a distance of each other [m]."""
    tree = shapely.STRtree(outlines)
    first, second = tree.query(outlines, predicate="dwithin", distance=2 * distance_m)
    ordered = first < second
    return first[ordered], second[ordered]


def neighbour_lists(n: int, first: NDArray[np.intp], second: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Return for each of n outlines the sorted positions of its partners in pairs."""
    one, other = np.concatenate([first, second]), np.concatenate([second, first])
    order = np.lexsort((other, one))
    return np.split(other[order], np.cumsum(np.bincount(one, minlength=n))[:-1]) if n else []


def _among_neighbours(
    outlines: NDArray[np.object_], i: int, distance: float, neighbours: NDArray[np.intp]
) -> tuple[float, float, shapely.Geometry]:
    """Return inner and outer area and the shared border of one outline that has neighbours."""
    own, others = outlines[i], outlines[neighbours]
    ice = without_slivers(union(np.append(others, own)))
    inner = shapely.area(intersection(own, moved_one(ice, -distance)))
    reached = difference(moved_one(own, distance), union(others))
    ring = difference(reached, own)
    # Ground within reach of several glaciers goes to the first, then to the last: the mean shares it and keeps sums.
    shares = [
        shapely.area(difference(ring, moved_one(union(some), distance))) if len(some) else shapely.area(ring)
        for some in (others[neighbours < i], others[neighbours > i])
    ]
    beside = sound_one(shapely.buffer(union(others), SLIVER_M))
    along = intersection(shapely.boundary(own), beside)
    return float(inner), float(shapely.area(own) + sum(shares) / 2), along


def without_slivers(ice: shapely.Geometry) -> shapely.Geometry:
    """Close the gaps that are too narrow to be ground."""
    wider = sound_one(shapely.buffer(ice, SLIVER_M / 2, join_style="mitre"))
    return union(np.array([ice, sound_one(shapely.buffer(wider, -SLIVER_M / 2, join_style="mitre"))]))
