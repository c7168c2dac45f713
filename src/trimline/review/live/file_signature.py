"""What tells a file from a later one in its place, at the cost of one look at its folder."""

from __future__ import annotations

from pathlib import Path

from trimline.errors import DiskError

Signature = tuple[int, int, int]
"""Inode, size, and time of last change [ns]."""


def signature_of(path: Path) -> Signature | None:
    """Return the signature of a file; None where there is none.

    Raises
    ------
    DiskError
        It cannot be looked at.
    """
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DiskError(
            f"cannot be looked at: {error.strerror}", where=path, remedy="see that it may be read"
        ) from error
    return found.st_ino, found.st_size, found.st_mtime_ns
