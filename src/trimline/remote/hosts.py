"""Politeness towards a server: how many requests at the same time, and when the next one may be made."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_WAIT_S = 300.0
"""Longest wait that a server may ask for before the run ends with an error [s]."""


class Host:
    """One server: at most so many requests at the same time over all threads, none before it allows the next.

    Parameters
    ----------
    at_once
        Requests at the same time.
    closed
        Set when nobody waits any longer.
    """

    def __init__(self, at_once: int, closed: threading.Event) -> None:
        self._closed = closed
        self._places = threading.BoundedSemaphore(at_once)
        self._lock = threading.Lock()
        self._not_before = 0.0

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a place and for the time that the server allows."""
        with self._places:
            while (wait := self._not_before - time.monotonic()) > 0:
                pause(wait, self._closed)
            yield

    def wait(self, seconds: float) -> None:
        """Let no request of any thread go out for some time [s]."""
        with self._lock:
            self._not_before = max(self._not_before, time.monotonic() + seconds)


class Closed(Exception):
    """The transport was closed while a request waited."""


def pause(seconds: float, closed: threading.Event) -> None:
    """Wait for some time [s]; raise `Closed` as soon as the transport is closed."""
    closed.wait(seconds)
    require_open(closed)


def require_open(closed: threading.Event) -> None:
    """Raise `Closed` where the transport is closed."""
    if closed.is_set():
        raise Closed


def retry_after(text: str | None) -> float | None:
    """Return the seconds that a ``Retry-After`` asks for (RFC 9110, 10.2.3); None where it is missing or nothing.

    Parameters
    ----------
    text
        A number of seconds, or a date.
    """
    if text is None:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())
