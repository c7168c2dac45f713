"""Ranges of bytes: which of them one request fetches together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Range = tuple[int, int]
"""First byte, and the one after the last."""

MOST_GAP = 32 << 10
"""Largest gap that is read over to save a request [bytes]: at 10 MB/s it takes 3 ms, and a request takes longer."""
MOST_OVER = 0.1
"""Largest share of a request that nobody wants."""
MOST_AT_ONCE = 8 << 20
"""Size above which ranges are not joined [bytes], so that long reads are spread over several connections."""


@dataclass(frozen=True)
class Joined:
    """Ranges that are fetched by one request."""

    start: int
    stop: int
    members: tuple[int, ...]
    """Numbers of the ranges in it."""


def joined(ranges: Sequence[Range], at_once: int = 1) -> list[Joined]:
    """Return the requests that fetch some ranges.

    Ranges are joined across gaps of at most `MOST_GAP` where at most `MOST_OVER` of the request is gap. Where this
    leaves fewer requests than may be made at the same time, joined ranges that touch are split again.

    Parameters
    ----------
    ranges
        In any order; they may overlap. Empty ones are fetched by no request.
    at_once
        Requests that may be made at the same time.
    """
    order = sorted((index for index, (start, stop) in enumerate(ranges) if stop > start), key=lambda i: ranges[i])
    wanted = _union_bytes([ranges[index] for index in order])
    # A request is worth having to itself only where it is not a trickle.
    most = max(min(MOST_AT_ONCE, -(-wanted // max(1, at_once))), 256 << 10)
    out: list[Joined] = []
    members: list[int] = []
    start = stop = gaps = 0
    for index in order:
        first, last = ranges[index]
        gap = max(0, first - stop)
        length = max(stop, last) - start
        fits = members and (first < stop or (gap <= MOST_GAP and gaps + gap <= MOST_OVER * length and length <= most))
        if fits:
            members.append(index)
            gaps += gap
            stop = max(stop, last)
            continue
        if members:
            out.append(Joined(start, stop, tuple(members)))
        members, start, stop, gaps = [index], first, last, 0
    if members:
        out.append(Joined(start, stop, tuple(members)))
    return out


def _union_bytes(ordered: Sequence[Range]) -> int:
    total = reached = 0
    for start, stop in ordered:
        total += max(0, stop - max(start, reached))
        reached = max(reached, stop)
    return total
