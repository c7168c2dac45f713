"""A choice of scenes written into a project file: nothing else of the file changes, and edits by hand are kept."""

from __future__ import annotations

import codecs
import os
import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimline.errors import ProjectError
from trimline.project.written_choice import (
    OfferedScene,
    OfferedScenes,
    chosen_before,
    edited_choice,
    require_place,
    with_choice,
    write_choice,
    write_extending,
)
from trimline.project.yaml_text import read_yaml

DAY = date(2026, 11, 29)
TAKEN = {
    "id": "LC08_L1TP_001002_20180823_20200917_02_T1",
    "path": "${output}/fetched/LC08_L1TP_001002_20180823_20200917_02_T1",
    "tile": "001002",
    "date": "2018-08-23",
    "period": "Little Ice Age",
    "reference": True,
    "cloud_cover": 3.12,
}
LEFT = {"id": "20180715", "path": "${output}/fetched/20180715", "period": "2018"}
FOUND = (
    OfferedScenes(
        "2018",
        taken=[OfferedScene(TAKEN, "main reference: 99 % clear")],
        left=[OfferedScene(LEFT, "cloud\nover # all: 100 %\u2028of it")],
    ),
)
HAND_WRITTEN = """# My study, öde Gletscher
name:   study   # two blanks stay
output: out
periods: [{name: "2018", first: 2018}]

title: >
  Folded
  text
"""


def test_the_entries_are_read_back_and_the_rest_of_the_file_stays_byte_for_byte() -> None:
    text = with_choice(HAND_WRITTEN, FOUND, DAY, "file")
    assert text is not None
    assert text.startswith(HAND_WRITTEN)
    read = read_yaml(text, "file")
    assert [str(read["scenes"][0][key]) for key in ("id", "path", "tile", "date", "period")] == [
        TAKEN["id"],
        TAKEN["path"],
        "001002",
        "2018-08-23",
        "Little Ice Age",
    ]
    assert read["scenes"][0]["reference"] is True
    assert len(read["scenes"]) == 1, "what is left is a comment"
    assert "# left: cloud over # all: 100 % of it\n" in text


def test_a_left_scene_counts_once_its_comment_sign_is_removed() -> None:
    text = with_choice(HAND_WRITTEN, FOUND, DAY, "file")
    assert text is not None
    scenes = read_yaml(text.replace("  # - {id", "  - {id"), "file")["scenes"]
    assert [each["id"] for each in scenes] == [TAKEN["id"], "20180715"]
    assert scenes[1] == LEFT


def test_a_later_search_replaces_its_own_block_alone() -> None:
    first = with_choice(HAND_WRITTEN, FOUND, DAY, "file")
    assert first is not None
    with_more = first + "seed: 3  # added below by hand\n"
    none = with_choice(with_more, [OfferedScenes("2018", [], [])], DAY, "file")
    assert none is not None
    assert read_yaml(none, "file")["scenes"] == []
    assert none.endswith("seed: 3  # added below by hand\n")
    assert with_choice(none, FOUND, DAY, "file") == with_more


def test_an_edited_choice_is_kept_unless_it_is_to_be_replaced() -> None:
    written = with_choice(HAND_WRITTEN, FOUND, DAY, "file")
    assert written is not None
    edited = written.replace("reference: true", "reference: false")
    assert with_choice(edited, FOUND, DAY, "file") is None
    assert with_choice(edited, FOUND, DAY, "file", replace=True) == written
    assert with_choice(written.replace("\n", "\r\n"), FOUND, DAY, "file") is not None, "line ends are no edit"


def test_line_ends_and_byte_order_marks_stay(tmp_path: Path) -> None:
    for mark, encoding in ((b"", "utf-8"), (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le")):
        project = tmp_path / "project.yaml"
        before = mark + HAND_WRITTEN.replace("\n", "\r\n").encode(encoding)
        project.write_bytes(before)
        project.chmod(0o640)
        assert write_choice(project, FOUND, DAY)
        after = project.read_bytes()
        assert after.startswith(before)
        assert not re.search("[^\r]\n", after[len(mark) :].decode(encoding))
        assert read_yaml(after, project)["scenes"][0]["id"] == TAKEN["id"]
        assert project.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: x\nscenes:\n- {id: mine, path: a.tif}\n", "scenes of its own"),
        ("{name: x, output: out}\n", "without changing"),
        ("title: |+\n  kept\n\n", "without changing"),
        ("# chosen by trimline search, 2026-11-29, digest 0123456789ab\nscenes: []\n", "once each"),
        ("- a\n", "mapping"),
    ],
)
def test_a_file_in_which_there_is_no_place_is_refused_and_not_touched(tmp_path: Path, text: str, said: str) -> None:
    project = tmp_path / "project.yaml"
    project.write_text(text)
    with pytest.raises(ProjectError, match=said):
        write_choice(project, FOUND, DAY)
    with pytest.raises(ProjectError, match=said):
        require_place(project)
    assert project.read_text() == text


def test_a_file_that_is_read_only_is_refused_before_and_after_a_search(tmp_path: Path) -> None:
    project, new = tmp_path / "project.yaml", tmp_path / "new.yaml"
    project.write_text(HAND_WRITTEN)
    require_place(project)
    project.chmod(0o444)
    for write in (lambda: require_place(project), lambda: write_choice(project, FOUND, DAY)):
        with pytest.raises(ProjectError, match=r"is read-only\n.*-o NEW\.yaml"):
            write()
    assert project.read_text() == HAND_WRITTEN
    require_place(project, new)
    write_extending(new, project, FOUND, DAY, replace=False)
    require_place(project, new)
    new.chmod(0o444)
    with pytest.raises(ProjectError, match="is read-only"):
        require_place(project, new)


def test_a_folder_that_is_read_only_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the file is new, in a folder to be made; the system says so to users but the administrator."""
    project = tmp_path / "project.yaml"
    project.write_text(HAND_WRITTEN)
    monkeypatch.setattr(os, "access", lambda path, mode: not (mode == os.W_OK and Path(path) == tmp_path))
    for new in (None, tmp_path / "new.yaml", tmp_path / "choices" / "new.yaml"):
        with pytest.raises(ProjectError, match="in a folder that is read-only"):
            require_place(project, new)


def test_an_edited_choice_that_is_kept_needs_no_place(tmp_path: Path) -> None:
    project = tmp_path / "project.yaml"
    project.write_text(
        str(with_choice(HAND_WRITTEN, FOUND, DAY, "file")).replace("reference: true", "reference: false")
    )
    project.chmod(0o444)
    require_place(project)
    with pytest.raises(ProjectError, match="is read-only"):
        require_place(project, replace=True)


def test_another_file_extends_the_one_with_scenes_of_its_own(tmp_path: Path) -> None:
    study, new = tmp_path / "study.yaml", tmp_path / "choices" / "new.yaml"
    study.write_text("name: x\nscenes:\n- {id: mine, path: a.tif}\n")
    new.parent.mkdir()
    for _ in range(2):
        assert write_extending(new, study, FOUND, DAY, replace=False)
        assert read_yaml(new.read_bytes(), new)["extends"] == "../study.yaml"
    assert chosen_before(new) == {TAKEN["id"]}
    assert chosen_before(study) == frozenset()
    with pytest.raises(ProjectError, match="no search has written it"):
        write_extending(study, study, FOUND, DAY, replace=False)
    with pytest.raises(ProjectError, match="no search has written it"):
        require_place(study, study)


def test_an_edited_choice_is_told_with_its_periods(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text("name: x\n")
    assert edited_choice(path) is None
    write_choice(path, FOUND, DAY)
    assert edited_choice(path) is None
    entry = "  - {id: mine, path: a.tif, period: 2005}\n# end of the choice"
    path.write_text(path.read_text().replace("# end of the choice", entry))
    assert edited_choice(path) == {TAKEN["id"]: TAKEN["period"], "mine": "2005"}


_ids = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,20}", fullmatch=True)


@settings(deadline=None)
@given(
    scenes=st.lists(st.tuples(_ids, st.text(), st.booleans()), max_size=6, unique_by=lambda each: each[0]),
    newline=st.sampled_from(["\n", "\r\n"]),
)
def test_whatever_ids_and_reasons_are_the_file_says_what_was_chosen(
    scenes: list[tuple[str, str, bool]], newline: str
) -> None:
    offered = [
        (OfferedScene({"id": name, "path": f"${{output}}/{name}"}, reason), taken) for name, reason, taken in scenes
    ]
    found = [
        OfferedScenes("p", [each for each, taken in offered if taken], [each for each, taken in offered if not taken])
    ]
    given_text = HAND_WRITTEN.replace("\n", newline)
    text = with_choice(given_text, found, DAY, "file")
    assert text is not None
    assert text.startswith(given_text)
    assert [str(each["id"]) for each in read_yaml(text, "file")["scenes"]] == [
        each.entry["id"] for each, taken in offered if taken
    ]
    assert with_choice(text, found, DAY, "file") == text, "the same choice again changes nothing"
