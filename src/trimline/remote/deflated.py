"""Deflated blocks of rasters, checked in bounded memory: few bytes can hold a thousand times as many (RFC 1951)."""

from __future__ import annotations

import zlib

_PIECE = 64 << 10
"""What is unpacked at a time [bytes]; it becomes 70 MB at most."""


def is_whole(packed: bytes, most: int) -> bool:
    """Whether a block is unpacked to its checksum (RFC 1950), without more than so many bytes.

    Parameters
    ----------
    packed
        The block as it is stored.
    most
        Size of its pixels [bytes].
    """
    unpacker = zlib.decompressobj()
    size = 0
    try:
        for first in range(0, len(packed), _PIECE):
            size += len(unpacker.decompress(packed[first : first + _PIECE], most - size + 1))
            if unpacker.eof or size > most:
                break
    except zlib.error:
        return False
    return unpacker.eof and size <= most
