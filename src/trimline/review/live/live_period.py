"""The outlines of one period as edits made them, read when they are first asked for and kept up to date since."""

from __future__ import annotations

import threading

import geopandas as gpd
import numpy as np
import pyogrio
from numpy.typing import NDArray

from trimline.errors import OutlineError, StageError, TrimlineError
from trimline.foreign import foreign_errors
from trimline.outlines import EditOutcome, Replayed, read_outlines
from trimline.outlines.area import area_km2
from trimline.outlines.corrected_rows import EDIT_IDS
from trimline.review.contract import GlacierState
from trimline.review.edits.known_edits import KnownEdits
from trimline.review.live.file_signature import Signature, signature_of
from trimline.review.live.snapshot import Snapshot
from trimline.review.opened.reviewed import ReviewedPeriod


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
        self.mapped_version = version
        """Raised when the outlines are mapped anew."""
        self._automatic: gpd.GeoDataFrame | None = None
        self._state: Replayed | None = None
        self._mapped: Replayed | None = None
        self._known: KnownEdits | None = None
        self._signature: Signature | None = None
        self._failed: tuple[Signature | None, TrimlineError] | None = None
        self._snapshot: Snapshot | None = None
        self._mapped_snapshot: Snapshot | None = None
        self._mapped_totals: tuple[int, float] | None = None
        self._outcomes: tuple[KnownEdits | None, dict[str, EditOutcome]] | None = None
        self._areas: dict[str, tuple[object, float]] = {}
        self._loading = threading.Lock()
        self._counting = threading.Lock()

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
            try:
                automatic = read_outlines(self.period.automatic)
                mapped = Replayed(automatic, None, self.period.name, middle=self._middle)
            except TrimlineError as error:
                self._failed = self._signature, error
                raise
            self._automatic, self._mapped, self._known = automatic, mapped, None
            self._state = mapped.copy()

    def forget(self) -> None:
        """Let the outlines be read again, as they were mapped anew."""
        with self._loading:
            self._automatic = self._state = self._mapped = self._known = self._snapshot = None
            self._mapped_snapshot = self._mapped_totals = self._outcomes = self._failed = None
            self._areas.clear()
            self.version += 1
            self.mapped_version += 1

    def is_stale(self) -> bool:
        """Return whether the file of the automatic outlines changed since it was read, or could not be."""
        if self._failed is not None:
            return self._failed[0] != signature_of(self.period.automatic)
        return self._state is not None and self._signature != signature_of(self.period.automatic)

    def failure(self) -> TrimlineError | None:
        """Return why the outlines cannot be shown, as far as that is known without reading all; None where they can."""
        if self._failed is None:
            try:
                self.totals()
                self.mapped_totals()
            except TrimlineError as error:
                self._failed = signature_of(self.period.automatic), error
        return None if self._failed is None else self._failed[1]

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
        new = None if self._known is None else known.since(self._known)
        own = None if new is None else [row for row in new if known.concerns(row, self.period.name)]
        if own is None or any(row["reverts"] is not None for row in own):
            self.state.follow(known.sound)
        else:
            for row in own:
                self.state.apply(row)
        self._known = known
        return self.state.changed_since(before)

    def outcome_of(self, edit_id: str) -> EditOutcome | None:
        """Return what an edit did; None where it is not of this period."""
        outcomes = self._outcomes
        if outcomes is None or outcomes[0] is not self._known or self._known is None:
            found = {each.edit_id: each for each in self.state.outcomes}
            outcomes = self._outcomes = self._known, found
        return outcomes[1].get(edit_id)

    def adopt(self, state: Replayed, known: KnownEdits) -> None:
        """Take on a copy of the state to which the new ones among the edits were applied."""
        self._state, self._known = state, known

    def snapshot(self) -> Snapshot:
        """Return the outlines of this version."""
        found = self._snapshot
        if found is None or found.version != self.version:
            found = self._snapshot = self._made()
        return found

    def mapped_snapshot(self) -> Snapshot:
        """Return the outlines before any edit."""
        found = self._mapped_snapshot
        if found is None:
            rows = self._rows()
            unmarked: tuple[GlacierState, ...] = ("open",)
            found = self._mapped_snapshot = Snapshot(
                version=self.mapped_version,
                glac_ids=tuple(rows["glac_id"].astype(str)),
                geometries=np.array(rows.geometry.to_numpy(), dtype=object),
                area_km2=rows["area_km2"].to_numpy(np.float64),
                states=unmarked * len(rows),
                edits=np.zeros(len(rows), np.int64),
            )
        return found

    def mapped_names(self) -> dict[str, str]:
        """Return the names of the automatic outlines by their ids, of those that have one."""
        rows = self._rows()
        if "glac_name" not in rows.columns:
            return {}
        pairs = zip(rows["glac_id"].astype(str), rows["glac_name"], strict=True)
        return {each: name for each, name in pairs if isinstance(name, str) and name}

    def totals(self) -> tuple[int, float]:
        """Return the number of glaciers and their area [km2]; as they were mapped, of a period that is not read yet."""
        if not self.is_loaded:
            return self.mapped_totals()
        snapshot = self.snapshot()
        return len(snapshot.glac_ids), float(snapshot.area_km2.sum())

    def mapped_totals(self) -> tuple[int, float]:
        """Return the number of automatic outlines and their area [km2], from the columns of their file.

        Raises
        ------
        OutlineError
            They cannot be read.
        """
        with self._counting:
            return self._mapped_totals or self._counted()

    def _counted(self) -> tuple[int, float]:
        path = self.period.automatic
        with foreign_errors(OutlineError, path, what="cannot be read as outlines"):
            has_area = "area_km2" in pyogrio.read_info(path)["fields"]
            table = pyogrio.read_dataframe(path, columns=["area_km2"], read_geometry=False) if has_area else None
        if table is None:
            self.load()
            table = self._rows()
        found = self._mapped_totals = len(table), float(table["area_km2"].sum())
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


def _counts(rows: gpd.GeoDataFrame) -> NDArray[np.int64]:
    """Return the number of edits that outlines name already."""
    if EDIT_IDS not in rows.columns:
        return np.zeros(len(rows), np.int64)
    return np.array([len(each.split(";")) if isinstance(each, str) else 0 for each in rows[EDIT_IDS]], np.int64)
