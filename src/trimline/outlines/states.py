"""The states of a glacier in a period: with an outline, or with one of three reasons for having none."""

from __future__ import annotations

from typing import Literal

State = Literal["mapped", "inferred", "gone", "unseen", "not in period"]
"""What is known of a glacier in a period."""

MAPPED: State = "mapped"
INFERRED: State = "inferred"
GONE: State = "gone"
UNSEEN: State = "unseen"
NOT_IN_PERIOD: State = "not in period"

STATES: tuple[State, ...] = (MAPPED, INFERRED, GONE, UNSEEN, NOT_IN_PERIOD)
"""All states. With an outline: `mapped`, or `inferred` where most of it was inferred from other periods. Without one:
`gone` (its ground was seen, without ice), `unseen` (most of its ground was not seen), `not in period` (nothing says
why it has no outline)."""

OUTLINED: tuple[State, ...] = (MAPPED, INFERRED)
"""States with an outline."""

UNKNOWN: tuple[State, ...] = (UNSEEN, NOT_IN_PERIOD)
"""States in which the area is not known."""
