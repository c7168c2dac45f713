"""A browser that does not close is ended: a test run that waits for it would wait for ever."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
from playwright.sync_api import Error

CLOSING_S = 30.0
"""For what takes less than a second on a machine that has nothing else to do."""


@contextmanager
def ended_after(seconds: float = CLOSING_S) -> Iterator[None]:
    """End Playwright's driver and its browsers where the block, which closes them, takes longer; and warn of it."""
    ended = threading.Event()

    def end() -> None:
        ended.set()
        for process in _drivers():
            for each in [*process.children(recursive=True), process]:
                each.kill()

    timer = threading.Timer(seconds, end)
    timer.start()
    try:
        yield
    except Error:
        if not ended.is_set():
            raise
    finally:
        timer.cancel()
    if ended.is_set():
        warnings.warn(f"the browser did not close within {seconds:g} s, and was ended", stacklevel=3)


def _drivers() -> list[psutil.Process]:
    """Return the processes of this one that drive browsers."""
    return [each for each in psutil.Process().children() if any("playwright" in word for word in each.cmdline())]
