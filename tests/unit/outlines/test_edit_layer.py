"""The layer of edits: what was written stays, whoever wrote it, and nothing wrong passes."""

from __future__ import annotations

import copy
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import shapely

from trimline.errors import EditError
from trimline.files import sha256
from trimline.outlines import (
    append_edits,
    as_edits,
    check_edits,
    complete_edits,
    geopackage,
    no_edits,
    read_edits,
    require_sound,
)
from trimline.outlines.edit_layer import EDIT_COLUMNS, in_order

SQUARE = shapely.box(500_000, 3_800_000, 501_000, 3_801_000)
LINE = shapely.LineString([(500_000, 3_800_000), (501_000, 3_801_000)])
SOUND: dict[str, Any] = {
    "operation": "add",
    "period": "1986-1988",
    "glac_id": "A",
    "author": "Ana",
    "time": "2024-05-31T14:00:00Z",
    "reason": "debris",
}


def rows(*changes: dict[str, Any], crs: object = 32646) -> gpd.GeoDataFrame:
    content = [SOUND | change for change in changes]
    return gpd.GeoDataFrame(content, geometry=[each.pop("geometry", SQUARE) for each in content], crs=crs)


def problems(*changes: dict[str, Any]) -> list[str]:
    return [str(each) for each in check_edits(as_edits(rows(*changes)), ["1986-1988", "2019-2021"])]


def test_what_is_appended_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "edits.gpkg"
    first = append_edits(path, rows({}, {"operation": "split", "geometry": LINE}))
    second = append_edits(path, rows({"operation": "attribute", "value": '{"glac_name": "Ä"}', "geometry": None}))
    there = read_edits(path)
    assert there["edit_id"].tolist() == [*first["edit_id"], *second["edit_id"]]
    assert list(there.columns) == [*EDIT_COLUMNS, "geometry"]
    assert there.geometry.tolist() == [SQUARE, LINE, None]
    assert there["value"].tolist() == [None, None, '{"glac_name": "Ä"}']


def test_a_layer_that_does_not_exist_holds_no_edit(tmp_path: Path) -> None:
    assert read_edits(tmp_path / "edits.gpkg").empty
    assert check_edits(no_edits()) == []


def test_the_same_edits_make_the_same_file(tmp_path: Path) -> None:
    for name in ("a", "b"):
        append_edits(tmp_path / name / "edits.gpkg", rows({}, {"operation": "remove"}))
    assert sha256(tmp_path / "a" / "edits.gpkg") == sha256(tmp_path / "b" / "edits.gpkg")


def test_an_identifier_is_made_of_what_an_edit_does_and_not_of_who_did_it() -> None:
    turned = shapely.Polygon(SQUARE.exterior.coords[2:-1] + SQUARE.exterior.coords[:3])
    edits = as_edits(rows({}, {"author": "Ben", "time": None, "geometry": turned}, {"operation": "remove"}))
    first, second, third = edits["edit_id"]
    assert second == f"{first}-2"
    assert not third.startswith(first)
    assert as_edits(rows({}))["edit_id"].tolist() == [first]


def test_an_identifier_that_is_there_is_not_given_twice(tmp_path: Path) -> None:
    path = tmp_path / "edits.gpkg"
    append_edits(path, rows({"edit_id": "e1"}, {}))
    with pytest.raises(EditError, match=r"there is an edit 'e1' already"):
        append_edits(path, rows({"edit_id": "e1"}))
    assert append_edits(path, rows({}))["edit_id"][0].endswith("-2")
    assert read_edits(path)["edit_id"].is_unique


def test_rows_drawn_in_qgis_are_taken_in_and_the_file_is_not_touched(tmp_path: Path) -> None:
    """Numbers for text, no edit_id, times without a zone, another CRS, multipolygons, columns of one's own."""
    path = tmp_path / "edits.gpkg"
    drawn = gpd.GeoDataFrame(
        {
            "operation": ["Add", "remove", "", None],
            "period": [2016, 2016, 2016, None],
            "glac_id": [12.0, None, 7.0, None],
            "author": ["Ana", " Ana ", "Ben", "Ben"],
            "time": pd.to_datetime(["2024-05-31T14:00", "2024-05-31T15:00", None, "2024-06-01T00:00"]),
            "reverts": [None, None, None, "x"],
            "seen_by": ["nobody"] * 4,
        },
        geometry=[shapely.MultiPolygon([SQUARE]), shapely.force_3d(SQUARE), None, None],
        crs=32646,
    ).to_crs(4326)
    pyogrio.write_dataframe(drawn, path, layer="edits", geometry_type="Unknown")
    before = sha256(path)
    edits = read_edits(path)
    assert sha256(path) == before
    assert edits["operation"].tolist() == ["add", "remove", None, "revert"]
    assert edits["period"].tolist() == ["2016", "2016", "2016", None]
    assert edits["glac_id"].tolist() == ["12", None, "7", None]
    assert edits["author"].tolist() == ["Ana", "Ana", "Ben", "Ben"]
    assert edits["time"].tolist()[:3] == ["2024-05-31T14:00:00Z", "2024-05-31T15:00:00Z", None]
    assert edits["edit_id"].notna().all()
    assert edits["edit_id"].tolist() == read_edits(path)["edit_id"].tolist()
    assert not edits.geometry[1].has_z


def test_edits_are_appended_to_a_layer_of_other_types_and_fewer_columns(tmp_path: Path) -> None:
    path = tmp_path / "edits.gpkg"
    drawn = rows({"time": pd.Timestamp("2024-05-31T14:00")}).drop(columns=["reason"]).assign(period=2016, seen_by="Ben")
    drawn = drawn[["seen_by", *reversed(drawn.columns[:-1])]]
    pyogrio.write_dataframe(
        drawn.to_crs(4326), path, layer="edits", geometry_type="MultiPolygon", promote_to_multi=True
    )
    append_edits(path, rows({"period": "2017", "time": "2024-06-01T00:00:00Z", "reverts": "x"}))
    there = read_edits(path)
    assert there["period"].tolist() == ["2016", "2017"]
    assert there["time"].tolist() == ["2024-05-31T14:00:00Z", "2024-06-01T00:00:00Z"]
    assert there["reason"].tolist() == [None, "debris"]
    assert there["reverts"].tolist() == [None, "x"]
    assert there.to_crs(32646).geometry[1].symmetric_difference(SQUARE).area < 1
    with pytest.raises(EditError, match=r"'period' of the layer holds int"):
        append_edits(path, rows({}))
    with pytest.raises(EditError, match="is a LineString, and the layer holds MultiPolygon alone"):
        append_edits(path, rows({"period": "2017", "geometry": LINE}))
    assert len(read_edits(path)) == 2


def test_empty_cells_are_filled_and_what_a_row_says_stays(tmp_path: Path) -> None:
    """Two rows of QGIS, in a layer with a spatial index and without a column of identifiers."""
    path = tmp_path / "edits.gpkg"
    drawn = rows({"author": None, "time": None}, {"author": "Ben", "reason": None, "operation": "remove"})
    pyogrio.write_dataframe(drawn, path, layer="edits")
    made = read_edits(path)["edit_id"].tolist()
    assert complete_edits(path, {"author": "Ana", "time": "2024-06-01T00:00:00Z"}) == made
    there = read_edits(path)
    assert there["edit_id"].tolist() == made
    assert there["author"].tolist() == ["Ana", "Ben"]
    assert there["time"].tolist() == ["2024-06-01T00:00:00Z", "2024-05-31T14:00:00Z"]
    assert there["reason"].tolist() == ["debris", None]
    assert there.geometry.tolist() == [SQUARE, SQUARE]
    assert check_edits(there) == []
    assert complete_edits(path, {"author": "Cem"}) == []


def test_a_file_of_several_layers_must_say_which_holds_the_edits(tmp_path: Path) -> None:
    path = tmp_path / "mine.gpkg"
    for name in ("one", "two"):
        pyogrio.write_dataframe(rows({}), path, layer=name)
    with pytest.raises(EditError, match="none is called 'edits'"):
        read_edits(path)
    pyogrio.write_dataframe(rows({}), path, layer="edits")
    assert len(read_edits(path)) == 1


def test_a_layer_held_by_another_program_is_an_error_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(geopackage, "PATIENCE_S", 0.1)
    path = tmp_path / "edits.gpkg"
    append_edits(path, rows({}))
    code = (
        "import sqlite3, sys; held = sqlite3.connect(sys.argv[1]); held.execute('BEGIN EXCLUSIVE');"
        "print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen([sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    holder.stdout.readline()
    try:
        with pytest.raises(EditError, match="locked"):
            append_edits(path, rows({"operation": "remove"}))
    finally:
        holder.communicate()
    assert len(read_edits(path)) == 1


def test_a_process_killed_while_it_appends_leaves_the_old_rows_or_all_the_new(tmp_path: Path) -> None:
    path, count = tmp_path / "edits.gpkg", 8_000
    append_edits(path, rows({"edit_id": "old"}))
    code = (
        "import sys, geopandas, shapely; from trimline.outlines import append_edits; n = int(sys.argv[2]);"
        "f = geopandas.GeoDataFrame({'operation': ['add'] * n, 'glac_id': [str(i) for i in range(n)]},"
        "geometry=[shapely.box(0, 0, 1, 1)] * n, crs=32646); print('go', flush=True); append_edits(sys.argv[1], f)"
    )
    for wait_s in (0.0, 0.05):
        before = len(read_edits(path))
        writer = subprocess.Popen([sys.executable, "-c", code, str(path), str(count)], stdout=subprocess.PIPE)
        assert writer.stdout is not None
        writer.stdout.readline()
        deadline = time.monotonic() + 30
        log = path.with_name("edits.gpkg-wal")
        while not (log.exists() and log.stat().st_size) and writer.poll() is None:
            assert time.monotonic() < deadline
        time.sleep(wait_s)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        there = read_edits(path)
        assert len(there) in (before, before + count)
        assert there["edit_id"][0] == "old"
    append_edits(path, rows({"edit_id": "new"}))
    assert read_edits(path)["edit_id"].iloc[-1] == "new"


def test_sound_edits_have_no_problem() -> None:
    assert (
        problems(
            {},
            {"operation": "remove", "glac_id": None, "geometry": shapely.MultiPolygon([SQUARE])},
            {"operation": "replace", "period": "*", "value": '{"take": true, "glac_name": "A"}'},
            {"operation": "split", "geometry": LINE, "value": '{"new_id": "B"}'},
            {"operation": "split"},
            {"operation": "attribute", "geometry": None, "value": '{"zmin_m": 4100, "glac_name": null}'},
            {"operation": None, "reverts": as_edits(rows({}))["edit_id"][0], "geometry": None, "period": None},
        )
        == []
    )


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"operation": "ad"}, "'ad' is no operation; did you mean 'add'?"),
        ({"operation": None}, "has no operation"),
        ({"operation": "revert"}, "does not say what it takes back"),
        ({"reverts": "e9"}, "takes back 'e9', which is no edit made before it"),
        ({"period": "1986-1989"}, "'1986-1989' is no period of the project; did you mean '1986-1988'?"),
        ({"period": None}, "has no period"),
        ({"author": " "}, "has no author"),
        ({"time": None}, "has no time"),
        ({"time": "31.5.2024"}, "the time '31.5.2024' cannot be read"),
        ({"glac_id": None}, "names no glacier; write the identifier of one, or a new one,"),
        ({"geometry": None}, "has no geometry"),
        ({"geometry": shapely.Polygon()}, "has no geometry"),
        ({"geometry": LINE}, "is a LineString; 'add' needs a Polygon"),
        ({"operation": "split", "geometry": shapely.Point(0, 0)}, "'split' needs a LineString or a Polygon"),
        ({"geometry": shapely.Polygon([(0, 0), (9, 9), (9, 0), (0, 9)])}, "its polygon is invalid: Self-intersection"),
        ({"operation": "attribute"}, "sets no column"),
        ({"operation": "attribute", "value": "{"}, "'value' is no JSON object"),
        ({"operation": "attribute", "value": "[1]"}, "'value' is no JSON object"),
        ({"operation": "attribute", "value": '{"area_km2": 1}'}, "'area_km2' cannot be set"),
        ({"operation": "attribute", "value": '{"zmin_m": "low"}'}, "'zmin_m' is a number, and 'low' is none"),
        ({"operation": "attribute", "value": '{"glac_name": ["a"]}'}, "is not one value"),
        ({"value": '{"take": "yes"}'}, "give true or false"),
        ({"value": '{"glac_id": "Z"}'}, "rename a glacier by an edit 'attribute'"),
        ({"operation": "split", "value": '{"new_id": 5}'}, "give a text"),
    ],
)
def test_what_cannot_be_is_a_problem_that_names_its_edit(change: dict[str, Any], text: str) -> None:
    (found,) = problems(change | {"edit_id": "e1"})
    assert found.startswith("edit e1: ")
    assert text in found
    with pytest.raises(EditError, match="edit e1: "):
        require_sound(as_edits(rows(change | {"edit_id": "e1"})), ["1986-1988"])


def test_the_error_has_all_problems_with_their_remedies() -> None:
    wrong = rows({"edit_id": "e1", "author": None}, {"edit_id": "e2", "period": None}, {"edit_id": "e2"})
    assert len(check_edits(as_edits(wrong))) == 3
    with pytest.raises(EditError) as raised:
        require_sound(as_edits(wrong))
    error = copy.deepcopy(raised.value)  # by the way that errors are pickled
    assert error.what.startswith("3 problems: edit e2: 2 rows have this edit_id; edit e1: has no author; ")
    for text in ("2 rows have this edit_id\ngive each its own", "edit e1: has no author\nwrite who", "has no period\n"):
        assert text in str(error)


def test_an_edit_that_was_taken_back_may_be_wrong() -> None:
    late = {"operation": None, "reverts": "e1", "time": "2024-06-01", "geometry": None}
    assert problems({"edit_id": "e1", "operation": "ad", "time": None}, late) == []


def test_an_edit_cannot_take_back_a_later_one() -> None:
    early = {"operation": None, "reverts": "e1", "time": "2024-01-01", "geometry": None}
    assert "which is no edit made before it" in problems({"edit_id": "e1"}, early)[0]


def test_edits_of_one_time_keep_the_order_of_their_rows() -> None:
    edits = as_edits(rows({"edit_id": "b"}, {"edit_id": "a"}, {"edit_id": "c", "time": "2024-05-31T14:00:00+01:00"}))
    assert in_order(edits)["edit_id"].tolist() == ["c", "b", "a"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"time": "1988-02-30T00:00:00Z"}, "time '1988-02-30T00:00:00Z' cannot be read"),
        ({"time": "0001-01-01T00:00:00+14:00"}, "time '0001-01-01T00:00:00.14:00' cannot be read"),
        ({"time": "9999-12-31T23:00:00-05:00"}, "time '9999-12-31T23:00:00-05:00' cannot be read"),
        ({"operation": "attribute", "value": "[" * 100_000}, "'value' is no JSON object"),
        ({"operation": "attribute", "value": '{"src_year": 1e999}'}, "'src_year' is a number"),
        ({"operation": "attribute", "value": '{"src_year": 1' + "0" * 400 + "}"}, "'src_year' is a number"),
        ({"operation": "attribute", "value": '{"conn_lvl": 1e30}'}, "'conn_lvl' is a whole number"),
        ({"operation": "attribute", "value": '{"conn_lvl": 1.5}'}, "'conn_lvl' is a whole number"),
        ({"geometry": shapely.box(1e30, 0, 2e30, 1)}, "nowhere on Earth"),
        ({"geometry": shapely.Polygon([(0, 0), (float("inf"), 1), (1, 1)])}, "no numbers"),
    ],
)
def test_what_cannot_be_in_an_edit_is_told_of_that_edit(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    append_edits(tmp_path / "e.gpkg", rows({}, {**change, "edit_id": "odd"}))
    found = check_edits(read_edits(tmp_path / "e.gpkg"))
    assert [each.edit_id for each in found] == ["odd"]
    assert re.search(message, found[0].text)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"operation": "attribute", "value": {"glac_id": "  "}}, "is empty; give"),
        ({"operation": "attribute", "value": {"glac_id": ""}}, "is empty; give"),
        ({"operation": "attribute", "value": {"glac_id": None}}, "is empty; give"),
        ({"operation": "attribute", "value": {"glac_id": "SE "}}, "has blanks at its ends: 'SE '; leave them out"),
        ({"operation": "attribute", "value": {"glac_id": "N" * 201}}, "has 201 characters; give"),
        ({"operation": "attribute", "value": {"glac_id": "S\u202eE"}}, "U\\+202E, which nobody sees"),
        ({"operation": "attribute", "value": {"glac_id": "S\tE"}}, "U\\+0009, which nobody sees"),
        ({"operation": "split", "geometry": LINE, "value": {"new_id": " B"}}, "has blanks at its ends"),
        ({"operation": "split", "geometry": LINE, "value": {"new_id": ""}}, "is empty"),
        ({"glac_id": "N" * 900_000}, "'glac_id' has 900000 characters"),
        ({"glac_id": "A\x7fB"}, "U\\+007F"),
    ],
)
def test_a_new_identifier_can_be_named_again(change: dict[str, Any], said: str) -> None:
    value = {"value": json.dumps(change["value"])} if "value" in change else {}
    (found,) = problems(change | value)
    assert re.search(said, found)


def test_identifiers_of_200_characters_and_of_any_script_are_taken() -> None:
    for name in ("N" * 200, "G\u00f6rner 2", "\u062c\u0628\u0644\u200f-1", "7"):
        value = json.dumps({"glac_id": name})
        assert problems({"glac_id": name}, {"operation": "attribute", "value": value}) == []
