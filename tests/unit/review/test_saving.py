"""Saves of the page: kept once, all or none, never over what somebody else made, and the same after a restart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import shapely
from tests.kinds.reviewed import EARLY, LATE, cell, draft, reviewed, shape_of

from trimline.errors import EditError
from trimline.outlines import read_edits, read_outlines, replay
from trimline.review import contract
from trimline.review.contract import Draft
from trimline.review.desk import InConflict, NotThere
from trimline.review.review_desk import ReviewDesk, desk_of

HOLE = cell(0.2, 0.2, 0.2)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "review"


@pytest.fixture
def desk(folder: Path) -> Iterator[ReviewDesk]:
    opened = desk_of(reviewed(folder))
    yield opened
    opened.close()


def again(desk: ReviewDesk) -> ReviewDesk:
    """Return the desk of the same files, as after a restart of the server."""
    desk.close()
    return desk_of(desk.reviewed)


def previewed(desk: ReviewDesk, *drafts: Draft, period: str = LATE) -> contract.Preview:
    return desk.preview(contract.PreviewRequest(period=period, drafts=drafts))


def request(desk: ReviewDesk, *drafts: Draft, period: str = LATE, holds: str | None = None) -> contract.SaveRequest:
    """Return the save of drafts on the outlines as they are now."""
    base = previewed(desk, *drafts, period=period).base
    return contract.SaveRequest(
        period=period, drafts=drafts, holds=holds, author="Ana", reason="frozen lake", base=base
    )


def replayed(folder: Path, period: str = LATE) -> dict[str, bytes]:
    """Return the outlines that `trimline run` would write."""
    outlines, _ = replay(
        read_outlines(folder / period / "automatic.gpkg"),
        read_edits(folder / "edits.gpkg"),
        period,
        middle=float(period) + 0.5,
    )
    shapes = zip(outlines["glac_id"], outlines.geometry, strict=True)
    return {name: shape.normalize().wkb for name, shape in shapes}


def shown(desk: ReviewDesk, period: str = LATE) -> dict[str, bytes]:
    """Return the outlines that the page shows."""
    snapshot = desk.layer(f"outlines-{period}")
    pairs = zip(snapshot.glac_ids, snapshot.geometries, strict=True)
    return {name: shape.normalize().wkb for name, shape in pairs}


def test_a_save_keeps_what_was_previewed(desk: ReviewDesk, folder: Path) -> None:
    hole = draft("remove", "a-0-0", HOLE)
    before = previewed(desk, hole)
    saved = desk.save(request(desk, hole))
    assert [each.edit_id for each in saved.edits] == [hole.edit_id]
    assert saved.outlines == before.outlines
    assert shape_of(saved.outlines[0]).equals(cell(0, 0).difference(HOLE))
    assert desk.glacier(LATE, "a-0-0").outline == saved.outlines[0]
    assert replayed(folder) == shown(desk)


def test_nothing_is_kept_by_a_preview(desk: ReviewDesk, folder: Path) -> None:
    before = shown(desk)
    previewed(desk, draft("remove", "a-0-0", HOLE))
    assert shown(desk) == before
    assert not (folder / "edits.gpkg").exists()


def test_strokes_that_are_previewed_one_by_one_are_what_they_are_together(desk: ReviewDesk) -> None:
    drafts = [
        draft("remove", "a-0-0", HOLE),
        draft("split", "a-0-0", shapely.LineString([(500_500, 3_499_900), (500_500, 3_501_100)])),
        draft("redraw", "far", shapely.affinity.translate(cell(5, 0), 40.0)),
        draft("remove", "far", cell(5.3, 0.3, 0.1)),
        draft("merge", "a-1-0", value={"with": ["a-1-1"]}),
    ]
    step_by_step = [previewed(desk, *drafts[: count + 1]) for count in range(len(drafts))]
    undone = previewed(desk, *drafts[:2])
    assert undone == step_by_step[1]
    fresh = desk_of(desk.reviewed)
    assert previewed(fresh, *drafts) == step_by_step[-1]
    fresh.close()
    assert all(step_by_step[-1].is_applied)
    assert step_by_step[-1].gone == ("a-1-1",)


def test_a_save_that_is_sent_twice_is_kept_once(desk: ReviewDesk, folder: Path) -> None:
    move = draft("redraw", "far", shapely.affinity.translate(cell(5, 0), 40.0))
    asked = request(desk, move, draft("copy", "a-0-1", value={"from": EARLY}), draft("accept", "far"))
    first = desk.save(asked)
    assert desk.save(asked) == first
    restarted = again(desk)
    after = restarted.save(asked)
    restarted.close()
    assert (after.edits, after.outlines, after.gone) == (first.edits, first.outlines, first.gone)
    assert len(read_edits(folder / "edits.gpkg")) == 4


def test_a_save_that_is_sent_again_after_others_saved_gets_the_first_answer(desk: ReviewDesk) -> None:
    asked = request(desk, draft("redraw", "far", shapely.affinity.translate(cell(5, 0), 40.0)))
    first = desk.save(asked)
    desk.save(request(desk, draft("remove", "far", cell(5.4, 0.4, 0.1))))
    assert desk.save(asked).outlines == first.outlines


def test_the_same_identifier_with_other_content_is_refused(desk: ReviewDesk, folder: Path) -> None:
    hole = draft("remove", "a-0-0", HOLE)
    desk.save(request(desk, hole))
    other = draft("remove", "a-0-0", cell(0.7, 0.7, 0.1), edit_id=hole.edit_id)
    with pytest.raises(EditError, match="another edit"):
        desk.save(request(desk, other))
    assert len(read_edits(folder / "edits.gpkg")) == 1


def test_outlines_that_somebody_else_changed_are_a_conflict_and_nothing_is_kept(desk: ReviewDesk, folder: Path) -> None:
    mine = request(desk, draft("remove", "a-0-0", HOLE), draft("remove", "far", cell(5.1, 0.1, 0.1)))
    theirs = desk.save(request(desk, draft("remove", "a-0-0", cell(0.6, 0.6, 0.2))))
    with pytest.raises(InConflict) as refused:
        desk.save(mine)
    conflict = refused.value.conflict
    assert [each.edit_id for each in conflict.edits] == [theirs.edits[0].edit_id]
    assert conflict.outlines == theirs.outlines
    assert len(read_edits(folder / "edits.gpkg")) == 1
    # On the new base the same drafts are kept, and both changes are there.
    desk.save(request(desk, *mine.drafts))
    found = shape_of(desk.glacier(LATE, "a-0-0").outline)
    assert found.equals(cell(0, 0).difference(HOLE).difference(cell(0.6, 0.6, 0.2)))


def test_a_conflict_lists_the_edits_since_and_no_earlier_ones(desk: ReviewDesk) -> None:
    """Own strokes that were kept and reverted before the drafts were made have changed nothing since."""
    for number in range(3):
        earlier = draft("remove", "a-0-0", cell(0.1 + number / 5, 0.8, 0.1))
        desk.save(request(desk, earlier))
        known = {"new_edit_id": f"{number}" * 12, "author": "Ana", "reason": "taken back"}
        desk.revert(contract.RevertRequest(edit_id=earlier.edit_id, **known))
    mine = request(desk, draft("remove", "a-0-0", HOLE))
    theirs = desk.save(request(desk, draft("remove", "a-0-0", cell(0.6, 0.6, 0.2))))
    desk.save(request(desk, draft("remove", "far", cell(5.1, 0.1, 0.1))))
    with pytest.raises(InConflict) as refused:
        desk.save(mine)
    assert [each.edit_id for each in refused.value.conflict.edits] == [theirs.edits[0].edit_id]


def test_a_conflict_lists_a_revert_by_which_an_outline_changed(desk: ReviewDesk) -> None:
    hole = draft("remove", "a-0-0", cell(0.6, 0.6, 0.2))
    desk.save(request(desk, hole))
    mine = request(desk, draft("remove", "a-0-0", HOLE))
    desk.revert(contract.RevertRequest(edit_id=hole.edit_id, new_edit_id="0" * 12, author="Bo", reason="ice"))
    with pytest.raises(InConflict) as refused:
        desk.save(mine)
    assert [each.edit_id for each in refused.value.conflict.edits] == ["0" * 12]


def test_a_glacier_that_is_gone_since_is_a_conflict(desk: ReviewDesk) -> None:
    mine = request(desk, draft("split", "a-0-0", HOLE))
    desk.save(request(desk, draft("remove", "a-0-0", cell(0, 0))))
    with pytest.raises(InConflict) as refused:
        desk.save(mine)
    assert "a-0-0" in refused.value.conflict.gone


def test_changes_to_other_glaciers_are_no_conflict(desk: ReviewDesk) -> None:
    mine = request(desk, draft("remove", "a-0-0", HOLE))
    desk.save(request(desk, draft("remove", "far", cell(5.1, 0.1, 0.1))))
    assert desk.save(mine).edits[0].state == "applied"


def test_an_edit_for_all_periods_changes_the_others_and_raises_their_versions(desk: ReviewDesk, folder: Path) -> None:
    shown(desk, EARLY)
    before = {each.id: each.version for each in desk.review().layers}
    desk.save(request(desk, draft("remove", "a-0-0", HOLE), holds="*"))
    after = {each.id: each.version for each in desk.review().layers}
    raised = {each for each in after if after[each] > before[each]}
    assert raised == {f"outlines-{EARLY}", f"outlines-{LATE}"}
    for period in (EARLY, LATE):
        assert replayed(folder, period) == shown(desk, period)
        assert shape_of(desk.glacier(period, "a-0-0").outline).equals(cell(0, 0).difference(HOLE))


def test_an_edit_from_a_date_on_leaves_earlier_periods(desk: ReviewDesk, folder: Path) -> None:
    desk.save(request(desk, draft("remove", "a-0-0", HOLE), holds="2000/.."))
    assert shape_of(desk.glacier(EARLY, "a-0-0").outline).equals(cell(0, 0))
    assert replayed(folder, EARLY) == shown(desk, EARLY)
    with pytest.raises(EditError, match="1988 is no part of"):
        desk.save(request(desk, draft("remove", "far", cell(5, 0, 0.2)), period=EARLY, holds="2000/.."))
    with pytest.raises(EditError, match="interval"):
        desk.save(request(desk, draft("remove", "far", cell(5, 0, 0.2)), holds="2018-99/.."))


def test_drafts_that_change_nothing_are_not_kept(desk: ReviewDesk, folder: Path) -> None:
    with pytest.raises(EditError, match="nothing would change: far has no ice on its ground"):
        desk.save(request(desk, draft("remove", "far", HOLE)))
    assert not (folder / "edits.gpkg").exists()


def test_a_reverted_edit_is_taken_back_and_reverting_that_restores_it(desk: ReviewDesk, folder: Path) -> None:
    as_mapped = shown(desk)
    hole = draft("remove", "a-0-0", HOLE)
    saved = desk.save(request(desk, hole))
    with_hole = shown(desk)
    back = contract.RevertRequest(edit_id=hole.edit_id, new_edit_id="0" * 12, author="Bea", reason="it is ice")
    reverted = desk.revert(back)
    assert shown(desk) == as_mapped == replayed(folder)
    assert desk.edits(period=LATE, glac_id="a-0-0").edits[0].state == "reverted"
    assert shape_of(reverted.outlines[0]).equals(cell(0, 0))
    assert desk.revert(back).edits == reverted.edits
    with pytest.raises(EditError, match="reverted already"):
        desk.revert(back.model_copy(update={"new_edit_id": "1" * 12}))
    desk.revert(back.model_copy(update={"edit_id": "0" * 12, "new_edit_id": "2" * 12}))
    assert shown(desk) == with_hole == replayed(folder)
    assert desk.glacier(LATE, "a-0-0").outline == saved.outlines[0]
    assert len(read_edits(folder / "edits.gpkg")) == 3


def test_the_rows_of_a_stroke_are_reverted_together_and_kept_once(desk: ReviewDesk, folder: Path) -> None:
    as_mapped = shown(desk)
    saved = desk.save(request(desk, draft("redraw", "far", shapely.affinity.translate(cell(5, 0), 40.0))))
    moved = shown(desk)
    first, second = (each.edit_id for each in saved.edits)
    known = {"author": "Ana", "reason": "taken back"}
    back = contract.RevertRequest(edit_id=second, edit_ids=(first,), new_edit_id="0" * 12, **known)
    reverted = desk.revert(back)
    assert [each.edit_id for each in reverted.edits] == ["0" * 12, "0" * 12 + "-2"]
    assert shown(desk) == as_mapped == replayed(folder)
    assert desk.revert(back).edits == reverted.edits
    assert len(read_edits(folder / "edits.gpkg")) == 4
    again = ("0" * 12 + "-2", "0" * 12)
    desk.revert(contract.RevertRequest(edit_id=again[0], edit_ids=again[1:], new_edit_id="1" * 12, **known))
    assert shown(desk) == moved == replayed(folder)


def test_of_edits_to_be_reverted_none_is_where_one_cannot_be(desk: ReviewDesk, folder: Path) -> None:
    hole = draft("remove", "a-0-0", HOLE)
    desk.save(request(desk, hole))
    known = {"new_edit_id": "0" * 12, "author": "Ana", "reason": "taken back"}
    with pytest.raises(NotThere, match="no edit 'none'"):
        desk.revert(contract.RevertRequest(edit_id=hole.edit_id, edit_ids=("none",), **known))
    with pytest.raises(EditError, match="named twice"):
        desk.revert(contract.RevertRequest(edit_id=hole.edit_id, edit_ids=(hole.edit_id,), **known))
    assert len(read_edits(folder / "edits.gpkg")) == 1


def test_an_outline_that_was_copied_is_as_wrong_as_the_one_it_was_copied_from(desk: ReviewDesk, folder: Path) -> None:
    source = desk.glacier(EARLY, "a-0-1").measure
    asked = request(desk, draft("copy", "a-0-1", value={"from": EARLY}))
    saved = desk.save(asked)
    assert desk.save(asked) == saved
    copied = desk.glacier(LATE, "a-0-1").measure
    assert source is not None and copied is not None
    assert copied.uncertainty_km2 == pytest.approx(source.uncertainty_km2, rel=0.1)
    early, late = (read_outlines(folder / name / "automatic.gpkg") for name in (EARLY, LATE))
    outlines, _ = replay(late, read_edits(folder / "edits.gpkg"), LATE, middle=2018.5)
    errors = [each.set_index("glac_id").loc["a-0-1", "uncertain_error_km2"] for each in (early, outlines)]
    assert errors[1] == pytest.approx(errors[0]) and errors[1] > 0
    # What is drawn on it afterwards has no error of a map.
    desk.save(request(desk, draft("remove", "a-0-1", cell(0, 1, 0.5))))
    outlines, _ = replay(late, read_edits(folder / "edits.gpkg"), LATE, middle=2018.5)
    assert outlines.set_index("glac_id").loc["a-0-1", "uncertain_error_km2"] == pytest.approx(
        0.75 * errors[0], rel=1e-3
    )


def test_what_is_not_there_is_not_found(desk: ReviewDesk) -> None:
    with pytest.raises(NotThere, match="no edit 'none'"):
        desk.revert(contract.RevertRequest(edit_id="none", new_edit_id="0" * 12, author="A", reason="x"))
    with pytest.raises(NotThere, match="no period"):
        previewed(desk, draft("flag", "far"), period="1999")
    with pytest.raises(NotThere, match="no glacier 'nowhere'"):
        desk.glacier(LATE, "nowhere")
    with pytest.raises(NotThere, match="no edit"):
        desk.history("none", LATE)
    with pytest.raises(NotThere, match="no layer"):
        desk.layer("inventory")


def test_what_happened_is_told_to_who_waits(desk: ReviewDesk) -> None:
    first = desk.review().sequence
    assert desk.changes(first, 0.0).edits == ()
    saved = desk.save(request(desk, draft("flag", "far"), draft("remove", "a-0-0", HOLE)))
    told = desk.changes(first, 5.0)
    assert told.sequence == saved.sequence
    assert {each.edit_id for each in told.edits} == {each.edit_id for each in saved.edits}
    assert told.glaciers == ("a-0-0", "far")
    assert [each.id for each in told.layers] == [f"outlines-{LATE}"]
    assert not told.is_reloaded
    assert not told.is_forgotten
    assert desk.changes(first - 10_000_000, 0.0).is_forgotten


def test_a_server_that_was_started_again_does_not_say_that_outlines_were_mapped_anew(desk: ReviewDesk) -> None:
    seen = desk.review()
    restarted = again(desk)
    told = restarted.changes(seen.sequence, 0.0)
    assert told.is_forgotten
    assert not told.is_reloaded
    assert restarted.review().maps == seen.maps
    restarted.close()


def test_marks_and_states_are_listed(desk: ReviewDesk) -> None:
    desk.save(request(desk, draft("flag", "far"), draft("accept", "a-0-0")))
    found = {each.glac_id: each.state for each in listed(desk)}
    assert (found["far"], found["a-0-0"], found["a-1-1"]) == ("flagged", "accepted", "open")
    assert [each.glac_id for each in listed(desk, "flagged")] == ["far"]
    assert listed(desk, order="name")[0].glac_name == "Glacier far"


def listed(
    desk: ReviewDesk, state: contract.GlacierState | None = None, order: str = "area"
) -> tuple[contract.GlacierRow, ...]:
    return desk.glaciers(LATE, order=order, state=state, limit=10, offset=0).glaciers  # type: ignore[arg-type]


def test_terminus_lines_are_shown_with_their_glacier(desk: ReviewDesk) -> None:
    line = shapely.LineString(cell(5, 0).exterior.coords[:2])
    desk.save(request(desk, draft("terminus", "far", line)))
    assert [each["geometry"]["type"] for each in desk.glacier(LATE, "far").termini] == ["LineString"]
    assert desk.glacier(EARLY, "far").termini == ()


def test_the_history_of_an_edit_has_the_outlines_before_and_after(desk: ReviewDesk) -> None:
    hole = draft("remove", "a-0-0", HOLE)
    desk.save(request(desk, hole))
    desk.save(request(desk, draft("remove", "a-0-0", cell(0.6, 0.6, 0.2))))
    found = desk.history(hole.edit_id, LATE)
    assert shape_of(found.before[0]).equals(cell(0, 0))
    assert shape_of(found.after[0]).equals(cell(0, 0).difference(HOLE))
    assert shape_of(found.today[0]).equals(shape_of(desk.glacier(LATE, "a-0-0").outline))
