"""Keeping freed memory spares the system, and ends."""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from trimline.training import freed_memory
from trimline.training.freed_memory import freed_memory_kept, give_gaps_back

SIZE = 48 << 20
"""Of a block that glibc hands back to the system when it is freed [bytes]."""


ALONE = f"""
import resource, torch
from trimline.training.freed_memory import freed_memory_kept

def faults_of_many_blocks():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for value in range(8):
        assert int(torch.full(({SIZE},), value, dtype=torch.uint8)[-1]) == value
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

faults_of_many_blocks()
print(faults_of_many_blocks())
with freed_memory_kept():
    faults_of_many_blocks()
    print(faults_of_many_blocks())
"""
"""Prints how many pages the system delivers for blocks that live one after the other: usually, and where what is freed
is kept. What a process did before decides that too, so that it has one of its own."""


@pytest.mark.parametrize("large_pages", ["0", "1"])
def test_blocks_are_fetched_from_the_system_once(large_pages: str) -> None:
    if platform.libc_ver()[0] != "glibc":
        pytest.skip("only glibc is told")
    environment = os.environ | {"THP_MEM_ALLOC_ENABLE": large_pages}
    said = subprocess.run([sys.executable, "-c", ALONE], env=environment, capture_output=True, text=True, check=True)
    fetched, where_kept = map(int, said.stdout.split())
    assert fetched >= 8
    assert where_kept < fetched / 4


def test_what_was_kept_is_given_back() -> None:
    if platform.system() != "Linux":
        pytest.skip("only Linux says what a process holds")
    with freed_memory_kept():
        torch.full((8 * SIZE,), 1, dtype=torch.uint8)
        inside = resident()
    assert resident() < inside - 4 * SIZE


def test_gaps_are_given_back_once_they_have_added_up() -> None:
    if platform.libc_ver()[0] != "glibc":
        pytest.skip("only glibc is told")
    with freed_memory_kept(growth=4 * SIZE):
        assert not gives_back_after(2 * SIZE), "so much may be held"
        assert gives_back_after(8 * SIZE)


class Counting:
    """The C library, and how often it was told to give freed memory back."""

    def __init__(self, library: Any) -> None:
        self._library, self.given_back = library, 0
        self.mallopt = library.mallopt

    def malloc_trim(self, kept: int) -> None:
        self.given_back += 1
        self._library.malloc_trim(kept)


def test_what_is_needed_is_left_alone_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    if platform.libc_ver()[0] != "glibc":
        pytest.skip("only glibc is told")
    library = Counting(freed_memory._glibc())
    monkeypatch.setattr(freed_memory, "_glibc", lambda: library)
    counts = []
    with freed_memory_kept(growth=7 * SIZE):
        needed = torch.full((8 * SIZE,), 1, dtype=torch.uint8)
        for _ in range(32):
            before = library.given_back
            give_gaps_back()
            counts.append(library.given_back - before)
        del needed
    assert counts[0] == 1
    assert not any(counts[24:])


class Process:
    """A process that says what it holds, and what its C library is told."""

    def __init__(self) -> None:
        self.holds, self.lives, self.given_back = 100, 100, 0

    def mallopt(self, setting: int, value: int) -> None: ...

    def malloc_trim(self, kept: int) -> None:
        self.given_back += self.holds > self.lives
        self.holds = self.lives


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> Process:
    """Stand in for this process and its C library."""
    process = Process()
    monkeypatch.setattr(freed_memory, "_glibc", lambda: process)
    monkeypatch.setattr(freed_memory, "resident_bytes", lambda: process.holds)
    return process


def test_what_each_piece_of_work_fetches_again_is_left_alone_in_the_end(process: Process) -> None:
    counts = []
    with freed_memory_kept(growth=40):
        for _ in range(32):
            process.holds = 170  # of a piece of work that needs 70
            give_gaps_back()
            counts.append(process.given_back)
    assert counts[0] == 1
    assert 2 <= counts[-1] <= 12
    assert counts[16:] == counts[-1:] * 16


def test_gaps_that_take_long_to_add_up_raise_no_limit(process: Process) -> None:
    most = 0
    with freed_memory_kept(growth=40):
        for _ in range(1000):
            process.holds += 8
            give_gaps_back()
            most = max(most, process.holds)
    assert process.given_back >= 1000 // 6
    assert most <= 140


def test_nothing_is_given_back_where_no_limit_was_set(process: Process) -> None:
    with freed_memory_kept():
        process.holds = 1000
        give_gaps_back()
        assert process.given_back == 0


def test_other_threads_know_of_no_limit(process: Process) -> None:
    with freed_memory_kept(growth=40), ThreadPoolExecutor(1) as pool:
        process.holds = 1000
        pool.submit(give_gaps_back).result()
        assert process.given_back == 0
        give_gaps_back()
        assert process.given_back == 1


def gives_back_after(size: int) -> bool:
    """Return whether most of what a block took is given back once it is freed and somebody looks."""
    torch.full((size,), 1, dtype=torch.uint8)
    held = resident()
    give_gaps_back()
    return resident() < held - size // 2


def resident() -> int:
    """Return the memory that the process holds [bytes]."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def test_without_glibc_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.libc_ver", lambda: ("", ""))
    with freed_memory_kept():
        assert np.ones(8).sum() == 8
