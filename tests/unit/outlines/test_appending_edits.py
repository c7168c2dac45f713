"""Appending to a GeoPackage that others have open: kept once, with its indexes and counts right."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kinds.edited import UTM, changes, edit, layer, line, square

from trimline.errors import EditError
from trimline.outlines import append_edits, as_edits, read_corrected_outlines, read_edits
from trimline.outlines.edit_layer import LAYER
from trimline.outlines.geopackage import blob_of, geometry_of


def answers(path: Path, question: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as database:
        return database.execute(question).fetchall()


def outlines(*rows: tuple[str, str, str, shapely.Geometry]) -> gpd.GeoDataFrame:
    names = ("edit_id", "glac_id", "state")
    content = [dict(zip(names, row, strict=False)) | {"period": "1986-1988"} for row in rows]
    return gpd.GeoDataFrame(content, geometry=[row[-1] for row in rows], crs=UTM)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a layer with one row."""
    append_edits(tmp_path / "edits.gpkg", layer(edit("remove", square(0, 0, 100), edit_id="old")))
    return tmp_path / "edits.gpkg"


def test_counts_extent_and_spatial_index_are_those_of_all_rows(path: Path) -> None:
    append_edits(path, layer(edit("add", square(5000, 0), edit_id="far"), edit("flag", edit_id="none")))
    assert answers(path, "SELECT feature_count FROM gpkg_ogr_contents WHERE table_name = 'edits'") == [(3,)]
    (extent,) = answers(path, "SELECT min_x, min_y, max_x, max_y FROM gpkg_contents WHERE table_name = 'edits'")
    assert extent == tuple(read_edits(path).total_bounds)
    indexed = answers(path, "SELECT id, minx, maxy FROM rtree_edits_geom ORDER BY id")
    # The index holds single precision, rounded outwards.
    assert [each[0] for each in indexed] == [1, 2]
    assert indexed[1][1] == pytest.approx(505_000, abs=1)
    found = pyogrio.read_dataframe(path, layer=LAYER, bbox=(504_900, 3_800_000, 505_100, 3_800_100))
    assert found["edit_id"].tolist() == ["far"]


def test_a_file_gets_a_log_by_which_others_read_while_one_writes(path: Path) -> None:
    with closing(sqlite3.connect(path)) as reader:
        append_edits(path, layer(edit("flag", edit_id="first")))
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM edits").fetchone() == (2,)
        append_edits(path, layer(edit("flag", edit_id="second")))
        assert reader.execute("SELECT count(*) FROM edits").fetchone() == (2,)
        assert read_edits(path)["edit_id"].tolist() == ["old", "first", "second"]
        reader.execute("COMMIT")
        assert reader.execute("SELECT count(*) FROM edits").fetchone() == (3,)
        assert path.with_name("edits.gpkg-wal").stat().st_size > 0
    assert answers(path, "PRAGMA journal_mode") == [("wal",)]


def test_what_is_sent_again_is_kept_once(path: Path) -> None:
    rows = layer(
        edit("split", line((0, 0), (9, 9)), edit_id="e1", value={"new_id": "C"}),
        edit("flag", edit_id="e2", reason="shadow?"),
    )
    assert append_edits(path, rows, again=True)["edit_id"].tolist() == ["e1", "e2"]
    later = rows.assign(time="2025-01-01T00:00:00Z")
    assert append_edits(path, later, again=True).empty
    more = layer(*(row for row in later.to_dict("records")), edit("flag", glac_id="B", edit_id="e3"))
    assert append_edits(path, more, again=True)["edit_id"].tolist() == ["e3"]
    assert read_edits(path)["edit_id"].tolist() == ["old", "e1", "e2", "e3"]
    with pytest.raises(EditError, match="there is an edit 'e1' already\n"):
        append_edits(path, rows)
    for change in ({"reason": "other"}, {"geometry": square(0, 0)}, {"glac_id": "B"}):
        with pytest.raises(EditError, match="an edit 'e1' already, and it is another one"):
            append_edits(path, layer(rows.iloc[0].to_dict() | change), again=True)
    with pytest.raises(EditError, match="there is an edit 'twin' already"):
        append_edits(path, layer(edit("flag", edit_id="twin"), edit("flag", edit_id="twin")), again=True)
    assert len(read_edits(path)) == 4


@settings(max_examples=20, deadline=None)
@given(rows=st.lists(changes, min_size=1, max_size=4), crs=st.sampled_from([UTM, 4326, 32647]))
def test_appended_twice_is_appended_once(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]], crs: int
) -> None:
    path = tmp_path_factory.mktemp("edits") / "edits.gpkg"
    append_edits(path, layer(edit("flag", edit_id="old")))
    sent = layer(*(row | {"edit_id": f"e{i}"} for i, row in enumerate(rows))).to_crs(crs)
    append_edits(path, sent, again=True)
    once = read_edits(path)
    assert append_edits(path, sent.assign(time="2025-01-01T00:00:00Z"), again=True).empty
    assert read_edits(path).equals(once)


def test_outlines_before_and_after_are_kept_with_their_edits(path: Path) -> None:
    assert read_corrected_outlines(path).empty
    rows = layer(edit("add", square(0, 0), edit_id="e1"), edit("flag", edit_id="e'2"))
    kept = outlines(("e1", "A", "before", square(0, 0, 10)), ("e1", "A", "after", square(0, 0)))
    append_edits(path, rows, outlines=kept)
    append_edits(path, rows, outlines=kept, again=True)
    append_edits(path, layer(edit("flag", edit_id="e3")), outlines=outlines(("e3", "B", "after", square(1, 1))))
    found = read_corrected_outlines(path, ["e1", "e'2"])
    assert found["state"].tolist() == ["before", "after"]
    assert shapely.equals(found.geometry.to_numpy(), kept.geometry.to_numpy()).all()
    assert (len(read_corrected_outlines(path)), found.crs) == (3, UTM)
    assert read_edits(path)["edit_id"].tolist() == ["old", "e1", "e'2", "e3"]
    new = path.with_name("new.gpkg")
    append_edits(new, rows, outlines=kept)
    assert len(read_corrected_outlines(new)) == 2
    assert read_corrected_outlines(path.with_name("absent.gpkg")).empty


def test_nothing_is_kept_where_an_outline_cannot_be(path: Path) -> None:
    lacking = outlines(("e1", "A", "after", square(0, 0))).drop(columns="state")
    with pytest.raises(KeyError):
        append_edits(path, layer(edit("flag", edit_id="e1")), outlines=lacking)
    assert read_edits(path)["edit_id"].tolist() == ["old"]


def test_rows_without_an_identifier_count_by_what_they_say(path: Path) -> None:
    drawn = layer(edit("remove", square(0, 0, 300)))
    with closing(sqlite3.connect(path)) as database, database:
        values = (drawn["period"][0], drawn["glac_id"][0], blob_of(drawn.geometry[0], UTM))
        for name in ("rtree_edits_geom_insert",):
            database.execute(f"DROP TRIGGER {name}")
        database.execute("INSERT INTO edits (operation, period, glac_id, geom) VALUES ('remove', ?, ?, ?)", values)
    (computed,) = as_edits(drawn.drop(columns="edit_id"))["edit_id"]
    assert read_edits(path)["edit_id"].tolist() == ["old", computed]
    (again,) = append_edits(path, drawn.drop(columns="edit_id"))["edit_id"]
    assert again == f"{computed}-2"


def test_two_processes_that_begin_a_layer_lose_no_edit(tmp_path: Path) -> None:
    path = tmp_path / "edits.gpkg"
    code = (
        "import sys, geopandas; from trimline.outlines import append_edits; sys.stdin.readline();"
        "append_edits(sys.argv[1], geopandas.GeoDataFrame({'edit_id': [sys.argv[2]], 'operation': ['flag']},"
        "geometry=[None], crs=32646))"
    )
    both = [
        subprocess.Popen([sys.executable, "-c", code, str(path), name], stdin=subprocess.PIPE) for name in ("a", "b")
    ]
    for each in both:
        assert each.stdin is not None
        each.stdin.write(b"go\n")
        each.stdin.flush()
    assert [each.wait() for each in both] == [0, 0]
    for each in both:
        assert each.stdin is not None
        each.stdin.close()
    assert sorted(read_edits(path)["edit_id"]) == ["a", "b"]
    assert [each.name for each in tmp_path.iterdir()] == ["edits.gpkg"]


def test_a_geometry_is_read_as_it_was_written() -> None:
    for shape in (square(0, 0), line((0, 0), (1, 1)), shapely.MultiPolygon([square(0, 0)]), shapely.Polygon()):
        blob = blob_of(shape, 4326)
        assert blob is not None
        assert geometry_of(blob) == shape
    assert geometry_of(blob_of(None, 4326)) is None
    without_envelope = b"GP\x00\x01" + b"\x00" * 4 + square(0, 0).wkb
    assert geometry_of(without_envelope) == square(0, 0)
    for wrong in (b"", b"GP", b"XX\x00\x01\x00\x00\x00\x00", b"GP\x00\x0f\x00\x00\x00\x00"):
        with pytest.raises(ValueError, match=r"geometry|envelope"):
            geometry_of(wrong)


def test_a_layer_of_thousand_rows_takes_a_row_without_being_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    many = gpd.GeoDataFrame(
        {"edit_id": [f"n{i}" for i in range(1000)], "operation": "remove"}, geometry=[square(0, 0)] * 1000, crs=UTM
    )
    append_edits(path, many)

    def refused(*_: object) -> None:
        raise AssertionError("the layer was read")

    monkeypatch.setattr("trimline.outlines.writing_edits.read_rows", refused)
    append_edits(path, layer(edit("flag", edit_id="last")), again=True)
    assert len(read_edits(path)) == 1002
    assert np.isfinite(read_edits(path).total_bounds).all()


def test_a_file_on_a_read_only_disk_is_read_and_nothing_is_written_beside_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append_edits(path, layer(edit("flag", edit_id="new")))
    before = sorted(path.parent.iterdir())
    monkeypatch.setattr("trimline.outlines.geopackage.os.access", lambda *_: False)
    assert read_edits(path)["edit_id"].tolist() == ["old", "new"]
    assert sorted(path.parent.iterdir()) == before


def test_rows_that_a_killed_process_left_in_the_log_are_read(path: Path) -> None:
    append_edits(path, layer(edit("flag", edit_id="logged")))
    code = (
        "import os, sqlite3, sys, geopandas; from trimline.outlines import append_edits;"
        "held = sqlite3.connect(sys.argv[1]); held.execute('SELECT * FROM edits').fetchall();"
        "append_edits(sys.argv[1], geopandas.GeoDataFrame({'edit_id': ['left'], 'operation': ['flag']},"
        "geometry=[None], crs=32646)); os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(path)], check=False).returncode == 9
    log = path.with_name("edits.gpkg-wal")
    assert log.stat().st_size > 0
    assert read_edits(path)["edit_id"].tolist() == ["old", "logged", "left"]
    append_edits(path, layer(edit("flag", edit_id="next")))
    assert read_edits(path)["edit_id"].tolist() == ["old", "logged", "left", "next"]
