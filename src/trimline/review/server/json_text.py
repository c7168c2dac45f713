"""The text of a JSON body before it is parsed: its encoding, its depth, and halves of characters.

Parsers take more than can be written out again: halves of characters (lone surrogates) are no text in UTF-8, and
what is nested deeply ends the recursion of whoever walks through it.
"""

from __future__ import annotations

import re

import numpy as np

DEEPEST = 32
"""Arrays and objects inside each other; the vertex of a multipolygon in a draft lies eight deep."""

_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)
_NO_BRACKETS = bytes(each for each in range(256) if each not in b"[]{}")
_MAY_BE_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
_HIGH, _LOW = rb"\\u[dD][89abAB][0-9a-fA-F]{2}", rb"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_ESCAPE = re.compile(rb"%b%b|(%b|%b)|\\." % (_HIGH, _LOW, _HIGH, _LOW), re.DOTALL)
"""An escape in a string: a whole character in two halves, one half (the group), or any other."""


def fault_of(body: bytes) -> str | None:
    """Return why a body is not taken, in words; None where it may be parsed.

    Parameters
    ----------
    body
        What was sent as JSON; that it is JSON is not looked at.
    """
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        return f"what is sent is no UTF-8 (byte {error.start})"
    if b"\0" in body:
        return "what is sent holds the byte 0"
    halves = _ESCAPE.finditer(body) if _MAY_BE_HALF.search(body) else ()
    half = next((each for each in halves if each[1] is not None), None)
    if half is not None:
        return f"what is sent holds half a character (\\{half[1][1:].decode()}, byte {half.start()})"
    if _depth(body) > DEEPEST:
        return f"what is sent has more than {DEEPEST} arrays and objects inside each other"
    return None


def _depth(body: bytes) -> int:
    """Return how many arrays and objects lie inside each other at most, brackets in strings aside."""
    brackets = np.frombuffer(_STRING.sub(b"", body).translate(None, _NO_BRACKETS), np.uint8)
    if not brackets.size:
        return 0
    opened = (brackets == ord("[")) | (brackets == ord("{"))
    return int(np.cumsum(np.where(opened, np.int8(1), np.int8(-1)), dtype=np.int64).max())
