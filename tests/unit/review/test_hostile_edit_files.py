"""A file of edits that others hold, take away, damage or set traps in: nothing is lost and nothing is said in vain."""

from __future__ import annotations

import sqlite3
import struct
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
import shapely
from tests.kinds.reviewed import LATE, cell, draft, field, reviewed, reviewed_in, shape_of

from trimline.errors import EditError
from trimline.outlines import read_edits, write_outlines
from trimline.outlines.geopackage import geometry_of
from trimline.review import contract
from trimline.review.desk import InConflict
from trimline.review.edits.edit_file import Busy, EditFile
from trimline.review.review_desk import ReviewDesk, desk_of
from trimline.review.server.failures import status_of

HOLE, OTHER, APART = cell(0.2, 0.2, 0.2), cell(0.6, 0.6, 0.2), cell(5.2, 0.2, 0.2)
SHORT_S = 4.0
"""Less than the patience of the command line with a lock [s]."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "review"


@pytest.fixture
def desk(folder: Path) -> Iterator[ReviewDesk]:
    opened = desk_of(reviewed(folder))
    saved(opened, draft("remove", "a-0-0", HOLE, edit_id="0" * 12))
    yield opened
    opened.close()


def asked(desk: ReviewDesk, *drafts: contract.Draft) -> contract.SaveRequest:
    base = desk.preview(contract.PreviewRequest(period=LATE, drafts=drafts)).base
    return contract.SaveRequest(period=LATE, drafts=drafts, author="Ana", reason="ice", base=base)


def saved(desk: ReviewDesk, *drafts: contract.Draft) -> contract.Saved:
    return desk.save(asked(desk, *drafts))


def told_to(folder: Path, *statements: str) -> None:
    with closing(sqlite3.connect(folder / "edits.gpkg")) as database, database:
        for each in statements:
            database.execute(each)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER x AFTER INSERT ON edits BEGIN DELETE FROM edits WHERE edit_id = NEW.edit_id; END",
        "CREATE TRIGGER x BEFORE INSERT ON edits BEGIN UPDATE edits SET author = 'Eve'; END",
        "CREATE TRIGGER rtree_edits_geom_9 AFTER INSERT ON edits BEGIN DELETE/**/FROM edits; END",
        "CREATE TRIGGER x AFTER UPDATE ON gpkg_contents BEGIN UPDATE edits SET author = 'Eve'; END",
        "CREATE TRIGGER x AFTER INSERT ON edits BEGIN SELECT 1; DELETE FROM edits; END",
    ],
)
def test_a_trigger_that_changes_rows_is_refused_by_its_name(desk: ReviewDesk, folder: Path, statement: str) -> None:
    told_to(folder, statement)
    with pytest.raises(EditError, match=r"the trigger '(x|rtree_edits_geom_9)' changes rows"):
        saved(desk, draft("remove", "far", APART))
    assert read_edits(folder / "edits.gpkg")["author"].tolist() == ["Ana"]
    name = "x" if " x " in statement else "rtree_edits_geom_9"
    told_to(folder, f"DROP TRIGGER {name}")
    saved(desk, draft("remove", "far", APART))


def test_a_view_in_place_of_the_layer_is_refused(desk: ReviewDesk, folder: Path) -> None:
    told_to(
        folder,
        "ALTER TABLE edits RENAME TO hidden",
        "CREATE VIEW edits AS SELECT * FROM hidden",
        "CREATE TRIGGER x INSTEAD OF INSERT ON edits BEGIN SELECT 1; END",
    )
    with pytest.raises(EditError, match="is a view"):
        saved(desk, draft("remove", "far", APART))


def test_rows_that_are_not_kept_as_written_are_refused(
    desk: ReviewDesk, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trimline.outlines.writing_edits.require_own_triggers", lambda *_: None)
    told_to(folder, "CREATE TRIGGER x AFTER INSERT ON edits BEGIN UPDATE edits SET author = 'Eve' WHERE fid > 1; END")
    with pytest.raises(EditError, match="not in the file as they were written"):
        saved(desk, draft("remove", "far", APART))
    assert len(read_edits(folder / "edits.gpkg")) == 1


def test_a_statement_that_never_ends_is_ended(desk: ReviewDesk, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trimline.outlines.geopackage._LONGEST_S", 0.5)
    monkeypatch.setattr("trimline.outlines.writing_edits.require_own_triggers", lambda *_: None)
    endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c"
    told_to(folder, f"CREATE TRIGGER x AFTER INSERT ON edits BEGIN SELECT count(*) FROM ({endless}); END")  # noqa: S608
    begun = time.monotonic()
    with pytest.raises(EditError, match="interrupted"):
        saved(desk, draft("remove", "far", APART))
    assert time.monotonic() - begun < 3 * SHORT_S


def test_a_file_that_is_gone_is_a_problem_and_nothing_is_saved_beside_it(desk: ReviewDesk, folder: Path) -> None:
    path = folder / "edits.gpkg"
    path.rename(folder / "away.gpkg")
    assert any("the file is gone, and 1 edits were in it" in each for each in desk.review().problems)
    assert shape_of(desk.glacier(LATE, "a-0-0").outline).equals(cell(0, 0).difference(HOLE))
    with pytest.raises(EditError, match="nothing can be added"):
        saved(desk, draft("remove", "far", APART))
    assert not path.exists()
    (folder / "away.gpkg").rename(path)
    assert desk.review().problems == ()
    saved(desk, draft("remove", "far", APART))
    assert len(read_edits(path)) == 2


def test_of_two_servers_that_save_at_once_on_one_glacier_one_is_in_conflict(desk: ReviewDesk, folder: Path) -> None:
    other = desk_of(reviewed_in(folder))
    for turn in range(6):
        desks, grounds = (desk, other), (cell(0.5, 0.1 * turn, 0.05), cell(0.7, 0.1 * turn, 0.05))
        requests = [asked(each, draft("remove", "a-0-0", at)) for each, at in zip(desks, grounds, strict=True)]

        def answer(one: tuple[ReviewDesk, contract.SaveRequest]) -> str:
            try:
                one[0].save(one[1])
            except InConflict:
                return "conflict"
            return "saved"

        with ThreadPoolExecutor(2) as both:
            assert sorted(both.map(answer, zip(desks, requests, strict=True))) == ["conflict", "saved"]
    states = [each.edits(period=None, glac_id=None).edits for each in (desk, other)]
    other.close()
    assert len(states[0]) == len(states[1]) == 7
    assert desk.glacier(LATE, "a-0-0").outline == other.glacier(LATE, "a-0-0").outline


def test_a_row_that_is_written_between_the_check_and_the_save_is_a_conflict(
    desk: ReviewDesk, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, other = asked(desk, draft("remove", "a-0-0", OTHER)), desk_of(reviewed_in(folder))
    theirs = asked(other, draft("remove", "a-0-0", cell(0.1, 0.7, 0.1)))
    append, came = EditFile.append, []

    def late(file: EditFile, *given: object) -> object:
        if not came:
            came.append(True)
            other.save(theirs)
        return append(file, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(EditFile, "append", late)
    with pytest.raises(InConflict):
        desk.save(mine)
    other.close()
    assert len(read_edits(folder / "edits.gpkg")) == 2


def nested(depth: int) -> bytes:
    return b"GP\0\1" + struct.pack("<i", 32645) + struct.pack("<BII", 1, 7, 1) * depth


@pytest.mark.parametrize(
    "blob", [b"junk", nested(20_000), nested(3), b"GP\0\1" + bytes(4) + b"\1\3\0\0\0\xff\xff\xff\x7f"]
)
def test_a_damaged_geometry_is_told_with_its_edit_and_the_others_are_read(
    desk: ReviewDesk, folder: Path, blob: bytes
) -> None:
    saved(desk, draft("remove", "far", APART, edit_id="f" * 12))
    with closing(sqlite3.connect(folder / "edits.gpkg")) as database, database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE name LIKE 'rtree_edits_geom_update%'"):
            database.execute(f"DROP TRIGGER {name}")
        database.execute("UPDATE edits SET geom = ? WHERE edit_id = ?", (blob, "0" * 12))
    (problem,) = desk.review().problems
    assert f"edit {'0' * 12}: has a damaged geometry" in problem
    states = {each.edit_id: each.state for each in desk.edits(period=None, glac_id=None).edits}
    assert states == {"0" * 12: "wrong", "f" * 12: "applied"}
    saved(desk, draft("remove", "a-0-1", cell(0.2, 1.2, 0.2)))
    again = desk_of(reviewed_in(folder))
    assert again.review().problems == (problem,)
    again.close()


def test_geometries_that_contain_each_other_are_read_down_to_a_depth() -> None:
    whole = shapely.MultiPolygon([cell(0, 0), cell(2, 0).difference(cell(2.2, 0.2, 0.1))])
    for depth in (1, 5):
        body = struct.pack("<BII", 1, 7, 1) * depth + whole.wkb
        found = geometry_of(b"GP\0\1" + bytes(4) + body)
        assert found is not None
        assert found.area == whole.area
    with pytest.raises(ValueError, match="nested more than 8 deep"):
        geometry_of(b"GP\0\1" + bytes(4) + struct.pack("<BII", 1, 7, 1) * 9 + whole.wkb)
    with pytest.raises(ValueError, match="nested more than 8 deep"):
        geometry_of(b"GP\0\1" + bytes(4) + struct.pack("<BII", 1, 6, 1) * 20_000)
    for code in (shapely.to_wkb(shapely.Point(1, 2, 3), flavor=each) for each in ("iso", "extended")):
        assert geometry_of(b"GP\0\1" + bytes(4) + code) == shapely.Point(1, 2, 3)


def test_a_redraw_that_is_sent_again_after_a_new_map_is_known(desk: ReviewDesk, folder: Path) -> None:
    moved = shapely.affinity.translate(cell(5, 0), 40.0)
    request = asked(desk, draft("redraw", "far", moved), draft("accept", "far"))
    first = desk.save(request)
    write_outlines(
        field(LATE, shrunk=0.0).assign(geometry=field(LATE).geometry.translate(7.0, 3.0)), _automatic(folder)
    )
    again = desk.save(request)
    assert [each.edit_id for each in again.edits] == [each.edit_id for each in first.edits]
    assert len(read_edits(folder / "edits.gpkg")) == 4
    other = draft("redraw", "far", shapely.affinity.translate(cell(5, 0), 90.0), edit_id=request.drafts[0].edit_id)
    with pytest.raises(EditError, match="another edit"):
        desk.save(request.model_copy(update={"drafts": (other, request.drafts[1])}))
    more = draft("remove", "a-0-1", cell(0.2, 1.2, 0.2))
    with pytest.raises(EditError, match="another edit"):
        desk.save(request.model_copy(update={"drafts": (*request.drafts, more)}))


def _automatic(folder: Path) -> Path:
    return folder / LATE / "automatic.gpkg"


def test_a_lock_of_another_program_is_told_soon_and_readers_do_not_wait_for_it(desk: ReviewDesk, folder: Path) -> None:
    request = asked(desk, draft("remove", "far", APART))
    with closing(sqlite3.connect(folder / "edits.gpkg", isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        begun = time.monotonic()
        with pytest.raises(Busy, match="another program is writing") as refused:
            desk.save(request)
        assert time.monotonic() - begun < SHORT_S
        assert status_of(refused.value) == 503
        database.execute("ROLLBACK")
    assert [each.state for each in desk.save(request).edits] == ["applied"]
