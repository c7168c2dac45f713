"""Requests that are under way, so that work in the background gives way to those who wait for an answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

_QUIET_S = 0.25
"""Without a request, after which work in the background goes on [s]: a page asks for tiles in bursts."""
_LONGEST_S = 2.0
"""For which a step of work gives way at most [s], so that it ends however much is asked."""
_STEP_S = 0.05
_WAITING = "/api/changes"
"""Requests there wait for what happens, and nobody waits for them."""


class RequestsUnderWay:
    """Number of requests under way and the time of the last one; safe to use from many threads.

    Parameters
    ----------
    now
        Clock [s].
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._count = 0
        self._last = -float("inf")

    def begin(self) -> None:
        """Count a request."""
        with self._lock:
            self._count += 1

    def end(self) -> None:
        """Count a request as answered."""
        with self._lock:
            self._count -= 1
            self._last = self._now()

    @property
    def is_quiet(self) -> bool:
        """Whether no request is under way, and none was in the last quarter of a second."""
        with self._lock:
            return self._count == 0 and self._now() - self._last >= _QUIET_S

    def give_way(self, stopped: threading.Event, longest_s: float = _LONGEST_S) -> None:
        """Wait until it is quiet.

        Parameters
        ----------
        stopped
            Set when there is nothing left to wait for.
        longest_s
            How long at most [s].
        """
        end = self._now() + longest_s
        while not self.is_quiet and self._now() < end and not stopped.wait(_STEP_S):
            pass


class Counted:
    """ASGI middleware that counts requests, but those that wait for changes.

    Parameters
    ----------
    app
        What answers.
    requests
        Where they are counted.
    """

    def __init__(self, app: ASGIApp, requests: RequestsUnderWay) -> None:
        self._app, self._requests = app, requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, as ASGI has it."""
        if scope["type"] != "http" or scope["path"] == _WAITING:
            await self._app(scope, receive, send)
            return
        self._requests.begin()
        try:
            await self._app(scope, receive, send)
        finally:
            self._requests.end()
