"""Tokens of a server, which expire after a number of requests, as those of archives do after minutes.

A token is given without credentials (`GET /token/<collection>`, signatures as at the Planetary Computer) or for a user
name and password (`POST /oauth/token`, bearer tokens as at the Copernicus Data Space).
"""

from __future__ import annotations

import secrets
import threading
from datetime import UTC, datetime, timedelta


class Tokens:
    """Tokens of one server.

    Parameters
    ----------
    life
        Requests for which a token is good.
    """

    def __init__(self, life: int) -> None:
        self.life = life
        self.given = 0
        """Tokens that were given."""
        self._left: dict[str, int] = {}
        self._lock = threading.Lock()

    def new(self) -> str:
        """Return a new token."""
        token = secrets.token_hex(16)
        with self._lock:
            self._left[token] = self.life
            self.given += 1
        return token

    def use(self, token: str | None) -> bool:
        """Count a request with a token; False where it is unknown or has expired."""
        with self._lock:
            left = self._left.get(token or "", 0)
            if left > 0:
                self._left[token or ""] = left - 1
            return left > 0

    def expire(self) -> None:
        """Let all tokens expire that were given until now."""
        with self._lock:
            self._left.clear()

    @staticmethod
    def expiry() -> str:
        """Return the time at which a token given now is said to expire."""
        return f"{datetime.now(UTC) + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
