"""A review served in a process of its own, so that the browser and the server do not share one."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

from trimline.errors import TrimlineError
from trimline.review.server.serving import LOOPBACK, Address

_START_S = 900.0


@contextmanager
def served_review(folder: Path, glaciers: int, periods: int, vertices: int, side: int) -> Iterator[tuple[str, float]]:
    """Write a review into a folder in another process and serve it there while the block runs.

    Parameters
    ----------
    folder, glaciers, periods, vertices, side
        As of `trimline.bench.big_review.write_review`.

    Yields
    ------
    tuple[str, float]
        Address of the page, and the time between opening the files and listening [s].
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, folder, glaciers, periods, vertices, side), daemon=True)
    process.start()
    theirs.close()
    try:
        try:
            started = ours.recv() if ours.poll(_START_S) else None
        except EOFError:
            started = None
        if started is None:
            raise TrimlineError("the server of the review did not start", where=folder)
        yield started
        ours.send("stop")
    finally:
        process.join(10)
        process.kill()


def _serve(pipe: Connection, folder: Path, glaciers: int, periods: int, vertices: int, side: int) -> None:
    from trimline.bench.big_review import write_review
    from trimline.review.running import opened_review
    from trimline.review.server.page_folder import page_folder
    from trimline.review.server.serving import listening, serve

    reviewed = write_review(folder, glaciers, periods, vertices, side)
    closing = threading.Event()
    started = time.perf_counter()
    opened = opened_review(reviewed)

    def wait_for_the_end() -> None:
        try:
            pipe.recv()
        except EOFError:  # whoever measures is gone
            closing.set()
        closing.set()

    with listening(LOOPBACK, 0) as bound:
        address = Address(LOOPBACK, bound.getsockname()[1])
        threading.Thread(target=wait_for_the_end, daemon=True).start()
        try:
            app = opened.app(page=page_folder(), closing=closing)
            serve(app, bound, lambda: pipe.send((address.url, time.perf_counter() - started)), closing)
        finally:
            opened.close()
