"""Progress of fetching on standard error: bytes that have come of those planned so far, and the time left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from trimline.progress import is_watched

if TYPE_CHECKING:
    from trimline.fetching import Watch


@contextmanager
def shown_progress(scenes: int) -> Iterator[Watch]:
    """Give what is told of progress, with a bar where standard error is a terminal.

    Parameters
    ----------
    scenes
        Number of scenes. What they have in bytes is known scene by scene, so the total grows.
    """
    from trimline.fetching import Watch

    if not is_watched():
        yield Watch()
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task(f"fetching {scenes} scenes", total=0)
        planned = [0]

        def plan(count: int) -> None:
            planned[0] += count
            progress.update(bar, total=planned[0])

        yield Watch(planned=plan, seen=lambda count: progress.advance(bar, count))
