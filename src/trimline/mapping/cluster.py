"""Strips of scenes as tasks of an existing dask cluster: the same bytes as on one machine, in less time.

Workers must see the products under the same paths, and have the same trimline installed. Dask hands functions and
arrays from machine to machine by pickling them, so whoever can reach the scheduler can run code there: that is for the
cluster's owner to guard (TLS, a closed network). Files of users are never unpickled.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distributed import Client, KilledWorker, Worker, WorkerPlugin, get_worker
from distributed import TimeoutError as NotYet
from distributed.comm.core import CommClosedError

from trimline import __version__
from trimline.errors import ClusterError, TrimlineError
from trimline.foreign import reason
from trimline.mapping.plan import MapPlan
from trimline.mapping.stream import StripPredictor
from trimline.mapping.strip_prediction import StripPrediction
from trimline.mapping.windows import Strip

if TYPE_CHECKING:
    from trimline.inference import Model

_LOG = logging.getLogger(__name__)

_CONNECTING_S = 10
_ASKING_AGAIN_S = 30.0
"""How often a strip that does not come is looked after [s]."""

_PER_THREAD = 2
"""Strips under way for each thread of the cluster: one is worked on, one waits."""

_ONE_AT_A_TIME = threading.Lock()
"""A network uses all cores, also where a worker has several threads."""


class _Weights(WorkerPlugin):
    """Brings a model file to each worker once, also to those that join later."""

    def __init__(self, file: Path, model: Model) -> None:
        self.name = f"trimline-{model.sha256}-{model.engine.name}-{model.arithmetic}"
        self.content, self.filename = file.read_bytes(), f"{model.sha256}{file.suffix}"
        self.engine, self.arithmetic = model.engine.name, model.arithmetic
        self.model: Model | None = None

    def setup(self, worker: Worker) -> None:
        """Write it to the worker's own folder."""
        self.path = Path(worker.local_directory) / self.filename
        self.path.write_bytes(self.content)

    def loaded(self) -> Model:
        """Return the model, loaded on first use, computed as on the machine that asks."""
        if self.model is None:
            from trimline.inference import load_weights

            engine: Any = self.engine
            self.model = load_weights(self.path, engine=engine, precision=self.arithmetic)
        return self.model


class _Index(WorkerPlugin):
    """Brings a spectral index to each worker."""

    def __init__(self, model: Model) -> None:
        self.name = f"trimline-{model.sha256}"
        self.model = model

    def loaded(self) -> Model:
        """Return the model."""
        return self.model


@contextmanager
def connected(address: str) -> Iterator[Client]:
    """Connect to a dask scheduler, as ``tcp://host:port``.

    Raises
    ------
    ClusterError
        None answers there.
    """
    try:
        client = Client(address, timeout=_CONNECTING_S, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise ClusterError(
            f"no scheduler answers ({' '.join(str(error).split())})",
            where=address,
            remedy="start one with `dask scheduler`, and workers with `dask worker ADDRESS`",
        ) from error
    with client:
        yield client


def on_cluster(client: Client, weights: Path | None, model: Model) -> StripPredictor:
    """Return what predicts strips on a cluster.

    Parameters
    ----------
    client
        Connected to the cluster.
    weights
        The file that the model was loaded from; it is sent to each worker once. None of a spectral index, which needs
        no file: it is sent itself.
    model
        Says by which engine and in which precision to compute: this machine's choice, so that all workers compute
        alike.
    """
    plugin = _Index(model) if weights is None else _Weights(weights, model)
    with _answering(client):
        client.register_plugin(plugin)

    def predict(plan: MapPlan, strips: list[Strip]) -> Iterator[StripPrediction]:
        pending: deque[Any] = deque()
        identity = plan.scene.identity
        for strip in strips:
            with _answering(client):
                pending.append(
                    client.submit(_predict, plan, strip, identity, plugin.name, __version__, pure=False, retries=2)
                )
                is_busy = len(pending) > _PER_THREAD * max(1, _threads(client))
            if is_busy:
                yield _result(client, pending.popleft(), plan)
        while pending:
            yield _result(client, pending.popleft(), plan)

    return predict


def _predict(plan: MapPlan, strip: Strip, identity: str, plugin: str, version: str) -> StripPrediction | TrimlineError:
    """Predict a strip on a worker; what the user can mend is returned, since doing it again would not help."""
    try:
        return _predict_or_fail(plan, strip, identity, plugin, version)
    except TrimlineError as error:
        return error.alone()


def _predict_or_fail(plan: MapPlan, strip: Strip, identity: str, plugin: str, version: str) -> StripPrediction:
    if version != __version__:
        raise ClusterError(
            f"a worker has trimline {__version__}, and this machine {version}", remedy="install the same everywhere"
        )
    if plan.scene.identity != identity:
        raise ClusterError(
            "a worker sees other files than this machine under the paths of the scene",
            where=plan.scene.id,
            remedy="let all workers see the same products, unchanged, under the same paths",
        )
    seen = plan.read(plan.rows_needed(strip))
    weights: Any = get_worker().plugins[plugin]
    with _ONE_AT_A_TIME:
        return plan.predict(strip, seen, weights.loaded())


def _result(client: Client, future: Any, plan: MapPlan) -> StripPrediction:
    """Wait for a strip; say so where nobody works on it."""
    while True:
        try:
            with _answering(client):
                prediction: StripPrediction | TrimlineError = future.result(timeout=_ASKING_AGAIN_S)
        except NotYet:
            with _answering(client):
                threads = _threads(client)
            if not threads:
                _LOG.warning("%s: the cluster has no workers; waiting for some", plan.scene.id)
        except KilledWorker as error:
            raise ClusterError(
                "every worker that was given a strip died",
                where=plan.scene.id,
                remedy="see the workers' logs; they may lack memory: lower map.window, or run fewer on a machine",
            ) from error
        else:
            if isinstance(prediction, TrimlineError):
                raise prediction
            return prediction


@contextmanager
def _answering(client: Client) -> Iterator[None]:
    """Say so where the scheduler is gone.

    Raises
    ------
    ClusterError
        It no longer answers.
    """
    try:
        yield
    except (CommClosedError, CancelledError) as error:
        raise ClusterError(
            f"the scheduler no longer answers ({reason(error)}); the rows that came are kept",
            where=client.scheduler.addr if client.scheduler is not None else None,
            remedy="start it and its workers again, and run again: it goes on there",
        ) from error


def _threads(client: Client) -> int:
    """Return the threads of the cluster's workers."""
    return sum(client.nthreads().values())  # type: ignore[no-untyped-call]
