"""Keeping freed memory spares the system, and ends."""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from trimline.training.freed_memory import Gaps, freed_memory_kept

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
    with freed_memory_kept():
        gaps = Gaps(4 * SIZE)
        torch.full((2 * SIZE,), 1, dtype=torch.uint8)
        held = resident()
        gaps()
        assert resident() > held - SIZE, "so much may be held"
        torch.full((8 * SIZE,), 1, dtype=torch.uint8)
        held = resident()
        gaps()
        assert resident() < held - 4 * SIZE


def test_what_is_needed_again_and_again_is_left_alone_in_the_end() -> None:
    if platform.libc_ver()[0] != "glibc":
        pytest.skip("only glibc is told")
    with freed_memory_kept():
        gaps, given_back = Gaps(7 * SIZE), []
        for _ in range(32):
            torch.full((8 * SIZE,), 1, dtype=torch.uint8)
            held = resident()
            gaps()
            given_back.append(resident() < held - 4 * SIZE)
    assert given_back[0]
    assert not any(given_back[24:])


def resident() -> int:
    """Return the memory that the process holds [bytes]."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def test_without_glibc_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.libc_ver", lambda: ("", ""))
    with freed_memory_kept():
        assert np.ones(8).sum() == 8
