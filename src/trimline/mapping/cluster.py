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
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from distributed import Client, KilledWorker, Worker, WorkerPlugin, get_worker
from distributed import TimeoutError as NotYet

from trimline import __version__
from trimline.errors import ClusterError, TrimlineError
from trimline.mapping.engine import Answers
from trimline.mapping.survey import Answer, Survey
from trimline.mapping.windows import Strip
from trimline.training import Segmenter, load_weights

_LOG = logging.getLogger(__name__)

_CONNECTING_S = 10
_ASKING_AGAIN_S = 30.0
"""How often a strip that does not come is looked after [s]."""

_PER_THREAD = 2
"""Strips under way for each thread of the cluster: one is worked on, one waits."""

_ONE_AT_A_TIME = threading.Lock()
"""A network uses all cores that torch is given, also where a worker has several threads."""


class _Weights(WorkerPlugin):
    """Brings weights to each worker once, also to those that join later."""

    def __init__(self, content: bytes, sha256: str) -> None:
        self.name = f"trimline-{sha256}"
        self.content, self.sha256 = content, sha256
        self.segmenter: Segmenter | None = None

    def setup(self, worker: Worker) -> None:
        """Write them to the worker's own folder."""
        self.path = Path(worker.local_directory) / f"{self.sha256}.safetensors"
        self.path.write_bytes(self.content)

    def loaded(self, precision: Any) -> Segmenter:
        """Return the network, loaded on first use."""
        if self.segmenter is None:
            self.segmenter = load_weights(self.path, precision=precision)
        return self.segmenter


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


def on_cluster(client: Client, weights: Path, segmenter: Segmenter) -> Answers:
    """Return what answers strips on a cluster.

    Parameters
    ----------
    client
        Connected to the cluster.
    weights
        The file that the segmenter was loaded from; it is sent to each worker once.
    segmenter
        Says in which precision to compute: this machine's choice, so that all workers compute alike.
    """
    client.register_plugin(_Weights(weights.read_bytes(), segmenter.sha256))

    def answers(survey: Survey, strips: list[Strip]) -> Iterator[Answer]:
        pending: deque[Any] = deque()
        identity = survey.scene.identity
        for strip in strips:
            pending.append(
                client.submit(
                    _answer,
                    survey,
                    strip,
                    identity,
                    segmenter.sha256,
                    segmenter.path.arithmetic,
                    __version__,
                    pure=False,
                    retries=2,
                )
            )
            if len(pending) > _PER_THREAD * max(1, _threads(client)):
                yield _result(client, pending.popleft(), survey)
        while pending:
            yield _result(client, pending.popleft(), survey)

    return answers


def _answer(
    survey: Survey, strip: Strip, identity: str, sha256: str, precision: Any, version: str
) -> Answer | TrimlineError:
    """Answer a strip on a worker; what the user can mend is returned, since doing it again would not help."""
    try:
        return _answer_or_fail(survey, strip, identity, sha256, precision, version)
    except TrimlineError as error:
        return error.alone()


def _answer_or_fail(survey: Survey, strip: Strip, identity: str, sha256: str, precision: Any, version: str) -> Answer:
    if version != __version__:
        raise ClusterError(
            f"a worker has trimline {__version__}, and this machine {version}", remedy="install the same everywhere"
        )
    if survey.scene.identity != identity:
        raise ClusterError(
            "a worker sees other files than this machine under the paths of the scene",
            where=survey.scene.id,
            remedy="let all workers see the same products, unchanged, under the same paths",
        )
    seen = survey.read(survey.rows_needed(strip))
    weights: Any = get_worker().plugins[f"trimline-{sha256}"]
    with _ONE_AT_A_TIME:
        return survey.answer(strip, seen, weights.loaded(precision))


def _result(client: Client, future: Any, survey: Survey) -> Answer:
    """Wait for a strip; say so where nobody works on it."""
    while True:
        try:
            answer: Answer | TrimlineError = future.result(timeout=_ASKING_AGAIN_S)
        except NotYet:
            if not _threads(client):
                _LOG.warning("%s: the cluster has no workers; waiting for some", survey.scene.id)
        except KilledWorker as error:
            raise ClusterError(
                "every worker that was given a strip died",
                where=survey.scene.id,
                remedy="see the workers' logs; they may lack memory: lower map.window, or run fewer on a machine",
            ) from error
        else:
            if isinstance(answer, TrimlineError):
                raise answer
            return answer


def _threads(client: Client) -> int:
    """Return the threads of the cluster's workers."""
    return sum(client.nthreads().values())  # type: ignore[no-untyped-call]
