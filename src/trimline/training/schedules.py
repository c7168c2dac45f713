"""How the learning rate moves, as factors on the recipe's rate.

They are functions of the step alone, so that a resumed run needs to remember nothing but where it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from trimline.project.recipe import Schedule

_FIRST, _LAST = 1 / 25, 1e-4
"""`one_cycle`: where the rate starts and ends, as shares of its peak. Smith and Topin (2018), arXiv:1708.07120."""


def learning_rate_factor(schedule: Schedule, steps_per_epoch: int, epochs: int) -> Callable[[int], float]:
    """Return the factor on the learning rate as a function of the step, counted from 0.

    Parameters
    ----------
    schedule
        `constant`; `step`: multiplied by `factor` every `every_epochs`; `one_cycle`: half a cosine up for the share
        `warm_up` of all steps, then half a cosine down.
    steps_per_epoch, epochs
        The length of the run.
    """
    total = steps_per_epoch * epochs
    rise = schedule.warm_up * total

    def constant(step: int) -> float:
        return 1.0

    def staircase(step: int) -> float:
        return float(schedule.factor ** (step // (steps_per_epoch * schedule.every_epochs)))

    def one_cycle(step: int) -> float:
        if step < rise:
            return _cosine(_FIRST, 1.0, step / rise)
        return _cosine(1.0, _LAST, min(1.0, (step - rise) / max(1.0, total - 1 - rise)))

    return {"constant": constant, "step": staircase, "one_cycle": one_cycle}[schedule.kind]


def _cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1.0 + math.cos(math.pi * share)) / 2.0
