"""Strokes of the page become edits that make of the outlines what was drawn, and nothing else."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kinds.reviewed import EAST, LATE, NORTH, cell, draft, field

from trimline.errors import EditError
from trimline.outlines import Replayed
from trimline.review.contract import Draft
from trimline.review.edits.drafts import MappedOutline, redrawn, strokes_of
from trimline.review.edits.trial import Stamp, Trial, told, try_drafts

BOUNDS = np.array([EAST, NORTH, EAST + 5000, NORTH + 5000])
ROUNDING_M2 = 1e-3


def tried(*drafts: Draft, base: Replayed | None = None) -> Trial:
    state = Replayed(field(LATE), None, LATE) if base is None else base
    return try_drafts(state, drafts, Stamp(LATE), lambda *_: MappedOutline(cell(0, 0, 0.5), {}), BOUNDS)


def differing_m2(one: shapely.Geometry, other: shapely.Geometry) -> float:
    return float(shapely.area(shapely.symmetric_difference(one, other)))


def test_a_vertex_that_moves_out_is_one_add_of_the_ground_beyond() -> None:
    west, south, east, north = cell(5, 0).bounds
    wanted = shapely.Polygon([(west, south), (east, south), (east + 200, north - 500), (east, north), (west, north)])
    trial = tried(draft("redraw", "far", wanted))
    assert [row["operation"] for row in trial.rows] == ["add"]
    assert trial.rows[0]["geometry"].area == pytest.approx(200 * 1000 / 2)
    assert differing_m2(trial.state.outline("far"), wanted) < ROUNDING_M2


def test_a_redraw_that_takes_and_gives_is_two_edits_with_ids_of_the_draft() -> None:
    wanted = shapely.affinity.translate(cell(5, 0), 50.0, 0.0)
    one = draft("redraw", "far", wanted)
    trial = tried(one)
    assert [(row["operation"], row["edit_id"]) for row in trial.rows] == [
        ("remove", one.edit_id),
        ("add", f"{one.edit_id}-2"),
    ]
    assert differing_m2(trial.state.outline("far"), wanted) < ROUNDING_M2
    assert told(trial, [one])[1] == (True,)


def test_a_redraw_to_the_same_outline_is_no_edit() -> None:
    one = draft("redraw", "far", cell(5, 0))
    trial = tried(one)
    assert trial.rows == []
    assert told(trial, [one]) == (("the outline is as it was",), (False,))


def test_a_hole_is_a_removal_of_its_ground() -> None:
    hole = cell(5.2, 0.2, 0.2)
    trial = tried(draft("redraw", "far", cell(5, 0).difference(hole)))
    assert [row["operation"] for row in trial.rows] == ["remove"]
    assert differing_m2(trial.rows[0]["geometry"], hole) < ROUNDING_M2


def border_moved(by: float) -> tuple[shapely.Polygon, shapely.Polygon]:
    """Return the outlines of a-0-0 and a-1-0 with a border between them that is bent to the east [m]."""
    west, south, middle, north = EAST, NORTH, EAST + 1000, NORTH + 1000
    bend = (middle + by, NORTH + 500)
    left = shapely.Polygon([(west, south), (middle, south), bend, (middle, north), (west, north)])
    right = shapely.Polygon([(middle, south), (middle + 1000, south), (middle + 1000, north), (middle, north), bend])
    return left, right


@pytest.mark.parametrize("by", [150.0, -150.0])
def test_a_shared_border_moves_for_both_glaciers_in_one_stroke(by: float) -> None:
    left, right = border_moved(by)
    pair = draft("redraw", "a-0-0", left, stroke=3), draft("redraw", "a-1-0", right, stroke=3)
    for drafts in (pair, pair[::-1]):
        trial = tried(*drafts)
        assert [row["operation"] for row in trial.rows] == ["remove", "add"]
        assert differing_m2(trial.state.outline("a-0-0"), left) < ROUNDING_M2
        assert differing_m2(trial.state.outline("a-1-0"), right) < ROUNDING_M2
        assert trial.state.outline("a-0-0").intersection(trial.state.outline("a-1-0")).area == 0


def test_ground_of_a_neighbour_stays_with_it_unless_it_is_taken() -> None:
    left, _ = border_moved(150.0)
    kept = tried(draft("redraw", "a-0-0", left))
    assert differing_m2(kept.state.outline("a-0-0"), cell(0, 0)) < ROUNDING_M2
    taken = tried(draft("redraw", "a-0-0", left, value={"take": True}))
    assert differing_m2(taken.state.outline("a-0-0"), left) < ROUNDING_M2


rings = st.lists(st.floats(0.3, 1.0), min_size=5, max_size=24)


def star(radii: list[float], x: float, y: float) -> shapely.Polygon:
    """Return a polygon of vertices around a point, at distances of as many kilometres."""
    angles = np.linspace(0.0, 2 * math.pi, len(radii), endpoint=False)
    spread = 1000.0 * np.array(radii)
    return shapely.Polygon(np.column_stack([x + spread * np.cos(angles), y + spread * np.sin(angles)]))


@settings(max_examples=60, deadline=None)
@given(rings, rings, st.floats(-300.0, 300.0), st.floats(-300.0, 300.0))
def test_any_redraw_gives_the_outline_that_was_drawn(
    first: list[float], second: list[float], east: float, north: float
) -> None:
    base = Replayed(field(LATE), None, LATE)
    start = tried(draft("add", "new", star(first, EAST + 2500, NORTH + 4000)), base=base).state
    wanted = star(second, EAST + 2500 + east, NORTH + 4000 + north)
    wanted = shapely.difference(wanted, shapely.union_all([base.outline(each) for each in base.names()]))
    lost, gained = redrawn(start.outline("new"), wanted)
    trial = tried(draft("redraw", "new", wanted), base=start)
    found = trial.state.outline("new")
    assert found.is_valid
    # Ground below a square metre is no edit.
    assert differing_m2(found, wanted) < 2.0 + ROUNDING_M2
    wide = [each for each in shapely.get_parts(found) if 2 * each.area > 1e-3 * each.length]
    assert len(wide) == len(shapely.get_parts(found))
    assert math.isclose(found.area - start.outline("new").area, gained.area - lost.area, abs_tol=2.1)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 23), st.floats(-0.25, 0.25), st.floats(-0.25, 0.25))
def test_a_vertex_of_a_shared_border_moves_without_a_gap_or_an_overlap(vertex: int, east: float, north: float) -> None:
    line = np.column_stack([np.full(24, EAST + 2500.0), np.linspace(NORTH + 3000, NORTH + 4000, 24)])
    line[1:-1, 0] += 60.0 * np.sin(np.arange(22))

    def sides(border: Any) -> tuple[shapely.Polygon, shapely.Polygon]:
        ends = border[[0, -1]]
        return (
            shapely.Polygon([*border, ends[1] - (800, 0), ends[0] - (800, 0)]),
            shapely.Polygon([*border, ends[1] + (800, 0), ends[0] + (800, 0)]),
        )

    west, east_of = sides(line)
    start = tried(draft("add", "w", west), draft("add", "e", east_of)).state
    border = line.copy()
    if 0 < vertex < 23:
        border[vertex] += np.array([east, north]) * 200.0
    wanted = sides(border)
    if not all(each.is_valid for each in wanted):
        return
    trial = tried(draft("redraw", "w", wanted[0], stroke=1), draft("redraw", "e", wanted[1], stroke=1), base=start)
    found = trial.state.outline("w"), trial.state.outline("e")
    for one, other in zip(found, wanted, strict=True):
        assert differing_m2(one, other) < 2.1
    assert found[0].intersection(found[1]).area < ROUNDING_M2
    union = shapely.union_all(list(found))
    assert union.area >= shapely.union_all(list(wanted)).area - 2.1
    holes = [ring for part in shapely.get_parts(union) for ring in part.interiors]
    assert sum(shapely.Polygon(ring).area for ring in holes) < 2.1


def test_a_copy_replaces_the_outline_or_adds_one_that_is_gone() -> None:
    trial = tried(draft("copy", "a-0-0", value={"from": "1988"}), draft("copy", "lost", value={"from": "1988"}))
    assert [row["operation"] for row in trial.rows] == ["replace", "add"]
    with pytest.raises(EditError, match="no period is named"):
        tried(draft("copy", "a-0-0"))


def test_a_glacier_is_accepted_as_the_drafts_before_made_it() -> None:
    trial = tried(draft("remove", "far", cell(5.2, 0.2, 0.2)), draft("accept", "far"))
    assert trial.state.review("far") == "accepted"
    again = tried(draft("remove", "far", cell(5.6, 0.6, 0.2)), base=trial.state)
    assert again.state.review("far") == "open"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("redraw", "far", None), "nothing was drawn"),
        (("redraw", None, cell(5, 0, 0.5)), "no glacier is named"),
        (("accept", "nowhere", None), "there is no glacier 'nowhere'"),
        (("accept", "far", cell(5, 0, 0.5)), "takes no geometry"),
        (("split", "far", {"type": "Point", "coordinates": [EAST, NORTH]}), "a Point was drawn"),
        (("attribute", "far", None), "sets no column"),
        (("flag", "f\x00r", None), r"U\+0000"),
    ],
)
def test_a_draft_that_is_wrong_is_refused_and_named(given: tuple[str, str | None, Any], words: str) -> None:
    wrong = draft(*given)
    with pytest.raises(EditError, match=words):
        tried(wrong)


def test_options_that_an_operation_does_not_have_are_refused() -> None:
    with pytest.raises(EditError, match="'glac_name' is no option of redraw"):
        tried(draft("redraw", "far", cell(5, 0, 0.5), value={"glac_name": "X"}))


def test_two_drafts_cannot_have_one_identifier() -> None:
    one = draft("flag", "far")
    with pytest.raises(EditError, match="two drafts"):
        tried(one, one)


def test_drafts_are_one_stroke_where_they_follow_each_other_with_one_number() -> None:
    numbers = [None, None, 1, 1, 2, None, 2]
    drafts = [draft("flag", "far", stroke=each) for each in numbers]
    assert [len(stroke) for stroke in strokes_of(drafts)] == [1, 1, 2, 1, 1, 1]
