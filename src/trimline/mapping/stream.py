"""The stream over a scene's strips: read ahead, predict, add up, hand on what is complete."""

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

from trimline.mapping.image_rows import ImageRows
from trimline.mapping.options import MapOptions
from trimline.mapping.plan import MapPlan
from trimline.mapping.strip_prediction import PixelCounts, StripPrediction
from trimline.mapping.windows import Strip, moved
from trimline.progress import track

if TYPE_CHECKING:
    from trimline.inference import Model
    from trimline.scenes import Scene

In = TypeVar("In")
Out = TypeVar("Out")

StripPredictor = Callable[[MapPlan, list[Strip]], Iterator[StripPrediction]]
"""What predicts strips, in their order: this machine (`predict_here`), or a cluster."""


def predict_array(
    scene: Scene,
    model: Model,
    geobox: GeoBox | None = None,
    *,
    options: MapOptions | None = None,
    progress: bool = False,
) -> NDArray[np.float32]:
    """Return the probability of ice on a grid, in memory; the same that `map_scene` writes.

    Parameters
    ----------
    scene
        What is mapped.
    model
        What maps it.
    geobox
        The grid; None means the scene's own. It may reach beyond the scene.
    options
        As for `map_scene`; None means the defaults.
    progress
        Whether to show a bar.

    Returns
    -------
    NDArray[np.float32]
        (h, w) in [0, 1]; NaN where the ground is not seen: the scene has no data in one of the bands, or cloud or
        shadow hides it.

    Raises
    ------
    WeightsError
        The scene lacks what the model needs; see `check_fits`.
    MappingError
        The halo leaves nothing of a tile.
    GridError
        The grid has no CRS.
    """
    plan = MapPlan.of(scene, model, geobox, options)
    probability = np.full(plan.region.shape, np.nan, np.float32)
    for rows in finished_rows(plan, plan.strips, predict_here(model), progress=progress):
        probability[rows.rows] = rows.probability
    return probability


@dataclass(frozen=True)
class FinishedRows:
    """Rows of a map that nothing will be added to."""

    rows: slice
    """Of the region."""
    probability: NDArray[np.float32]
    """(h, w) of the region's columns; NaN where the ground is not seen."""
    classes: NDArray[np.uint8]
    """(h, w) of `SurfaceClass`; `CLASSES_NODATA` where there are no data."""
    counts: PixelCounts
    """What was counted in them."""


def finished_rows(
    plan: MapPlan, strips: list[Strip], predictor: StripPredictor, *, progress: bool
) -> Iterator[FinishedRows]:
    """Yield the rows of a map from the top as they are complete.

    Parameters
    ----------
    plan
        What is mapped.
    strips
        Those of its strips that are to be done, without a gap. Where strips share rows, the first is done for what it
        adds to the second.
    predictor
        What predicts them.
    progress
        Whether to show a bar.
    """
    waiting: StripPrediction | None = None
    predicted = zip(strips, predictor(plan, strips), strict=True)
    for strip, prediction in track(predicted, f"map {plan.scene.id}", len(strips)) if progress else predicted:
        if waiting is not None:
            prediction = prediction.added_to(waiting)
        complete = moved(strip.complete, -strip.cut.kept.start)
        waiting = prediction.below(complete.stop)
        yield FinishedRows(
            strip.complete, prediction.probability[complete], prediction.classes[complete], prediction.counts
        )


def predict_here(model: Model) -> StripPredictor:
    """Return what predicts strips on this machine: the next strip is read while the network is busy with one."""

    def predict(plan: MapPlan, strips: list[Strip]) -> Iterator[StripPrediction]:
        read = ahead(_Reader(plan, strips), strips)
        for strip in strips:
            # What was read has no name here, so that it is gone before the next strip is read.
            yield plan.predict(strip, next(read), model)

    return predict


def ahead(work: Callable[[In], Out], items: Iterable[In]) -> Iterator[Out]:
    """Yield the results of some work in order, done in a thread while earlier results are used.

    One result may wait. Where the work fails, or whoever uses the results stops, no later item is worked on. Where the
    items end in an error, those that came before it are: what was made until then is kept.

    Parameters
    ----------
    work
        Called with one item after the other.
    items
        What is worked on.
    """
    stopped = False

    def in_order(item: In) -> Out:
        nonlocal stopped
        if stopped:  # what comes after a failure must not be done: rows would be missing in between
            raise CancelledError
        try:
            return work(item)
        except BaseException:
            stopped = True
            raise

    with ThreadPoolExecutor(1) as pool:
        pending: deque[Future[Out]] = deque()

        def used() -> Iterator[Out]:
            nonlocal stopped
            try:
                yield pending.popleft().result()
            except BaseException:  # interrupted as it waits, or not used any longer
                stopped = True
                raise

        for item in items:
            pending.append(pool.submit(in_order, item))
            if len(pending) > 1:
                yield from used()
        while pending:
            yield from used()


class _Reader:
    """Reads what strips are judged by, from the top, and no row twice."""

    def __init__(self, plan: MapPlan, strips: Sequence[Strip]) -> None:
        self._plan = plan
        needed = [plan.rows_needed(strip) for strip in strips]
        self._shared = {
            strip.cut.kept.start: max(0, this[1] - below[0])
            for strip, (this, below) in zip(strips, pairwise(needed), strict=False)
        }
        """By the first row that a strip keeps, how many of its rows the next needs too."""
        self._above: ImageRows | None = None
        """Copies of those, of the strip that was read last."""

    def __call__(self, strip: Strip) -> ImageRows:
        seen = self._plan.read(self._plan.rows_needed(strip), self._above)
        shared = self._shared.get(strip.cut.kept.start, 0)
        self._above = seen.part(slice(seen.candidates.shape[0] - shared, None)).copied()
        return seen
