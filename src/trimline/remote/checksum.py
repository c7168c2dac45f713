"""Checksums of catalogues: multihashes, as ``file:checksum`` of STAC has them.

Source: multiformats.io, multihash: code of the function, length of the digest (both varints), digest.
"""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

from trimline.errors import RemoteError

_FUNCTIONS = {0x11: "sha1", 0x12: "sha256", 0x13: "sha512", 0xD5: "md5"}
_BLOCK = 1 << 20


def check_checksum(path: Path, multihash: str, where: str) -> None:
    """Raise where a file has not the checksum that its catalogue says.

    Parameters
    ----------
    path
        The file.
    multihash
        In hexadecimal digits: ``1220...`` for SHA-256, ``d50110...`` for MD5.
    where
        What messages call the file.

    Raises
    ------
    RemoteError
        It has another, or the checksum is none that can be checked.
    """
    try:
        content = bytes.fromhex(multihash.strip())
        code, rest = _varint(content)
        length, digest = _varint(rest)
        name = _FUNCTIONS[code]
    except (ValueError, KeyError, IndexError):
        name, length, digest = "", 0, b""
    if not name or length != len(digest) or length != hashlib.new(name, usedforsecurity=False).digest_size:
        raise RemoteError(
            "the catalogue's checksum of the file is no multihash of SHA or MD5",
            where=where,
            remedy="report it to the archive; without a checksum only the size is checked",
        )
    found = hashlib.new(name, usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            found.update(block)
    if not hmac.compare_digest(found.digest(), digest):
        raise RemoteError(
            f"the file has another {name.upper()} checksum than its catalogue says",
            where=where,
            remedy="run again, which fetches it anew; where it stays so, leave the scene out",
        )


def _varint(content: bytes) -> tuple[int, bytes]:
    """Return the unsigned number at the beginning of some bytes (LEB128), and the bytes after it."""
    value = 0
    for index in range(9):
        value |= (content[index] & 0x7F) << (7 * index)
        if not content[index] & 0x80:
            return value, content[index + 1 :]
    raise ValueError("no number")
