"""A simulated archive on a server in a process of its own, so that serving takes no time from who is measured."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

from trimline.simulate.archive import serve


class ArchiveProcess:
    """A server that runs elsewhere."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self.url: str = pipe.recv()

    def counts(self) -> dict[str, int]:
        """Return requests, bytes sent, and requests at the same time at most, since they were asked for last."""
        self._pipe.send("counts")
        found: dict[str, int] = self._pipe.recv()
        return found


@contextmanager
def served_elsewhere(folder: Path, latency_s: float) -> Iterator[ArchiveProcess]:
    """Serve an archive in another process while the block runs.

    Parameters
    ----------
    folder
        The archive.
    latency_s
        Time before every answer [s].
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(folder, latency_s, theirs), daemon=True)
    process.start()
    try:
        yield ArchiveProcess(ours)
    finally:
        ours.send("stop")
        process.join()


def _serve(folder: Path, latency_s: float, pipe: Connection) -> None:
    with serve(folder, latency_s=latency_s) as server:
        pipe.send(server.url)
        while pipe.recv() == "counts":
            made = server.log.requests
            pipe.send(
                {
                    "requests": len(made),
                    "bytes": sum(each.sent for each in made),
                    "at_once": server.log.most_at_once,
                }
            )
            server.log.clear()


def linked(source: Path, target: Path) -> None:
    """Give the files of a folder names in another one too: the same bytes under addresses that nobody has seen yet."""
    target.mkdir(parents=True)
    for each in source.iterdir():
        if each.is_file():
            os.link(each, target / each.name)
