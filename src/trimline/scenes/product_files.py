"""The files of a product, whether they lie in a folder or in an archive.

A folder and a plain ``.tar`` (what USGS delivers) are read in place: GDAL seeks in an uncompressed archive as in a
file. A compressed archive (``.tar.gz``) cannot be sought in: every window would unpack all that lies before it. So
the rasters that a scene needs, and no others, are unpacked once, in one pass, into a temporary folder that is removed
when the program ends (choose its place with ``TMPDIR``). Nothing is ever written outside it: members are written
under their bare names, and an archive that holds links, devices, absolute paths or ``..`` is refused as a whole.
"""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
import threading
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path, PurePosixPath

from trimline.errors import ProductError

ARCHIVE_SUFFIXES = (".tar", ".tar.gz", ".tgz")
_GZIP_MAGIC = b"\x1f\x8b"
_COPY_BYTES = 1 << 20


class ProductFiles(ABC):
    """The files of one product, by their bare names."""

    def __init__(self, path: Path, names: Iterable[str]) -> None:
        self.path = path
        self.names = tuple(sorted(names))
        self._by_folded_name = {name.casefold(): name for name in self.names}

    def find(self, name: str) -> str | None:
        """Return the name of a file as it is written here, whatever the case, or None where it is not here."""
        return self._by_folded_name.get(name.casefold())

    @abstractmethod
    def text(self, name: str) -> str:
        """Return the content of a text file."""

    @abstractmethod
    def hrefs(self, names: Iterable[str]) -> dict[str, str]:
        """Return what GDAL opens for each file."""

    @property
    @abstractmethod
    def in_place(self) -> bool:
        """Whether rasters can be read without unpacking anything."""


class FolderFiles(ProductFiles):
    """A folder."""

    in_place = True

    def __init__(self, path: Path) -> None:
        super().__init__(path, (each.name for each in path.iterdir() if each.is_file() and each.name[0] != "."))

    def text(self, name: str) -> str:
        """Return the content of a text file."""
        return _decode((self.path / name).read_bytes())

    def hrefs(self, names: Iterable[str]) -> dict[str, str]:
        """Return the paths of files."""
        return {name: str(self.path / name) for name in names}


class TarFiles(ProductFiles):
    """An archive."""

    def __init__(self, path: Path) -> None:
        status = path.stat()
        self._identity = (str(path.resolve()), status.st_size, status.st_mtime_ns)
        self._members = _members(*self._identity)
        super().__init__(path, self._members)
        self._is_plain = not _is_compressed(path) and path.name.endswith(".tar")

    @property
    def in_place(self) -> bool:
        """Whether the archive is uncompressed."""
        return self._is_plain

    def text(self, name: str) -> str:
        """Return the content of a text file."""
        with _opened(self.path) as archive:
            stream = archive.extractfile(self._members[name])
            return _decode(stream.read() if stream else b"")

    def hrefs(self, names: Iterable[str]) -> dict[str, str]:
        """Return GDAL's names of members, or the paths they were unpacked to."""
        if self._is_plain:
            return {name: f"/vsitar/{{{self.path.resolve()}}}/{self._members[name]}" for name in names}
        return _unpack(self.path, self._identity, {self._members[name]: name for name in names})


def is_archive(path: Path) -> bool:
    """Whether a path is named as an archive that is read here."""
    return path.is_file() and path.name.lower().endswith(ARCHIVE_SUFFIXES)


def product_files(path: Path) -> ProductFiles:
    """List the files of a folder or an archive.

    Raises
    ------
    ProductError
        The archive is damaged, or holds a member that no product holds.
    """
    return TarFiles(path) if path.is_file() else FolderFiles(path)


def _decode(content: bytes) -> str:
    # USGS pads some metadata files with null bytes to a whole block.
    return content.replace(b"\0", b"").decode("utf-8", errors="replace")


def _is_compressed(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC


@contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(path, "r:*") as archive:
            yield archive
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise ProductError(
            f"the archive cannot be read ({error})", where=path, remedy="it is damaged: fetch it again"
        ) from error


@lru_cache(maxsize=32)
def _members(path: str, _size: int, _modified_ns: int) -> Mapping[str, str]:
    """Return the names within an archive by their bare names; size and time make a changed archive another one."""
    members: dict[str, str] = {}
    with _opened(Path(path)) as archive:
        for member in archive:
            _refuse_unsafe(member, path)
            name = PurePosixPath(member.name).name
            if member.isdir() or name.startswith("."):
                continue
            if name in members:
                raise ProductError(
                    f"the archive holds {name} twice", where=path, remedy="unpack it and give the folder to be read"
                )
            members[name] = member.name
    return members


def _refuse_unsafe(member: tarfile.TarInfo, path: object) -> None:
    """Raise where a member is not a plain file or folder below the archive's root."""
    parts = PurePosixPath(member.name.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or ":" in parts.parts[:1] or not (member.isreg() or member.isdir()):
        raise ProductError(
            f"the archive holds '{member.name}', which is not a plain file inside it",
            where=path,
            remedy="do not trust it: fetch the product from its agency",
        )


_unpacked: dict[tuple[str, int, int], tempfile.TemporaryDirectory[str]] = {}
_unpacking = threading.Lock()


def _unpack(path: Path, identity: tuple[str, int, int], wanted: Mapping[str, str]) -> dict[str, str]:
    """Unpack members, by name within the archive, under their bare names; those already unpacked are not again."""
    with _unpacking:
        if identity not in _unpacked:
            _unpacked[identity] = tempfile.TemporaryDirectory(prefix="trimline-")
        folder = Path(_unpacked[identity].name)
        left = {member: folder / name for member, name in wanted.items() if not (folder / name).exists()}
        if left:
            with _opened(path) as archive:
                for member in archive:
                    if member.name in left:
                        _refuse_unsafe(member, path)
                        _unpack_one(archive, member, left[member.name])
        return {name: str(folder / name) for name in wanted.values()}


def _unpack_one(archive: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    free = shutil.disk_usage(target.parent).free
    if member.size > free:
        raise ProductError(
            f"{member.name} needs {member.size >> 20} MB, and {target.parent} has {free >> 20} MB left",
            remedy="set TMPDIR to a roomier folder, or unpack the product and give its folder",
        )
    stream = archive.extractfile(member)
    if stream is None:
        raise ProductError(f"{member.name} is not a plain file", where=archive.name)
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    with partial.open("wb") as file:
        shutil.copyfileobj(stream, file, _COPY_BYTES)
    partial.replace(target)
