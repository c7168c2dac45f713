"""Several views of one place become one: three rules, pixel by pixel, on arrays.

No rule averages what the scenes show: over melting snow a mean of reflectances is the colour of no surface. Each
decides by what single clear views were mapped as, and each can say which view it took its word from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimline.project.measuring import Rule

GROUND, ICE, UNSEEN = 0, 1, 255
"""What a view says of a pixel; UNSEEN where it cannot see."""

Said = NDArray[np.uint8]


@dataclass(frozen=True)
class Combined:
    """What all views together say."""

    ice: Said
    """(h, w) uint8: `ICE`, `GROUND`, or `UNSEEN` where no view sees."""
    source: NDArray[np.uint16]
    """(h, w) uint16: number of the view that it was taken from, counted from 1 in order of preference; 0 for none."""


def combine(rule: Rule, views: Said, saturated: NDArray[np.bool_] | None = None) -> Combined:
    """Combine views of one place by a rule.

    Parameters
    ----------
    rule
        `reference`: the first view that sees. `minimum-snow`: ice where every view that sees says ice, since seasonal
        snow comes and goes and ice stays. `vote`: what most views say that see, and where they are even, what the
        first of them says. The last two name as source the first view that says what was decided.
    views
        (n, h, w) uint8 of `ICE`, `GROUND` and `UNSEEN`, in order of preference.
    saturated
        (n, h, w) bool: where a view's sensor was saturated. Such a view is asked only where no other sees, as fresh
        snow saturates sensors and ice does so too: it is a doubtful witness, and better than none.
    """
    if saturated is None or not saturated.any():
        return _decide(rule, views)
    clear = _decide(rule, np.where(saturated, np.uint8(UNSEEN), views))
    blind = clear.ice == UNSEEN
    if not blind.any():
        return clear
    doubtful = _decide(rule, views)
    return Combined(np.where(blind, doubtful.ice, clear.ice), np.where(blind, doubtful.source, clear.source))


def _decide(rule: Rule, views: Said) -> Combined:
    if not len(views):
        return Combined(np.full(views.shape[1:], UNSEEN, np.uint8), np.zeros(views.shape[1:], np.uint16))
    seen = views != UNSEEN
    first = np.take_along_axis(views, seen.argmax(axis=0)[np.newaxis], axis=0)[0]
    if rule == "reference":
        ice = first
    elif rule == "minimum-snow":
        # Of GROUND < ICE < UNSEEN the least is ground where any view says so.
        ice = views.min(axis=0)
    else:
        most = 2 * (views == ICE).sum(axis=0, dtype=np.int32) - seen.sum(axis=0, dtype=np.int32)
        ice = np.where(most > 0, np.uint8(ICE), np.where(most < 0, np.uint8(GROUND), first))
    says_so = (views == ice) & seen
    source = np.where(says_so.any(axis=0), says_so.argmax(axis=0) + 1, 0).astype(np.uint16)
    return Combined(ice, source)
