"""A server on loopback that knows ranges and can be told to fail, and rasters for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from affine import Affine

Fault = Callable[["Handler"], bool]
"""Answers a request in the place of the server, and says whether it did."""


@dataclass
class Seen:
    path: str
    headers: dict[str, str]
    began: float
    ended: float = 0.0
    connection: object = None


@dataclass
class FileServer:
    """Serves files of memory; `fault` may answer first."""

    files: dict[str, bytes] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    fault: Fault | None = None
    latency_s: float = 0.0
    url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)
    under_way: int = 0
    most_under_way: int = 0

    def paths(self) -> list[str]:
        return [each.path for each in self.seen]

    def ranges(self) -> list[str | None]:
        return [each.headers.get("range") for each in self.seen]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    files: FileServer

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        files = self.files
        seen = Seen(
            self.path,
            {key.lower(): value for key, value in self.headers.items()},
            time.monotonic(),
            connection=self.client_address,
        )
        with files.lock:
            files.seen.append(seen)
            files.under_way += 1
            files.most_under_way = max(files.most_under_way, files.under_way)
        try:
            time.sleep(files.latency_s)
            if files.fault is not None and files.fault(self):
                return
            self.serve()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            seen.ended = time.monotonic()
            with files.lock:
                files.under_way -= 1

    def serve(self) -> None:
        name = self.path.partition("?")[0].lstrip("/")
        content = self.files.files.get(name)
        if content is None:
            self.answer(404, b"no such file")
            return
        tag = self.files.tags.get(name, '"1"')
        headers = {"ETag": tag, "Content-Type": "application/octet-stream", "Accept-Ranges": "bytes"}
        asked = self.headers.get("Range")
        if asked is None or self.headers.get("If-Range", tag) != tag:
            self.answer(200, content, headers)
            return
        first, _, last = asked.removeprefix("bytes=").partition("-")
        start, stop = int(first), min(int(last) + 1 if last else len(content), len(content))
        if start >= len(content):
            self.answer(416, b"", {"Content-Range": f"bytes */{len(content)}"})
            return
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(content)}"
        self.answer(206, content[start:stop], headers)

    def answer(
        self, status: int, body: bytes = b"", headers: dict[str, str] | None = None, length: int | None = None
    ) -> bool:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)
        if length is not None and length != len(body):
            self.close_connection = True
        return True


def times(count: int, fault: Fault) -> Fault:
    """Fail so often, and serve then."""
    left = [count]

    def failing(handler: Handler) -> bool:
        with handler.files.lock:
            left[0] -= 1
            mine = left[0] >= 0
        return mine and fault(handler)

    return failing


@pytest.fixture
def new_server() -> Iterator[Callable[[], FileServer]]:
    running = []

    def start() -> FileServer:
        files = FileServer()
        http = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"files": files}))
        http.daemon_threads = True
        http.handle_error = lambda *_: None  # clients that leave are wanted here
        threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        files.url = f"http://127.0.0.1:{http.server_port}"
        running.append(http)
        return files

    yield start
    for http in running:
        http.shutdown()
        http.server_close()


@pytest.fixture
def server(new_server: Callable[[], FileServer]) -> FileServer:
    return new_server()


def numbers(seed: int = 0, side: int = 1024, bands: int = 1) -> np.ndarray:
    """Return smooth ground with noise, which compresses as images do."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:side, :side]
    ground = 5000 + 3000 * np.sin(rows / 90 + seed) * np.cos(columns / 70)
    return (ground + random.normal(0, 40, (bands, side, side))).astype(np.uint16)


def cog(folder: Path, content: np.ndarray, *, driver: str = "COG", **options: object) -> bytes:
    """Return the bytes of a raster of some numbers."""
    plain, out = folder / "plain.tif", folder / ("raster.jp2" if driver == "JP2OpenJPEG" else "raster.tif")
    place = {"crs": "EPSG:32646", "transform": Affine(30, 0, 5e5, 0, -30, 4e6)}
    count, height, width = content.shape
    with rasterio.open(
        plain, "w", driver="GTiff", count=count, height=height, width=width, dtype=content.dtype, nodata=0, **place
    ) as target:
        target.write(content)
    chosen = {"compress": "deflate", "blocksize": 256} if driver == "COG" else {}
    rasterio.shutil.copy(plain, out, driver=driver, **{**chosen, **options})
    return out.read_bytes()
