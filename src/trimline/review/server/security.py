"""Who may ask the server for what: names it is served under, pages of its own only, a token, and what a page may load.

A server on the loopback address is reached by every page that the browser shows. So the `Host` must be a name under
which the review is served (else a foreign name could be made to point here), and pages of other origins are refused,
by `Origin` and `Sec-Fetch-Site`. On other addresses a token is needed, once in the address and then as a cookie.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from trimline.review.server.failures import answer

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
SHORTEST_TOKEN = 16
"""Characters."""

_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",  # OpenLayers keeps its icons in its style sheet
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Of every answer. A page may load what this server has, and nothing else; no other page may show or read it."""

_SAFE = frozenset({"GET", "HEAD"})
_OWN = frozenset({"same-origin", "none"})
"""`Sec-Fetch-Site` of requests by a page of this server, or by a person."""
_TOKEN = "token"  # noqa: S105 - the key of the address


@dataclass(frozen=True)
class Access:
    """Names under which a review is served, and the token that is needed."""

    hosts: frozenset[str] = LOOPBACK_NAMES
    """Without port: a tunnel may give another one."""
    any_address: bool = False
    """Whether every IP address may stand for the host, as on a server that listens on all of them; a foreign name
    cannot be made to point to one."""
    token: str | None = None

    def serves(self, host: str) -> bool:
        """Return whether a `Host`, with or without port, is one of the names."""
        try:
            name = urlsplit(f"//{host}").hostname
        except ValueError:
            return False
        if not name:
            return False
        return name in self.hosts or (self.any_address and _is_address(name))

    def is_token(self, given: str) -> bool:
        """Return whether a token is the right one; takes the same time for every wrong one."""
        return self.token is not None and hmac.compare_digest(_bytes(given), _bytes(self.token))

    @property
    def cookie_name(self) -> str:
        """Of each token another one: servers on one host share their cookies, whatever their ports."""
        return f"trimline_review_{self._derived('name')[:8]}"

    @property
    def cookie_value(self) -> str:
        """What the cookie holds; the token cannot be found from it."""
        return self._derived("value")

    def is_cookie(self, given: str) -> bool:
        """Return whether the value of a cookie is the right one."""
        return hmac.compare_digest(_bytes(given), self.cookie_value.encode())

    def _derived(self, what: str) -> str:
        return hmac.new(_bytes(self.token or ""), what.encode(), hashlib.sha256).hexdigest()


class Guard:
    """Lets requests through to an app that may be answered, and adds `HEADERS` to every answer."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, as ASGI has it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # nothing here speaks WebSocket
            await send({"type": "websocket.close", "code": 1008})
            return

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for key, value in HEADERS.items():
                    headers[key] = value
                headers.setdefault("Cache-Control", "no-store" if scope["path"].startswith("/api") else "no-cache")
            await send(message)

        headers = Headers(scope=scope)
        instead = self._refused(scope, headers) or self._without_token(scope, headers)
        await (self._app if instead is None else instead)(scope, receive, send_safely)

    def _refused(self, scope: Scope, headers: Headers) -> Response | None:
        """Return the refusal of a request under a foreign name, for what cannot be a path, or from a foreign page."""
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._access.serves(hosts[0]):
            return answer(
                HTTPStatus.FORBIDDEN,
                "this review is not served under that name",
                where="Host",
                remedy="open the address that `trimline review` printed",
            )
        if "\0" in scope["path"]:
            return answer(HTTPStatus.BAD_REQUEST, "no path has a zero byte", where="path")
        is_read = scope["method"] in _SAFE
        if is_read and not scope["path"].startswith("/api"):
            return None  # a link from anywhere may lead to the page
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        if (origin is not None and not _is_same(origin, hosts[0])) or (site is not None and site not in _OWN):
            return answer(
                HTTPStatus.FORBIDDEN,
                "a page of another origin may not read or change a review",
                where="Origin" if origin is not None else "Sec-Fetch-Site",
            )
        return None

    def _without_token(self, scope: Scope, headers: Headers) -> Response | None:
        """Return what is answered to a request without the token, or to the one that brings it in its address."""
        access = self._access
        if access.token is None:
            return None
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = [value for key, value in query if key == _TOKEN]
        if given and scope["path"] == "/" and scope["method"] in _SAFE and access.is_token(given[-1]):
            rest = urlencode([(key, value) for key, value in query if key != _TOKEN])
            response = RedirectResponse(f"/?{rest}" if rest else "/", HTTPStatus.SEE_OTHER)
            response.set_cookie(access.cookie_name, access.cookie_value, path="/", httponly=True, samesite="strict")
            response.headers["Cache-Control"] = "no-store"
            return response
        cookies = _cookies(headers, access.cookie_name)
        if any(access.is_cookie(each) for each in cookies) or access.is_token(_bearer(headers)):
            return None
        return answer(
            HTTPStatus.UNAUTHORIZED,
            "this review needs its token" if not given else "that is not the token of this review",
            remedy="open the whole address that `trimline review` printed, with ?token= at its end",
            WWW_Authenticate="Bearer",
        )


def _is_same(origin: str, host: str) -> bool:
    """Return whether an origin is that of the server's own page."""
    return origin.lower() in (f"http://{host.lower()}", f"https://{host.lower()}")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _cookies(headers: Headers, name: str) -> list[str]:
    """Return the values of the cookies of a name.

    Browsers send what any server of this host has set, whatever it holds, and a parser that stops at what the standard
    does not allow would not see what comes after it.
    """
    pairs = [each.partition("=") for line in headers.getlist("cookie") for each in line.split(";")]
    return [value.strip().strip('"') for key, _, value in pairs if key.strip() == name]


def _bearer(headers: Headers) -> str:
    scheme, _, given = headers.get("authorization", "").partition(" ")
    return given.strip() if scheme.lower() == "bearer" else ""


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
