"""Deflated blocks, checked in bounded memory: few bytes can hold a thousand times as many (RFC 1951)."""

from __future__ import annotations

import zlib

_PIECE, _STEP = 64 << 10, 1 << 20
"""What is given to zlib, and taken from it, at a time [bytes]."""


def is_whole(packed: bytes, most: int | None = None) -> bool:
    """Whether a block is unpacked to its checksum (RFC 1950).

    Parameters
    ----------
    packed
        The block as it is stored.
    most
        What it may hold [bytes]; None means any size.
    """
    unpacker = zlib.decompressobj()
    size = 0
    try:
        for first in range(0, len(packed) + _PIECE, _PIECE):
            piece = packed[first : first + _PIECE]
            while not unpacker.eof:
                made = len(unpacker.decompress(piece, _STEP))
                piece = unpacker.unconsumed_tail
                size += made
                if most is not None and size > most:
                    return False
                if made < _STEP and not piece:
                    break
    except zlib.error:
        return False
    return unpacker.eof
