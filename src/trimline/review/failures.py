"""Errors of the review, and every error as an answer: one place that knows which status each has."""

from __future__ import annotations

from trimline.errors import TrimlineError
from trimline.review import contract


class NotThere(TrimlineError):
    """A period, glacier, edit, layer, tile or file is asked for that the review does not have."""


class InConflict(TrimlineError):
    """Outlines have changed since the drafts were made; nothing was kept."""

    def __init__(self, conflict: contract.Conflict) -> None:
        super().__init__(conflict.what)
        self.conflict = conflict
