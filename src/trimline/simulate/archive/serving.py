"""A server of a simulated archive on this machine: files with range requests, a STAC API, tokens, latency and faults.

Addresses: the STAC API lies at the root (`/`, `/collections`, `/search`), every file of the archive at its path
(`/catalog.json` is the static catalogue), tokens at `/token/<collection>` and `/oauth/token`. Ranges, validators and
`If-Range` follow RFC 9110.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from trimline.errors import SimulationError
from trimline.files import StrPath
from trimline.simulate.archive.answering import Handler
from trimline.simulate.archive.faults import Faults
from trimline.simulate.archive.making import CATALOGUE
from trimline.simulate.archive.requests_log import RequestLog
from trimline.simulate.archive.stac_api import StacApi
from trimline.simulate.archive.tokens import Tokens

HOST = "127.0.0.1"
_ENDLESS = 1 << 60


class Server:
    """A running server.

    Parameters
    ----------
    folder
        The archive.
    faults
        What fails; may be replaced while the server runs.
    latency_s
        Time before every answer [s].
    token_life
        Requests for which a token is good; None means that files need none.
    """

    def __init__(
        self, folder: Path, *, faults: Faults | None = None, latency_s: float = 0.0, token_life: int | None = None
    ) -> None:
        self.folder = folder.resolve()
        self.faults = Faults() if faults is None else faults
        self.latency_s = latency_s
        self.tokens = Tokens(_ENDLESS if token_life is None else token_life)
        self.needs_token = token_life is not None
        self.log = RequestLog()
        self._listening: _Listening | None = None
        self._port = 0
        self.start()

    @property
    def url(self) -> str:
        """Address of the STAC API, without a slash at the end."""
        return f"http://{HOST}:{self._port}"

    @property
    def catalogue(self) -> str:
        """Address of the static catalogue."""
        return f"{self.url}/{CATALOGUE}"

    @property
    def api(self) -> StacApi:
        """The STAC API."""
        return StacApi(self.folder, self.url)

    def start(self) -> None:
        """Listen, on the same port as before."""
        if self._listening is None:
            self._listening = _Listening((HOST, self._port), self)
            self._port = self._listening.server_address[1]
            threading.Thread(target=self._listening.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Close all connections, at once and whatever is being sent, and the port."""
        if self._listening is not None:
            self._listening.shutdown()
            self._listening.server_close()
            self._listening.close_connections()
            self._listening = None

    def restart(self, after_s: float = 0.0) -> None:
        """Stop, and start again on the same port."""
        self.stop()
        time.sleep(after_s)
        self.start()


@contextmanager
def serve(
    folder: StrPath, *, faults: Faults | None = None, latency_s: float = 0.0, token_life: int | None = None
) -> Iterator[Server]:
    """Serve an archive on a free port of the loopback address while the block runs; see `Server`.

    Raises
    ------
    SimulationError
        The folder holds no archive.
    """
    folder = Path(folder)
    if not (folder / CATALOGUE).is_file():
        raise SimulationError(f"there is no {CATALOGUE}", where=folder, remedy="write it with `make_archive`")
    server = Server(folder, faults=faults, latency_s=latency_s, token_life=token_life)
    try:
        yield server
    finally:
        server.stop()


class _Listening(ThreadingHTTPServer):
    """The listening socket, and the connections that are open."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], owner: Server) -> None:
        self.owner = owner
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(address, Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember a connection, and answer it in a thread."""
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget a connection, and close it."""
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of connections that the other side broke."""

    def close_connections(self) -> None:
        """Break all connections."""
        with self._lock:
            connections = tuple(self._connections)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
