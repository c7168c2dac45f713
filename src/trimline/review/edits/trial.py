"""Drafts tried on a copy of a period's outlines: what each does, and what the outlines become."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from trimline.errors import EditError
from trimline.outlines import EditOutcome, Replayed, outline_digest
from trimline.review.contract import Draft, Outline
from trimline.review.edits.drafts import OutlineIn, Row, ids_of, rows_of_stroke, strokes_of
from trimline.review.edits.drawn import geojson

BEFORE, AFTER = "before", "after"
"""States of outlines that are kept with the edits that changed them."""

AsKept = Callable[[Row], Row]
"""Gives an edit as it will be read back from the file of edits, whose CRS may be another."""

NEW = ""
"""Version of an outline that is not there yet."""


@dataclass(frozen=True)
class Stamp:
    """What the edits of one save have in common."""

    period: str
    """The period, `*` or an interval."""
    author: str | None = None
    time: str | None = None
    reason: str | None = None
    image: str | None = None

    def on(self, row: Row) -> Row:
        """Return a row with it."""
        own = {"period": self.period, "author": self.author, "time": self.time}
        return {**row, **own, "reason": self.reason, "image": self.image}


@dataclass
class Trial:
    """A copy of the outlines of a period, and what drafts made of it."""

    base: Replayed
    """The outlines before; not changed by others while the trial is used."""
    state: Replayed
    """The outlines after."""
    rows: list[Row] = field(default_factory=list)
    """The edits, in their order."""
    outcomes: list[EditOutcome] = field(default_factory=list)
    """Of each row."""
    outlines: list[dict[str, Any]] = field(default_factory=list)
    """Outlines that each edit changed, before and after it."""
    named: set[str] = field(default_factory=set)
    """Glaciers that drafts name."""
    as_kept: AsKept = dict
    """Gives an edit as it will be read back from the file of edits."""

    def copy(self) -> Trial:
        """Return the same trial, which goes on apart from this one."""
        return Trial(
            base=self.base,
            state=self.state.copy(),
            rows=list(self.rows),
            outcomes=list(self.outcomes),
            outlines=list(self.outlines),
            named=set(self.named),
            as_kept=self.as_kept,
        )

    def draw(self, stroke: Sequence[Draft], stamp: Stamp, outline_in: OutlineIn, bounds: NDArray[np.float64]) -> None:
        """Apply the drafts of one stroke; see `try_drafts`."""
        self.named.update(name for draft in stroke for name in _names_in(draft))
        for row in rows_of_stroke(stroke, _outline_of(self.state), outline_in, bounds):
            self.apply(self.as_kept(stamp.on(row)))

    def apply(self, row: Row) -> EditOutcome:
        """Apply one edit.

        Raises
        ------
        EditError
            It is invalid.
        """
        mark, before = self.state.marks, self.state.copy()
        outcome = self.state.apply(row)
        self.rows.append(row)
        self.outcomes.append(outcome)
        for name in sorted(self.state.changed_since(mark)):
            for moment, state in ((BEFORE, before), (AFTER, self.state)):
                if name in state:
                    about = {"edit_id": row["edit_id"], "period": self.state.period, "glac_id": name, "state": moment}
                    self.outlines.append({**about, "geometry": state.outline(name)})
        return outcome

    @property
    def touched(self) -> set[str]:
        """Glaciers that the edits changed, or that drafts name."""
        return self.named | self.state.changed_since(self.base.marks)

    @property
    def changed(self) -> list[str]:
        """Glaciers with another outline than before, in the order of the names."""
        new = sorted(name for name in self.state.changed_since(self.base.marks) if name in self.state)
        return [
            name for name in new if name not in self.base or version_of(self.base, name) != version_of(self.state, name)
        ]

    @property
    def gone(self) -> list[str]:
        """Glaciers of which nothing is left, in the order of the names."""
        names = self.state.changed_since(self.base.marks)
        return sorted(name for name in names if name in self.base and name not in self.state)

    def frame(self) -> gpd.GeoDataFrame:
        """Return `outlines` as a table."""
        columns = ("edit_id", "period", "glac_id", "state", "geometry")
        table = {name: [each[name] for each in self.outlines] for name in columns}
        return gpd.GeoDataFrame(table, geometry="geometry", crs=self.state.crs)


def try_drafts(
    base: Replayed,
    drafts: Sequence[Draft],
    stamp: Stamp,
    outline_in: OutlineIn,
    bounds: NDArray[np.float64],
    as_kept: AsKept = dict,
) -> Trial:
    """Apply drafts to a copy of outlines.

    Parameters
    ----------
    base
        The outlines of the period.
    drafts
        In their order.
    stamp
        Of the edits.
    outline_in
        Gives outlines in other periods; see `trimline.review.edits.drafts.rows_of_stroke`.
    bounds
        West, south, east and north of all outlines [m].
    as_kept
        Gives an edit as it will be read back from the file of edits.

    Raises
    ------
    EditError
        A draft is wrong: its geometry, a glacier, an option; two have one identifier; or one cannot be kept.
    """
    require_own_ids(drafts)
    trial = begun_trial(base, as_kept)
    for stroke in strokes_of(drafts):
        trial.draw(stroke, stamp, outline_in, bounds)
    return trial


def begun_trial(base: Replayed, as_kept: AsKept = dict) -> Trial:
    """Return the trial of no draft."""
    return Trial(base, base.copy(), as_kept=as_kept)


def require_own_ids(drafts: Sequence[Draft]) -> None:
    """Raise `EditError` where two drafts have one identifier."""
    seen: set[str] = set()
    for draft in drafts:
        if draft.edit_id in seen:
            raise EditError(f"two drafts have the edit_id '{draft.edit_id}'", remedy="give each draft its own")
        seen.add(draft.edit_id)


def told(trial: Trial, drafts: Iterable[Draft]) -> tuple[tuple[str, ...], tuple[bool, ...]]:
    """Return what each draft does, in words, and whether it does anything."""
    notes, applied = [], []
    for draft in drafts:
        own = [each for each in trial.outcomes if each.edit_id in ids_of(draft)]
        notes.append("; ".join(each.text for each in own) or "the outline is as it was")
        applied.append(any(each.state == "applied" for each in own))
    return tuple(notes), tuple(applied)


def version_of(state: Replayed, name: str) -> str:
    """Return the version of an outline: a digest, or `NEW` where there is none."""
    return outline_digest(state.outline(name)) if name in state else NEW


def outline_message(state: Replayed, name: str) -> Outline:
    """Return an outline of a state at full detail."""
    shape = state.outline(name)
    given = state.value(name, "glac_name")
    return Outline(
        glac_id=name,
        glac_name=given if isinstance(given, str) else None,
        version=outline_digest(shape),
        geometry=geojson(shape),
    )


def _outline_of(state: Replayed) -> Callable[[str], shapely.Geometry | None]:
    return lambda name: state.outline(name) if name in state else None


def _names_in(draft: Draft) -> list[str]:
    others = (draft.value or {}).get("with", []) if draft.operation == "merge" else []
    named = [draft.glac_id, *(others if isinstance(others, list) else [])]
    return [each for each in named if isinstance(each, str) and each]
