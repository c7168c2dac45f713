"""Texts as the layer of edits keeps them: without blanks around them, and without what a file cannot hold."""

from __future__ import annotations

from trimline.errors import EditError
from trimline.hidden_characters import is_hidden

_LINES = "\n\t"
"""Control characters that texts may have."""


def kept_text(text: str | None, what: str) -> str | None:
    """Return a text as it will be read back; None for nothing but blanks.

    Parameters
    ----------
    text
        Any text.
    what
        What it is, for the message.

    Raises
    ------
    EditError
        It has control characters, halves of characters, or characters that turn the order of others.
    """
    if text is None:
        return None
    wrong = next((each for each in text if is_hidden(each) and each not in _LINES), None)
    if wrong is not None:
        raise EditError(f"the {what} has the character U+{ord(wrong):04X}, which nobody sees", remedy="leave it out")
    return text.strip() or None
