"""`trimline edits`: before anything is mapped, and after; what is appended stays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
import yaml
from typer.testing import CliRunner

from trimline.cli.app import app
from trimline.errors import EditError
from trimline.outlines import area_km2, read_edits, read_outlines, write_outlines
from trimline.project import load_project
from trimline.study.editing import digest_of, edits_of, replay_period

PERIODS = [{"name": "1986-1988", "first": 1986, "last": 1988}, {"name": "2019-2021", "first": 2019, "last": 2021}]
WEST, EAST = shapely.box(0, 0, 1000, 1000), shapely.box(3000, 0, 4000, 1000)
HAND = ("--author", "Ana", "--reason", "debris, not rock")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    content = {"name": "small", "output": "out", "periods": PERIODS, "scenes": [{"id": "a", "path": "a.tif"}]}
    path.write_text(yaml.safe_dump(content))
    return path


def drawn(path: Path, *shapes: shapely.Geometry, **columns: Any) -> str:
    frame = gpd.GeoDataFrame(columns, geometry=list(shapes), crs=32646)
    frame.geometry = frame.translate(500_000, 3_800_000)
    frame.to_file(path)
    return str(path)


def mapped(folder: Path, period: str) -> Path:
    frame = gpd.GeoDataFrame({"glac_id": ["A", "B"], "period": [period] * 2}, geometry=[WEST, EAST], crs=32646)
    frame.geometry = frame.translate(500_000, 3_800_000)
    frame["area_km2"] = area_km2(frame)
    write_outlines(frame, folder / "out" / "timeline" / period / "automatic.gpkg")
    return folder / "out" / "timeline" / period


def edits(project: Path, *arguments: str) -> dict[str, Any]:
    result = CliRunner().invoke(app, ["edits", str(project), "--json", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    content: dict[str, Any] = json.loads(result.stdout)
    return content


def test_a_study_without_edits_has_none(project: Path) -> None:
    assert edits(project) == {"edits": []}
    assert "edits.gpkg: no edits" in CliRunner().invoke(app, ["edits", str(project)]).stdout
    assert not (project.parent / "out").exists()


def test_edits_are_added_replayed_and_taken_back(project: Path, tmp_path: Path) -> None:
    file = drawn(tmp_path / "tongue.gpkg", shapely.box(1000, 0, 1500, 1000))
    added = edits(project, "--add", file, "--operation", "add", "--period", "1986-1988", "--glacier", "A", *HAND)
    (first,) = added["edits"]
    assert (first["operation"], first["author"], first["state"]) == ("add", "Ana", "not replayed yet")

    folder = mapped(tmp_path, "1986-1988")
    assert [each["state"] for each in edits(project)["edits"]] == ["applied"]
    replay_period(folder, edits_of(load_project(project)), "1986-1988")
    assert read_outlines(folder / "outlines.gpkg")["edit_ids"].fillna("").tolist() == [first["edit_id"], ""]
    assert json.loads((folder / "edits.json").read_text())[0]["added_km2"] == pytest.approx(0.5, rel=1e-2)

    edits(project, "--revert", first["edit_id"], "--author", "Ben", "--reason", "it is rock")
    listed = edits(project)["edits"]
    assert [each["state"] for each in listed] == ["reverted", "applied"]
    assert [each["author"] for each in listed] == ["Ana", "Ben"]
    replay_period(folder, edits_of(load_project(project)), "1986-1988")
    assert read_outlines(folder / "outlines.gpkg")["edit_ids"].isna().all()
    with pytest.raises(EditError, match="taken back already"):
        edits(project, "--revert", first["edit_id"], "--author", "Ben")
    with pytest.raises(EditError, match="there is no edit 'nothing'"):
        edits(project, "--revert", "nothing", "--author", "Ben")


def test_an_edit_of_all_periods_says_in_how_many_it_applied(project: Path, tmp_path: Path) -> None:
    mapped(tmp_path, "1986-1988")
    mapped(tmp_path, "2019-2021")
    file = drawn(tmp_path / "cut.gpkg", shapely.LineString([(500, -10), (500, 1010)]), glac_id=["A"])
    (cut,) = edits(project, "--add", file, "--operation", "split", "--period", "*", *HAND)["edits"]
    assert cut["text"].startswith("applied in 2 of 2 periods")
    assert [each["period"] for each in cut["outcomes"]] == ["1986-1988", "2019-2021"]


def test_a_wrong_row_is_not_appended_and_nothing_is_lost(project: Path, tmp_path: Path) -> None:
    file = drawn(tmp_path / "two.gpkg", WEST, EAST, period=["1986-1988", "1986-1989"], glac_id=["A", "B"])
    with pytest.raises(EditError, match=r"'1986-1989' is no period of the project"):
        edits(project, "--add", file, "--operation", "add", *HAND)
    assert edits(project) == {"edits": []}
    with pytest.raises(EditError, match="has no author"):
        edits(project, "--add", file, "--operation", "add", "--set", "periods=[]")


def test_check_tells_all_problems_and_ends_with_code_2(project: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    bow_tie = shapely.Polygon([(0, 0), (9, 9), (9, 0), (0, 9)])
    drawn(tmp_path / "out" / "edits.gpkg", bow_tie, WEST, operation=["add", "ad"], period=["1986-1988", "*"])
    result = CliRunner().invoke(app, ["edits", str(project), "--check"])
    assert result.exit_code == 2
    for text in ("invalid", "'ad' is no operation", "has no author", "has no time", "names no glacier", "7 problems"):
        assert text in result.stdout
    assert {each["state"] for each in edits(project)["edits"]} == {"wrong"}
    with pytest.raises(EditError, match=r"edits\.gpkg: edit "):
        edits_of(load_project(project))


def test_rows_drawn_without_author_and_time_are_adopted(project: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    drawn(tmp_path / "out" / "edits.gpkg", WEST, operation=["remove"], period=["*"])
    assert [each["state"] for each in edits(project)["edits"]] == ["wrong"]
    (adopted,) = edits(project, "--adopt", "--author", "Ana")["edits"]
    assert (adopted["author"], adopted["state"]) == ("Ana", "not replayed yet")
    assert edits(project, "--check") == {"problems": []}


def test_edits_may_lie_where_the_project_says(project: Path, tmp_path: Path) -> None:
    file = drawn(tmp_path / "a.gpkg", WEST)
    options = ("--operation", "remove", "--period", "*", *HAND, "--set", "edits=hands/mine.gpkg")
    edits(project, "--add", file, *options)
    assert len(read_edits(tmp_path / "hands" / "mine.gpkg")) == 1


def test_the_table_names_each_edit(project: Path, tmp_path: Path) -> None:
    file = drawn(tmp_path / "a.gpkg", WEST)
    edits(project, "--add", file, "--operation", "remove", "--period", "*", *HAND)
    shown = CliRunner().invoke(app, ["edits", str(project)], env={"COLUMNS": "200"}).stdout
    for text in ("remove", "Ana", "not", "replayed"):
        assert text in shown


@pytest.mark.parametrize("width", [80, 100])
def test_a_list_is_readable_at_any_width(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    glaciers = ["RGI2000-v7.0-G-13-42123", "RGI2000-v7.0-G-13-42124"]
    file = drawn(tmp_path / "a.gpkg", WEST, EAST, glac_id=glaciers, edit_id=["0123456789ab", "ba9876543210"])
    reason = "a long word: " + "debris-covered " * 12
    edits(project, "--add", file, "--operation", "add", "--period", "*", "--author", "Ana Chen", "--reason", reason)
    monkeypatch.setattr("trimline.cli.results.MINIMUM_WIDTH", width)
    lines = CliRunner().invoke(app, ["edits", str(project)]).stdout.splitlines()
    heads = [line for line in lines if line.startswith(("0123456789ab", "ba9876543210"))]
    assert heads == [f"0123456789ab  add  *  {glaciers[0]}", f"ba9876543210  add  *  {glaciers[1]}"]
    listed = lines[: next(at for at, line in enumerate(lines) if line.startswith("next:"))]
    assert max(map(len, listed)) <= width
    times = read_edits(tmp_path / "out" / "edits.gpkg")["time"]
    for time in times:
        assert any(line.strip() == f"Ana Chen, {time}" for line in listed)
    assert sum(line.split().count("debris-covered") for line in listed) == 2 * 12


def test_ids_are_whole_on_any_terminal_and_the_list_says_what_to_run_next(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "a glacier whose identifier is long enough to be cut"
    file = drawn(tmp_path / "a.gpkg", WEST, glac_id=[name], edit_id=["0123456789ab-2"])
    edits(project, "--add", file, "--operation", "add", "--period", "1986-1988", *HAND)
    monkeypatch.setattr("trimline.cli.results.MINIMUM_WIDTH", 30)
    shown = CliRunner().invoke(app, ["edits", str(project)]).stdout
    assert "0123456789ab-2" in shown
    assert name in shown
    assert f"next: trimline run {project}" in shown
    checked = CliRunner().invoke(app, ["edits", str(project), "--check", "--set", "title=two words"]).stdout
    assert f"next: trimline run {project} --set 'title=two words'" in checked
    empty = CliRunner().invoke(app, ["edits", str(project), "--set", "edits=none.gpkg"]).stdout
    assert "no edits\nnext: trimline review" in empty


def test_an_edit_is_reverted_by_the_beginning_of_its_id(project: Path, tmp_path: Path) -> None:
    file = drawn(tmp_path / "two.gpkg", WEST, EAST, edit_id=["abc1", "abd2"])
    edits(project, "--add", file, "--operation", "remove", "--period", "*", *HAND)
    with pytest.raises(EditError, match=r"2 edits begin with 'ab'(.|\n)*give one of abc1, abd2"):
        edits(project, "--revert", "ab", "--author", "Ben")
    (row,) = edits(project, "--revert", "abd", "--author", "Ben")["edits"]
    assert row["reverts"] == "abd2"


def test_every_problem_of_a_file_is_told_and_nothing_is_appended(project: Path, tmp_path: Path) -> None:
    file = drawn(tmp_path / "two.gpkg", WEST, EAST, period=["1986-1988", "1986-1989"], edit_id=["e1", "e2"])
    with pytest.raises(EditError) as raised:
        edits(project, "--add", file, "--operation", "ad", *HAND)
    for text in ("edit e1: 'ad' is no operation", "edit e2: 'ad' is no operation", "'1986-1989' is no period"):
        assert text in str(raised.value)


def test_an_edit_from_a_date_on_is_replayed_in_later_periods(project: Path, tmp_path: Path) -> None:
    early, late = mapped(tmp_path, "1986-1988"), mapped(tmp_path, "2019-2021")
    file = drawn(tmp_path / "lake.gpkg", shapely.box(0, 0, 500, 1000))
    (row,) = edits(project, "--add", file, "--operation", "remove", "--period", "2000/..", *HAND)["edits"]
    assert [each["period"] for each in row["outcomes"]] == ["2019-2021"]
    known = edits_of(load_project(project))
    assert digest_of(known, "1986-1988", middle=1987.5) == digest_of(known.iloc[:0], "1986-1988", middle=1987.5)
    assert digest_of(known, "2019-2021", middle=2020.5) != digest_of(known.iloc[:0], "2019-2021", middle=2020.5)
    assert [each.state for each in replay_period(late, known, "2019-2021", middle=2020.5)] == ["applied"]
    assert replay_period(early, known, "1986-1988", middle=1987.5) == []
    with pytest.raises(EditError, match="no period has its middle in '1990/2000'"):
        edits(project, "--add", file, "--operation", "remove", "--period", "1990/2000", *HAND)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder of one map, with two outlines without ids."""
    path = tmp_path / "map"
    frame = gpd.GeoDataFrame({"src_date": ["2018-08-23"] * 2}, geometry=[EAST, WEST], crs=32646)
    frame.geometry = frame.translate(500_000, 3_800_000)
    frame["area_km2"] = area_km2(frame)
    write_outlines(frame, path / "outlines.gpkg")
    profile = {"driver": "GTiff", "width": 4, "height": 4, "count": 1, "dtype": "uint8", "crs": "EPSG:32646"}
    transform = rasterio.transform.from_origin(500_000, 3_801_000, 1000, 1000)
    with rasterio.open(path / "mask.tif", "w", **profile, transform=transform) as mask:
        mask.write(np.ones((1, 4, 4), np.uint8))
        mask.update_tags(TRIMLINE_TIME="2018-08-23T04:00:00Z", TRIMLINE_SCENE="LC08")
    return path


def test_the_map_of_a_folder_is_corrected_beside_its_outlines(folder: Path, tmp_path: Path) -> None:
    assert edits(folder) == {"edits": []}
    file = drawn(tmp_path / "lake.gpkg", shapely.box(0, 0, 500, 1000))
    given = ("--operation", "remove", "--period", "2018-08-23", "--glacier", "0002", *HAND)
    (row,) = edits(folder, "--add", file, *given)["edits"]
    assert row["state"] == "applied"
    listed = CliRunner().invoke(app, ["edits", str(folder)]).stdout
    assert f"next: trimline edits {folder} --apply" in listed
    before = read_outlines(folder / "outlines.gpkg")
    told = CliRunner().invoke(app, ["edits", str(folder), "--apply"]).stdout
    assert f"{folder / 'corrected.gpkg'}: 1 edits applied, 0 not applied" in told
    after = read_outlines(folder / "corrected.gpkg")
    assert set(before.columns) <= set(after.columns)
    assert after["area_km2"].sum() == pytest.approx(before["area_km2"].sum() - 0.5, rel=1e-3)
    assert read_outlines(folder / "outlines.gpkg").equals(before)
    assert edits(folder, "--apply")["outcomes"][0]["edit_id"] == row["edit_id"]


def test_what_a_folder_and_a_project_cannot_is_refused(folder: Path, project: Path) -> None:
    for arguments, text in (
        ((str(folder), "--quick"), "leave out --set and --quick"),
        ((str(project), "--apply"), "--apply is for the folder of one map"),
        ((str(folder), "--apply", "--check"), "do one at a time"),
    ):
        result = CliRunner().invoke(app, ["edits", *arguments])
        assert result.exit_code == 2
        assert text in " ".join(result.output.replace("│", " ").split())
