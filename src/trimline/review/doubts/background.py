"""Doubts of all outlines of a review, computed in the background, one period at a time.

After an edit only the outlines that changed, in the period or in those around it, are computed again; until then the
former values of the others stand.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyogrio
import shapely
from numpy.typing import NDArray

from trimline.errors import OutlineError, TrimlineError
from trimline.foreign import foreign_errors
from trimline.review.contract import GlacierState
from trimline.review.doubts.doubt import MEASURES, disagreement, doubt_of, expected_area, jump
from trimline.review.doubts.margin import margin
from trimline.review.doubts.outline_edges import Floats, Shapes
from trimline.review.live.snapshot import Snapshot
from trimline.review.opened.reviewed import Reviewed, ReviewedPeriod
from trimline.review.requests_under_way import RequestsUnderWay

_LOG = logging.getLogger(__name__)

AROUND = 3
"""Periods on each side that are looked at, at most."""
_COMPARED = 2
"""Of these, those in which the ground is compared."""


@dataclass(frozen=True)
class DoubtTable:
    """Doubts of the outlines of one period, (n,) each; NaN where one is not known."""

    version: int
    """Of the snapshot that they were computed from."""
    glac_ids: tuple[str, ...]
    margin: Floats
    """Mean uncertainty of the map along the outline."""
    disagreement: Floats
    """Share of the ground on which it differs from other periods that agree there."""
    jump: Floats
    """Departure of the area from what other periods let expect."""
    doubt: Floats
    """All three together."""

    def in_order_of(self, snapshot: Snapshot) -> DoubtTable:
        """Return them in the order of a later snapshot; NaN for outlines that are new in it."""
        if snapshot.glac_ids == self.glac_ids:
            return self
        known = {name: position for position, name in enumerate(self.glac_ids)}
        places = np.array([known.get(name, -1) for name in snapshot.glac_ids], np.int64)

        def ordered(values: Floats) -> Floats:
            found: Floats = np.where(places >= 0, np.append(values, np.nan)[places], np.nan)
            return found

        values = {name: ordered(getattr(self, name)) for name in (*MEASURES, "doubt")}
        return DoubtTable(self.version, snapshot.glac_ids, **values)


@dataclass
class _Known:
    """What was computed of a period, and from which outlines."""

    doubts: DoubtTable
    versions: tuple[int, ...]
    """Of the period and of those around it."""
    made_from: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    """By glacier, its outline and those around it."""


class Doubts:
    """The doubts of a review; threads may use them at the same time.

    Parameters
    ----------
    reviewed
        What is reviewed.
    snapshot_of
        Gives the outlines of a period as they are now; None takes those before corrections.
    computed
        Called with the name of a period whose doubts were computed, in a thread of its own.
    delay_s
        How long the first computation waits, for the first view to have the machine for itself [s].
    requests
        To which computations give way.
    """

    def __init__(
        self,
        reviewed: Reviewed,
        snapshot_of: Callable[[str], Snapshot] | None = None,
        computed: Callable[[str], object] = lambda _: None,
        *,
        delay_s: float = 0.0,
        requests: RequestsUnderWay | None = None,
    ) -> None:
        self._delay_s = delay_s
        self._requests = requests or RequestsUnderWay()
        self._periods = {each.name: each for each in reviewed.periods}
        self._names = [each.name for each in reviewed.periods]
        self._automatic: dict[str, Snapshot] = {}
        self._snapshot_of = snapshot_of or self._read
        self._computed = computed
        self._known: dict[str, _Known] = {}
        self._looked_at: set[str] = set()
        self._waiting: set[str] = set()
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._worker = ThreadPoolExecutor(1, "trimline-doubt")

    def of(self, period: str, snapshot: Snapshot) -> DoubtTable | None:
        """Return the doubts of a period in the order of a snapshot; None until they are computed.

        Of outlines that have changed since, the former values stand until they are computed again.

        Parameters
        ----------
        period
            The period.
        snapshot
            Its outlines as they are now.
        """
        versions = self._versions(period, snapshot)
        with self._lock:
            known = self._known.get(period)
            is_current = known is not None and known.versions == versions
            if not is_current and period not in self._waiting and not self._stopped.is_set():
                self._waiting.add(period)
                self._worker.submit(self._compute, period)
        return None if known is None else known.doubts.in_order_of(snapshot)

    def close(self) -> None:
        """End what is done in the background."""
        self._stopped.set()
        self._worker.shutdown(cancel_futures=True)

    def _around(self, period: str) -> tuple[list[str], list[str]]:
        """Return the periods before and after one, the nearest first."""
        place = self._names.index(period)
        return self._names[max(0, place - AROUND) : place][::-1], self._names[place + 1 : place + 1 + AROUND]

    def _versions(self, period: str, snapshot: Snapshot) -> tuple[int, ...]:
        """Return the versions of a period and of those around it that have been looked at."""
        before, after = self._around(period)
        # Others are not asked for here, as reading them takes time.
        read = [self._snapshot_of(name).version if name in self._looked_at else -1 for name in (*before, *after)]
        return (snapshot.version, *read)

    def _compute(self, period: str) -> None:
        if not self._known:
            self._stopped.wait(self._delay_s)
        self._requests.give_way(self._stopped)
        with self._lock:
            self._waiting.discard(period)
        try:
            self._compute_changed(period)
        except TrimlineError as error:
            _LOG.warning("the doubts of %s are not known: %s", period, error)
            return
        except Exception:  # the review goes on without them
            _LOG.exception("the doubts of %s are not known", period)
            return
        if not self._stopped.is_set():
            self._computed(period)

    def _compute_changed(self, period: str) -> None:
        """Compute the doubts of a period where its outlines, or those around it, have changed."""
        snapshot = self._snapshot_of(period)
        before, after = self._around(period)
        around = {name: self._snapshot_of(name) for name in (*before, *after)}
        self._looked_at.update(around)
        if self._stopped.is_set():
            return
        versions = (snapshot.version, *(each.version for each in around.values()))
        shapes = {name: _aligned(each, snapshot.glac_ids) for name, each in around.items()}
        areas = {name: _areas(each, snapshot.glac_ids) for name, each in around.items()}
        made_from = {
            name: tuple(each)
            for name, *each in zip(snapshot.glac_ids, snapshot.geometries, *shapes.values(), strict=True)
        }
        known = self._known.get(period)
        rows = _changed(made_from, known)
        margins, differing = (_former(known, name, snapshot) for name in ("margin", "disagreement"))
        if len(rows):
            outlines = snapshot.geometries[rows]
            margins[rows] = self._margins(self._periods[period], outlines)
            earlier, later = ([shapes[name][rows] for name in each] for each in (before, after))
            differing[rows] = self._disagreements(outlines, earlier, later)
        if self._stopped.is_set():
            return
        middles = {name: each.middle for name, each in self._periods.items()}
        expected = expected_area(
            middles[period],
            [(middles[name], areas[name]) for name in before],
            [(middles[name], areas[name]) for name in after],
        )
        jumps = jump(snapshot.area_km2, expected)
        doubt = doubt_of((margins, differing, jumps), snapshot.geometries, self._periods[period].pixel_m)
        doubts = DoubtTable(snapshot.version, snapshot.glac_ids, margins, differing, jumps, doubt)
        with self._lock:
            self._known[period] = _Known(doubts, versions, made_from)

    def _margins(self, period: ReviewedPeriod, outlines: Shapes) -> Floats:
        if period.probability is None:
            return np.full(len(outlines), np.nan)
        try:
            return margin(outlines, period.probability, stopped=self._is_stopped)
        except TrimlineError as error:  # the other measures are known all the same
            _LOG.warning("the margins of %s are not known: %s", period.name, error)
            return np.full(len(outlines), np.nan)

    def _disagreements(self, outlines: Shapes, before: Sequence[Shapes], after: Sequence[Shapes]) -> Floats:
        if not before and not after:
            return np.full(len(outlines), np.nan)
        one, other = _two_nearest(before, after, len(outlines))
        return disagreement(outlines, one, other, stopped=self._is_stopped)

    def _is_stopped(self) -> bool:
        """Return whether to end, after giving way to requests: computations ask between their parts."""
        self._requests.give_way(self._stopped)
        return self._stopped.is_set()

    def _read(self, period: str) -> Snapshot:
        """Return the outlines of a period before corrections."""
        if period not in self._automatic:
            path = self._periods[period].automatic
            with foreign_errors(OutlineError, path, what="cannot be read"):
                table = pyogrio.read_dataframe(path, columns=["glac_id", "area_km2"])
            count = len(table)
            geometries, ids = table.geometry.to_numpy(), tuple(table["glac_id"].astype(str))
            area = table["area_km2"].to_numpy(float) if "area_km2" in table else shapely.area(geometries) / 1e6
            states: tuple[GlacierState, ...] = tuple("open" for _ in range(count))
            self._automatic[period] = Snapshot(0, ids, geometries, area, states, np.zeros(count, np.int64))
        return self._automatic[period]


def _aligned(snapshot: Snapshot, glac_ids: Sequence[str]) -> Shapes:
    """Return the outlines of glaciers in another period; None where it has none."""
    known = dict(zip(snapshot.glac_ids, snapshot.geometries, strict=True))
    found: Shapes = np.full(len(glac_ids), None, dtype=object)
    found[:] = [known.get(name) for name in glac_ids]
    return found


def _areas(snapshot: Snapshot, glac_ids: Sequence[str]) -> Floats:
    """Return the areas of glaciers in another period; NaN where it has none."""
    known = dict(zip(snapshot.glac_ids, snapshot.area_km2.tolist(), strict=True))
    return np.array([known.get(name, np.nan) for name in glac_ids], float)


def _two_nearest(before: Sequence[Shapes], after: Sequence[Shapes], count: int) -> tuple[Shapes, Shapes]:
    """Return the nearest earlier and later outline of each glacier; at an end of its record, the two nearest there."""
    nothing: Shapes = np.full(count, None, dtype=object)
    nearest = [_first(each[:_COMPARED], nothing) for each in (before, after)]
    second = [_first(each[1 : _COMPARED + 1], nothing) for each in (before, after)]
    one = np.where(shapely.is_missing(nearest[0]), second[1], nearest[0])
    other = np.where(shapely.is_missing(nearest[1]), second[0], nearest[1])
    return one, other


def _first(shapes: Sequence[Shapes], nothing: Shapes) -> Shapes:
    """Return the first outline of each glacier that is there."""
    found = nothing
    for each in reversed(shapes):
        found = np.where(shapely.is_missing(each), found, each)
    return found


def _changed(made_from: Mapping[str, tuple[Any, ...]], known: _Known | None) -> NDArray[np.int64]:
    """Return the positions of the glaciers whose outlines are others than when they were last computed."""
    if known is None:
        return np.arange(len(made_from))
    former = known.made_from
    return np.array(
        [place for place, (name, shapes) in enumerate(made_from.items()) if not _are_same(shapes, former.get(name))],
        np.int64,
    )


def _are_same(shapes: tuple[Any, ...], former: tuple[Any, ...] | None) -> bool:
    if former is None or len(shapes) != len(former):
        return False
    pairs = zip(shapes, former, strict=True)
    return all(a is b or (a is not None and b is not None and shapely.equals_identical(a, b)) for a, b in pairs)


def _former(known: _Known | None, name: str, snapshot: Snapshot) -> Floats:
    """Return what was computed before, in the order of a snapshot."""
    if known is None:
        return np.full(len(snapshot.glac_ids), np.nan)
    former: Floats = getattr(known.doubts.in_order_of(snapshot), name).copy()
    return former
