"""Faults of a server that a test or benchmark sets: what fails, how, how often, and for how long."""

from __future__ import annotations

import random
import threading
from typing import Literal

Fault = Literal["401", "403", "404", "429", "500", "503", "cut", "stall", "html", "short-range"]
"""A status; a body that ends early; an answer that does not come; a web page in place of the file; or another range
than the one asked for."""


class Faults:
    """Faults of a server, which may change while it runs.

    Parameters
    ----------
    kinds
        What a failing request gets, one at random; none means that nothing fails.
    share
        Share of the requests that fail, 0 to 1.
    times
        Failures after which all is well again; None means without end.
    only
        Text that the path of a failing request holds.
    seed
        Seed of the chance.
    retry_after_s
        Value of the header `Retry-After` of 429 and 503 [s]; None sends none.
    stall_s
        Time for which a stalled answer does not come [s].
    """

    def __init__(
        self,
        *kinds: Fault,
        share: float = 1.0,
        times: int | None = None,
        only: str = "",
        seed: int = 0,
        retry_after_s: float | None = 0,
        stall_s: float = 30.0,
    ) -> None:
        self.kinds = kinds
        self.share = share
        self.times = times
        self.only = only
        self.retry_after_s = retry_after_s
        self.stall_s = stall_s
        self._chance = random.Random(seed)  # noqa: S311 - a draw that can be repeated
        self._lock = threading.Lock()

    def next(self, path: str) -> Fault | None:
        """Return how the next request for a path fails; None where it does not."""
        with self._lock:
            if not self.kinds or self.times == 0 or self.only not in path or self._chance.random() >= self.share:
                return None
            if self.times is not None:
                self.times -= 1
            return self._chance.choice(self.kinds)
