"""Inputs on which everything goes wrong that the watch must see."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
from tests.faults.input_kind import Input


def _make(folder: Path) -> None:
    (folder / "input.txt").write_text("a = 1\n")


def _where_mutated(wrong: Callable[[Path], None]) -> Callable[[Path], None]:
    """Return what goes wrong with any but the valid input."""

    def run(folder: Path) -> None:
        path = folder / "input.txt"
        if not path.is_file() or path.read_bytes() != b"a = 1\n":
            wrong(folder)

    return run


def _raises(_: Path) -> None:
    raise KeyError("scene")


def _hangs(_: Path) -> None:
    while True:
        pass


def _grows(_: Path) -> None:
    held = [np.ones(1 << 20) for _ in range(100)]
    _hangs(Path(str(len(held))))


def _writes_outside(folder: Path) -> None:
    (folder.parent / "escaped.txt").write_text("x")


def _asks(_: Path) -> None:
    address = os.environ["http_proxy"].rpartition(":")[2]
    with suppress(OSError), socket.create_connection(("127.0.0.1", int(address))):
        pass


def _says_much(_: Path) -> None:
    sys.stderr.write("a line\n" * 1000)
    sys.stderr.flush()


def _dies(_: Path) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def _quotes(_: Path) -> None:
    from trimline.errors import ProjectError

    raise ProjectError("x" * 100_000 + "\nx" * 100, where="y" * 100_000, remedy="z" * 100_000)


def _tells_three_lines(_: Path) -> None:
    from trimline.errors import ProjectError

    class Long(ProjectError):
        def __str__(self) -> str:
            return "a\nb\nc"

    raise Long("a")


TRAPS: Mapping[str, Input] = {
    name: Input(name, _make, _where_mutated(wrong))
    for name, wrong in {
        "raises": _raises,
        "hangs": _hangs,
        "grows": _grows,
        "writes outside": _writes_outside,
        "asks": _asks,
        "says much": _says_much,
        "dies": _dies,
        "quotes": _quotes,
        "three lines": _tells_three_lines,
        "nothing": lambda _: None,
    }.items()
}
