"""What a benchmark's figures mean, which of them are compared from run to run, and which way they should go."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Literal


@dataclass(frozen=True)
class Figure:
    """One figure of a benchmark that stands on the page.

    Parameters
    ----------
    meaning
        What it is, in a few words, with its unit and its peer.
    better
        Whether more of it or less is better. None is for figures that are shown and not compared, as seconds are:
        they are those of one machine.
    goal
        What is aimed at: at least that much, or that little.
    """

    meaning: str
    better: Literal["more", "less"] | None = None
    goal: float | None = None


@dataclass(frozen=True)
class Loss:
    """A figure that became worse than it was."""

    benchmark: str
    key: str
    before: float
    after: float | None
    """None where the run has no such figure."""

    def __str__(self) -> str:
        now = "missing" if self.after is None else f"{self.after:.3g}"
        return f"{self.benchmark}: {self.key} is {now}, and was {self.before:.3g}"


def figures_of(benchmark: str) -> Mapping[str, Figure]:
    """Return the figures of a benchmark that stand on the page, by key."""
    figures: Mapping[str, Figure] = import_module(f"trimline.bench.{benchmark}").FIGURES
    return figures


def losses(
    benchmark: str, before: Mapping[str, float], after: Mapping[str, float], tolerance: float = 0.2
) -> list[Loss]:
    """Return which figures became worse by more than a share.

    Parameters
    ----------
    benchmark
        Its name.
    before, after
        Figures by key, of an earlier run and of this one.
    tolerance
        The share: with 0.2, a speed of 0.8 of what it was is just no loss, nor is an error of 1.2 of what it was.
    """
    found = []
    for key, figure in figures_of(benchmark).items():
        was, now = before.get(key), after.get(key)
        if figure.better is None or was is None or not math.isfinite(was):
            continue
        if now is None or not math.isfinite(now):
            found.append(Loss(benchmark, key, was, None))
        elif _is_worse(was, now, figure.better, tolerance):
            found.append(Loss(benchmark, key, was, now))
    return found


def _is_worse(was: float, now: float, better: Literal["more", "less"], tolerance: float) -> bool:
    return now < (1 - tolerance) * was if better == "more" else now > (1 + tolerance) * was
