"""Counts of a transport: requests, bytes, retries."""

from __future__ import annotations

import threading


class Counts:
    """What a transport has done so far; threads may add."""

    def __init__(self) -> None:
        self.requests = 0
        """Requests made, those that failed too."""
        self.bytes = 0
        """Bytes of bodies received, those that were thrown away too."""
        self.retries = 0
        """Requests made again."""
        self._lock = threading.Lock()

    def add(self, *, requests: int = 0, read: int = 0, retries: int = 0) -> None:
        """Add to the counts."""
        with self._lock:
            self.requests += requests
            self.bytes += read
            self.retries += retries

    def __repr__(self) -> str:
        return f"Counts(requests={self.requests}, bytes={self.bytes}, retries={self.retries})"
