"""One run at a time in an output folder, and none that is gone holds it."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from trimline.errors import StageError
from trimline.study.running import only_run

PROGRAM = """
import pathlib, sys, time
from trimline.study.running import only_run
with only_run(pathlib.Path(sys.argv[1])):
    print("at work", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def other(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Start another process that is at work in the folder."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    assert process.stdout.readline() == "at work\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_second_run_says_at_once_that_it_waits_and_then_names_the_first(
    tmp_path: Path, other: subprocess.Popen[str], caplog: pytest.LogCaptureFixture
) -> None:
    with (
        pytest.raises(StageError, match=rf"process {other.pid} on .* is at work here") as raised,
        only_run(tmp_path, 0.2),
    ):
        pass
    assert raised.value.where == tmp_path
    assert raised.value.remedy
    (said,) = caplog.messages
    assert f"process {other.pid}" in said
    assert "waiting up to 0.2 s" in said


def test_a_run_that_is_killed_holds_nothing(tmp_path: Path, other: subprocess.Popen[str]) -> None:
    os.kill(other.pid, signal.SIGKILL)
    other.wait()
    with only_run(tmp_path, 0):
        pass


def test_a_second_run_begins_when_the_first_ends(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    order, begun = [], threading.Event()

    def first() -> None:
        with only_run(tmp_path):
            begun.set()
            time.sleep(0.3)
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    begun.wait()
    with caplog.at_level(logging.WARNING), only_run(tmp_path, 10):
        order.append("second")
    thread.join()
    assert order == ["first", "second"]


def test_nothing_but_the_empty_lock_is_left(tmp_path: Path) -> None:
    with only_run(tmp_path):
        pass
    assert [each.relative_to(tmp_path).as_posix() for each in tmp_path.rglob("*") if each.is_file()] == [
        "stages/run.lock"
    ]
    assert not (tmp_path / "stages/run.lock").read_bytes()
