"""The files of a product, whether they lie in a folder or in an archive.

A folder and a plain ``.tar`` (what USGS delivers) are read in place: GDAL seeks in an uncompressed archive as in a
file. A compressed archive (``.tar.gz``) cannot be sought in: every window would unpack all that lies before it. So
the rasters that are read, and no others, are unpacked once per process, those asked for together in one pass, into a
temporary folder that is removed when the process ends (choose its place with ``TMPDIR``). Nothing is ever written
outside it: members are written under their bare names, and an archive that holds links, devices, absolute paths or
``..`` is refused as a whole. A zip archive is read in place (`trimline.scenes.product_tree`).

A raster in an archive, compressed or not, has one name in every process: GDAL's ``/vsitar/{archive}/member``, or
``/vsizip/{archive}/member``.
`readable` gives the file to open for it in this process.
"""

from __future__ import annotations

import atexit
import os
import re
import shutil
import tarfile
import threading
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from trimline.errors import ProductError
from trimline.workplace import temporary_folder

ARCHIVE_SUFFIXES = (".tar", ".tar.gz", ".tgz")
_GZIP_MAGIC = b"\x1f\x8b"
_COPY_BYTES = 1 << 20
_MEMBER = re.compile(r"/vsi(?:tar|zip)/\{(?P<archive>.+)\}/(?P<name>.+)", re.DOTALL)
_IN_ZIP = "/vsizip/"


class Member(NamedTuple):
    """A file in an archive."""

    archive: Path
    name: str
    """Within the archive."""


def member_of(href: str) -> Member | None:
    """Return the archive and the member that a raster's name stands for; None where it is no member of an archive."""
    match = _MEMBER.fullmatch(href)
    return Member(Path(match["archive"]), match["name"]) if match else None


def readable(hrefs: Iterable[str]) -> dict[str, str]:
    """Return what GDAL opens for each raster in this process.

    Members of a compressed archive are unpacked where they have not been, all of one archive in one pass. Threads may
    ask at the same time.

    Raises
    ------
    ProductError
        An archive is damaged, holds what no product holds, or the disk has no room for its rasters.
    """
    opened = {href: href for href in hrefs}
    packed: dict[Path, dict[str, str]] = {}
    for href in opened:
        member = member_of(href)
        if member is not None and not href.startswith(_IN_ZIP) and not _is_plain(member.archive):
            packed.setdefault(member.archive, {})[member.name] = href
    for archive, names in packed.items():
        opened |= {names[name]: path for name, path in _unpack(archive, names).items()}
    return opened


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
        """Return the name of each file as a raster, for `readable`."""

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
        return decode((self.path / name).read_bytes())

    def hrefs(self, names: Iterable[str]) -> dict[str, str]:
        """Return the paths of files."""
        return {name: str(self.path / name) for name in names}


class TarFiles(ProductFiles):
    """An archive."""

    def __init__(self, path: Path) -> None:
        self._members = _members(*_state_of(path))
        super().__init__(path, self._members)

    @property
    def in_place(self) -> bool:
        """Whether the archive is uncompressed."""
        return _is_plain(self.path)

    def text(self, name: str) -> str:
        """Return the content of a text file."""
        with _opened(self.path) as archive:
            stream = archive.extractfile(self._members[name])
            return decode(stream.read() if stream else b"")

    def hrefs(self, names: Iterable[str]) -> dict[str, str]:
        """Return GDAL's names of members."""
        return {name: f"/vsitar/{{{self.path.resolve()}}}/{self._members[name]}" for name in names}


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


def decode(content: bytes) -> str:
    """Return the text of a metadata file."""
    # USGS pads some metadata files with null bytes to a whole block.
    return content.replace(b"\0", b"").decode("utf-8", errors="replace")


def _is_plain(path: Path) -> bool:
    """Whether GDAL can seek in an archive as in a file."""
    try:
        with path.open("rb") as stream:
            return path.name.endswith(".tar") and stream.read(len(_GZIP_MAGIC)) != _GZIP_MAGIC
    except FileNotFoundError as error:
        raise ProductError("there is no such archive", where=path, remedy="check the path") from error


def _state_of(path: Path) -> tuple[str, int, int]:
    """Return what tells one state of an archive from another: path, size and time."""
    status = path.stat()
    return str(path.resolve()), status.st_size, status.st_mtime_ns


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
            refuse_unsafe(member.name, path, is_plain=member.isreg() or member.isdir())
            name = PurePosixPath(member.name).name
            if member.isdir() or name.startswith("."):
                continue
            if name in members:
                raise ProductError(
                    f"the archive holds {name} twice", where=path, remedy="unpack it and give the folder to be read"
                )
            members[name] = member.name
    return members


def refuse_unsafe(name: str, path: object, *, is_plain: bool = True) -> None:
    """Raise where a member of an archive is not a plain file or folder below the archive's root."""
    parts = PurePosixPath(name.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or ":" in "".join(parts.parts[:1]) or not is_plain:
        raise ProductError(
            f"the archive holds '{name}', which is not a plain file inside it",
            where=path,
            remedy="do not trust it: fetch the product from its agency",
        )


_unpacked: dict[tuple[str, int, int], Path] = {}
_until_the_end = ExitStack()
atexit.register(_until_the_end.close)
_unpacking = threading.Lock()


def _unpack(path: Path, wanted: Iterable[str]) -> dict[str, str]:
    """Unpack members under their bare names, and return where they lie; those already unpacked are not again."""
    with _unpacking:
        state = _state_of(path)
        bare = {member: name for name, member in _members(*state).items()}  # the whole archive is checked here
        if state not in _unpacked:
            _unpacked[state] = _until_the_end.enter_context(temporary_folder())
        folder = _unpacked[state]
        targets = {}
        for member in wanted:
            if member not in bare:
                raise ProductError(f"the archive holds no {member}", where=path, remedy="open the scene again")
            targets[member] = folder / bare[member]
        left = {member: target for member, target in targets.items() if not target.exists()}
        if left:
            with _opened(path) as archive:
                for entry in archive:
                    if entry.name in left:
                        _unpack_one(archive, entry, left.pop(entry.name))
                    if not left:
                        break
        return {member: str(target) for member, target in targets.items()}


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
