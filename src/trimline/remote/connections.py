"""Connections of `requests` that can be broken while a thread waits on them.

A run that is stopped ends soon, and so does a wait for a head that comes byte by byte, which no time-out of a socket
ends: each byte begins it anew.
"""

from __future__ import annotations

import socket
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.response import HTTPResponse


class BreakableAdapter(HTTPAdapter):
    """Connections of a session, so many per host, without retries of their own.

    Parameters
    ----------
    per_host
        Connections that are kept per host.
    """

    def __init__(self, per_host: int) -> None:
        self._open: weakref.WeakSet[Any] = weakref.WeakSet()
        self._lock, self._is_broken = threading.Lock(), False
        super().__init__(pool_connections=16, pool_maxsize=per_host, max_retries=0)

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        """Make the pools, of connections that are remembered."""
        super().init_poolmanager(*arguments, **named)
        remember = self._remember

        class Plain(HTTPConnection):
            def connect(self) -> None:
                super().connect()
                remember(self)

            def getresponse(self) -> HTTPResponse:  # type: ignore[override] # as in urllib3
                with _head_in_time(self):
                    return super().getresponse()

        class Protected(HTTPSConnection):
            def connect(self) -> None:
                super().connect()
                remember(self)

            def getresponse(self) -> HTTPResponse:  # type: ignore[override] # as in urllib3
                with _head_in_time(self):
                    return super().getresponse()

        # A class is an attribute here, as urllib3 has it, and not a field.
        plain = type("PlainPool", (HTTPConnectionPool,), {"ConnectionCls": Plain})
        protected = type("ProtectedPool", (HTTPSConnectionPool,), {"ConnectionCls": Protected})
        self.poolmanager.pool_classes_by_scheme = {"http": plain, "https": protected}

    def _remember(self, connection: Any) -> None:
        with self._lock:
            self._open.add(connection)
            is_late = self._is_broken
        if is_late:
            _break(connection)

    def break_all(self) -> None:
        """Break all connections: who waits on one, or opens one later, gets an error at once."""
        with self._lock:
            self._is_broken = True
            connections = list(self._open)
        for each in connections:
            _break(each)


@contextmanager
def _head_in_time(connection: Any) -> Iterator[None]:
    """Break a connection whose head is not whole after its time-out; raises `TimeoutError` then."""
    if not isinstance(connection.timeout, int | float):
        yield
        return
    late = threading.Event()

    def end() -> None:
        late.set()
        _break(connection)

    watch = threading.Timer(connection.timeout, end)
    watch.daemon = True
    watch.start()
    try:
        yield
    finally:
        watch.cancel()
        if late.is_set():  # what came so far can look whole
            raise TimeoutError("the head is not whole")


def _break(connection: Any) -> None:
    try:
        connection.sock.shutdown(socket.SHUT_RDWR)
    except (OSError, AttributeError):  # closed already
        return
