"""The outlines of one period as edits made them, read when they are first asked for and kept up to date since."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trimline.errors import StageError
from trimline.outlines import read_outlines
from trimline.outlines.area import area_km2
from trimline.outlines.corrected_rows import EDIT_IDS
from trimline.outlines.replayed import Replayed
from trimline.review.known_edits import KnownEdits
from trimline.review.reviewed import ReviewedPeriod
from trimline.review.snapshot import Snapshot

import geopandas as gpd

Signature = tuple[int, int, int] | None
"""Inode, size and time of last change [ns] of a file."""


class LivePeriod:
    """One period: its automatic outlines, and the state of the replay of edits on them.

    The state is changed by one thread at a time, which holds the desk's lock. A copy of it may be used without.

    Parameters
    ----------
    period
        The period.
    middle
        Its middle [decimal year]; None where it is not known.
    version
        The first version of its layer.
    """

    def __init__(self, period: ReviewedPeriod, middle: float | None, version: int) -> None:
        self.period = period
        self._middle = middle
        self.version = version
        """Raised with every change of the outlines or marks."""
        self._automatic: gpd.GeoDataFrame | None = None
        self._state: Replayed | None = None
        self._mapped: Replayed | None = None
        self._known: KnownEdits | None = None
        self._signature: Signature = None
        self._snapshot: Snapshot | None = None
        self._areas: dict[str, tuple[object, float]] = {}
        self._loading = threading.Lock()

    @property
    def is_loaded(self) -> bool:
        """Whether the outlines were read."""
        return self._state is not None

    def load(self) -> None:
        """Read the automatic outlines, unless they are read already; many threads may ask at once.

        Raises
        ------
        OutlineError
            They cannot be read, or have no `glac_id`.
        """
        with self._loading:
            if self._state is not None:
                return
            self._signature = signature_of(self.period.automatic)
            automatic = read_outlines(self.period.automatic)
            mapped = Replayed(automatic, None, self.period.name, middle=self._middle)
            self._automatic, self._mapped, self._known = automatic, mapped, None
            self._state = mapped.copy()

    def forget(self) -> None:
        """Let the outlines be read again, as they were mapped anew."""
        with self._loading:
            self._automatic = self._state = self._mapped = self._known = self._snapshot = None
            self._areas.clear()

    def is_stale(self) -> bool:
        """Return whether the file of the automatic outlines changed since it was read."""
        return self._state is not None and self._signature != signature_of(self.period.automatic)

    @property
    def state(self) -> Replayed:
        """The state of the replay; `load` comes first."""
        if self._state is None:
            raise StageError(f"the outlines of {self.period.name} are not read", where=self.period.automatic)
        return self._state

    @property
    def mapped(self) -> Replayed:
        """The state before any edit; `load` comes first."""
        if self._mapped is None:
            raise StageError(f"the outlines of {self.period.name} are not read", where=self.period.automatic)
        return self._mapped

    def bring_up_to(self, known: KnownEdits) -> set[str]:
        """Replay edits as far as they are not, and return the names of the glaciers that changed.

        Only edits after the first difference are replayed.
        """
        if known is self._known:
            return set()
        before = self.state.marks
        self.state.follow(known.sound)
        self._known = known
        return self.state.changed_since(before)

    def adopt(self, state: Replayed, known: KnownEdits) -> None:
        """Take on a copy of the state to which the new ones among the edits were applied."""
        self._state, self._known = state, known

    def snapshot(self) -> Snapshot:
        """Return the outlines of this version."""
        found = self._snapshot
        if found is None or found.version != self.version:
            found = self._snapshot = self._made()
        return found

    def area(self, name: str) -> float:
        """Return the geodesic area of a glacier [km2], measured once for each outline."""
        outline = self.state.outline(name)
        known = self._areas.get(name)
        if known is None or known[0] is not outline:
            known = self._areas[name] = (outline, float(area_km2(gpd.GeoSeries([outline], crs=self.state.crs))[0]))
        return known[1]

    def _made(self) -> Snapshot:
        state, rows = self.state, self._rows()
        names = state.names()
        changed = state.changed_since(0)
        row_of = {name: row for row, name in enumerate(rows["glac_id"].astype(str))}
        at = np.array([-1 if name in changed else row_of[name] for name in names], dtype=np.int64)
        geometries = np.empty(len(names), dtype=object)
        areas, edits = np.zeros(len(names)), np.zeros(len(names), np.int64)
        as_mapped = at >= 0
        geometries[as_mapped] = rows.geometry.to_numpy()[at[as_mapped]]
        areas[as_mapped] = rows["area_km2"].to_numpy(np.float64)[at[as_mapped]]
        edits[as_mapped] = _counts(rows)[at[as_mapped]]
        for i in np.flatnonzero(~as_mapped):
            geometries[i], areas[i] = state.outline(names[i]), self.area(names[i])
            edits[i] = len(state.edit_ids(names[i]))
        reviews = state.reviews()
        states = tuple(reviews.get(name, "open") for name in names)
        return Snapshot(self.version, tuple(names), geometries, areas, states, edits)

    def _rows(self) -> gpd.GeoDataFrame:
        """Return the automatic outlines, with their areas."""
        rows = self._automatic
        if rows is None:
            raise StageError(f"the outlines of {self.period.name} are not read", where=self.period.automatic)
        if "area_km2" not in rows.columns:
            rows = self._automatic = rows.assign(area_km2=area_km2(rows))
        return rows


def signature_of(path: Path) -> Signature:
    """Return what tells a file from a later one in its place; None where there is none."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _counts(rows: gpd.GeoDataFrame) -> NDArray[np.int64]:
    """Return the number of edits that outlines name already."""
    if EDIT_IDS not in rows.columns:
        return np.zeros(len(rows), np.int64)
    return np.array([len(each.split(";")) if isinstance(each, str) else 0 for each in rows[EDIT_IDS]], np.int64)
