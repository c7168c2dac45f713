"""Strips of scenes as tasks of a dask cluster: the same bytes as on one machine, in less time.

Workers must see the product under the same path. A map goes on strip by strip where it was interrupted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distributed import Client

from trimline import __version__
from trimline.errors import ClusterError, TrimlineError
from trimline.mapping.cluster import (
    ONE_AT_A_TIME,
    answer,
    answering,
    awaited,
    model_here,
    send_model,
    threads_of,
)
from trimline.mapping.cluster_files import reference_here, send_reference
from trimline.mapping.plan import MapPlan
from trimline.mapping.stream import StripPredictor
from trimline.mapping.strip_prediction import StripPrediction
from trimline.mapping.windows import Strip
from trimline.scenes import Scene

if TYPE_CHECKING:
    from trimline.inference import Model

_PER_THREAD = 2
"""Strips under way for each thread of the cluster: one is worked on, one waits."""


def on_cluster(client: Client, weights: Path | None, model: Model) -> StripPredictor:
    """Return what predicts strips on a cluster; arguments are those of `trimline.mapping.cluster.send_model`."""
    name = send_model(client, weights, model)

    def predict(plan: MapPlan, strips: list[Strip]) -> Iterator[StripPrediction]:
        pending: deque[Any] = deque()
        identity = plan.scene.identity
        zone = None if plan.within is None else send_reference(client, plan.within, None)
        # The outlines of an inventory are not sent with each strip.
        bare = replace(plan, within=None)
        for strip in strips:
            with answering(client):
                pending.append(
                    client.submit(_predict, bare, strip, identity, name, zone, __version__, pure=False, retries=2)
                )
                is_busy = len(pending) > _PER_THREAD * max(1, threads_of(client))
            if is_busy:
                yield awaited(client, pending.popleft(), plan.scene.id)
        while pending:
            yield awaited(client, pending.popleft(), plan.scene.id)

    return predict


def require_same(scene: Scene, identity: str) -> None:
    """Raise `ClusterError` where a worker sees another product than the machine that asks."""
    if scene.identity != identity:
        raise ClusterError(
            "a worker sees other files than this machine under the paths of the scene",
            where=scene.id,
            remedy="let all workers see the same products, unchanged, under the same paths",
        )


def _predict(
    plan: MapPlan, strip: Strip, identity: str, model: str, zone: str | None, version: str
) -> StripPrediction | TrimlineError:
    """Predict a strip on a worker."""

    def work() -> StripPrediction:
        require_same(plan.scene, identity)
        confined = plan if zone is None else replace(plan, within=reference_here(zone).within)
        seen = confined.read(confined.rows_needed(strip))
        with ONE_AT_A_TIME:
            return confined.predict(strip, seen, model_here(model))

    return answer(version, work)
