"""Outlines of a layer made ready for tiles: where each lies, and its form on each level, kept until it changes."""

from __future__ import annotations

import logging
import threading

import numpy as np
import shapely
from numpy.typing import NDArray

from trimline.review.contract import Bounds
from trimline.review.layers.snapping import snapped
from trimline.review.live.snapshot import Snapshot

_LOG = logging.getLogger(__name__)


class LayerShapes:
    """Outlines of a snapshot, found by place and given by level; safe to use from many threads.

    Parameters
    ----------
    snapshot
        Outlines of a layer.
    origin
        A point of the lattices that vertices move to [m].
    before
        Shapes of an earlier snapshot of the layer, of which those that did not change are taken over.
    """

    def __init__(self, snapshot: Snapshot, origin: tuple[float, float], before: LayerShapes | None = None) -> None:
        self.snapshot = snapshot
        self._origin = origin
        self._geometries = _polygonal(snapshot.geometries)
        self.bounds: NDArray[np.float64] = shapely.bounds(self._geometries)
        """(n, 4) west, south, east, north; NaN of an empty one."""
        self._tree = shapely.STRtree(self._geometries)
        self._lock = threading.Lock()
        self._levels: dict[float, NDArray[np.object_]] = {}
        self.changed: NDArray[np.float64] = np.empty((0, 4))
        """(m, 4) bounds of outlines that are not the same in the snapshot before, old and new."""
        if before is not None:
            self._take_over(before)

    def _take_over(self, before: LayerShapes) -> None:
        place = {name: i for i, name in enumerate(before.snapshot.glac_ids)}
        old = np.array([place.get(name, -1) for name in self.snapshot.glac_ids], np.int64)
        ours, theirs = self.snapshot, before.snapshot
        has_old = old >= 0
        is_same_shape = np.zeros(len(old), bool)
        is_same_shape[has_old] = [
            a is b for a, b in zip(ours.geometries[has_old], theirs.geometries[old[has_old]], strict=True)
        ]
        looks = [
            now == then
            for now, then in zip(
                zip(ours.states, ours.edits, strict=True),
                ((theirs.states[i], theirs.edits[i]) if i >= 0 else None for i in old),
                strict=True,
            )
        ]
        is_same = is_same_shape & np.array(looks, bool)
        with before._lock:
            for step, shapes in before._levels.items():
                taken = np.full(len(old), None, object)
                taken[is_same_shape] = shapes[old[is_same_shape]]
                self._levels[step] = taken
        is_kept = np.zeros(len(theirs.glac_ids), bool)
        is_kept[old[is_same]] = True
        self.changed = np.concatenate([self.bounds[~is_same], before.bounds[~is_kept]])

    def meeting(self, box: Bounds) -> NDArray[np.int64]:
        """Return the numbers of outlines whose bounds meet a box, in rising order."""
        return np.sort(self._tree.query(shapely.box(*box)))

    def cut(self, numbers: NDArray[np.int64], box: Bounds, step: float) -> NDArray[np.object_]:
        """Return what lies in a box of outlines, with vertices on a lattice; see `at`.

        An outline that GEOS cannot cut, because it is invalid, comes whole.
        """
        parts = self._geometries[numbers]
        try:
            parts = _polygonal(shapely.clip_by_rect(parts, *box))
        except shapely.errors.GEOSException as error:
            _LOG.debug("outlines that cannot be cut at the side of a tile: %s", error)
        return snapped(parts, self._origin, step) if step else parts

    def at(self, numbers: NDArray[np.int64], step: float) -> NDArray[np.object_]:
        """Return outlines with vertices on a lattice.

        Parameters
        ----------
        numbers
            (n,) which.
        step
            Spacing of the lattice [m]; 0 means the outlines as they are.
        """
        if step == 0:
            return self._geometries[numbers]
        with self._lock:
            level = self._levels.setdefault(step, np.full(len(self._geometries), None, object))
            missing = numbers[level[numbers] == None]  # noqa: E711 - element by element
            if len(missing):
                level[missing] = snapped(self._geometries[missing], self._origin, step)
            return level[numbers]


def _polygonal(geometries: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return geometries of which only polygons are left; an empty one for none."""
    out = np.array(geometries, object)
    kinds = shapely.get_type_id(out)
    others = np.flatnonzero((kinds != shapely.GeometryType.POLYGON) & (kinds != shapely.GeometryType.MULTIPOLYGON))
    for i in others:
        parts = [] if out[i] is None else shapely.get_parts(shapely.get_parts(out[i]))
        out[i] = shapely.MultiPolygon([each for each in parts if each.geom_type == "Polygon"])
    return out
