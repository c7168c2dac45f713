"""Transport: ranges and whole files from servers, and from this machine's disk under the same calls.

Requests are few (`trimline.remote.ranges`), at most so many at the same time per host, and held back for as long as a
server asks (`trimline.remote.repeating`). A range is taken only where it is exactly the bytes that were asked for, of
the same version of the file as the others of the call.

Source: RFC 9110 (ranges, conditional requests).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trimline.errors import RemoteError
from trimline.foreign import foreign_errors
from trimline.remote.address import local_path, shown
from trimline.remote.counts import Counts
from trimline.remote.exchange import Answer, Failed
from trimline.remote.ranges import Joined, Range, joined
from trimline.remote.repeating import RepeatedRequests
from trimline.remote.saving import MOST_FILE_BYTES, save_file, too_large
from trimline.remote.signing import Signer, unsigned
from trimline.remote.version import Version, content_range, version_of_answer, version_of_file

_WHOLE_BYTES = 8 << 20
"""A file of at most so many bytes is taken whole where its server knows no ranges."""
_THREADS = 16


@dataclass(frozen=True)
class Wanted:
    """Ranges of one file."""

    href: str
    ranges: Sequence[Range]
    version: Version | None = None
    """The version that they must be of; None takes any."""
    is_raster: bool = False
    """Whether the file is a raster, whatever its address ends in: then a web page is not taken for it."""


@dataclass(frozen=True)
class Got:
    """Bytes of one file."""

    parts: tuple[bytes, ...]
    version: Version


@dataclass(frozen=True)
class Pending:
    """Ranges of one file that are under way."""

    wanted: Wanted
    may_end: bool
    requests: tuple[tuple[Joined, Future[tuple[bytes, Version]]], ...]

    def cancel(self) -> None:
        """Give up what has not begun."""
        for _, future in self.requests:
            future.cancel()


class Transport:
    """Reads files of servers and of this machine; one per run, which threads share.

    Parameters
    ----------
    sign
        Signs addresses; called for each request.
    at_once
        Requests at the same time per host, over all threads.
    retries
        How often a request is made again.
    timeout_s
        Longest silence of a server [s].
    first_wait_s
        Longest wait before a request is made again; it doubles from time to time [s].
    """

    def __init__(
        self,
        sign: Signer = unsigned,
        *,
        at_once: int = 4,
        retries: int = 6,
        timeout_s: float = 60.0,
        first_wait_s: float = 0.5,
    ) -> None:
        self.counts = Counts()
        self.at_once = at_once
        self.requests = RepeatedRequests(
            sign, self.counts, at_once=at_once, retries=retries, timeout_s=timeout_s, first_wait_s=first_wait_s
        )
        self._pool = ThreadPoolExecutor(max(_THREADS, at_once), thread_name_prefix="trimline-remote")

    def __repr__(self) -> str:
        return f"Transport(at_once={self.at_once}, {self.counts!r})"

    def close(self) -> None:
        """Close all connections; what is under way or waits raises an error in the threads that read."""
        self.requests.close()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def __enter__(self) -> Transport:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def size(self, href: str) -> int:
        """Return the size of a file [bytes].

        Raises
        ------
        RemoteError
            It cannot be read, or its server does not say.
        """
        size = self.version(href).size
        if size is None:
            raise RemoteError(
                "the server does not say how large the file is", where=shown(href), remedy="choose another catalogue"
            )
        return size

    def version(self, href: str) -> Version:
        """Return size and validators of a file, from a request for its first byte."""
        path = local_path(href)
        if path is not None:
            with _of_disk(path):
                return version_of_file(path)

        def read(answer: Answer) -> Version:
            return version_of_answer(answer.headers, answer.status)

        # Not HEAD: addresses that are signed for GET answer 403 to it.
        return self.requests.attempt(href, {"Range": "bytes=0-0"}, read, accept=(200, 206, 416))

    def read(self, href: str, ranges: Sequence[Range]) -> list[bytes]:
        """Return ranges of a file, each from its first byte to the one before its last.

        Parameters
        ----------
        href
            Address, or path.
        ranges
            (start, stop) each [bytes], in any order.

        Raises
        ------
        RemoteError
            The file cannot be read, ends before a range does, or changes while it is read.
        """
        return list(self.read_many([Wanted(href, ranges)])[0].parts)

    def read_many(self, wanted: Sequence[Wanted], *, may_end: bool = False) -> list[Got]:
        """Return ranges of several files, fetched at the same time.

        Parameters
        ----------
        wanted
            The files and their ranges.
        may_end
            Whether a range may reach beyond the end of its file; it is then shorter.

        Raises
        ------
        RemoteError
            See `read`. The first error is raised; requests that wait are given up.
        """
        pending = [self.begin(each, may_end=may_end) for each in wanted]
        try:
            return [self.finish(each) for each in pending]
        finally:
            for each in pending:
                each.cancel()

    def content(self, href: str, most_bytes: int = 64 << 20) -> bytes:
        """Return a whole small file.

        Parameters
        ----------
        href
            Address, or path.
        most_bytes
            Largest size that is taken [bytes].

        Raises
        ------
        RemoteError
            It cannot be read, or is larger.
        """
        path = local_path(href)
        if path is not None:
            with _of_disk(path), path.open("rb") as file:
                content = file.read(most_bytes + 1)
            if len(content) > most_bytes:
                raise too_large(shown(href), most_bytes)
            return content

        def read(answer: Answer) -> bytes:
            out = bytearray()
            for block in answer.blocks:
                out += block
                if len(out) > most_bytes:
                    raise too_large(shown(href), most_bytes)
            return bytes(out)

        return self.requests.attempt(href, {}, read, accept=(200,))

    def save(
        self,
        href: str,
        path: Path,
        *,
        size: int | None = None,
        checksum: str | None = None,
        most_bytes: int = MOST_FILE_BYTES,
        seen: Callable[[int], None] | None = None,
    ) -> None:
        """Save a whole file, whole or not at all; what an interrupted run has left is gone on with.

        See `trimline.remote.saving.save_file`.
        """
        save_file(self, href, Path(path), size=size, checksum=checksum, most_bytes=most_bytes, seen=seen)

    def begin(self, wanted: Wanted, *, may_end: bool = False) -> Pending:
        """Request ranges of a file and return at once; `finish` waits for them. Arguments as for `read_many`."""
        for start, stop in wanted.ranges:
            if not 0 <= start <= stop:
                raise ValueError(f"{(start, stop)} is no range of bytes")
        requests = joined(wanted.ranges, self.at_once)
        futures = [self._pool.submit(self._fetch, wanted, each.start, each.stop, may_end) for each in requests]
        return Pending(wanted, may_end, tuple(zip(requests, futures, strict=True)))

    def finish(self, pending: Pending) -> Got:
        """Wait for the ranges of a file; a file that changed meanwhile is read anew, once.

        Raises
        ------
        RemoteError
            See `read`.
        """
        try:
            return self._finished(pending)
        except KeyboardInterrupt:
            self.close()  # or the program would end only when the last request has
            raise

    def _finished(self, pending: Pending) -> Got:
        wanted = pending.wanted
        for again in (True, False):
            parts = [b""] * len(wanted.ranges)
            versions = [wanted.version] if wanted.version is not None else []
            for each, future in pending.requests:
                content, version = future.result()
                versions.append(version)
                for member in each.members:
                    start, stop = wanted.ranges[member]
                    parts[member] = content[start - each.start : stop - each.start]
            if all(each.is_of(versions[0]) for each in versions[1:]):
                return Got(tuple(parts), versions[-1] if versions else Version(None))
            if not again or wanted.version is not None:
                break
            pending = self.begin(wanted, may_end=pending.may_end)
        raise RemoteError(
            "the file changes on the server while it is read",
            where=shown(wanted.href),
            remedy="run again; where it happens again, choose another scene",
        )

    def _fetch(self, wanted: Wanted, start: int, stop: int, may_end: bool) -> tuple[bytes, Version]:
        """Return one range of a file, exactly, and its version."""
        href = wanted.href
        path = local_path(href)
        if path is not None:
            with _of_disk(path), path.open("rb") as file:
                file.seek(start)
                content = file.read(stop - start)
                version = version_of_file(path)
            if len(content) != stop - start and not may_end:
                raise _ends_early(href, version.size)
            return content, version

        def read(answer: Answer) -> tuple[bytes, Version]:
            version = version_of_answer(answer.headers, answer.status)
            place = content_range(answer.headers.get("Content-Range"))
            if answer.status == 206 and (place is None or place[0] != start):
                raise Failed("it sends another range than was requested")
            end = min(stop, version.size) if may_end and version.size is not None else stop
            if answer.status == 416 or (version.size is not None and version.size < end) or end <= start:
                raise _ends_early(href, version.size)
            if answer.status == 200:
                return _body_from(answer, href, version)[start:end], version
            if place is None or place[1] != end:
                raise Failed("it sends another range than was requested")
            return _exactly(answer, end - start), version

        return self.requests.attempt(
            href,
            {"Range": f"bytes={start}-{stop - 1}"},
            read,
            accept=(200, 206, 416),
            is_raster=wanted.is_raster,
        )


def _exactly(answer: Answer, length: int) -> bytes:
    out = bytearray()
    for block in answer.blocks:
        out += block
        if len(out) > length:
            raise Failed("it sends more than was requested")
    if len(out) != length:
        raise Failed("the answer was cut short")
    return bytes(out)


def _body_from(answer: Answer, href: str, version: Version) -> bytes:
    """Return the whole of a small file that came where a range was requested."""
    if version.size is None or version.size > _WHOLE_BYTES:
        raise RemoteError(
            "the server sends whole files only, where parts of them are needed",
            where=shown(href),
            remedy="fetch whole products, or choose another catalogue",
        )
    return _exactly(answer, version.size)


def _of_disk(path: Path) -> Any:
    return foreign_errors(RemoteError, path, remedy="check the path, or the catalogue that names it")


def _ends_early(href: str, size: int | None) -> RemoteError:
    return RemoteError(
        f"the file ends early{'' if size is None else f', after {size} bytes'}",
        where=shown(href),
        remedy="it is not whole in the archive: leave the scene out, or report it",
    )
