"""Keeping freed memory spares the system, and ends."""

from __future__ import annotations

import platform
import resource
from pathlib import Path

import numpy as np
import pytest
import torch

from trimline.training.freed_memory import Gaps, freed_memory_kept

SIZE = 48 << 20
"""Of a block that glibc hands back to the system when it is freed [bytes]."""


def faults_of_many_blocks() -> int:
    """Return how many pages the system had to deliver for blocks that live one after the other."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for value in range(8):
        assert int(torch.full((SIZE,), value, dtype=torch.uint8)[-1]) == value
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def test_blocks_are_fetched_from_the_system_once() -> None:
    faults_of_many_blocks()
    fetched = faults_of_many_blocks()
    if fetched < 8:
        pytest.skip("this allocator keeps its memory anyway")
    with freed_memory_kept():
        faults_of_many_blocks()
        assert faults_of_many_blocks() < fetched / 4


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
        for _ in range(16):
            torch.full((8 * SIZE,), 1, dtype=torch.uint8)
            held = resident()
            gaps()
            given_back.append(resident() < held - 4 * SIZE)
    assert given_back[0]
    assert not any(given_back[8:])


def resident() -> int:
    """Return the memory that the process holds [bytes]."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def test_without_glibc_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.libc_ver", lambda: ("", ""))
    with freed_memory_kept():
        assert np.ones(8).sum() == 8
