"""States of edits over the periods: applied, not applied any more, reverted, wrong or not replayed yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from trimline.outlines import EditOutcome, EditProblem, Replayed, check_edits, read_edits
from trimline.outlines.edit_layer import rows_of, taken_back
from trimline.outlines.edit_periods import holds_for
from trimline.study.corrected import Corrected
from trimline.study.editing import NOT_REPLAYED, WRONG


@dataclass(frozen=True)
class EditState:
    """An edit and its state over the periods."""

    edit: Mapping[str, Any]
    """Its columns, without the geometry."""
    state: str
    """In a word or two."""
    text: str
    """What it changed, or why it changed nothing."""
    outcomes: tuple[EditOutcome, ...] = ()
    """By period, of the mapped ones."""

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        fields = {"state": self.state, "text": self.text, "outcomes": [asdict(each) for each in self.outcomes]}
        return {**self.edit, **fields}


def problems_of(corrected: Corrected) -> list[EditProblem]:
    """Return the problems of edits.

    Raises
    ------
    EditError
        The layer cannot be read.
    """
    return check_edits(read_edits(corrected.edits_file), corrected.middles)


def states_of(corrected: Corrected) -> list[EditState]:
    """Return every edit in the order of its rows, with its state on the periods that have outlines so far."""
    edits = read_edits(corrected.edits_file)
    middles = corrected.middles or {}
    problems = check_edits(edits, corrected.middles)
    dead = taken_back(edits)
    outcomes: dict[str, list[EditOutcome]] = {}
    for period, outlines in () if problems or edits.empty else corrected.automatic():
        middle = middles.get(period)
        if not any(holds_for(row["period"], period, middle, edit_id=row["edit_id"]) for row in rows_of(edits)):
            continue
        for each in Replayed(outlines(), edits, period, middle=middle).outcomes:
            outcomes.setdefault(each.edit_id, []).append(each)
    states = []
    for row in rows_of(edits.drop(columns="geometry")):
        wrong = [each for each in problems if each.edit_id == row["edit_id"]]
        of_edit = tuple(outcomes.get(row["edit_id"], ()))
        if wrong:
            state, text = WRONG, "; ".join(f"{each.text}; {each.remedy}" for each in wrong)
        elif row["edit_id"] in dead:
            state, text = "reverted", "a later edit takes it back"
        elif not of_edit:
            state, text = NOT_REPLAYED, "other edits are wrong" if problems else "its period is not mapped"
        else:
            state, text = _together(of_edit)
        states.append(EditState(row, state, text, of_edit))
    return states


def _together(outcomes: tuple[EditOutcome, ...]) -> tuple[str, str]:
    """Return the state of an edit over its periods, and the text of the first period with that state."""
    applied = [each for each in outcomes if each.state == "applied"]
    shown = applied or outcomes
    if len(outcomes) == 1:
        return shown[0].state, shown[0].text
    state = "applied" if applied else shown[0].state
    return state, f"{state} in {len(shown)} of {len(outcomes)} periods; {shown[0].period}: {shown[0].text}"
