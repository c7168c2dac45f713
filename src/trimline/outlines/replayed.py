"""Outlines of one period with edits applied so far: a replay that can be copied and continued.

The state after some edits is the same whether they were replayed at once or one after the other. A copy is cheap, so
that unsaved edits are tried on one and thrown away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import geopandas as gpd
from shapely.geometry.base import BaseGeometry

from trimline.errors import EditError
from trimline.outlines.check import require_crs, require_polygons
from trimline.outlines.checking_edits import require_sound, require_sound_edit
from trimline.outlines.edit_layer import REVERT, in_order, rows_of, taken_back
from trimline.outlines.edit_operations import OPERATION_EFFECTS
from trimline.outlines.edit_periods import holds_for
from trimline.outlines.ownership import Ownership, Review
from trimline.outlines.placing_edits import placed_edits

State = Literal["applied", "not applied", "reverted"]
"""State of an edit after the replay."""

_BETWEEN_CHECKPOINTS = 32
"""Edits after which a state is kept, from which a replay goes on when a later edit is reverted."""


@dataclass(frozen=True)
class EditOutcome:
    """State of one edit in one period, and the areas it changed."""

    edit_id: str
    """The edit."""
    operation: str
    """Its operation."""
    period: str
    """The period that was replayed."""
    glac_id: str | None
    """The glacier that it names."""
    state: State
    """Whether it changed the outlines."""
    text: str
    """What it changed, or why it changed nothing, in words."""
    added_km2: float = 0.0
    """Ground that became ice [km2]."""
    removed_km2: float = 0.0
    """Ground that is ice no longer [km2]."""

    def __str__(self) -> str:
        return f"edit {self.edit_id} ({self.operation}), {self.period}: {self.state}: {self.text}"


class Replayed:
    """The glaciers of one period as edits made them; not safe to change from two threads at once.

    Parameters
    ----------
    outlines
        Automatic polygons of the period with a CRS, a row per glacier, its name in `glac_id`. They are not changed, and
        must not be changed by others.
    edits
        Of all periods, in any CRS; those of this one are replayed. None replays none.
    period
        Name of the period; None takes it from the column `period`.
    middle
        Middle of the period [decimal year], for edits that hold from a date on; None where it is not known.

    Raises
    ------
    EditError
        An edit is invalid (see `trimline.outlines.check_edits`), the period is not known, or an edit holds from a date
        on and the middle is not known.
    OutlineError
        The outlines have no CRS or are no polygons, or a `glac_id` is missing or occurs twice.

    Examples
    --------
    A stroke that is tried and thrown away::

        tried = state.copy()
        outcome = tried.apply(edit)
        for name in tried.changed_since(state.marks):
            ...  # tried.outline(name), or gone where name not in tried
    """

    def __init__(
        self,
        outlines: gpd.GeoDataFrame,
        edits: gpd.GeoDataFrame | None = None,
        period: str | None = None,
        *,
        middle: float | None = None,
    ) -> None:
        require_crs(outlines)
        require_polygons(outlines)
        self._period = period if period is not None else _only_period(outlines)
        self._middle = middle
        self._owners = Ownership(outlines, self._period)
        self._done: list[tuple[Any, ...]] = []
        """Of each edit so far: all of it that decides what it does."""
        self._outcomes: list[EditOutcome] = []
        self._checkpoints: list[tuple[int, Ownership]] = [(0, self._owners.copy())]
        """States after some number of edits."""
        self._like = gpd.GeoDataFrame(geometry=outlines.geometry.iloc[:1], crs=outlines.crs)
        if edits is not None:
            self.follow(edits)

    @property
    def period(self) -> str:
        """Name of the period."""
        return self._period

    @property
    def middle(self) -> float | None:
        """Middle of the period [decimal year]."""
        return self._middle

    @property
    def crs(self) -> Any:
        """CRS of the outlines."""
        return self._owners.crs

    @property
    def outcomes(self) -> tuple[EditOutcome, ...]:
        """Of every edit of the period so far, reverted ones included, in the order of the replay."""
        return tuple(self._outcomes)

    @property
    def marks(self) -> int:
        """A number that grows with every change; see `changed_since`."""
        return self._owners.marks

    def copy(self) -> Replayed:
        """Return the same state, which changes apart from this one."""
        other = object.__new__(Replayed)
        other._period, other._middle, other._like = self._period, self._middle, self._like
        other._owners, other._done = self._owners.copy(), list(self._done)
        other._outcomes, other._checkpoints = list(self._outcomes), list(self._checkpoints)
        return other

    def apply(self, edit: Mapping[str, Any]) -> EditOutcome:
        """Apply one edit after all others, whatever its period and time.

        Parameters
        ----------
        edit
            The columns of the layer of edits and `geometry`, in the CRS of the outlines. Author, time and reason may be
            missing. No `revert`: give the whole layer to `follow`.

        Raises
        ------
        EditError
            The edit is invalid, or reverts another one.
        """
        if edit["operation"] == REVERT:
            raise EditError(f"edit {edit['edit_id']} reverts another one", remedy="replay the whole layer")
        require_sound_edit(edit)
        return self._step(edit, is_dead=False)

    def follow(self, edits: gpd.GeoDataFrame) -> None:
        """Bring the state to that of a whole layer of edits.

        Edits that were applied in the same order before are not replayed again: later rows, or a revert, cost as much
        as the edits after it.

        Parameters
        ----------
        edits
            Of all periods, as `trimline.outlines.read_edits` gives them, in any CRS.

        Raises
        ------
        EditError
            As for the class; the state is as before then.
        """
        require_sound(edits)
        placed = placed_edits(edits, self.crs, like=self._like)
        dead, of_edit = taken_back(edits), dict(zip(edits["edit_id"], edits["period"], strict=True))
        wanted = []
        for edit in rows_of(in_order(placed)):
            of = of_edit.get(edit["reverts"]) if edit["operation"] == REVERT else edit["period"]
            if holds_for(of, self._period, self._middle, edit_id=edit["edit_id"]):
                is_dead = edit["edit_id"] in dead
                wanted.append((_essence(edit, is_dead), edit, is_dead))
        same = 0
        while same < min(len(wanted), len(self._done)) and wanted[same][0] == self._done[same]:
            same += 1
        same = self._return_to(same)
        for _, edit, is_dead in wanted[same:]:
            self._step(edit, is_dead=is_dead)

    def __contains__(self, name: object) -> bool:
        return name in self._owners

    def names(self) -> list[str]:
        """Return the names of the glaciers in the order of the outlines, new ones last."""
        return self._owners.names()

    def outline(self, name: str) -> BaseGeometry:
        """Return the outline of a glacier; the same object as long as no edit changes it.

        Raises
        ------
        KeyError
            There is no such glacier.
        """
        return self._owners.outline(name)

    def edit_ids(self, name: str) -> tuple[str, ...]:
        """Return the edits that were applied to a glacier, in their order; empty where there is none of this name."""
        known = self._owners.of(name)
        return () if known is None else known.edit_ids

    def value(self, name: str, column: str) -> Any:
        """Return a column of a glacier as the map or an edit set it; None without such a column.

        Columns that are measured on the outline (`area_km2`, heights) are those of the map; `outlines` measures them.
        """
        return self._owners.value(name, column)

    def errors(self, name: str) -> dict[str, float]:
        """Return what is left of the errors of the map for a glacier [km2], by column; NaN where it has none."""
        return self._owners.errors(name)

    def review(self, name: str) -> Review:
        """Return whether a glacier is open, accepted or flagged."""
        return self._owners.review(name)

    def reviews(self) -> dict[str, Review]:
        """Return the state of every glacier that is accepted or flagged."""
        return self._owners.reviews()

    def touching(self, geometry: BaseGeometry) -> list[str]:
        """Return the names of the glaciers that a geometry intersects, in their order."""
        return self._owners.touching(geometry)

    def changed_since(self, mark: int) -> set[str]:
        """Return the names of glaciers whose outline, columns or marks changed since `marks` had this value.

        Those that are gone are among them. A copy knows the marks of the state that it was copied from.
        """
        return self._owners.changed_since(mark)

    def outlines(self, names: Sequence[str] | None = None) -> gpd.GeoDataFrame:
        """Return the present outlines with all columns; see `trimline.outlines.replay`.

        Parameters
        ----------
        names
            Which, in their order; None for all.
        """
        return self._owners.outlines(names)

    def _step(self, edit: Mapping[str, Any], *, is_dead: bool) -> EditOutcome:
        if len(self._done) >= self._checkpoints[-1][0] + _BETWEEN_CHECKPOINTS:
            self._checkpoints.append((len(self._done), self._owners.copy()))
        outcome = EditOutcome(edit["edit_id"], edit["operation"], self._period, edit["glac_id"], "applied", "")
        if is_dead:
            outcome = replace(outcome, state="reverted", text="a later edit takes it back")
        elif edit["operation"] == REVERT:
            outcome = replace(outcome, text=f"takes back {edit['reverts']}")
        else:
            outcome = replace(outcome, **OPERATION_EFFECTS[edit["operation"]](self._owners, edit))
        self._done.append(_essence(edit, is_dead))
        self._outcomes.append(outcome)
        return outcome

    def _return_to(self, count: int) -> int:
        """Return to the last state kept after at most `count` edits, and say after how many."""
        if count == len(self._done):
            return count
        kept = [each for each in self._checkpoints if each[0] <= count]
        number, state = kept[-1]
        self._owners.become(state)
        self._checkpoints = kept
        del self._done[number:], self._outcomes[number:]
        return number


def _essence(edit: Mapping[str, Any], is_dead: bool) -> tuple[Any, ...]:
    geometry = edit["geometry"]
    said = tuple(edit.get(name) for name in ("edit_id", "operation", "glac_id", "value", "image", "reverts"))
    return (*said, None if geometry is None else geometry.wkb, is_dead)


def _only_period(outlines: gpd.GeoDataFrame) -> str:
    names = outlines["period"].dropna().unique().tolist() if "period" in outlines.columns else []
    if len(names) == 1:
        return str(names[0])
    raise EditError(
        f"outlines of {len(names)} periods, where edits are replayed on one",
        remedy="give the outlines of one period, and its name where they have no column for it",
    )
