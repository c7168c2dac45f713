"""An existing dask cluster: how it is reached, what each worker gets once, and how its answers are waited for.

Tasks are strips of scenes (`trimline.mapping.cluster_strips`) or whole scenes (`trimline.mapping.cluster_scenes`). All
workers must have the same trimline installed. Dask hands functions and arrays from machine to machine by pickling them,
so whoever can reach the scheduler can run code there: that is for the cluster's owner to guard (TLS, a closed network).
Files of users are never unpickled, and credentials are never sent: a worker has its own.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from distributed import Client, KilledWorker, Worker, WorkerPlugin, get_worker
from distributed import TimeoutError as NotYet
from distributed.comm.core import CommClosedError

from trimline import __version__
from trimline.errors import ClusterError, TrimlineError
from trimline.foreign import reason

if TYPE_CHECKING:
    from trimline.inference import Model

_LOG = logging.getLogger(__name__)

Answer = TypeVar("Answer")

_CONNECTING_S = 10
_ASKING_AGAIN_S = 30.0
"""How often an answer that does not come is looked after [s]."""

_LOOKING_S = 0.1
"""How often it is looked whether a whole scene is done [s]."""

ONE_AT_A_TIME = threading.Lock()
"""A network uses all cores, also where a worker has several threads."""


class _Weights(WorkerPlugin):
    """Brings a model file to each worker once, also to those that join later."""

    idempotent = True

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

    idempotent = True

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
    with _quiet():
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


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep dask from printing the tracebacks of a scheduler that is gone, which is said in one line."""
    if _LOG.isEnabledFor(logging.DEBUG):
        yield
        return
    names = [name for name in logging.root.manager.loggerDict if name.split(".")[0] == "distributed"]
    before = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


def send_model(client: Client, weights: Path | None, model: Model) -> str:
    """Send a model to each worker once, and return the name by which `model_here` finds it there.

    Parameters
    ----------
    client
        Connected to the cluster.
    weights
        The file that the model was loaded from. None of a spectral index, which needs no file: it is sent itself.
    model
        Says by which engine and in which precision to compute: this machine's choice, so that all workers compute
        alike.
    """
    return send(client, _Index(model) if weights is None else _Weights(weights, model))


def send(client: Client, plugin: WorkerPlugin) -> str:
    """Send a plugin to each worker once, and return its name."""
    with answering(client):
        client.register_plugin(plugin)
    return str(plugin.name)  # type: ignore[attr-defined] # the name that dask itself goes by


def model_here(name: str) -> Model:
    """Return the model of a name on this worker; for one task at a time, see `ONE_AT_A_TIME`."""
    plugin: Any = get_worker().plugins[name]
    model: Model = plugin.loaded()
    return model


def answer(version: str, work: Callable[[], Answer]) -> Answer | TrimlineError:
    """Do some work on a worker; what the user can mend is returned, since doing it again would not help.

    Parameters
    ----------
    version
        Of trimline on the machine that asks.
    work
        What to do.
    """
    if version != __version__:
        return ClusterError(
            f"a worker has trimline {__version__}, and this machine {version}", remedy="install the same everywhere"
        )
    try:
        return work()
    except TrimlineError as error:
        return error.alone()


def awaited(client: Client, future: Any, scene_id: str) -> Any:
    """Wait for the answer to a task; say so where nobody works on it.

    Raises
    ------
    ClusterError
        The scheduler no longer answers, or workers die of the task.
    TrimlineError
        The answer is an error.
    """
    while True:
        try:
            with answering(client):
                found = future.result(timeout=_ASKING_AGAIN_S)
        except NotYet:
            _say_where_nobody_works(client, scene_id)
        except KilledWorker as error:
            raise ClusterError(
                "every worker that was given a part of the scene died",
                where=scene_id,
                remedy="see the workers' logs; they may lack memory: lower map.window, or run fewer on a machine",
            ) from error
        else:
            if isinstance(found, TrimlineError):
                raise found
            return found


def wait_for_end(client: Client, future: Any, scene_id: str, stop: threading.Event) -> None:
    """Wait for the end of a task without bringing its answer.

    Raises
    ------
    ClusterError
        The scheduler is gone, or `stop` is set: the task is then given up.
    """
    waited_s = 0.0
    while not future.done():
        if stop.wait(_LOOKING_S):
            future.cancel()
            raise ClusterError("the run was stopped", where=scene_id, remedy="run again: it goes on there")
        waited_s += _LOOKING_S
        if waited_s >= _ASKING_AGAIN_S:
            waited_s = 0.0
            _say_where_nobody_works(client, scene_id)


def _say_where_nobody_works(client: Client, scene_id: str) -> None:
    with answering(client):
        threads = threads_of(client)
    if not threads:
        _LOG.warning("%s: the cluster has no workers; waiting for some", scene_id)


@contextmanager
def answering(client: Client) -> Iterator[None]:
    """Say so where the scheduler is gone.

    Raises
    ------
    ClusterError
        It no longer answers.
    """
    try:
        yield
    except (CommClosedError, CancelledError) as error:
        why = "the connection is lost" if isinstance(error, CancelledError) else reason(error)
        raise ClusterError(
            f"the scheduler no longer answers ({why}); what came is kept",
            where=client.scheduler.addr if client.scheduler is not None else None,
            remedy="start it and its workers again, and run again: it goes on there",
        ) from error


def threads_of(client: Client) -> int:
    """Return the threads of the cluster's workers."""
    return sum(client.nthreads().values())  # type: ignore[no-untyped-call]
