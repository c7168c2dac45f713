"""The rasters that a review serves: a fixed list of files, each under a key that says nothing of its path."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from trimline.file_identity import digest

ADDRESS = "/api/rasters/"
"""Where the server has the rasters, by their keys."""
_KEY_LENGTH = 24
"""Hexadecimal digits of a key."""


class Rasters(Mapping[str, Path]):
    """Files by key; files are added while the review runs, and threads may ask at any time."""

    def __init__(self) -> None:
        self._files: dict[str, Path] = {}
        self._lock = threading.Lock()

    def address_of(self, path: Path) -> str:
        """Return the address of a file, which is served from now on.

        A file that was written anew has another address, so that no browser takes parts of the old one for its own.

        Raises
        ------
        OSError
            It is not there.
        """
        status = path.stat()
        content = [str(path.absolute()), status.st_size, status.st_mtime_ns]
        key = digest(content)[:_KEY_LENGTH]
        with self._lock:
            self._files[key] = path
        return f"{ADDRESS}{key}"

    def __getitem__(self, key: str) -> Path:
        return self._files[key]

    def __iter__(self) -> Iterator[str]:
        with self._lock:
            return iter(list(self._files))

    def __len__(self) -> int:
        return len(self._files)
