"""Edits of QGIS or the command line, and outlines mapped anew, while a review is open."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
from tests.kinds.reviewed import EARLY, LATE, UTM, cell, draft, field, reviewed, shape_of

from trimline.outlines import append_edits, write_outlines
from trimline.review import contract
from trimline.review.review_desk import ReviewDesk, desk_of

HOLE = cell(0.2, 0.2, 0.2)
SOON_S = 5.0
"""Time in which a change must be told; it is looked for every second [s]."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "review"


@pytest.fixture
def desk(folder: Path) -> Iterator[ReviewDesk]:
    opened = desk_of(reviewed(folder))
    yield opened
    opened.close()


def appended(folder: Path, crs: str = UTM, **columns: Any) -> None:
    """Append a row as another program does."""
    row = {
        "operation": "remove",
        "period": LATE,
        "glac_id": "a-0-0",
        "author": "Qi",
        "time": "2024-05-31T14:00:00Z",
        "reason": "rock",
        "geometry": HOLE,
    } | columns
    append_edits(folder / "edits.gpkg", gpd.GeoDataFrame([row], geometry="geometry", crs=UTM).to_crs(crs))


def saved(desk: ReviewDesk, *drafts: contract.Draft) -> contract.Saved:
    base = desk.preview(contract.PreviewRequest(period=LATE, drafts=drafts)).base
    return desk.save(contract.SaveRequest(period=LATE, drafts=drafts, author="Ana", reason="ice", base=base))


def test_a_row_of_another_program_is_applied_and_told(desk: ReviewDesk, folder: Path) -> None:
    desk.layer(f"outlines-{LATE}")
    first = desk.review()
    appended(folder)
    told = desk.changes(first.sequence, SOON_S)
    assert [(each.operation, each.author, each.state) for each in told.edits] == [("remove", "Qi", "applied")]
    assert [each.id for each in told.layers] == [f"outlines-{LATE}"]
    assert "a-0-0" in told.glaciers
    assert shape_of(desk.glacier(LATE, "a-0-0").outline).equals(cell(0, 0).difference(HOLE))


def test_a_row_with_an_earlier_time_is_replayed_before_those_that_were_saved(desk: ReviewDesk, folder: Path) -> None:
    saved(desk, draft("split", "a-0-0", HOLE, value={"new_id": "part"}))
    appended(folder)
    glacier = desk.glacier(LATE, "a-0-0")
    assert {each.operation: each.state for each in glacier.edits} == {"split": "not applied", "remove": "applied"}
    assert "part" not in desk.layer(f"outlines-{LATE}").glac_ids


def test_an_edit_that_is_made_after_one_with_a_later_clock_comes_after_it(desk: ReviewDesk, folder: Path) -> None:
    appended(folder, time="2999-01-01T00:00:00Z")
    made = saved(desk, draft("add", "a-0-0", HOLE))
    assert made.edits[0].state == "applied"
    assert shape_of(desk.glacier(LATE, "a-0-0").outline).equals(cell(0, 0))


def test_invalid_rows_are_told_and_neither_block_nor_lose_the_others(desk: ReviewDesk, folder: Path) -> None:
    appended(folder, author=None, time=None)
    appended(folder, operation="melt", edit_id="half")
    made = saved(desk, draft("remove", "far", cell(5.2, 0.2, 0.2)))
    problems = desk.review().problems
    assert len(problems) == 3
    assert any("has no author" in each for each in problems)
    assert any("'melt' is no operation" in each for each in problems)
    assert made.edits[0].state == "applied"
    assert [each.state for each in desk.edits(period=None, glac_id=None).edits] == ["wrong", "wrong", "applied"]
    assert shape_of(desk.glacier(LATE, "a-0-0").outline).equals(cell(0, 0))
    back = contract.RevertRequest(edit_id="half", new_edit_id="0" * 12, author="Ana", reason="a slip")
    desk.revert(back)
    assert len(desk.review().problems) == 2


def test_a_row_that_is_mended_is_applied(desk: ReviewDesk, folder: Path) -> None:
    appended(folder, operation="melt", edit_id="half")
    assert len(desk.review().problems) == 1
    with closing(sqlite3.connect(folder / "edits.gpkg")) as database, database:
        for name in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
            database.create_function(name, 1, lambda _: 0)
        database.execute("UPDATE edits SET operation = 'remove'")
    assert desk.review().problems == ()
    assert shape_of(desk.glacier(LATE, "a-0-0").outline).equals(cell(0, 0).difference(HOLE))


def test_a_layer_in_another_crs_is_read_and_appended_to(desk: ReviewDesk, folder: Path) -> None:
    appended(folder, crs="EPSG:4326")
    hole = draft("redraw", "far", cell(5, 0).difference(cell(5.2, 0.2, 0.2)))
    base = desk.preview(contract.PreviewRequest(period=LATE, drafts=(hole,))).base
    asked = contract.SaveRequest(period=LATE, drafts=(hole,), author="Ana", reason="ice", base=base)
    first = desk.save(asked)
    assert desk.save(asked).edits == first.edits
    found = shape_of(desk.glacier(LATE, "far").outline)
    assert found.symmetric_difference(cell(5, 0).difference(cell(5.2, 0.2, 0.2))).area < 1.0
    assert shape_of(desk.glacier(LATE, "a-0-0").outline).symmetric_difference(cell(0, 0).difference(HOLE)).area < 1.0


def test_a_file_that_cannot_be_read_keeps_what_is_known_and_refuses_to_save(desk: ReviewDesk, folder: Path) -> None:
    saved(desk, draft("remove", "a-0-0", HOLE))
    path = folder / "edits.gpkg"
    whole = path.read_bytes()
    path.write_bytes(b"no database" * 100)
    assert any("cannot be read" in each for each in desk.review().problems)
    assert shape_of(desk.glacier(LATE, "a-0-0").outline).equals(cell(0, 0).difference(HOLE))
    with pytest.raises(Exception, match="nothing can be added"):
        saved(desk, draft("remove", "far", cell(5.2, 0.2, 0.2)))
    path.write_bytes(whole)
    assert desk.review().problems == ()
    saved(desk, draft("remove", "far", cell(5.2, 0.2, 0.2)))


def test_outlines_that_were_mapped_anew_are_read_again_with_their_edits(desk: ReviewDesk, folder: Path) -> None:
    saved(desk, draft("remove", "a-0-0", HOLE))
    first = desk.review()
    write_outlines(field(LATE, shrunk=300.0), folder / LATE / "automatic.gpkg")
    told = desk.changes(first.sequence, SOON_S)
    assert told.is_reloaded
    assert desk.review().maps != first.maps
    assert {each.id for each in told.layers} == {f"outlines-{LATE}", f"automatic-{LATE}"}
    assert shape_of(desk.glacier(LATE, "a-0-1").outline).area == pytest.approx(1000.0 * 700.0)
    assert shape_of(desk.glacier(LATE, "a-0-0").outline).equals(cell(0, 0).difference(HOLE))
    old = {each.id: each.version for each in first.layers}
    assert all(each.version > old[each.id] for each in told.layers)


def test_an_edit_that_no_longer_applies_on_the_new_map_keeps_its_history(desk: ReviewDesk, folder: Path) -> None:
    hole = draft("remove", "far", cell(5.2, 0.2, 0.2))
    saved(desk, hole)
    outlines = field(LATE)
    write_outlines(outlines[outlines["glac_id"] != "far"], folder / LATE / "automatic.gpkg")
    found = desk.history(hole.edit_id, LATE)
    assert found.edit.state == "not applied"
    assert shape_of(found.before[0]).equals(cell(5, 0))
    assert shape_of(found.after[0]).equals(cell(5, 0).difference(cell(5.2, 0.2, 0.2)))
    assert found.today == ()
    assert desk.glacier(LATE, "far").outline is None
    assert desk.glacier(LATE, "far").previous is not None


def test_browsers_that_wait_are_woken_when_the_review_ends(desk: ReviewDesk) -> None:
    begun = time.monotonic()
    desk.close()
    desk.changes(desk.review().sequence, 20.0)
    assert time.monotonic() - begun < 5.0


def test_the_other_period_is_not_touched_by_rows_of_one(desk: ReviewDesk, folder: Path) -> None:
    before = desk.layer(f"outlines-{EARLY}")
    appended(folder)
    assert desk.layer(f"outlines-{EARLY}") is before
