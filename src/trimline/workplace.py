"""Hidden folders in which outputs are made: locked while a process works in them, removed by the next where it died.

Each holds a lock that the operating system releases when the process ends, however it ends. So a folder whose lock can
be taken is left over from a run that was killed, and one whose lock is held belongs to a run that is alive, of this
project or another.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LOG = logging.getLogger(__name__)

_LOCK = ".lock"
_LEFTOVER = re.compile(r"(\..+\.|trimline-)[a-z0-9_]{8}")
"""Names of such folders: ``.name.xxxxxxxx`` beside an output, ``trimline-xxxxxxxx`` among temporary files."""
_LONGEST_NAME = 100
"""Bytes of an output's name in the name of its folder: a file system allows 255 with what is added."""
_NOT_ENTERED = ".zarr"
"""Suffix of folders of many small files, in which there are no such folders."""

_looked_through: set[Path] = set()
"""Folders that this process has looked through for leftovers."""


@contextmanager
def workplace(folder: Path, name: str) -> Iterator[Path]:
    """Give a new hidden folder for the output of a name; it is removed with what is left in it when the block ends.

    What killed runs left in `folder` is removed first, once per process.

    Parameters
    ----------
    folder
        Where the output goes; the new folder lies in it. It must be there.
    name
        Name of the output.

    Raises
    ------
    OSError
        The folder cannot be made.
    """
    shown = name.encode()[:_LONGEST_NAME].decode(errors="ignore")
    with _held(folder, f".{shown}.") as place:
        yield place


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Give a new folder among the temporary files of the system (``TMPDIR``), removed when the block ends.

    What killed runs left there is removed first, once per process.
    """
    with _held(Path(tempfile.gettempdir()), "trimline-") as place:
        yield place


def remove_leftovers(folder: Path, *, deep: bool = False) -> None:
    """Remove what killed runs left in a folder, and say so in a line; `deep` looks into the folders below too."""
    removed: list[Path] = []
    for top, names, _ in os.walk(folder):
        found = (Path(top, name) for name in names if _LEFTOVER.fullmatch(name))
        removed.extend(place for place in found if _remove_if_dead(place))
        if not deep:
            break
        names[:] = [name for name in names if not _LEFTOVER.fullmatch(name) and not name.endswith(_NOT_ENTERED)]
    if removed:
        where, count = (removed[0], "") if len(removed) == 1 else (folder, f", in {len(removed)} folders")
        _LOG.info("%s: what a run that was killed left is removed%s", where, count)


@contextmanager
def _held(folder: Path, prefix: str) -> Iterator[Path]:
    from filelock import FileLock  # takes a tenth of a second that `--help` has not

    if folder not in _looked_through:
        _looked_through.add(folder)
        remove_leftovers(folder)
    place = Path(tempfile.mkdtemp(prefix=prefix, dir=folder))
    lock = FileLock(place / _LOCK, thread_local=False)
    try:
        lock.acquire()
        yield place
    finally:
        # The lock goes with its folder while it is held; Windows keeps files that are open, so once more after it.
        shutil.rmtree(place, ignore_errors=True)
        lock.release()
        shutil.rmtree(place, ignore_errors=True)


def _remove_if_dead(place: Path) -> bool:
    """Remove a folder of this user whose lock nobody holds; return whether it was one."""
    from filelock import FileLock, Timeout

    mark = place / _LOCK
    try:
        if place.is_symlink() or mark.is_symlink() or not mark.is_file() or not _is_own(place):
            return False
        lock = FileLock(mark, thread_local=False)
        lock.acquire(timeout=0)
    except (Timeout, OSError):
        return False
    shutil.rmtree(place, ignore_errors=True)
    lock.release()
    shutil.rmtree(place, ignore_errors=True)
    return not place.exists()


def _is_own(place: Path) -> bool:
    return not hasattr(os, "getuid") or place.stat().st_uid == os.getuid()
