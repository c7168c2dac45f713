"""What an example says of its files: where they come from, what each is, what one must know of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Described:
    """What `from_data` and `simulated` of an example say of what they wrote."""

    source: str
    """Where the files come from, and what may be done with them."""
    files: Mapping[str, str]
    """What each file or folder is, by its name within the example."""
    notes: tuple[str, ...] = ()
    """What one must know before using them."""
