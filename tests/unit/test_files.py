"""Outputs are whole or absent."""

from __future__ import annotations

from pathlib import Path

import pytest

from trimline.errors import DiskError
from trimline.files import made_folder, sha256, whole_file, whole_folder, write_json


class Killed(BaseException):
    """Stands for whatever ends a process between two bytes."""


def test_a_file_interrupted_while_written_keeps_its_old_content(tmp_path: Path) -> None:
    path = tmp_path / "outlines.gpkg"
    path.write_text("old")
    with pytest.raises(Killed), whole_file(path) as temporary:
        temporary.write_text("half of the n")
        raise Killed
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["outlines.gpkg"]


def test_a_temporary_file_keeps_the_suffix_and_lies_beside_its_final_name(tmp_path: Path) -> None:
    with whole_file(tmp_path / "deep" / "mask.png") as temporary:
        assert temporary.suffix == ".png"
        assert temporary.parent.parent == tmp_path / "deep"
        temporary.write_bytes(b"x")
    assert (tmp_path / "deep" / "mask.png").read_bytes() == b"x"


def test_a_folder_interrupted_while_written_keeps_its_old_content(tmp_path: Path) -> None:
    folder = tmp_path / "samples"
    with whole_folder(folder) as temporary:
        (temporary / "a").write_text("old")
    with pytest.raises(Killed), whole_folder(folder) as temporary:
        (temporary / "a").write_text("new")
        raise Killed
    assert (folder / "a").read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["samples"]


def test_a_new_folder_takes_the_place_of_the_old_one_entirely(tmp_path: Path) -> None:
    folder = tmp_path / "samples"
    for name in ("first", "second"):
        with whole_folder(folder) as temporary:
            (temporary / name).write_text(name)
    assert [each.name for each in folder.iterdir()] == ["second"]


def test_the_hash_of_a_folder_sees_names_and_contents(tmp_path: Path) -> None:
    folder = tmp_path / "f"
    write_json(folder / "a.json", {"b": 1})
    before = sha256(folder)
    (folder / "a.json").rename(folder / "b.json")
    renamed = sha256(folder)
    (folder / "b.json").write_text("{}")
    assert len({before, renamed, sha256(folder)}) == 3


def test_a_folder_in_the_way_of_a_file_is_said_and_stays(tmp_path: Path) -> None:
    (tmp_path / "mask.csv").mkdir()
    with pytest.raises(DiskError, match="a folder is in the way"), whole_file(tmp_path / "mask.csv") as temporary:
        temporary.write_text("new")
    assert [each.name for each in tmp_path.iterdir()] == ["mask.csv"]


def test_a_file_in_the_way_of_a_folder_is_said_and_stays(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(DiskError, match="a file is in the way"), whole_file(tmp_path / "out" / "a.csv") as temporary:
        temporary.write_text("new")
    assert (tmp_path / "out").read_text() == "mine"


def test_files_within_a_folder_under_way_come_and_go_with_it(tmp_path: Path) -> None:
    with pytest.raises(Killed), whole_folder(tmp_path / "maps") as folder:
        with whole_file(folder / "deep" / "a.csv") as temporary:
            temporary.write_text("whole")
        assert [each.name for each in (folder / "deep").iterdir()] == ["a.csv"]
        raise Killed
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("way", ["file", "link", "below a file"])
def test_what_is_in_the_way_of_an_output_folder_is_a_named_error(way: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere" / "at all")
    folder = tmp_path / ("file/below" if way == "below a file" else way)
    with pytest.raises(DiskError, match="a file is in the way"):
        made_folder(folder)
    assert made_folder(tmp_path / "new" / "below").is_dir()
    assert made_folder(str(tmp_path / "new")) == tmp_path / "new"
