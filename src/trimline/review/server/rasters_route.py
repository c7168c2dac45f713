"""Rasters as whole files, read by range requests (RFC 9110): of a fixed list of keys, never by path."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from email.utils import formatdate
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO

from starlette.datastructures import Headers
from starlette.responses import Response, StreamingResponse

from trimline.review.desk import NotThere
from trimline.review.server.failures import answer

_RANGE = re.compile(r"\s*bytes\s*=\s*(?P<first>\d{0,18})\s*-\s*(?P<last>\d{0,18})\s*", re.IGNORECASE)
_AT_ONCE_BYTES = 1 << 20
"""Parts up to this size are read at once, larger ones piece by piece."""
_TYPE = "image/tiff"
BEYOND = (-1, -1)
"""A part of no file."""


def raster_answer(rasters: Mapping[str, Path], key: str, method: str, asked: Headers) -> Response:
    """Return a raster, or the part of it that a request asks for.

    Parameters
    ----------
    rasters
        Files by key.
    key
        Which.
    method
        ``GET`` or ``HEAD``.
    asked
        Headers of the request: `Range`, `If-Range` and `If-None-Match` are obeyed. Of several ranges, or one that
        cannot be read, the whole file is the answer.

    Raises
    ------
    NotThere
        There is no raster of that key, or its file is gone.
    """
    path = rasters.get(key)
    if path is None:
        raise NotThere("there is no raster of that key", where=key)
    try:
        file = path.open("rb")
    except OSError as error:
        raise NotThere(
            f"cannot be read: {error.strerror}", where=path, remedy="put it back, and reload the page"
        ) from error
    try:
        state = os.fstat(file.fileno())
        if not stat.S_ISREG(state.st_mode):
            raise NotThere("is no file", where=path)
        response, is_streamed = _answer(file, state, method, asked)
    except BaseException:
        file.close()
        raise
    if not is_streamed:
        file.close()
    return response


def _answer(file: BinaryIO, state: os.stat_result, method: str, asked: Headers) -> tuple[Response, bool]:
    """Return the answer, and whether it still reads the file."""
    size = state.st_size
    tag = f'"{state.st_mtime_ns:x}-{size:x}-{state.st_ino:x}"'
    changed = formatdate(state.st_mtime, usegmt=True)
    headers = {"ETag": tag, "Last-Modified": changed, "Accept-Ranges": "bytes", "Cache-Control": "private, no-cache"}
    if tag in (each.strip() for each in asked.get("if-none-match", "").split(",")):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers), False
    is_asked_for = asked.get("if-range", tag) in (tag, changed)
    wanted = part(asked.get("range") if is_asked_for else None, size)
    if wanted is BEYOND:
        refusal = answer(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, f"the file ends at byte {size}", where="Range")
        refusal.headers["Content-Range"] = f"bytes */{size}"
        return refusal, False
    status = HTTPStatus.OK
    first, end = 0, size
    if wanted is not None:
        first, end = wanted
        status = HTTPStatus.PARTIAL_CONTENT
        headers["Content-Range"] = f"bytes {first}-{end - 1}/{size}"
    headers["Content-Length"] = str(end - first)
    if method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=_TYPE), False
    file.seek(first)
    if end - first <= _AT_ONCE_BYTES:
        content = file.read(end - first)
        headers["Content-Length"] = str(len(content))
        return Response(content, status, headers, _TYPE), False
    return StreamingResponse(_pieces(file, end - first), status, headers, _TYPE), True


def part(asked: str | None, size: int) -> tuple[int, int] | None:
    """Return where the wanted part of a file begins and ends [bytes]; None means the whole file.

    Parameters
    ----------
    asked
        The header `Range`: ``bytes=0-499``, ``bytes=500-``, or ``bytes=-500`` for the end. None, several ranges, and
        what cannot be read mean the whole file.
    size
        Of the file [bytes].

    Returns
    -------
    tuple[int, int] | None
        `BEYOND` where the part begins after the end of the file.
    """
    match = _RANGE.fullmatch(asked or "")
    if match is None or not (match["first"] or match["last"]):
        return None
    if not match["first"]:
        length = min(int(match["last"]), size)
        return (size - length, size) if length else BEYOND
    first, last = int(match["first"]), int(match["last"] or size)
    if last < first and match["last"]:
        return None
    return (first, min(last + 1, size)) if first < size else BEYOND


def _pieces(file: BinaryIO, length: int) -> Iterator[bytes]:
    with file:
        while length > 0:
            piece = file.read(min(length, _AT_ONCE_BYTES))
            if not piece:
                return
            length -= len(piece)
            yield piece
