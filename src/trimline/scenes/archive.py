"""Archives, listed and copied from by one reader each: tar (plain, gzip, bzip2, xz) and zip.

`tarfile` and `zipfile` tell the names, and where in the archive the bytes of a member lie; GDAL is given that place,
never a name to look for. GDAL's own readers know fewer spellings: not ``./``, not the long or non-ASCII names of PAX,
not sparse members. What a header claims is bounded before anything is read.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import shutil
import stat
import tarfile
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import IO, Any, NamedTuple

from trimline.errors import ProductError
from trimline.foreign import foreign_errors
from trimline.scenes.metadata_text import check_text_size

ZIP_SUFFIX = ".zip"
MOST_MEMBERS = 20_000
"""Members of an archive; a Sentinel-2 product has some hundred."""
MOST_HEADER_BYTES = 1 << 14
"""Bytes that a header of a tar archive may have; one of PAX holds names, and none is as long."""
MOST_GROWTH, ALWAYS_ALLOWED_BYTES = 100, 1 << 31
"""An archive unpacks to that many times its own size, or that many bytes, at most: pixels of fill shrink well, those of
an image never so much."""

_DAMAGED = "it is damaged: fetch it again"
_DISTRUST = "do not trust it: fetch the product from its agency"
_STREAMS: Mapping[bytes, Callable[..., Any]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\0": lzma.open}
"""What opens a compressed archive, by its first bytes; the name of the file says nothing."""
_LOCAL_HEADER_BYTES = 30
_COPY_BYTES = 1 << 20
_UNREADABLE = "the archive cannot be read"


class Entry(NamedTuple):
    """A file in an archive."""

    name: str
    """As it is written there."""
    size: int
    """[bytes], unpacked."""
    offset: int | None
    """Where its bytes lie in the archive as they are; None where they must be unpacked."""


class Archive(ABC):
    """The files in an archive, by name."""

    def __init__(self, path: Path, entries: Mapping[str, Entry]) -> None:
        self.path = path
        self.entries = entries

    @abstractmethod
    def copy(self, targets: Mapping[str, IO[bytes]]) -> None:
        """Copy the content of entries to open files, in one pass.

        Raises
        ------
        ProductError
            The archive is damaged, or holds more than it can.
        """

    def content(self, name: str) -> bytes:
        """Return the content of a small file.

        Raises
        ------
        ProductError
            It is larger than any metadata, or the archive is damaged.
        """
        check_text_size(self.entries[name].size, f"{self.path}, {name}")
        target = io.BytesIO()
        self.copy({name: target})
        return target.getvalue()


def open_archive(path: Path) -> Archive:
    """List an archive; once per process, as long as it does not change.

    Raises
    ------
    ProductError
        It is not there, damaged or encrypted, or holds what no product holds.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise ProductError("there is no such archive", where=path, remedy="check the path") from error
    return _listed(path.resolve(), status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=32)
def _listed(path: Path, _size: int, _modified_ns: int) -> Archive:
    """List an archive; size and time make a changed archive another one."""
    return _Zip(path) if path.suffix.lower() == ZIP_SUFFIX else _Tar(path)


class _Tar(Archive):
    def __init__(self, path: Path) -> None:
        entries: dict[str, Entry] = {}
        most = _most_bytes(path)
        with _tar(path) as (archive, stream):
            for count, member in enumerate(_members(archive, path)):
                _refuse_unsafe(member.name, path, is_plain=member.isreg() or member.isdir())
                _refuse_many(count, path)
                _refuse_size(member.name, member.size, most, path)
                if member.isdir():
                    continue
                _refuse_twice(member.name, entries, path)
                is_as_it_is = not stream.is_compressed and not member.issparse()
                entries[member.name] = Entry(member.name, member.size, member.offset_data if is_as_it_is else None)
        super().__init__(path, entries)

    def copy(self, targets: Mapping[str, IO[bytes]]) -> None:
        left = dict(targets)
        with _tar(self.path) as (archive, stream):
            for member in _members(archive, self.path):
                target = left.pop(member.name, None)
                if target is not None:
                    with foreign_errors(ProductError, self.path, what=_UNREADABLE, remedy=_DAMAGED), stream.copying():
                        source = archive.extractfile(member)
                        if source is not None:
                            shutil.copyfileobj(source, target, _COPY_BYTES)
                if not left:
                    return


class _Zip(Archive):
    def __init__(self, path: Path) -> None:
        entries: dict[str, Entry] = {}
        with _zip(path) as archive, path.open("rb") as stream:
            most = _most_bytes(path)
            for count, member in enumerate(archive.infolist()):
                mode = member.external_attr >> 16
                name = member.filename
                _refuse_unsafe(name, path, is_plain=stat.S_IFMT(mode) in (0, stat.S_IFREG, stat.S_IFDIR))
                if member.is_dir():
                    continue
                if member.flag_bits & 1:
                    raise ProductError("the archive is encrypted", where=path, remedy="unpack it and give the folder")
                _refuse_many(count, path)
                _refuse_size(name, member.file_size, most, path)
                _refuse_twice(name, entries, path)
                is_as_it_is = member.compress_type == zipfile.ZIP_STORED and member.compress_size == member.file_size
                offset = _start_of(stream, member) if is_as_it_is else None
                entries[name] = Entry(name, member.file_size, offset)
        super().__init__(path, entries)

    def copy(self, targets: Mapping[str, IO[bytes]]) -> None:
        with _zip(self.path) as archive:
            for name, target in targets.items():
                with (
                    foreign_errors(ProductError, self.path, what=_UNREADABLE, remedy=_DAMAGED),
                    archive.open(name) as stream,
                ):
                    shutil.copyfileobj(stream, target, _COPY_BYTES)


class _Bounded(io.RawIOBase):
    """A file that gives a bounded number of bytes at a time and in all: `tarfile` reads what a header asks for."""

    def __init__(self, stream: IO[bytes], most: int, *, is_compressed: bool) -> None:
        self._stream, self._most, self._at_once = stream, most, MOST_HEADER_BYTES
        self.is_compressed = is_compressed

    @contextmanager
    def copying(self) -> Iterator[None]:
        """Allow larger reads, for a member that is copied piece by piece."""
        self._at_once = _COPY_BYTES
        try:
            yield
        finally:
            self._at_once = MOST_HEADER_BYTES

    def read(self, size: int | None = -1) -> bytes:
        if size is None or not 0 <= size <= self._at_once:
            raise tarfile.ReadError("a header asks for more than any holds")
        content = self._stream.read(size)
        self._check(self._stream.tell())
        return content

    def seek(self, offset: int, whence: int = 0) -> int:
        self._check(offset)
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def _check(self, position: int) -> None:
        if not 0 <= position <= self._most:
            raise tarfile.ReadError("it unpacks to more than it can hold")


@contextmanager
def _tar(path: Path) -> Iterator[tuple[tarfile.TarFile, _Bounded]]:
    with foreign_errors(ProductError, path, what=_UNREADABLE, remedy=_DAMAGED), path.open("rb") as file:
        first = file.read(max(map(len, _STREAMS)))
    open_stream = next((each for magic, each in _STREAMS.items() if first.startswith(magic)), None)
    with foreign_errors(ProductError, path, what=_UNREADABLE, remedy=_DAMAGED):
        stream: Any = path.open("rb") if open_stream is None else open_stream(path, "rb")
    with stream:
        bounded = _Bounded(stream, _most_bytes(path), is_compressed=open_stream is not None)
        with foreign_errors(ProductError, path, what=_UNREADABLE, remedy=_DAMAGED):
            archive = tarfile.open(fileobj=bounded, mode="r:")  # noqa: SIM115 - closed below
        with archive:
            yield archive, bounded


def _members(archive: tarfile.TarFile, path: Path) -> Iterator[tarfile.TarInfo]:
    """Yield the members in their order."""
    while True:
        with foreign_errors(ProductError, path, what=_UNREADABLE, remedy=_DAMAGED):
            member = archive.next()
        if member is None:
            return
        yield member


@contextmanager
def _zip(path: Path) -> Iterator[zipfile.ZipFile]:
    with foreign_errors(ProductError, path, what=_UNREADABLE, remedy=_DAMAGED):
        archive = zipfile.ZipFile(path)
    with archive:
        yield archive


def _start_of(stream: IO[bytes], member: zipfile.ZipInfo) -> int | None:
    """Return where the bytes of a member begin: after its own header, whose length may differ from the directory's."""
    stream.seek(member.header_offset)
    header = stream.read(_LOCAL_HEADER_BYTES)
    if len(header) < _LOCAL_HEADER_BYTES or not header.startswith(b"PK\3\4"):
        return None
    lengths = int.from_bytes(header[26:28], "little"), int.from_bytes(header[28:30], "little")
    return member.header_offset + _LOCAL_HEADER_BYTES + sum(lengths)


def _most_bytes(path: Path) -> int:
    return max(ALWAYS_ALLOWED_BYTES, MOST_GROWTH * path.stat().st_size)


def _refuse_many(count: int, path: Path) -> None:
    if count >= MOST_MEMBERS:
        raise ProductError(f"the archive holds more than {MOST_MEMBERS} files", where=path, remedy=_DISTRUST)


def _refuse_size(name: str, size: int, most: int, path: Path) -> None:
    if not 0 <= size <= most:
        raise ProductError(
            f"the archive claims {size} bytes of '{name}', which it cannot hold", where=path, remedy=_DISTRUST
        )


def _refuse_twice(name: str, entries: Mapping[str, Entry], path: Path) -> None:
    if name in entries:
        raise ProductError(
            f"the archive holds {name} twice", where=path, remedy="unpack it and give the folder to be read"
        )


def _refuse_unsafe(name: str, path: object, *, is_plain: bool) -> None:
    """Raise where a member of an archive is not a plain file or folder below the archive's root."""
    parts = PurePosixPath(name.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or ":" in "".join(parts.parts[:1]) or not is_plain:
        raise ProductError(
            f"the archive holds '{name}', which is not a plain file inside it", where=path, remedy=_DISTRUST
        )
