"""Keeping freed memory for the next layer, where the system's allocator would hand it back after each.

A layer's features are tens of megabytes. The C library of Linux fetches blocks of such size from the system one by one
and gives them back when they are freed; the next layer's block then comes as fresh pages, each of which the system
clears and enters into its tables. On large windows that takes a quarter to a half of the time of a network.
"""

from __future__ import annotations

import ctypes
import mmap
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
"""Numbers of the settings in glibc's malloc.h."""

_KEPT = (1 << 30, (1 << 31) - 1)
"""Blocks below the first number come from memory that is kept up to the second [bytes]. Larger ones, such as a whole
scene, are still fetched and given back one by one."""

_PAGES_HELD = Path("/proc/self/statm")
"""Where Linux says how many pages a process has; the second number are those in memory."""

_MORE = 1.02
"""How much more may be held wherever giving back did not help for longer than a piece of work."""

_USUAL = (32 << 20, 64 << 20)
"""The same numbers as glibc sets them by itself once it has seen large blocks [bytes]."""


class _Limit:
    """How much a process may hold before freed memory is given back: more, where the work needs more.

    Parameters
    ----------
    growth
        By how much the process may grow from now on [bytes].
    """

    def __init__(self, library: ctypes.CDLL, growth: float) -> None:
        self._library = library
        library.malloc_trim(0)
        self._most = resident_bytes() + growth
        self._just_given = False

    def look(self) -> None:
        """Give back what is free where the process holds too much."""
        beyond = resident_bytes() > self._most
        if beyond and self._just_given:
            # What is there again after one piece of work is no gap, but needed.
            self._most *= _MORE
        if beyond:
            self._library.malloc_trim(0)
        self._just_given = beyond


_limit: ContextVar[_Limit | None] = ContextVar("limit", default=None)


@contextmanager
def freed_memory_kept(growth: float | None = None) -> Iterator[None]:
    """Keep the memory that is freed within the context for what is allocated next; give it back at the end.

    The setting holds for the whole process, and serves its main thread: glibc's other threads keep blocks up to 32 MB
    only. The process then holds up to twice what it needs at once, because blocks of other sizes leave gaps. Where
    the C library is not glibc nothing happens, and nothing is computed otherwise anywhere.

    Parameters
    ----------
    growth
        By how much the process may grow within the context before `give_gaps_back` does something [bytes]; None lets
        it grow.
    """
    library = _glibc()
    if library is None:
        yield
        return
    _set(library, *_KEPT)
    before = _limit.set(None if growth is None else _Limit(library, growth))
    try:
        yield
    finally:
        _limit.reset(before)
        _set(library, *_USUAL)
        library.malloc_trim(0)


def give_gaps_back() -> None:
    """Give freed memory back if gaps between blocks of many sizes have added up; called between small pieces of work.

    Where the next piece fetches again what was given back, more and more may be held, until what the work needs is
    left alone. Outside of `freed_memory_kept`, and in other threads than the one that entered it, nothing happens.
    """
    limit = _limit.get()
    if limit is not None:
        limit.look()


def resident_bytes() -> int:
    """Return how much memory the process holds [bytes]; 0 where Linux does not say."""
    try:
        return int(_PAGES_HELD.read_text(encoding="ascii").split()[1]) * mmap.PAGESIZE
    except FileNotFoundError:
        return 0


def _glibc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None) if platform.libc_ver()[0] == "glibc" else None


def _set(library: ctypes.CDLL, one_by_one: int, kept: int) -> None:
    library.mallopt(_M_MMAP_THRESHOLD, one_by_one)
    library.mallopt(_M_TRIM_THRESHOLD, kept)
