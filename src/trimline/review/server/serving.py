"""The server as a process: where it listens, how slow a browser may be, how it ends, and that there is one only."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import json
import logging
import math
import secrets
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import quote

import uvicorn
from filelock import FileLock, Timeout
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from trimline.errors import TrimlineError
from trimline.files import made_folder, write_json
from trimline.own_place import require_own
from trimline.review.server.security import LOOPBACK_NAMES, SHORTEST_TOKEN, Access
from trimline.study.one_map import REVIEW

LOOPBACK = "127.0.0.1"
PORT = 8750
"""Where it listens unless told otherwise; on a free port where that one is taken."""

_MOST_CONNECTIONS = 256
"""At the same time; a browser opens six, and each reader of a scene up to as many more. For a further one that which
has waited longest without a request is ended; where all have requests under way, it is told 503."""
_HEAD_TIME_S, _KEPT_OPEN_S, _END_TIME_S = 20.0, 15, 5
"""In which the head of a request must arrive, for which a connection is kept open between two of them, and in which
those under way are finished when the server ends [s]."""
_MOST_HEAD_BYTES = 32_768
_TOKEN_BYTES = 24
_TOKEN_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Address:
    """Where a review is served."""

    host: str
    """As it was listened on; one that stands for all addresses is told as the name of this machine."""
    port: int
    token: str | None = None

    @property
    def url(self) -> str:
        """The address to open, with the token if there is one."""
        return f"{self.origin}/?token={quote(self.token)}" if self.token else f"{self.origin}/"

    @property
    def origin(self) -> str:
        """The address without path and token."""
        host = socket.gethostname() if _is_all(self.host) else self.host
        host = f"[{host}]" if ":" in host else host
        return f"http://{host}:{self.port}"


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches a server on an address."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_all(host: str) -> bool:
    """Return whether an address stands for all of a machine."""
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


def token_for(host: str, given: str | None) -> str | None:
    """Return the token of a server on an address: that which is given, none on loopback, or one made at random.

    Raises
    ------
    TrimlineError
        The given one is too short, or has characters that an address cannot have.
    """
    if given is None:
        return None if is_loopback(host) else secrets.token_urlsafe(_TOKEN_BYTES)
    if len(given) < SHORTEST_TOKEN or not set(given) <= _TOKEN_CHARACTERS:
        raise TrimlineError(
            "the token is too easy to guess, or cannot stand in an address",
            where="--token",
            remedy=f"give {SHORTEST_TOKEN} or more letters, digits, '-', '.', '_' and '~', or leave it out",
        )
    return given


def access_on(host: str, token: str | None) -> Access:
    """Return under which names, and with which token, a server on an address answers."""
    if is_loopback(host):
        return Access(hosts=LOOPBACK_NAMES | {host.lower()}, token=token)
    names = {host.lower(), socket.gethostname().lower(), socket.getfqdn().lower()}
    return Access(hosts=LOOPBACK_NAMES | names, any_address=_is_all(host), token=token)


def listening(host: str, port: int | None) -> socket.socket:
    """Return a socket that is bound to an address.

    Parameters
    ----------
    host
        Name or IP address.
    port
        0 means a free one; None means `PORT`, or a free one where that is taken.

    Raises
    ------
    TrimlineError
        There is no such address on this machine, or the port is taken or not allowed.
    """
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            host, PORT if port is None else port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError) as error:
        raise TrimlineError(
            "there is no such address", where=host, remedy="give an address of this machine (--host)"
        ) from error
    found = socket.socket(family, kind, protocol)
    try:
        if hasattr(socket, "AF_INET6") and family == socket.AF_INET6:
            found.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if hasattr(signal, "SIGHUP"):  # on Windows the option would let two servers share a port
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(place)
        found.listen(128)
    except OSError as error:
        found.close()
        if port is None and error.errno == errno.EADDRINUSE:
            return listening(host, 0)
        raise _no_address(host, port, error) from error
    return found


def _no_address(host: str, port: int | None, error: OSError) -> TrimlineError:
    if error.errno == errno.EADDRINUSE:
        return TrimlineError(
            f"port {port} is taken by another program", where=host, remedy="give another one with --port, or 0 for any"
        )
    if error.errno == errno.EACCES:
        return TrimlineError(
            f"port {port} is not allowed to this user", where=host, remedy="give one above 1023 with --port"
        )
    return TrimlineError(
        f"cannot be listened on: {error.strerror}", where=host, remedy="give an address of this machine with --host"
    )


@contextmanager
def only_server(output: Path) -> Iterator[Callable[[str], None]]:
    """Hold the review of an output folder against other servers.

    Parameters
    ----------
    output
        The folder of the project's output, or of the map.

    Yields
    ------
    Callable[[str], None]
        To be called with the address (without token) once the server listens, for others to be told.

    Raises
    ------
    TrimlineError
        It is served already; the message has the address. Or the folder of the review is a link.
    """
    folder = made_folder(require_own(output / REVIEW, output))
    place, lock = folder / "server.json", FileLock(folder / "server.lock", thread_local=False)
    if (folder / "server.lock").is_symlink():
        raise TrimlineError("is a link, which would be written to", where=folder / "server.lock", remedy="remove it")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise TrimlineError(
            f"is reviewed already, at {_address_in(place)}",
            where=output,
            remedy="open that page, or end its server with Ctrl-C",
        ) from error
    try:
        place.unlink(missing_ok=True)
        yield lambda address: write_json(place, {"address": address})
    finally:
        place.unlink(missing_ok=True)
        lock.release()


def _address_in(place: Path) -> str:
    try:
        return str(json.loads(place.read_text(encoding="utf-8"))["address"])
    except (OSError, ValueError, KeyError, TypeError):
        return "an address that is not known yet"


def serve(app: ASGIApp, bound: socket.socket, on_listening: Callable[[], None], closing: threading.Event) -> None:
    """Answer requests until Ctrl-C, a termination signal, or `closing`; what is under way then is finished.

    Parameters
    ----------
    app
        What answers.
    bound
        Where it listens; closed at the end.
    on_listening
        Called once requests are answered.
    closing
        Set when the end begins; who sets it ends the server.
    """
    config = uvicorn.Config(
        app,
        http=_TimedProtocol,
        ws="none",
        loop="asyncio",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,  # addresses may hold a token
        proxy_headers=False,
        server_header=False,
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_keep_alive=_KEPT_OPEN_S,
        timeout_graceful_shutdown=_END_TIME_S,
        h11_max_incomplete_event_size=_MOST_HEAD_BYTES,
    )
    _Server(config, on_listening, closing).run(sockets=[bound])


class _Server(uvicorn.Server):
    """Ends at a signal as others do at their end, so that what comes after it is done."""

    def __init__(self, config: uvicorn.Config, on_listening: Callable[[], None], closing: threading.Event) -> None:
        super().__init__(config)
        self._on_listening = on_listening
        self._closing = closing

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, and say so."""
        await super().startup(sockets)
        self._on_listening()

    async def on_tick(self, counter: int) -> bool:
        """Return whether to end, ten times a second."""
        return await super().on_tick(counter) or self._closing.is_set()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end; at once at the second signal."""
        self._closing.set()
        super().handle_exit(sig, frame)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take the signals while the server runs; unlike the base class, do not raise them again."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {each: signal.signal(each, self.handle_exit) for each in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)


class _TimedProtocol(H11Protocol):
    """HTTP/1.1 on which the head of a request must arrive in some time."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request; where places run out, the connection that waits longest without one is ended."""
        super().connection_made(transport)
        self._wait()
        others = [each for each in self.connections if isinstance(each, _TimedProtocol) and each is not self]
        waiting = [(each._deadline.when(), each) for each in others if each._deadline is not None]
        if waiting and len(self.connections) >= (self.limit_concurrency or math.inf):
            min(waiting, key=lambda each: each[0])[1].end()

    def on_response_complete(self) -> None:
        """Wait for the next one."""
        super().on_response_complete()
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Wait no longer where a request has come."""
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._stop_waiting()
        if self.cycle is not None and not self.cycle.response_complete:
            return  # the next request came with the one before
        self._deadline = self.loop.call_later(_HEAD_TIME_S, self._too_late)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_late(self) -> None:
        _LOG.debug("a connection brought no whole request in %g s", _HEAD_TIME_S)
        self.end()

    def end(self) -> None:
        """End the connection at once, and give its place free."""
        self._stop_waiting()
        self.connections.discard(self)
        transport: Any = self.transport
        transport.abort()
