"""Answers of the server to one request: files and their ranges, the STAC API, tokens, and faults."""

from __future__ import annotations

import json
import mimetypes
import re
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from trimline.simulate.archive.faults import Fault
from trimline.simulate.archive.requests_log import Request
from trimline.simulate.archive.stac_api import BadSearchError

if TYPE_CHECKING:
    from trimline.simulate.archive.serving import Server

_RANGE = re.compile(r"bytes=(?P<first>\d*)-(?P<last>\d*)")
_TYPES = {".tif": "image/tiff", ".jp2": "image/jp2", ".json": "application/json", ".xml": "application/xml"}
_PAGE = b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><h1>Please sign in</h1></body></html>\n"
_LONGEST_BODY = 1 << 20


class Handler(BaseHTTPRequestHandler):
    """Answers of the server."""

    protocol_version = "HTTP/1.1"
    server_version = "trimline"
    disable_nagle_algorithm = True
    timeout = 60

    def do_GET(self) -> None:
        """Answer a GET."""
        self._logged()

    def do_HEAD(self) -> None:
        """Answer a HEAD."""
        self._logged()

    def do_POST(self) -> None:
        """Answer a POST: a search, or a request for a token."""
        self._logged()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Write nothing: the server has a log of its own."""

    @property
    def _owner(self) -> Server:
        owner: Server = self.server.owner  # type: ignore[attr-defined]
        return owner

    def _logged(self) -> None:
        self.range: tuple[int, int] | None = None
        self.status, self.sent = 0, 0
        self.fault: Fault | None = None
        owner = self._owner
        address = urlsplit(self.path)
        path = unquote(address.path)
        owner.log.begin()
        try:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(min(length, _LONGEST_BODY))
            time.sleep(owner.latency_s)
            self.fault = owner.faults.next(path)
            if self.fault is None or not self._failed(self.fault):
                self._answer(path, address.query, body)
        except (BrokenPipeError, ConnectionError, TimeoutError):
            self.close_connection = True
        finally:
            owner.log.end(
                Request(
                    method=self.command,
                    path=path,
                    query=address.query,
                    range=self.range,
                    status=self.status,
                    sent=self.sent,
                    fault=self.fault,
                    authorization=self.headers.get("Authorization"),
                )
            )

    def _failed(self, fault: Fault) -> bool:
        """Answer with a fault; False where the fault is one of the body of a right answer."""
        faults = self._owner.faults
        if fault in ("cut", "short-range"):
            return False
        if fault == "stall":
            time.sleep(faults.stall_s)
            self.close_connection = True
        elif fault == "html":
            self._send(200, _PAGE, "text/html; charset=utf-8")
        else:
            headers = {}
            if fault in ("429", "503") and faults.retry_after_s is not None:
                headers["Retry-After"] = f"{faults.retry_after_s:g}"
            self._send(int(fault), json.dumps({"code": fault, "detail": "a fault that was set"}).encode(), **headers)
        return True

    def _answer(self, path: str, query: str, body: bytes) -> None:
        owner = self._owner
        parts = [part for part in path.split("/") if part]
        if parts[:1] == ["token"]:
            self._send_json({"msft:expiry": owner.tokens.expiry(), "token": f"sv=2020&sig={owner.tokens.new()}"})
        elif parts == ["oauth", "token"]:
            self._send_json({"access_token": owner.tokens.new(), "expires_in": 600, "token_type": "Bearer"})
        elif not parts or parts[0] in ("collections", "search", "conformance"):
            self._answer_search(path, query, body)
        else:
            self._answer_file(owner.folder / "/".join(parts), query)

    def _answer_search(self, path: str, query: str, body: bytes) -> None:
        post = self.command == "POST"
        try:
            parameters = json.loads(body or b"{}") if post else dict(parse_qsl(query))
            content = self._owner.api.answer(path, parameters, post=post)
        except (BadSearchError, ValueError) as error:
            self._send(400, json.dumps({"code": "BadRequest", "description": str(error)}).encode())
            return
        if content is None:
            self._send(404, json.dumps({"code": "NotFound", "description": f"no {path}"}).encode())
        else:
            self._send_json(content)

    def _answer_file(self, path: Path, query: str) -> None:
        owner = self._owner
        if owner.needs_token and not owner.tokens.use(self._token(query)):
            self._send(403, b"<Error><Code>AuthenticationFailed</Code></Error>", "application/xml")
            return
        resolved = path.resolve()
        if not resolved.is_relative_to(owner.folder) or not resolved.is_file():
            self._send(404, b"<Error><Code>NoSuchKey</Code></Error>", "application/xml")
            return
        content = resolved.read_bytes()
        state = resolved.stat()
        tag = f'"{state.st_mtime_ns:x}-{state.st_size:x}"'
        changed = formatdate(state.st_mtime, usegmt=True)
        headers = {"ETag": tag, "Last-Modified": changed, "Accept-Ranges": "bytes"}
        media_type = _TYPES.get(path.suffix.lower()) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        match = _RANGE.fullmatch(self.headers.get("Range", ""))
        if match is None or self.headers.get("If-Range", tag) not in (tag, changed):
            self._send(200, content, media_type, **headers)
            return
        first, stop = _part(match["first"], match["last"], len(content))
        self.range = (first, stop)
        if first >= stop:
            self._send(416, b"", media_type, **{**headers, "Content-Range": f"bytes */{len(content)}"})
            return
        if self.fault == "short-range":
            stop = max(first + 1, stop - 1)
        headers["Content-Range"] = f"bytes {first}-{stop - 1}/{len(content)}"
        self._send(206, content[first:stop], media_type, **headers)

    def _token(self, query: str) -> str | None:
        header = self.headers.get("Authorization", "")
        if header.startswith("Bearer "):
            return header.removeprefix("Bearer ")
        return dict(parse_qsl(query)).get("sig")

    def _send_json(self, content: Any) -> None:
        self._send(200, json.dumps(content).encode())

    def _send(self, status: int, body: bytes, media_type: str = "application/json", **headers: str) -> None:
        self.status = status
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        if self.fault == "cut":
            body = body[: len(body) // 2]
            self.close_connection = True
        self.wfile.write(body)
        self.sent = len(body)


def _part(first: str, last: str, size: int) -> tuple[int, int]:
    """Return the first byte of a range, and the one after the last; of an impossible one the same twice."""
    if not first:
        return (max(0, size - int(last)), size) if last and int(last) > 0 else (size, size)
    start = min(int(first), size)
    return start, max(start, size if not last else min(int(last) + 1, size))
