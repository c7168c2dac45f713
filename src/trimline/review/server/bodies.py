"""Bodies of requests: read whole before they are looked at, up to a size and within a time, as JSON only.

What is too large is refused without being kept: the answer is sent at once, and what the other side still sends is
thrown away for a moment, because most clients read the answer only when they have sent all.
"""

from __future__ import annotations

import asyncio
import logging
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from trimline.errors import printable
from trimline.review.server.failures import answer
from trimline.review.server.json_text import fault_of

MOST_BODY_BYTES = 16_000_000
"""Three redrawn outlines of `trimline.review.edits.drawn.MOST_VERTICES`, or eighty of five thousand vertices: all
strokes that are not saved come with each preview."""
BODY_TIME_S = 15.0
"""Within which a body must have arrived [s]."""
_LINGER_S = 2.0
"""For which the rest of a body that is refused is thrown away [s]."""
_BODILESS = frozenset({"GET", "HEAD"})

_LOG = logging.getLogger(__name__)


class Bodies:
    """Gives an app whole bodies of JSON, and answers for it where it fails.

    Parameters
    ----------
    app
        What answers.
    most_bytes, time_s
        Size of a body [bytes], and time in which it must arrive [s], at most.
    """

    def __init__(self, app: ASGIApp, most_bytes: int = MOST_BODY_BYTES, time_s: float = BODY_TIME_S) -> None:
        self._app = app
        self._most_bytes = most_bytes
        self._time_s = time_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, as ASGI has it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["method"] in _BODILESS:
            await self._answered(scope, receive, send)
        else:
            await self._with_body(scope, receive, send)

    async def _with_body(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            refusal = answer(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "what is sent must be JSON", where="Content-Type", Connection="close"
            )
            await _refuse(refusal, scope, receive, send)
            return
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > self._most_bytes:
            await self._too_large(scope, receive, send)
            return
        body = bytearray()
        try:
            async with asyncio.timeout(self._time_s):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return
                    body += message.get("body", b"")
                    if len(body) > self._most_bytes:
                        break
                    if not message.get("more_body", False):
                        break
        except TimeoutError:
            late = answer(HTTPStatus.REQUEST_TIMEOUT, "what is sent did not arrive in time", Connection="close")
            await late(scope, receive, send)
            return
        if len(body) > self._most_bytes:
            await self._too_large(scope, receive, send)
            return
        fault = fault_of(bytes(body))
        if fault is not None:
            refusal = answer(HTTPStatus.UNPROCESSABLE_ENTITY, fault, where="body", remedy="send plain JSON in UTF-8")
            await refusal(scope, receive, send)
            return
        await self._answered(scope, _replayed(bytes(body), receive), send)

    async def _too_large(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = answer(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"more than {self._most_bytes / 1e6:g} MB are sent at once",
            where="Content-Length",
            remedy="save in several steps",
            Connection="close",
        )
        await _refuse(refusal, scope, receive, send)

    async def _answered(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the app answer; where it fails, log why and say only that it did."""
        has_begun = False

        async def noting(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception:
            _LOG.exception("%s %s failed", scope["method"], printable(scope["path"]))
            if has_begun:
                raise
            failure = answer(
                HTTPStatus.INTERNAL_SERVER_ERROR,
                "the server failed on this request",
                remedy="see what it says in its terminal",
            )
            await failure(scope, receive, send)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives a body that was read, then what comes after it."""
    is_given = False

    async def replay() -> Message:
        nonlocal is_given
        if not is_given:
            is_given = True
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return replay


async def _refuse(refusal: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Send a refusal, and throw away what still comes for a moment."""
    await send({"type": "http.response.start", "status": refusal.status_code, "headers": refusal.raw_headers})
    await send({"type": "http.response.body", "body": refusal.body, "more_body": True})
    try:
        async with asyncio.timeout(_LINGER_S):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect" or not message.get("more_body", False):
                    break
    except TimeoutError:
        _LOG.debug("the rest of a refused body was not waited for")
    await send({"type": "http.response.body", "body": b""})
