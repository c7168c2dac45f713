"""One exchange with a server: a request, its redirects, and a body read within limits.

Redirects are followed here and not by `requests`, which would send credentials of a ``.netrc`` file to any host, and
headers of its caller's to the next one.
"""

from __future__ import annotations

import http.cookiejar
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

from trimline import __version__
from trimline.errors import RemoteError
from trimline.remote.address import shown
from trimline.remote.connections import BreakableAdapter
from trimline.remote.counts import Counts
from trimline.remote.hosts import Host

_MOST_REDIRECTS = 8
_BLOCK = 64 << 10
_SLOWEST = 1024
"""Bytes per second below which a body that has taken longer than the time-out counts as stalled."""
_CONNECT_S = 15.0
_HARMLESS = ("Range", "If-Range", "Accept", "Accept-Encoding", "Content-Type")


class Failed(Exception):
    """An exchange failed in a way that may pass: the connection, a time-out, a body that ends early."""


@dataclass(frozen=True)
class Answer:
    """Head of an answer, and its body where that was read."""

    url: str
    """Of whoever answered, after redirects."""
    status: int
    headers: Mapping[str, str]
    blocks: Iterator[bytes]
    """The body, block by block."""


class _WithoutQuery(logging.Filter):
    """Takes the queries of addresses, which may hold tokens, out of what urllib3 logs."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.args and isinstance(record.args, tuple):
            record.args = tuple(_without_query(each) for each in record.args)
        return True


def _without_query(value: Any) -> Any:
    if isinstance(value, int | float):
        return value
    text = str(value)
    return text.partition("?")[0] if "?" in text else value


for _name in ("urllib3.connectionpool", "urllib3.connection", "urllib3.util.retry", "urllib3.response"):
    logging.getLogger(_name).addFilter(_WithoutQuery())


class Line:
    """Connections to servers, kept open; threads may share it."""

    def __init__(self, host_of: Callable[[str], Host], counts: Counts, *, timeout_s: float, connections: int) -> None:
        self._host_of = host_of
        self._counts = counts
        self._timeout_s = timeout_s
        self._session = requests.Session()
        self._session.headers["User-Agent"] = f"trimline/{__version__}"
        self._session.auth = _no_credentials  # or `.netrc` would take the place of the signer's headers
        self._session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
        self._adapter = BreakableAdapter(connections)
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, self._adapter)

    def close(self) -> None:
        """Close the connections, those too on which a thread waits."""
        self._adapter.break_all()
        self._session.close()

    @contextmanager
    def answer(
        self, method: str, url: str, headers: Mapping[str, str], label: str, body: bytes | None = None
    ) -> Iterator[Answer]:
        """Request an address, and give the answer that is no redirect.

        Parameters
        ----------
        method
            ``GET``, ``HEAD`` or ``POST``.
        url, headers
            Signed.
        label
            What messages call the file.
        body
            What is posted; sent anew after a redirect, except after 303 (RFC 9110, 15.4.4).

        Raises
        ------
        Failed
            The connection failed; it may be tried again.
        RemoteError
            Redirects that cannot be followed, or a certificate that is not trusted.
        """
        first = origin_of(url, label)
        for led in range(_MOST_REDIRECTS):
            parts = urlsplit(url)
            if parts.scheme not in ("http", "https") and led:
                raise RemoteError(
                    f"the server redirects to an address that begins with {parts.scheme}:// and that cannot be read",
                    where=label,
                    remedy="do not trust it; choose another catalogue",
                )
            if parts.scheme not in ("http", "https"):
                raise RemoteError(
                    f"addresses that begin with {parts.scheme}:// cannot be read as they are",
                    where=label,
                    remedy="name the archive in `search.catalogue`, whose rules turn them into https://",
                )
            sent = dict(headers) if origin_of(url, label) == first else _harmless(headers)
            with self._host_of(parts.netloc).turn():
                response = self._send(method, url, sent, label, body)
                try:
                    target = response.headers.get("Location") if response.is_redirect else None
                    if target is None:
                        yield Answer(url, response.status_code, response.headers, self._blocks(response))
                        return
                finally:
                    response.close()
            target = _joined(url, target, label)
            if parts.scheme == "https" and urlsplit(target).scheme != "https":
                raise RemoteError(
                    "the server redirects from https to an address that is not protected",
                    where=label,
                    remedy="do not trust it; choose another catalogue",
                )
            url = target
            if response.status_code == 303:
                method, body = "GET", None
        raise RemoteError(
            "the server redirects in a circle", where=label, remedy="log in to the archive, or choose another catalogue"
        )

    def _send(
        self, method: str, url: str, headers: Mapping[str, str], label: str, body: bytes | None
    ) -> requests.Response:
        self._counts.add(requests=1)
        timeout = (min(_CONNECT_S, self._timeout_s), self._timeout_s)
        try:
            return self._session.request(
                method, url, headers=headers, data=body, stream=True, allow_redirects=False, timeout=timeout
            )
        except requests.exceptions.SSLError:
            problem: Exception = RemoteError(
                "the server's certificate is not trusted",
                where=label,
                remedy="check the clock of this machine, and REQUESTS_CA_BUNDLE where a proxy has its own certificates",
            )
        except requests.exceptions.Timeout:
            problem = Failed(f"it does not answer within {self._timeout_s:g} s")
        except (requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError):
            problem = Failed("it cannot be reached, or closes the connection")
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, ValueError, UnicodeError):
            problem = RemoteError("the address cannot be requested", where=label, remedy="check it, or the catalogue")
        # Outside of the handler: what `requests` says quotes the address with its query, and so would a traceback.
        raise problem

    def _blocks(self, response: requests.Response) -> Iterator[bytes]:
        """Yield the body; raise `Failed` where it ends early or stalls."""
        length = response.headers.get("Content-Length", "")
        expected = int(length) if length.isdigit() and "Content-Encoding" not in response.headers else None
        started, read = time.monotonic(), 0
        while True:
            problem = None
            try:
                block: bytes = response.raw.read1(_BLOCK, decode_content=True)
            except (urllib3.exceptions.ReadTimeoutError, TimeoutError):
                problem = "it stopped sending"
            except (urllib3.exceptions.HTTPError, OSError, ValueError):
                problem = "the answer was cut short"
            if problem is not None:
                raise Failed(problem)
            if not block:
                break
            read += len(block)
            self._counts.add(read=len(block))
            if (took := time.monotonic() - started) > self._timeout_s and read < _SLOWEST * took:
                raise Failed("it sends next to nothing")
            yield block
        if expected is not None and read != expected:
            raise Failed("the answer was cut short")


def _no_credentials(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def origin_of(url: str, label: str) -> tuple[str, str | None, int | None]:
    """Return scheme, host and port of an address; raises `RemoteError` where it is none (``http://[``)."""
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname, parts.port
    except ValueError:
        problem = RemoteError("the address cannot be requested", where=label, remedy="check it, or the catalogue")
    raise problem


def _joined(url: str, target: str, label: str) -> str:
    try:
        joined = urljoin(url, target)
    except ValueError:
        joined = target
    origin_of(joined, label)
    return joined


def _harmless(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that any host may see: those of the range and the body, not those of the signer."""
    return {name: value for name, value in headers.items() if name in _HARMLESS}


def describe(url: str) -> str:
    """Return the host of an address, for messages."""
    return urlsplit(shown(url)).netloc
