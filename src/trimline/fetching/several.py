"""Several scenes at a time: one that cannot be fetched is named, and the others go on."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from trimline.errors import DiskError, TrimlineError
from trimline.fetching.request import Request
from trimline.fetching.scene import Fetched, Watch, fetch_request

if TYPE_CHECKING:
    from trimline.remote import Transport

SCENES_AT_ONCE = 3
"""While the files of one scene are written, those of the others come."""


@dataclass(frozen=True)
class Task:
    """One scene that is to be fetched."""

    name: str
    """What it is called."""
    request: Request
    path: Path
    """Where its folder goes."""
    transport: Transport


def fetch_scenes(
    tasks: Sequence[Task], watch: Watch | None = None, *, at_once: int = SCENES_AT_ONCE
) -> Iterator[tuple[Task, Fetched | TrimlineError]]:
    """Fetch scenes, and yield each as it is done, with the error of one that cannot be fetched.

    When it is interrupted, or a disk fails, the transports are closed, so that nothing waits any longer; what is
    finished is kept, and the next run goes on there.

    Parameters
    ----------
    tasks
        The scenes.
    watch
        Is told of progress, and may stop it.
    at_once
        Scenes at a time.

    Raises
    ------
    DiskError
        The disk is full, or fails: then no scene can be fetched.
    """
    if not tasks:
        return
    watch = watch or Watch()
    stop = watch.stop or threading.Event()
    watched = replace(watch, stop=stop)
    with ThreadPoolExecutor(min(at_once, len(tasks))) as pool:
        coming = {pool.submit(fetch_request, each.request, each.path, each.transport, watched): each for each in tasks}
        try:
            for done in as_completed(coming):
                try:
                    outcome: Fetched | TrimlineError = done.result()
                except DiskError:
                    raise
                except TrimlineError as error:
                    outcome = error
                yield coming[done], outcome
        except BaseException:
            stop.set()
            for each in coming:
                each.cancel()
            for task in tasks:
                task.transport.close()
            raise
