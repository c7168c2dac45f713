"""The addresses of the server and their models; what they do is in `trimline.review.desk`."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Mapping
from pathlib import Path as FilePath
from types import MappingProxyType
from typing import Annotated, Any, Literal

import anyio
import anyio.to_thread
from fastapi import APIRouter, Path, Query, Request, Response

from trimline.review import contract
from trimline.review.desk import Desk
from trimline.review.layers.tiles import Tiles
from trimline.review.server.rasters_route import raster_answer

LONGEST_WAIT_S = 25.0
"""For which `/api/changes` waits at most [s]."""
_WAIT_STEP_S = 0.5
"""After which it looks whether the page is gone or the server is about to end [s]."""
_MOST_WAITING = 32
"""Threads that wait for changes at the same time; further pages take turns."""

_Name = Annotated[str, Query(min_length=1, max_length=200)]
_Key = Annotated[str, Path(min_length=1, max_length=200)]
_Number = Annotated[int, Path(ge=0, lt=2**31)]
_FAILURES: dict[int | str, dict[str, Any]] = {
    status: {"model": contract.Failure} for status in (400, 401, 403, 404, 408, 413, 415, 422, 503)
}
"""503: another program holds the file of edits, or there are too many requests; the same one may be sent again."""
_NOT_KEPT: dict[int | str, dict[str, Any]] = {507: {"model": contract.Failure}}
"""Of saves: the disk is full or fails."""
_TILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A GeoJSON feature collection, see `trimline.review.layers.tiles.tile_content`",
        "content": {"application/geo+json": {"schema": {"type": "object"}}},
    },
    304: {"description": "As it was"},
}
_FILE: dict[str, Any] = {"content": {"image/tiff": {"schema": {"type": "string", "format": "binary"}}}}
_RASTER: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file", **_FILE},
    206: {"description": "The part of it that `Range` asks for", **_FILE},
    304: {"description": "As it was"},
    416: {"model": contract.Failure},
}


def api_of(
    desk: Desk,
    rasters: Mapping[str, FilePath] = MappingProxyType({}),
    closing: threading.Event | None = None,
    tiles: Tiles | None = None,
) -> APIRouter:
    """Return the addresses under ``/api``.

    Parameters
    ----------
    desk
        What they ask.
    rasters
        Files that may be read, by key; keys may be added later.
    closing
        Set when the server is about to end, so that nobody waits for changes any longer.
    tiles
        Of the desk; None means that all are still to be made.
    """
    api = APIRouter(prefix="/api", responses=_FAILURES)
    _add_files(api, tiles or Tiles(desk), rasters)
    is_closing = threading.Event() if closing is None else closing
    waiting = anyio.CapacityLimiter(_MOST_WAITING)

    @api.get("/review")
    def review() -> contract.Review:
        return desk.review()

    @api.get("/glaciers")
    def glaciers(
        period: _Name,
        order: Literal["doubt", "area", "name"] = "doubt",
        state: contract.GlacierState | None = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 200,
        offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    ) -> contract.GlacierList:
        return desk.glaciers(period, order=order, state=state, limit=limit, offset=offset)

    @api.get("/glacier")
    def glacier(period: _Name, glac_id: _Name) -> contract.Glacier:
        return desk.glacier(period, glac_id)

    @api.get("/edits")
    def edits(
        period: Annotated[str | None, Query(max_length=200)] = None,
        glac_id: Annotated[str | None, Query(max_length=200)] = None,
    ) -> contract.EditList:
        return desk.edits(period=period, glac_id=glac_id)

    @api.get("/edit")
    def edit(edit_id: _Name, period: _Name) -> contract.EditHistory:
        return desk.history(edit_id, period)

    @api.post("/preview")
    def preview(request: contract.PreviewRequest) -> contract.Preview:
        return desk.preview(request)

    @api.post("/edits", status_code=201, responses={409: {"model": contract.Conflict}, **_NOT_KEPT})
    def save(request: contract.SaveRequest) -> contract.Saved:
        return desk.save(request)

    @api.post("/revert", status_code=201, responses={409: {"model": contract.Failure}, **_NOT_KEPT})
    def revert(request: contract.RevertRequest) -> contract.Saved:
        return desk.revert(request)

    @api.get("/changes")
    async def changes(
        request: Request,
        after: Annotated[int, Query(ge=0)],
        wait_s: Annotated[float, Query(ge=0, le=LONGEST_WAIT_S)] = 0.0,
    ) -> contract.Changes:
        end = time.monotonic() + wait_s
        while True:
            rest_s = 0.0 if is_closing.is_set() else max(end - time.monotonic(), 0.0)
            step_s = min(rest_s, _WAIT_STEP_S)
            found = await anyio.to_thread.run_sync(desk.changes, after, step_s, limiter=waiting)
            if rest_s <= step_s or found.sequence != after or found.is_forgotten or await request.is_disconnected():
                return found

    @api.post("/pictures/prepare", status_code=202)
    def prepare(id: _Name) -> contract.Picture:  # noqa: A002 - the key of the address
        return desk.prepare(id)

    return api


def _add_files(api: APIRouter, tiles: Tiles, rasters: Mapping[str, FilePath]) -> None:
    """Add the addresses of tiles and rasters."""

    @api.get("/tiles/{layer}/{z}/{x}/{y}", response_class=Response, responses=_TILE)
    def tile(
        request: Request,
        layer: _Key,
        z: Annotated[int, Path(ge=0, le=30)],
        x: _Number,
        y: _Number,
        version: Annotated[int | None, Query(description="Of the layer: a new address for new content.")] = None,
    ) -> Response:
        del version
        made = tiles.tile(layer, z, x, y)
        headers = {"ETag": made.etag, "Cache-Control": "private, no-cache", "Vary": "Accept-Encoding"}
        if request.headers.get("if-none-match") == made.etag:
            return Response(status_code=304, headers=headers)
        content = made.packed
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
        else:
            content = gzip.decompress(content)
        return Response(content, headers=headers, media_type="application/geo+json")

    @api.get("/rasters/{key}", response_class=Response, responses=_RASTER)
    def raster(request: Request, key: _Key) -> Response:
        return raster_answer(rasters, key, request.method, request.headers)

    api.head("/rasters/{key}", include_in_schema=False)(raster)
