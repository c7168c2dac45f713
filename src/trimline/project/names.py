"""Remedies for unknown names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest_name(wanted: str, known: Iterable[str]) -> str:
    """Return a remedy that names the known name nearest to a wanted one, or lists them all."""
    names = list(known)
    nearest = difflib.get_close_matches(wanted, names, n=1, cutoff=0.5)
    return f"did you mean '{nearest[0]}'?" if nearest else f"there are {', '.join(names) or 'none'}"
