"""Contenders timed in turn, so that a machine whose speed drifts is as slow for one as for the other."""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Mapping


class Turns:
    """What each contender took, turn by turn; the first turn of each is a warm-up."""

    def __init__(self) -> None:
        self._seconds: defaultdict[str, list[float]] = defaultdict(list)

    def take(self, name: str, work: Callable[[], object]) -> None:
        """Let a contender do its work once."""
        started = time.perf_counter()
        work()
        self.add(name, time.perf_counter() - started)

    def add(self, name: str, seconds: float) -> None:
        """Note what a contender took that was timed elsewhere [s]."""
        self._seconds[name].append(seconds)

    def medians(self) -> dict[str, float]:
        """Return the median of each contender's turns after the first [s]."""
        return {name: statistics.median(values[1:]) for name, values in self._seconds.items()}


def median_seconds(contenders: Mapping[str, Callable[[], object]], rounds: int = 5) -> dict[str, float]:
    """Time each contender once per round after one warm-up round; return the median of each [s]."""
    turns = Turns()
    for _ in range(rounds + 1):
        for name, work in contenders.items():
            turns.take(name, work)
    return turns.medians()
