"""Hidden folders of killed runs go with the next run; those of runs that are alive stay."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from trimline import workplace
from trimline.files import whole_file, whole_folder
from trimline.workplace import remove_leftovers, temporary_folder

WORK = """
import sys, time
from pathlib import Path
from trimline.files import whole_file
from trimline.workplace import temporary_folder
with whole_file(Path(sys.argv[1])) as temporary, temporary_folder() as unpacked:
    temporary.write_text("half of the")
    (unpacked / "B2.TIF").write_bytes(bytes(100))
    print("ready", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder of temporary files of its own, which this process has not looked through."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    monkeypatch.setattr(workplace, "_looked_through", set())
    return folder


def working(path: Path, temporary: Path) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(temporary)}
    command = [sys.executable, "-c", WORK, str(path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_what_a_killed_run_left_is_removed_and_what_another_works_in_stays(
    tmp_path: Path, temporary: Path, caplog: pytest.LogCaptureFixture
) -> None:
    output = tmp_path / "out"
    killed, alive = (working(output / name, temporary) for name in ("mask.csv", "other.csv"))
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert len(list(output.glob(".*"))) == len(list(temporary.iterdir())) == 2
    time.sleep(0.01)
    with (
        caplog.at_level(logging.INFO, logger="trimline"),
        whole_file(output / "new.csv") as file,
        temporary_folder(),
    ):
        file.write_text("new")
    assert len([each for each in caplog.messages if "run that was killed" in each]) == 2
    assert sorted(each.name[:11] for each in output.iterdir()) == [".other.csv.", "new.csv"]
    (left,) = temporary.iterdir()
    assert (left / "B2.TIF").exists(), "the other run reads from it"
    alive.kill()
    alive.wait()
    remove_leftovers(tmp_path, deep=True)
    assert [each.name for each in output.iterdir()] == ["new.csv"]
    assert list(temporary.iterdir()) == []


def test_however_much_was_left_it_is_said_in_a_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    places = [tmp_path / f"{number}" / ".mask.tif.abcdefgh" for number in range(7)]
    for place in places:
        place.mkdir(parents=True)
        (place / ".lock").touch()
    with caplog.at_level(logging.INFO, logger="trimline"):
        remove_leftovers(tmp_path, deep=True)
    assert not any(place.exists() for place in places)
    assert caplog.messages == [f"{tmp_path}: what a run that was killed left is removed, in 7 folders"]


def test_only_what_is_ours_is_removed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / ".lock").write_text("")
    (tmp_path / ".mask.tif.abcdefgh").symlink_to(elsewhere)
    for name in (".mask.tif.notours_", ".git", ".config.abcdefghi", "trimline-notours_"):
        (tmp_path / name).mkdir()
    before = sorted(tmp_path.iterdir())
    remove_leftovers(tmp_path, deep=True)
    assert sorted(tmp_path.iterdir()) == before, "no lock in it, another name, or a link"
    assert (elsewhere / ".lock").exists()


def test_a_link_is_replaced_and_never_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "data.csv").write_text("mine")
    (tmp_path / "table.csv").symlink_to(precious / "data.csv")
    (tmp_path / "maps").symlink_to(precious)
    with whole_file(tmp_path / "table.csv") as file:
        file.write_text("new")
    with whole_folder(tmp_path / "maps") as folder:
        (folder / "data.csv").write_text("new")
    assert (precious / "data.csv").read_text() == "mine"
    assert not (tmp_path / "table.csv").is_symlink()
    assert not (tmp_path / "maps").is_symlink()
