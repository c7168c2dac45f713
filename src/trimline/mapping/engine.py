"""The stream over a scene's strips: read ahead, ask the network, add up, hand on what is complete."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from trimline.cores import available_cores
from trimline.mapping.survey import Answer, Seen, Survey, moved
from trimline.mapping.windows import Strip
from trimline.progress import track

if TYPE_CHECKING:
    from trimline.mapping.screen import Within
    from trimline.scenes import Scene
    from trimline.training import Segmenter

In = TypeVar("In")
Out = TypeVar("Out")

Answers = Callable[[Survey, list[Strip]], Iterator[Answer]]
"""What answers strips, in their order: this machine, or a cluster."""


def predict_array(
    scene: Scene,
    segmenter: Segmenter,
    geobox: GeoBox | None = None,
    *,
    window: int | None = None,
    halo: int | None = None,
    screen: bool = False,
    within: Within | None = None,
    progress: bool = False,
) -> NDArray[np.float32]:
    """Return the probability of ice on a grid, in memory.

    Parameters
    ----------
    scene
        What is mapped.
    segmenter
        The network that maps it.
    geobox
        The grid; None means the scene's own. It may reach beyond the scene.
    window, halo, screen, within
        As in `map_scene`; here all ground is shown to the network unless told otherwise.
    progress
        Whether to show a bar.

    Returns
    -------
    NDArray[np.float32]
        (h, w) in [0, 1]; NaN where the scene has no data in one of the bands.

    Raises
    ------
    WeightsError
        The scene lacks what the weights need; see `check_fits`.
    MappingError
        The window or the halo cannot be.
    GridError
        The grid has no CRS.
    """
    survey = Survey.of(scene, segmenter, geobox, window=window, halo=halo, screen=screen, within=within)
    probability = np.full(survey.region.shape, np.nan, np.float32)
    for rows in finished_rows(survey, survey.strips, here(segmenter), progress=progress):
        probability[rows.rows] = rows.probability
    return probability


@dataclass(frozen=True)
class Rows:
    """Rows of a map that nothing will be added to."""

    rows: slice
    """Of the region."""
    probability: NDArray[np.float32]
    """(h, w) of the region's columns; NaN where there are no data."""
    asked: int
    """Pixels with data that the network was asked about."""
    known: int
    """Pixels with data."""


def finished_rows(survey: Survey, strips: list[Strip], answers: Answers, *, progress: bool) -> Iterator[Rows]:
    """Yield the rows of a map from the top as they are complete.

    Parameters
    ----------
    survey
        What is mapped.
    strips
        Those of its strips that are to be done, without a gap. Where strips share rows, the first is done for what it
        adds to the second.
    answers
        Who asks the network.
    progress
        Whether to show a bar.
    """
    waiting: NDArray[np.float32] | None = None
    answered = zip(strips, answers(survey, strips), strict=True)
    for strip, answer in track(answered, f"map {survey.scene.id}", len(strips)) if progress else answered:
        probability = answer.probability
        if waiting is not None:
            probability[: len(waiting)] += waiting[: len(probability)]
        complete = moved(strip.complete, -strip.cut.kept.start)
        waiting = probability[complete.stop :].copy()
        yield Rows(strip.complete, probability[complete], answer.asked, answer.known)


def here(segmenter: Segmenter) -> Answers:
    """Return what answers strips on this machine: the next strip is read while the network is busy with one.

    Where the network computes on every core, strips are read in between: threads that share a core with it would make
    all of its others wait.

    Parameters
    ----------
    segmenter
        The network.
    """

    def answers(survey: Survey, strips: list[Strip]) -> Iterator[Answer]:
        reader = _Reader(survey, strips)
        read = ahead(reader, strips) if _leaves_a_core(segmenter) else map(reader, strips)
        for strip in strips:
            # What was read has no name here, so that it is gone before the next strip is read.
            yield survey.answer(strip, next(read), segmenter)

    return answers


def _leaves_a_core(segmenter: Segmenter) -> bool:
    import torch

    return segmenter.device.type != "cpu" or torch.get_num_threads() < available_cores()


def ahead(work: Callable[[In], Out], items: Iterable[In]) -> Iterator[Out]:
    """Yield the results of some work in order, done in a thread while earlier results are used.

    One result may wait. Where the work fails, or whoever uses the results stops, no later item is worked on.

    Parameters
    ----------
    work
        Called with one item after the other.
    items
        What is worked on.
    """
    failed = False

    def in_order(item: In) -> Out:
        nonlocal failed
        if failed:  # what comes after a failure must not be done: rows would be missing in between
            raise CancelledError
        try:
            return work(item)
        except BaseException:
            failed = True
            raise

    with ThreadPoolExecutor(1) as pool:
        pending: deque[Future[Out]] = deque()
        try:
            for item in items:
                pending.append(pool.submit(in_order, item))
                if len(pending) > 1:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for each in pending:
                each.cancel()


class _Reader:
    """Reads what strips are judged by, from the top, and no row twice."""

    def __init__(self, survey: Survey, strips: Sequence[Strip]) -> None:
        self._survey = survey
        needed = [survey.rows_needed(strip) for strip in strips]
        self._shared = {
            strip.cut.kept.start: max(0, this[1] - below[0])
            for strip, (this, below) in zip(strips, pairwise(needed), strict=False)
        }
        """By the first row that a strip keeps, how many of its rows the next needs too."""
        self._above: Seen | None = None
        """Copies of those, of the strip that was read last."""

    def __call__(self, strip: Strip) -> Seen:
        seen = self._survey.read(self._survey.rows_needed(strip), self._above)
        shared = self._shared.get(strip.cut.kept.start, 0)
        tail = slice(seen.candidates.shape[0] - shared, None)
        self._above = Seen(seen.image[:, tail].copy(), seen.candidates[tail].copy())
        return seen
