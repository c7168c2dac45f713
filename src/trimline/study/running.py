"""Lock on an output folder: one run at a time; a second one waits, then ends with an error that names the first.

The lock belongs to the process: the operating system releases it when the process ends, however it ends.
"""

from __future__ import annotations

import json
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from trimline.errors import StageError
from trimline.files import made_folder, write_json
from trimline.foreign import disk_errors
from trimline.study.stages import PATIENCE_S
from trimline.workplace import remove_leftovers

_LOG = logging.getLogger(__name__)


@contextmanager
def only_run(output: Path, wait_s: float = PATIENCE_S) -> Iterator[None]:
    """Hold an output folder against other runs, on this machine or another that shares the folder.

    Parameters
    ----------
    output
        The output folder of a project; made where it is not there.
    wait_s
        How long to wait for another run to end [s]; 0 refuses at once.

    Raises
    ------
    StageError
        Another run is still at work then, or the lock is a link.
    DiskError
        The disk is full, read-only or closed to the user, whatever the block writes on it.
    """
    with disk_errors(output), _lock_of(output, wait_s):
        remove_leftovers(output, deep=True)
        yield


@contextmanager
def _lock_of(output: Path, wait_s: float) -> Iterator[None]:
    folder = output / "stages"
    lock, holder = FileLock(folder / "run.lock"), folder / "run.json"
    made_folder(output)
    made_folder(folder)
    if (folder / "run.lock").is_symlink():
        raise StageError("is a link, which would be written to", where=folder / "run.lock", remedy="remove the link")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        if wait_s > 0:
            _LOG.warning("%s: %s is at work here; waiting up to %g s for it to end", output, _named(holder), wait_s)
        try:
            lock.acquire(timeout=max(wait_s, 0))
        except Timeout as error:
            raise StageError(
                f"{_named(holder)} is at work here",
                where=output,
                remedy="wait for it to end, stop it, or give this run another output",
            ) from error
    try:
        since = f"{datetime.now(UTC):%Y-%m-%d %H:%M}"
        write_json(holder, {"process": os.getpid(), "machine": socket.gethostname(), "since": since})
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _named(holder: Path) -> str:
    """Return who holds the lock, as far as it is known."""
    try:
        run = json.loads(holder.read_text(encoding="utf-8"))
        return f"another run (process {run['process']} on {run['machine']}, since {run['since']} UTC)"
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return "another run"
