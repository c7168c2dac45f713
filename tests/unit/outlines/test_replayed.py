"""A replay that is copied and continued: the same outlines as at once, and nothing of a copy in its original."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kinds.edited import PERIOD, TWO, changes, edit, layer, line, square

from trimline.errors import EditError
from trimline.outlines import Replayed, replay
from trimline.outlines.edit_layer import rows_of


def same(state: Replayed, edits: gpd.GeoDataFrame) -> None:
    """Require that a state is that of a replay from the beginning."""
    outlines, outcomes = replay(TWO, edits)
    assert_geodataframe_equal(state.outlines(), outlines, check_less_precise=False)
    assert [each.wkb for each in state.outlines().geometry] == [each.wkb for each in outlines.geometry]
    assert list(state.outcomes) == outcomes


@settings(max_examples=40, deadline=None)
@given(st.lists(changes, min_size=1, max_size=8), st.integers(0, 8))
def test_edits_replayed_one_after_the_other_give_what_they_give_at_once(rows: list[dict[str, Any]], cut: int) -> None:
    edits = layer(*rows)
    stepwise = Replayed(TWO)
    for row in rows_of(edits):
        stepwise.apply(row)
    same(stepwise, edits)
    continued = Replayed(TWO, edits.iloc[:cut])
    continued.follow(edits)
    same(continued, edits)


@settings(max_examples=40, deadline=None)
@given(st.lists(changes, min_size=1, max_size=6), changes)
def test_what_a_copy_does_is_not_seen_in_its_original(rows: list[dict[str, Any]], tried: dict[str, Any]) -> None:
    edits = layer(*rows, tried)
    state = Replayed(TWO, edits.iloc[:-1])
    copied = state.copy()
    copied.apply(rows_of(edits)[-1])
    same(state, edits.iloc[:-1])
    same(copied, edits)


@settings(max_examples=25, deadline=None)
@given(st.lists(changes, min_size=2, max_size=5), st.data())
def test_a_revert_is_followed_wherever_its_edit_stands(rows: list[dict[str, Any]], data: st.DataObject) -> None:
    named = [row | {"edit_id": f"e{i}"} for i, row in enumerate(rows)]
    state = Replayed(TWO, layer(*named))
    mark, before = state.marks, {name: state.outline(name) for name in state.names()}
    back = edit(None, reverts=f"e{data.draw(st.integers(0, len(rows) - 1))}", edit_id="back")
    state.follow(layer(*named, back))
    same(state, layer(*named, back))
    after = {name: state.outline(name) for name in state.names()}
    differ = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    assert differ <= state.changed_since(mark)


def test_a_long_layer_goes_on_from_a_kept_state() -> None:
    rows = [edit("add", square(10.0 * i, 1000, 10, 100), edit_id=f"e{i}") for i in range(90)]
    rows = [row | {"time": f"2024-05-31T14:{i // 60:02d}:{i % 60:02d}Z"} for i, row in enumerate(rows)]
    state = Replayed(TWO, layer(*rows))
    back = edit(None, reverts="e70", edit_id="back", time="2024-06-01T00:00:00Z")
    state.follow(layer(*rows, back))
    same(state, layer(*rows, back))
    early = edit("remove", square(0, 0, 100), edit_id="early", time="2024-05-01T00:00:00Z")
    state.follow(layer(*rows, back, early))
    same(state, layer(*rows, back, early))


def test_changed_glaciers_are_told_and_others_keep_their_outline_as_an_object() -> None:
    state = Replayed(TWO)
    mark, unchanged = state.marks, state.outline("B")
    (cut,) = rows_of(layer(edit("split", line((500, -100), (500, 1100)), value={"new_id": "C"}, edit_id="e1")))
    state.apply(cut)
    assert state.changed_since(mark) == {"A", "C"}
    assert state.outline("B") is unchanged
    assert (state.names(), state.edit_ids("C"), state.edit_ids("B")) == (["A", "B", "C"], ("e1",), ())
    assert state.touching(square(400, 400, 200)) == ["A", "C"]
    (gone,) = rows_of(layer(edit("remove", square(-100, -100, 2000), glac_id="C")))
    mark = state.marks
    state.apply(gone)
    assert "C" not in state
    assert state.changed_since(mark) == {"C"}
    assert state.value("A", "subregion") == "west"


def test_an_edit_that_is_wrong_or_a_revert_is_not_applied() -> None:
    state = Replayed(TWO)
    (bow_tie,) = rows_of(layer(edit("add", shapely.Polygon([(0, 0), (9, 9), (9, 0), (0, 9)]), author=None)))
    with pytest.raises(EditError, match="polygon is invalid"):
        state.apply(bow_tie)
    (back,) = rows_of(layer(edit(None, reverts="e1")))
    with pytest.raises(EditError, match="replay the whole layer"):
        state.apply(back)
    wrong = layer(edit("remove", square(0, 0, 100)), edit("add", square(0, 0), glac_id=None))
    with pytest.raises(EditError, match="names no glacier"):
        state.follow(wrong)
    same(state, wrong.iloc[:0])


def test_a_draft_needs_neither_author_nor_time_nor_period() -> None:
    state = Replayed(TWO)
    (draft,) = rows_of(layer(edit("remove", square(0, 0, 500), author=None, period=None, reason=None)))
    assert state.apply(draft | {"time": None}).state == "applied"
    assert state.period == PERIOD
