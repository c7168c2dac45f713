"""Log of the requests that a server answered."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from trimline.simulate.archive.faults import Fault

_PATIENCE_S = 1.0
"""Time for which an answer is waited for that was read by its client and is not yet written down [s]."""


@dataclass(frozen=True)
class Request:
    """One request, and what was sent."""

    method: str
    path: str
    """Without its query."""
    query: str
    range: tuple[int, int] | None
    """First byte asked for, and the one after the last."""
    status: int
    sent: int
    """Bytes of the body."""
    fault: Fault | None = None
    authorization: str | None = None
    """The header, as it came."""


class RequestLog:
    """Requests in the order of their answers, and how many were answered at the same time."""

    def __init__(self) -> None:
        self.most_at_once = 0
        self._requests: list[Request] = []
        self._open = 0
        self._lock = threading.Lock()
        self._answered = threading.Condition(self._lock)

    @property
    def requests(self) -> tuple[Request, ...]:
        """All requests until now; an answer that is being sent is waited for a little."""
        with self._answered:
            self._answered.wait_for(lambda: self._open == 0, _PATIENCE_S)
            return tuple(self._requests)

    def of_files(self) -> tuple[Request, ...]:
        """Return the requests for bytes of files that succeeded: rasters and metadata, not the catalogue."""
        return tuple(
            each for each in self.requests if each.method == "GET" and each.status in (200, 206) and not each.fault
        )

    def clear(self) -> None:
        """Forget all requests."""
        with self._lock:
            self._requests.clear()
            self.most_at_once = 0

    def begin(self) -> None:
        """Count a request that is being answered."""
        with self._lock:
            self._open += 1
            self.most_at_once = max(self.most_at_once, self._open)

    def end(self, request: Request | None) -> None:
        """Take an answered request in; None where the connection broke before it was read."""
        with self._lock:
            self._open -= 1
            if request is not None:
                self._requests.append(request)
            self._answered.notify_all()
