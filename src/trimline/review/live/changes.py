"""What happened in a review since some moment: numbered changes that browsers wait for."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

MOST_KEPT = 2000
"""Changes that are remembered; a browser that was away for longer begins again."""


@dataclass(frozen=True)
class Happened:
    """Changes after some moment, together."""

    sequence: int
    """Number of the last of them."""
    edits: tuple[str, ...] = ()
    """Edits that were made, or whose state changed."""
    layers: tuple[str, ...] = ()
    """Vector layers whose content changed."""
    glaciers: tuple[str, ...] = ()
    """Glaciers whose outline or state changed."""
    pictures: tuple[str, ...] = ()
    """Scenes whose state changed."""
    overlays: tuple[str, ...] = ()
    """Rasters over the scenes that are there now."""
    doubts: tuple[str, ...] = ()
    """Periods whose doubts were computed."""
    is_reloaded: bool = False
    """Whether outlines were mapped anew."""
    is_forgotten: bool = False
    """Whether changes since are not known: they were made before this server began, or are too long ago."""


class ChangeLog:
    """The changes of one review, in their order; safe to use from many threads.

    Numbers begin at the time of the start [ms], so that those of a server that ran before are smaller.
    """

    def __init__(self) -> None:
        self._sequence = self._first = int(time.time() * 1000)
        self._kept: deque[Happened] = deque(maxlen=MOST_KEPT)
        self._news = threading.Condition()
        self._is_closed = False

    @property
    def sequence(self) -> int:
        """Number of the last change."""
        return self._sequence

    def tell(
        self,
        *,
        edits: Iterable[str] = (),
        layers: Iterable[str] = (),
        glaciers: Iterable[str] = (),
        pictures: Iterable[str] = (),
        overlays: Iterable[str] = (),
        doubts: Iterable[str] = (),
        is_reloaded: bool = False,
    ) -> int:
        """Add a change, wake those who wait for one, and return its number."""
        with self._news:
            self._sequence += 1
            self._kept.append(
                Happened(
                    sequence=self._sequence,
                    edits=tuple(edits),
                    layers=tuple(layers),
                    glaciers=tuple(glaciers),
                    pictures=tuple(pictures),
                    overlays=tuple(overlays),
                    doubts=tuple(doubts),
                    is_reloaded=is_reloaded,
                )
            )
            self._news.notify_all()
            return self._sequence

    def after(self, sequence: int, wait_s: float) -> Happened:
        """Return the changes after a number; where there is none, wait for one.

        Parameters
        ----------
        sequence
            Number of the last change that is known to who asks.
        wait_s
            Time to wait at most [s].

        Returns
        -------
        Happened
            Each name once. `is_forgotten` where the number is of an earlier server, or older than what is remembered.
        """
        with self._news:
            if self._first <= sequence <= self._sequence:
                self._news.wait_for(lambda: self._sequence > sequence or self._is_closed, wait_s)
            new = [each for each in self._kept if each.sequence > sequence]
            is_forgotten = len(new) < self._sequence - sequence or sequence > self._sequence
            return Happened(
                sequence=self._sequence,
                edits=_once(each.edits for each in new),
                layers=_once(each.layers for each in new),
                glaciers=_once(each.glaciers for each in new),
                pictures=_once(each.pictures for each in new),
                overlays=_once(each.overlays for each in new),
                doubts=_once(each.doubts for each in new),
                is_reloaded=any(each.is_reloaded for each in new),
                is_forgotten=is_forgotten,
            )

    def close(self) -> None:
        """Let nobody wait any longer."""
        with self._news:
            self._is_closed = True
            self._news.notify_all()


def _once(names: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """Return all names, each once."""
    return tuple(dict.fromkeys(name for some in names for name in some))
