"""How the learning rate moves, as factors on the recipe's rate.

They are functions of the step alone, so that a resumed run needs to remember nothing but where it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from trimline.project.recipe import Schedule

_FIRST, _LAST = 1 / 25, 1e-4
"""Where the rate of `one_cycle` starts, and where its and that of `cosine` end, as shares of the peak. Smith and Topin
(2018), arXiv:1708.07120."""


def learning_rate_factor(schedule: Schedule, steps_per_epoch: int, epochs: int) -> Callable[[int], float]:
    """Return the factor on the learning rate as a function of the step, counted from 0.

    Parameters
    ----------
    schedule
        `constant`; `step`: multiplied by `factor` every `every_epochs`; `exponential`: by as much, a little with every
        step; `one_cycle`: half a cosine up for the share `warm_up` of all steps, then half a cosine down; `cosine`:
        for that share in a straight line up from the first step's part of it (Goyal and others 2017,
        arXiv:1706.02677), then half a cosine down (Loshchilov and Hutter 2017, arXiv:1608.03983, without restarts).
    steps_per_epoch, epochs
        The length of the run.

    Returns
    -------
    Callable
        Values in (0, 1].
    """
    total = steps_per_epoch * epochs
    rise = schedule.warm_up * total
    period = steps_per_epoch * schedule.every_epochs

    def constant(step: int) -> float:
        return 1.0

    def staircase(step: int) -> float:
        return float(schedule.factor ** (step // period))

    def exponential(step: int) -> float:
        return float(schedule.factor ** (step / period))

    def falling(step: int) -> float:
        return _cosine(1.0, _LAST, min(1.0, (step - rise) / max(1.0, total - 1 - rise)))

    def one_cycle(step: int) -> float:
        return _cosine(_FIRST, 1.0, step / rise) if step < rise else falling(step)

    def cosine(step: int) -> float:
        return min(1.0, (step + 1) / rise) if step < rise else falling(step)

    return {
        "constant": constant,
        "step": staircase,
        "exponential": exponential,
        "one_cycle": one_cycle,
        "cosine": cosine,
    }[schedule.kind]


def _cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1.0 + math.cos(math.pi * share)) / 2.0
