"""The state of a review: its edits and the outlines of its periods, the same for all browsers.

Edits of other programs (QGIS, the command line) are noticed by the file that they are written to, and outlines that
were mapped anew by theirs. A period is read when it is first asked for, and brought up to date when it is asked for
again.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from trimline.change.equal_area import centred_on
from trimline.errors import EditError, OutlineError
from trimline.outlines import Replayed
from trimline.review.desk import NotThere
from trimline.review.edits.drafts import MappedOutline
from trimline.review.edits.edit_file import EditFile
from trimline.review.edits.kept_trials import KeptTrials
from trimline.review.edits.known_edits import KnownEdits, Row
from trimline.review.live.changes import ChangeLog
from trimline.review.live.file_signature import signature_of
from trimline.review.live.live_period import LivePeriod
from trimline.review.live.measuring import ErrorOfOutlines, Measures
from trimline.review.live.snapshot import Snapshot, layer_id
from trimline.review.opened.extent import extent_of
from trimline.review.opened.reviewed import Reviewed


class LiveReview:
    """The edits and outlines of a review; its methods may be called from many threads.

    Parameters
    ----------
    reviewed
        What is reviewed.

    Raises
    ------
    OutlineError
        A file of outlines cannot be read.
    EditError
        The layer of edits cannot be read.
    """

    def __init__(self, reviewed: Reviewed) -> None:
        self.reviewed = reviewed
        self.lock = threading.RLock()
        """Held by whoever changes edits or outlines."""
        self.changes = ChangeLog()
        self.trials = KeptTrials()
        """Of drafts that are not saved yet."""
        version = int(time.time() * 1000)  # above those of a server that ran before: browsers keep tiles by version
        middles = middles_of(reviewed)
        self._periods = {each.name: LivePeriod(each, middles[each.name], version) for each in reviewed.periods}
        self.bounds = _bounds_of(reviewed)
        """West, south, east and north of the automatic outlines of all periods, or of the maps where there are none
        [m]."""
        plane = centred_on(self.bounds, CRS.from_user_input(reviewed.crs))
        self._measures = {
            each.name: Measures(ErrorOfOutlines(each.pixel_m, reviewed.buffer_m, plane)) for each in reviewed.periods
        }
        self._file = EditFile(reviewed.edits_file, reviewed.crs, middles)
        self._file.read()
        self._trouble: str | None = None

    @property
    def edits(self) -> KnownEdits:
        """The edits as they are known."""
        return self._file.known

    @property
    def version(self) -> int:
        """A number that grows with every change of any period."""
        return sum(live.version for live in self._periods.values())

    def as_kept(self, row: Row) -> dict[str, Any]:
        """Return an edit as it will be read back from the file; raises as `EditFile.as_kept` does."""
        return self._file.as_kept(row)

    @property
    def maps(self) -> str:
        """Identity of the files of automatic outlines, the same after the server was started again."""
        found = [(name, signature_of(live.period.automatic)) for name, live in self._periods.items()]
        return hashlib.sha256(repr(found).encode()).hexdigest()[:16]

    @property
    def problems(self) -> tuple[str, ...]:
        """Invalid edits, and why the file of edits cannot be read, in words."""
        trouble = () if self._trouble is None else (f"nothing can be saved: {self._trouble}",)
        left_out = "(left out here; `trimline run` replays nothing until it is mended or reverted)"
        return (*trouble, *(f"{each} {left_out}" for each in self.edits.problems))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the periods, in order of time."""
        return tuple(self._periods)

    def live(self, period: str) -> LivePeriod:
        """Return a period, which may not be read yet.

        Raises
        ------
        NotThere
            There is no such period.
        """
        if period not in self._periods:
            raise NotThere(f"there is no period '{period}'", remedy=f"there are {', '.join(self._periods)}")
        return self._periods[period]

    def measures(self, period: str) -> Measures:
        """Return what measures the outlines of a period."""
        return self._measures[period]

    @contextmanager
    def at(self, period: str) -> Iterator[LivePeriod]:
        """Hold the lock, with a period that is read and up to date.

        Raises
        ------
        NotThere
            There is no such period.
        OutlineError
            Its outlines cannot be read.
        """
        live = self.live(period)
        while True:
            live.load()
            with self.lock:
                self.refresh()
                if not live.is_loaded:  # mapped anew since
                    continue
                live.bring_up_to(self.edits)
                yield live
                return

    def state(self, period: str) -> Replayed:
        """Return a copy of the state of a period, which nobody changes; raises as `at` does."""
        with self.at(period) as live:
            return live.state.copy()

    def snapshot(self, period: str) -> Snapshot:
        """Return the outlines of a period as they are now; raises as `at` does."""
        with self.at(period) as live:
            return live.snapshot()

    def outline_in(self, period: str, name: str) -> shapely.Geometry | None:
        """Return the outline of a glacier in a period, None where it has none; raises as `at` does."""
        with self.at(period) as live:
            return live.state.outline(name) if name in live.state else None

    def mapped_in(self, period: str, name: str) -> MappedOutline | None:
        """Return the outline of a glacier in a period with its errors of the map, None where it has none."""
        with self.at(period) as live:
            if name not in live.state:
                return None
            errors = {key: each for key, each in live.state.errors(name).items() if np.isfinite(each)}
            return MappedOutline(live.state.outline(name), errors)

    def refresh(self) -> None:
        """Take on what others wrote to the file of edits, and outlines that were mapped anew.

        A file that cannot be read just now leaves the edits as they are known; `problems` says so.
        """
        with self.lock:
            anew = [live for live in self._periods.values() if live.is_stale()]
            for live in anew:
                live.forget()
            if anew:
                names = [live.period.name for live in anew]
                layers = [layer_id(kind, name) for kind in ("outlines", "automatic") for name in names]
                self.changes.tell(layers=layers, is_reloaded=True)
            if self._file.is_stale():
                before = self.edits
                try:
                    known = self._file.read()
                except EditError as error:
                    self._trouble = str(error)
                else:
                    self._trouble = None
                    self._take_on(before, known)

    def require_edits(self) -> KnownEdits:
        """Return the edits as they are in the file now; the lock must be held.

        Raises
        ------
        EditError
            The file cannot be read.
        """
        self.refresh()
        if self._trouble is not None:
            raise EditError("the edits cannot be read, so nothing can be added", remedy=self._trouble)
        return self.edits

    def append(self, rows: Sequence[Row], outlines: gpd.GeoDataFrame | None = None) -> KnownEdits:
        """Append edits to the file; the lock must be held, and `announce` follows.

        Raises
        ------
        EditError
            See `trimline.review.edits.edit_file.EditFile.append`.
        """
        return self._file.append(rows, outlines)

    def outlines_kept_with(self, edit_id: str) -> gpd.GeoDataFrame:
        """Return the outlines before and after an edit that were kept with it; raises as the file of edits does."""
        return self._file.outlines_of(edit_id)

    def announce(self, rows: Iterable[Row], glaciers: Iterable[str], known: KnownEdits) -> int:
        """Raise the versions of the periods that edits concern, tell browsers, and return the number of the change."""
        rows = list(rows)
        periods = {period for row in rows for period in known.periods_of(row)}
        for period in periods:
            self._periods[period].version += 1
        reverted = [row["reverts"] for row in rows if row["reverts"] is not None]
        return self.changes.tell(
            edits=[*(row["edit_id"] for row in rows), *reverted],
            layers=self._layers_of(period for period in self._periods if period in periods),
            glaciers=sorted(glaciers),
        )

    def _take_on(self, before: KnownEdits, known: KnownEdits) -> None:
        """Take on edits that were read, and tell what they changed."""
        if known is before:
            return
        old = dict(zip(before.contents, before.rows, strict=True))
        new = dict(zip(known.contents, known.rows, strict=True))
        changed = [row for content, row in new.items() if content not in old]
        lost = [row for content, row in old.items() if content not in new]
        glaciers = {row["glac_id"] for row in (*changed, *lost) if row["glac_id"] is not None}
        for live in self._periods.values():
            if live.is_loaded:
                glaciers |= live.bring_up_to(known)
        for row in lost:
            for period in before.periods_of(row):
                self._periods[period].version += 1
        self.announce([*changed, *lost], glaciers, known)

    def _layers_of(self, periods: Iterable[str]) -> list[str]:
        return [layer_id("outlines", period) for period in periods]


def middles_of(reviewed: Reviewed) -> dict[str, float | None]:
    """Return the periods with their middles [decimal year]; None where the date of a map is not known."""
    return {each.name: each.middle if each.first > 0 else None for each in reviewed.periods}


def _bounds_of(reviewed: Reviewed) -> NDArray[np.float64]:
    found = extent_of(reviewed)
    if found is None:
        raise OutlineError(
            "no period has an outline, nor a map on which one could be drawn",
            where=reviewed.output,
            remedy="give outlines of one period at least",
        )
    return np.array(found, np.float64)
