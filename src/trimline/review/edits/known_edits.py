"""The edits of a review at one moment: their rows, which of them are invalid or reverted, and what a period replays."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import geopandas as gpd
import pandas as pd

from trimline.outlines import check_edits
from trimline.outlines.checking_edits import EditProblem
from trimline.outlines.edit_layer import EDIT_COLUMNS, instant, rows_of, taken_back
from trimline.outlines.edit_periods import holds_for

Row = Mapping[str, Any]
"""An edit: its columns, and its `geometry` in the review's CRS."""

Periods = Mapping[str, float | None]
"""Names of periods, with their middles [decimal year]; None where the date of a map is not known."""


@dataclass(frozen=True)
class KnownEdits:
    """Edits that do not change any more; the next edit makes another object."""

    rows: tuple[Row, ...]
    """In the order in which they were written."""
    crs: Any
    """Of their geometries."""
    periods: Periods
    """The review's periods."""
    latest: datetime | None = None
    """Time of the last edit of the replay; None without any."""
    problems: tuple[EditProblem, ...] = ()
    """Of invalid edits. The others are replayed here without them; `trimline run` waits until they are mended."""
    reverted: frozenset[str] = frozenset()
    """Edits that a later one reverts."""
    reading: object = field(default_factory=object, compare=False, repr=False)
    """The same for all that `with_rows` made of one reading of the file."""

    @staticmethod
    def of(edits: gpd.GeoDataFrame, periods: Periods) -> KnownEdits:
        """Return edits as `trimline.outlines.as_edits` gives them, in the CRS of the review."""
        times = [instant(time) for time in edits["time"]]
        return KnownEdits(
            rows=tuple(rows_of(edits)),
            crs=edits.crs,
            periods=periods,
            latest=max((each for each in times if each is not None), default=None),
            problems=problems_of(edits, periods),
            reverted=frozenset(taken_back(edits)),
        )

    def with_rows(self, new: Sequence[Row]) -> KnownEdits:
        """Return these edits and valid ones that come after all of them."""
        rows = (*self.rows, *new)
        latest = instant(new[-1]["time"])
        if any(row["reverts"] is not None for row in new):
            anew = KnownEdits.of(as_frame(rows, self.crs), self.periods)
            return replace(anew, rows=rows, latest=latest, reading=self.reading)
        return replace(self, rows=rows, latest=latest)

    def since(self, before: KnownEdits) -> tuple[Row, ...] | None:
        """Return the rows that `with_rows` appended to earlier edits; None where it is not as simple as that."""
        return self.rows[len(before.rows) :] if self.reading is before.reading else None

    @cached_property
    def by_id(self) -> Mapping[str, Row]:
        """The edits by their identifiers."""
        return {row["edit_id"]: row for row in self.rows}

    @cached_property
    def contents(self) -> tuple[str, ...]:
        """Digests of all that each edit holds, who made it and when included."""
        return tuple(_content_of(row) for row in self.rows)

    @cached_property
    def wrong(self) -> Mapping[str, tuple[EditProblem, ...]]:
        """The problems of each invalid edit."""
        found: dict[str, tuple[EditProblem, ...]] = {}
        for each in self.problems:
            found[each.edit_id] = (*found.get(each.edit_id, ()), each)
        return found

    @cached_property
    def sound(self) -> gpd.GeoDataFrame:
        """The valid edits, for a replay."""
        return as_frame([row for row in self.rows if row["edit_id"] not in self.wrong], self.crs)

    def time_of_next(self) -> str:
        """Return the time of an edit that is made now; not before that of the latest one, which its author saw."""
        now = datetime.now(UTC).replace(microsecond=0)
        return max(now, self.latest or now).isoformat().replace("+00:00", "Z")

    def concerns(self, row: Row, period: str) -> bool:
        """Return whether an edit, or the one that it reverts, is made for a period."""
        seen: set[str] = set()
        while row["reverts"] is not None and row["reverts"] in self.by_id and row["edit_id"] not in seen:
            seen.add(row["edit_id"])
            row = self.by_id[row["reverts"]]
        if row["edit_id"] in self.wrong:
            return bool(row["period"] == period)
        return holds_for(row["period"], period, self.periods[period], edit_id=row["edit_id"])

    def periods_of(self, row: Row) -> list[str]:
        """Return the periods that an edit concerns."""
        return [period for period in self.periods if self.concerns(row, period)]


def as_frame(rows: Sequence[Row], crs: Any) -> gpd.GeoDataFrame:
    """Return rows as a table, see `trimline.outlines.as_edits`."""
    columns = {name: pd.Series([row[name] for row in rows], dtype="object") for name in EDIT_COLUMNS}
    return gpd.GeoDataFrame(columns, geometry=[row["geometry"] for row in rows], crs=crs)


def _content_of(row: Row) -> str:
    shape = None if row["geometry"] is None else row["geometry"].wkb
    return hashlib.sha256(repr([*(row[name] for name in EDIT_COLUMNS), shape]).encode()).hexdigest()


def problems_of(edits: gpd.GeoDataFrame, periods: Periods) -> tuple[EditProblem, ...]:
    """Return the problems of edits, see `trimline.outlines.check_edits`; intervals need the time of the periods."""
    timed = {name: middle for name, middle in periods.items() if middle is not None}
    if len(timed) == len(periods):
        return tuple(check_edits(edits, timed))
    without = [
        EditProblem(edit_id, f"holds for {period}, and the date of the map is not known", "name the period instead")
        for edit_id, period in zip(edits["edit_id"], edits["period"], strict=True)
        if period is not None and "/" in period
    ]
    return (*check_edits(edits, list(periods)), *without)
