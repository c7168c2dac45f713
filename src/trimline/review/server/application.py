"""The server as one ASGI application: the page, the API, and what stands before them."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from trimline.review.desk import Desk
from trimline.review.layers.tiles import Tiles
from trimline.review.requests_under_way import Counted, RequestsUnderWay
from trimline.review.server.app import api_of
from trimline.review.server.bodies import Bodies
from trimline.review.server.failures import add_failures
from trimline.review.server.security import Access, Guard

TITLE, VERSION = "trimline review", "1"
"""Of the API."""
_PACKED_FROM_BYTES, _PACKING = 2000, 4
_UNPACKED = "/api/rasters/"
"""Addresses of parts of files, which must arrive as they are."""


def create_app(
    desk: Desk,
    *,
    rasters: Mapping[str, Path] = MappingProxyType({}),
    page: Path | None = None,
    access: Access | None = None,
    closing: threading.Event | None = None,
    tiles: Tiles | None = None,
    requests: RequestsUnderWay | None = None,
) -> FastAPI:
    """Return the server of a review.

    Parameters
    ----------
    desk
        What the addresses ask.
    rasters
        Files that may be read, by key; keys may be added later.
    page
        Folder of the built page; None means that there is the API alone.
    access
        Under which names and with which token it is served; None means the loopback address without one.
    closing
        Set when the server is about to end.
    tiles
        Of the desk; None means that all are still to be made.
    requests
        Where requests are counted.
    """
    app = FastAPI(title=TITLE, version=VERSION, openapi_url=None, docs_url=None, redoc_url=None)
    app.include_router(api_of(desk, rasters, closing, tiles))
    if page is not None:
        app.mount("/", StaticFiles(directory=page, html=True))
    add_failures(app)
    app.add_middleware(_Packing, minimum_size=_PACKED_FROM_BYTES, compresslevel=_PACKING)
    app.add_middleware(Bodies)
    app.add_middleware(Guard, access=access or Access())
    app.add_middleware(Counted, requests=requests or RequestsUnderWay())  # the last one added is asked first
    return app


class _Packing(GZipMiddleware):
    """Packs answers, but for rasters."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, as ASGI has it."""
        if scope["type"] == "http" and not scope["path"].startswith(_UNPACKED):
            await super().__call__(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def api_document() -> dict[str, Any]:
    """Return the OpenAPI document of the API, from which the types of the page are made."""
    nobody: Any = None
    return create_app(nobody).openapi()
