"""Tokens of archives: fetched once for all threads, kept until shortly before they end, never shown."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from trimline.errors import RemoteError
from trimline.remote.address import shown

MARGIN_S = 120.0
"""Time before the end of a token at which a new one is fetched [s]: requests under way need it to the end."""
_RETRIES, _FIRST_WAIT_S, _TIMEOUT_S = 4, 0.5, 30.0
_PASSING = (408, 425, 429, 500, 502, 503, 504)
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, repr=False)
class Token:
    """A token, and how long it holds."""

    text: str
    lifetime_s: float

    def __repr__(self) -> str:
        return f"Token(lifetime_s={self.lifetime_s:g})"


class TokenStore:
    """Tokens by what they are for; threads share it."""

    def __init__(self, margin_s: float = MARGIN_S) -> None:
        self._margin_s = margin_s
        self._kept: dict[Hashable, tuple[str, float]] = {}
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"TokenStore({len(self._kept)} tokens)"

    def text(self, key: Hashable, fetch: Callable[[], Token]) -> str:
        """Return the token of a key, fetched where there is none that holds for longer than the margin.

        A token that lives for less than twice the margin is kept for half its life.
        """
        with self._lock:
            kept = self._kept.get(key)
            if kept is None or kept[1] <= time.monotonic():
                begin = time.monotonic()
                token = fetch()
                kept = token.text, begin + max(token.lifetime_s - self._margin_s, token.lifetime_s / 2)
                self._kept[key] = kept
            return kept[0]

    def forget(self) -> None:
        """Drop all tokens, so that they are fetched anew."""
        with self._lock:
            self._kept.clear()


def may_be_told(url: str) -> bool:
    """Whether a secret may be sent to an address: its connection is encrypted, or does not leave this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)


def ask_for_token(
    url: str, *, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None, remedy: str
) -> Mapping[str, Any]:
    """Return the JSON object that a token endpoint answers with.

    Parameters
    ----------
    form
        Fields to post; without them the address is read.
    remedy
        What to do where the endpoint refuses.

    Raises
    ------
    RemoteError
        The endpoint cannot be reached, refuses, or sends no JSON object. The message holds nothing that was sent.
    """
    retry = Retry(
        total=_RETRIES,
        backoff_factor=_FIRST_WAIT_S,
        status_forcelist=_PASSING,
        allowed_methods=None,
        raise_on_status=False,
    )
    where = shown(url)
    with requests.Session() as session:
        session.mount("https://", HTTPAdapter(max_retries=retry))
        session.mount("http://", HTTPAdapter(max_retries=retry))
        # Without an `auth` of its own, a login in ~/.netrc would be sent along.
        session.auth = _as_it_is
        try:
            answer = session.request(
                "GET" if form is None else "POST",
                url,
                data=None if form is None else dict(form),
                headers=dict(headers or {}),
                timeout=_TIMEOUT_S,
                allow_redirects=False,
            )
            content = answer.json() if answer.ok else None
        except requests.JSONDecodeError:
            content = None
        except requests.RequestException as error:
            raise RemoteError(
                f"no token can be fetched ({type(error).__name__})",
                where=where,
                remedy="check the connection, and run again",
            ) from None
    if answer.status_code in (400, 401, 403):
        raise RemoteError(f"the login is refused ({answer.status_code})", where=where, remedy=remedy)
    if not isinstance(content, Mapping):
        raise RemoteError(
            f"the server sends no token (status {answer.status_code})", where=where, remedy="run again later"
        )
    return content


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
