"""Requests that are made again until they succeed: back-off, waits that servers ask for, renewed tokens, refusals.

Sources: RFC 9110 (Retry-After); M. Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015 (equal
jitter).
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar
from urllib.parse import urlsplit

from trimline.errors import RemoteError
from trimline.remote.address import file_name, shown
from trimline.remote.counts import Counts
from trimline.remote.exchange import Answer, Failed, Line, describe, origin_of
from trimline.remote.hosts import LONGEST_WAIT_S, Host, pause, require_open, retry_after
from trimline.remote.impostors import expects_raster, type_instead
from trimline.remote.signing import Signed, Signer

T = TypeVar("T")
_LOG = logging.getLogger(__name__)

_LONGEST_BACKOFF_S = 60.0
_PASSING = (408, 425, 429, 500, 502, 503, 504)
"""Answers after which a request is made again."""
_REFUSED = (401, 403, 407)
_EXPIRED = 400
"""What S3 answers to a session token that has expired."""
_MOST_PAGES = 3
"""Web pages in the place of a file before it is given up: a server under repair sends them too, a log-in for ever."""


class RepeatedRequests:
    """Requests of a transport, signed, and made again where that may help; threads may share it.

    Parameters are those of `trimline.remote.transport.Transport`.
    """

    def __init__(
        self, sign: Signer, counts: Counts, *, at_once: int, retries: int, timeout_s: float, first_wait_s: float
    ) -> None:
        self._sign, self._counts = sign, counts
        self._at_once, self._retries, self._first_wait_s = at_once, retries, first_wait_s
        self._lock, self._signing = threading.Lock(), threading.RLock()
        self._generation, self._closed = 0, threading.Event()
        self._hosts: dict[str, Host] = {}
        self._line = Line(self._host, counts, timeout_s=timeout_s, connections=at_once)

    def close(self) -> None:
        """Close all connections, and give up what waits."""
        self._closed.set()
        self._line.close()

    def attempt(
        self,
        href: str,
        headers: Mapping[str, str] | Callable[[], Mapping[str, str]],
        read: Callable[[Answer], T],
        *,
        accept: Sequence[int],
        is_raster: bool = False,
        body: bytes | None = None,
    ) -> T:
        """Request a file until its answer could be read, and return what was read.

        Parameters
        ----------
        href
            Its address.
        headers
            Beside those of the signer; or what returns them, called for each request.
        read
            Reads an answer; may raise `Failed`, and is called again then.
        accept
            Status codes of answers that are read.
        is_raster
            Whether it is a raster, whatever its address ends in; an address that ends as one is of one.
        body
            What is posted; None reads the address.

        Raises
        ------
        RemoteError
            No answer could be read.
        """
        label = shown(href)
        is_raster = is_raster or expects_raster(file_name(href))
        origin_of(href, label)
        require_open(self._closed)
        renewed, pages, tries = False, 0, 0
        while True:
            signed, generation = self._signed(href)
            extra = headers() if callable(headers) else headers
            sent = {"Accept-Encoding": "identity", **signed.headers, **extra}
            wait: float | None = None
            try:
                with self._line.answer("GET" if body is None else "POST", signed.url, sent, label, body) as answer:
                    instead = type_instead(answer.headers.get("Content-Type")) if is_raster else None
                    if answer.status in accept and instead is None:
                        return read(answer)
                    status = answer.status
                    wait = retry_after(answer.headers.get("Retry-After"))
                    if wait is not None and status in (429, 503):
                        self._hold(answer.url, wait, label)
            except Failed as failed:
                why = str(failed)
            else:
                why = f"it answers {status}"
                if status in accept:
                    why, pages = f"it sends {instead} instead of the file", pages + 1
                if status == _EXPIRED and not renewed and signed != Signed(href):
                    renewed = True
                    self._renew(generation, href)
                    continue
                is_refused = status in _REFUSED or (status in accept and pages >= _MOST_PAGES)
                if is_refused:
                    if renewed:
                        raise _refused(label, why, signed)
                    renewed = True
                    self._renew(generation, href)
                    continue
                if status not in _PASSING and status not in accept:
                    raise _final(label, status)
            if tries >= self._retries:
                raise RemoteError(
                    f"the server {describe(signed.url)} fails {tries + 1} times ({why})",
                    where=label,
                    remedy="check the network, or run again later: what is whole is not fetched again",
                )
            tries += 1
            self._counts.add(retries=1)
            longest = min(_LONGEST_BACKOFF_S, self._first_wait_s * 2 ** (tries - 1))
            _LOG.debug("%s: %s; tried again", label, why)
            pause(random.uniform(0.5, 1.0) * longest, self._closed)  # noqa: S311 - jitter needs no secrecy

    def _host(self, name: str) -> Host:
        with self._lock:
            return self._hosts.setdefault(name, Host(self._at_once, self._closed))

    def _hold(self, url: str, seconds: float, label: str) -> None:
        """Let the host of an address rest for as long as it asks for, where that is not too long."""
        if seconds > LONGEST_WAIT_S:
            raise RemoteError(
                f"the server {describe(url)} asks to come back in {seconds / 60:.0f} minutes",
                where=label,
                remedy="run again then: what is whole is not fetched again",
            )
        if seconds:
            _LOG.info("The server %s asks to wait for %.0f s", describe(url), seconds)
        self._host(urlsplit(url).netloc).wait(seconds)

    def _signed(self, href: str) -> tuple[Signed, int]:
        with self._signing:
            return self._sign(href), self._generation

    def _renew(self, generation: int, href: str) -> None:
        """Have tokens renewed, unless another thread did so since an address was signed."""
        with self._signing:
            if generation != self._generation:
                return
            self._generation += 1
            renew = getattr(self._sign, "renew", None)
            if renew is not None:
                renew()


def _refused(label: str, why: str, signed: Signed) -> RemoteError:
    return RemoteError(
        f"the server {describe(signed.url)} refuses access ({why})",
        where=label,
        remedy=signed.remedy
        or "set the archive's credentials in the environment anew, and check that they give access to this collection",
    )


def _final(label: str, status: int) -> RemoteError:
    if status in (404, 410):
        return RemoteError(
            f"there is no such file on the server ({status})",
            where=label,
            remedy="search again: the catalogue names what its archive no longer holds",
        )
    return RemoteError(f"the server answers {status}", where=label, remedy="check the address, or the catalogue")
