"""Ranges of one remote file in memory, and the file-like object through which GDAL reads them."""

from __future__ import annotations

import bisect
import io
import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

from trimline.errors import RemoteError, TrimlineError
from trimline.remote.address import local_path, shown
from trimline.remote.ranges import Range
from trimline.remote.transport import Got, Transport, Wanted
from trimline.remote.version import Version

HEAD_BYTES = 16 << 10
"""What is fetched of a file first: the header of a COG of one band lies in it, up to some 1 300 blocks."""
KEPT_BYTES = 20 << 20
"""What is kept of a file between two readings, beside its header [bytes]; six bands keep 120 MB."""
_STEP = 32 << 10
"""What is fetched at least where GDAL reads what nobody foresaw [bytes]; it doubles as long as that goes on."""
_MOST_STEP = 1 << 20
MOST_HEADER_BYTES = 64 << 20
"""What is fetched at most where GDAL reads what nobody foresaw [bytes]: the table of four million blocks."""


class RangeCache:
    """Parts of one version of a file; what is missing is fetched when it is read.

    Parameters
    ----------
    href
        Address, or path.
    transport
        Reads it.
    """

    def __init__(self, href: str, transport: Transport) -> None:
        self.href = href
        self.version: Version | None = None
        self.problem: TrimlineError | None = None
        """Why a part could not be read; GDAL is told that there is nothing, and whoever called GDAL raises this."""
        self._transport, self._source = transport, href
        self._lock = threading.RLock()
        self._starts: list[int] = []
        self._parts: OrderedDict[int, bytes] = OrderedDict()
        self._pinned: set[int] = set()
        self._step = _STEP
        self._after = 0

    @property
    def size(self) -> int:
        """Size of the file [bytes], once something of it was read."""
        if self.version is None or self.version.size is None:
            return self._transport.size(self._source)
        return self.version.size

    def wanted(self, ranges: Sequence[Range]) -> Wanted:
        """Return what is missing of some ranges, as a request; they may reach beyond the end of the file."""
        size = self.size
        missing = sorted({gap for start, stop in ranges for gap in self._missing(max(0, start), min(stop, size))})
        return Wanted(self._source, missing, self.version, is_raster=True)

    def keep(self, wanted: Wanted, got: Got, *, is_header: bool = False) -> None:
        """Keep what a request has brought."""
        with self._lock:
            self.version = got.version if self.version is None else self.version
            for (start, _), content in zip(wanted.ranges, got.parts, strict=True):
                self._put(start, content, is_header=is_header)

    def fetch(self, ranges: Sequence[Range], *, is_header: bool = False) -> None:
        """Fetch what is missing of some ranges.

        Raises
        ------
        RemoteError
            It cannot be read.
        """
        wanted = self.wanted(ranges)
        if wanted.ranges:
            self.keep(wanted, self._transport.read_many([wanted])[0], is_header=is_header)

    def read(self, start: int, length: int) -> bytes:
        """Return a range, fetched where it is missing; less at the end of the file.

        Raises
        ------
        RemoteError
            It cannot be read, or more than `MOST_HEADER_BYTES` of a file on a server would be fetched by such readings.
        """
        stop = min(start + length, self.size)
        if start >= stop:
            return b""
        with self._lock:
            if (part := self._within(start, stop)) is not None:
                return part
            if self._missing(start, stop):
                self._step = min(2 * self._step, _MOST_STEP) if start >= self._after else _STEP
                self._after = start
                stop_fetch = max(stop, start + self._step)
                if not self.is_local:
                    self._require_small_header(stop_fetch - start)
                self.fetch([(start, stop_fetch)], is_header=not self.is_local)
            return self._gathered(start, stop)

    def _require_small_header(self, more: int) -> None:
        if sum(len(self._parts[start]) for start in self._pinned) + more > MOST_HEADER_BYTES:
            raise RemoteError(
                f"its header is larger than {MOST_HEADER_BYTES >> 20} MB",
                where=shown(self.href),
                remedy="it is damaged, or no raster of a scene: leave the scene out",
            )

    def go_on_with(self, path: Path) -> None:
        """Read from a copy on this machine from now on.

        Raises
        ------
        RemoteError
            It begins otherwise than what was read before, or has another size: the file changed meanwhile.
        """
        with self._lock:
            size, head = self.size, self.read(0, 1024)
            self._starts, self._parts, self._pinned = [], OrderedDict(), set()
            self._source, self.version = str(path), None
            if self.size != size or self.read(0, 1024) != head:
                raise RemoteError(
                    "the file changes on the server while it is read", where=shown(self.href), remedy="run again"
                )

    @property
    def is_local(self) -> bool:
        """Whether it is read from this machine."""
        return local_path(self._source) is not None

    def shrink(self, most_bytes: int = KEPT_BYTES) -> None:
        """Forget the oldest parts beyond a size [bytes]; headers stay."""
        with self._lock:
            loose = [start for start in self._parts if start not in self._pinned]
            total = sum(len(self._parts[start]) for start in loose)
            for start in loose:
                if total <= most_bytes:
                    break
                total -= len(self._parts.pop(start))
                self._starts.remove(start)

    def _put(self, start: int, content: bytes, *, is_header: bool) -> None:
        old = self._parts.get(start)
        if old is not None and len(old) >= len(content):
            return
        if old is None:
            bisect.insort(self._starts, start)
        self._parts[start] = content
        if is_header:
            self._pinned.add(start)

    def _missing(self, start: int, stop: int) -> list[Range]:
        """Return the gaps of a range."""
        gaps = []
        with self._lock:
            at = start
            for first, last in self._overlapping(start, stop):
                if first > at:
                    gaps.append((at, first))
                at = max(at, last)
        if at < stop:
            gaps.append((at, stop))
        return gaps

    def _overlapping(self, start: int, stop: int) -> list[Range]:
        """Return the parts that overlap a range, in order. Parts themselves do not overlap but at their ends."""
        index = max(0, bisect.bisect_right(self._starts, start) - 1)
        found = []
        while index < len(self._starts) and self._starts[index] < stop:
            first = self._starts[index]
            if first + len(self._parts[first]) > start:
                found.append((first, first + len(self._parts[first])))
            index += 1
        return found

    def _within(self, start: int, stop: int) -> bytes | None:
        """Return a range that lies in one part; GDAL reads many small ones."""
        index = bisect.bisect_right(self._starts, start) - 1
        if index < 0:
            return None
        first = self._starts[index]
        part = self._parts[first]
        return part[start - first : stop - first] if stop <= first + len(part) else None

    def _gathered(self, start: int, stop: int) -> bytes:
        out = bytearray()
        at = start
        for first, last in self._overlapping(start, stop):
            if last > at:
                out += self._parts[first][at - first : stop - first]
                at = min(last, stop)
        return bytes(out)


class CachedFile(io.RawIOBase):
    """A file whose bytes come from a cache of ranges; what GDAL reads through."""

    def __init__(self, cache: RangeCache) -> None:
        super().__init__()
        self._cache = cache
        self._at = 0

    def readable(self) -> bool:
        """Whether it may be read."""
        return True

    def seekable(self) -> bool:
        """Whether it has places."""
        return True

    def tell(self) -> int:
        """Return the place of the next byte."""
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a place: from the beginning, from here (1), or from the end (2)."""
        base = (0, self._at, self._cache.size)[whence]
        self._at = base + offset
        return self._at

    def read(self, size: int = -1) -> bytes:
        """Return bytes from here on; none where they cannot be read, which the cache notes."""
        if size < 0:
            size = max(0, self._cache.size - self._at)
        try:
            content = self._cache.read(self._at, size)
        except TrimlineError as error:
            # GDAL calls from C, where no exception can pass.
            self._cache.problem = self._cache.problem or error
            return b""
        self._at += len(content)
        return content
