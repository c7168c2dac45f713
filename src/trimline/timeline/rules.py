"""Several scenes of one place are combined pixel by pixel: three rules, on arrays.

No rule averages reflectances: over melting snow a mean is the colour of no surface. Each rule decides between what
single clear scenes were mapped as, and names the scene that the value is taken from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimline.project.measuring import Rule

GROUND = 0
"""State of a pixel: ground without ice."""
ICE = 1
"""State of a pixel: ice."""
UNSEEN = 255
"""State of a pixel whose ground is not observed."""

StateMask = NDArray[np.uint8]
"""Pixels of `GROUND`, `ICE` and `UNSEEN`."""


@dataclass(frozen=True)
class Combined:
    """State and source of each pixel after all scenes are combined."""

    state: StateMask
    """(h, w) uint8: `ICE`, `GROUND`, or `UNSEEN` where no scene shows the ground."""
    source: NDArray[np.uint16]
    """(h, w) uint16: number of the scene that the state is taken from, counted from 1 in order of preference; 0 for
    none."""


def combine(rule: Rule, states: StateMask, saturated: NDArray[np.bool_] | None = None) -> Combined:
    """Combine scenes of one place by a rule.

    Parameters
    ----------
    rule
        `reference`: the first scene that shows the ground. `minimum-snow`: ice where every scene that shows the ground
        shows ice, since seasonal snow comes and goes and ice stays. `vote`: the majority of the scenes that show the
        ground, and the first of them where they are even. The source of the last two is the first scene with the state
        that was decided.
    states
        (n, h, w) uint8 of `ICE`, `GROUND` and `UNSEEN`, in order of preference.
    saturated
        (n, h, w) bool: where the sensor was saturated. Such pixels are used only where no other scene shows the ground:
        fresh snow saturates sensors and so does ice, which makes them uncertain, and still better than a gap.
    """
    if saturated is None or not saturated.any():
        return _decide(rule, states)
    clear = _decide(rule, np.where(saturated, np.uint8(UNSEEN), states))
    gaps = clear.state == UNSEEN
    if not gaps.any():
        return clear
    with_saturated = _decide(rule, states)
    return Combined(
        np.where(gaps, with_saturated.state, clear.state), np.where(gaps, with_saturated.source, clear.source)
    )


def _decide(rule: Rule, states: StateMask) -> Combined:
    if not len(states):
        return Combined(np.full(states.shape[1:], UNSEEN, np.uint8), np.zeros(states.shape[1:], np.uint16))
    seen = states != UNSEEN
    first = np.take_along_axis(states, seen.argmax(axis=0)[np.newaxis], axis=0)[0]
    if rule == "reference":
        state = first
    elif rule == "minimum-snow":
        # Of GROUND < ICE < UNSEEN the least is ground where any scene shows ground.
        state = states.min(axis=0)
    else:
        surplus = 2 * (states == ICE).sum(axis=0, dtype=np.int32) - seen.sum(axis=0, dtype=np.int32)
        state = np.where(surplus > 0, np.uint8(ICE), np.where(surplus < 0, np.uint8(GROUND), first))
    agrees = (states == state) & seen
    source = np.where(agrees.any(axis=0), agrees.argmax(axis=0) + 1, 0).astype(np.uint16)
    return Combined(state, source)
