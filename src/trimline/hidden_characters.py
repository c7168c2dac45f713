"""Characters that nobody sees in a text: those that control a terminal, and those that turn the order of others."""

from __future__ import annotations

import unicodedata

_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Embeddings, overrides and isolates of Unicode's bidirectional algorithm: with them a text reads as another one. Marks
of direction, which texts in Arabic and Hebrew need, are none of them."""


def is_hidden(character: str) -> bool:
    """Return whether a character controls what shows a text, turns the order of others, or is half of one."""
    return unicodedata.category(character) in ("Cc", "Cs") or character in _TURNING
