"""The files of a product, whether they lie in a folder or in an archive.

A folder, and what an archive holds as it is (all of a plain ``.tar``, which USGS delivers), are read in place: GDAL is
told where in the file the raster lies. A compressed archive (``.tar.gz``) cannot be sought in: every window would
unpack all that lies before it. So the rasters that are read, and no others, are unpacked once per process, those asked
for together in one pass, into a temporary folder that is removed when the process ends (choose its place with
``TMPDIR``). Nothing is ever written outside it: members are written under names of their own, and an archive that holds
links, devices, absolute paths or ``..`` is refused as a whole.

A raster in an archive, compressed or not, has one name in every process: ``/vsitar/{archive}/member``, or
``/vsizip/{archive}/member``. `readable` gives the file to open for it in this process.
"""

from __future__ import annotations

import atexit
import os
import re
import shutil
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from trimline.errors import ProductError
from trimline.file_names import safe_name
from trimline.scenes.archive import Archive, Entry, open_archive
from trimline.scenes.metadata_text import decode, read_bounded
from trimline.workplace import temporary_folder

ARCHIVE_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
_MEMBER = re.compile(r"/vsi(?:tar|zip)/\{(?P<archive>.+)\}/(?P<name>.+)", re.DOTALL)
_IN_ZIP = "/vsizip/"
_SEEN_BY_GDAL = re.compile(r"(?!\./)[\x20-\x7e]+")


class Member(NamedTuple):
    """A file in an archive."""

    archive: Path
    name: str
    """Within the archive."""


def member_of(href: str) -> Member | None:
    """Return the archive and the member that a raster's name stands for; None where it is no member of an archive."""
    match = _MEMBER.fullmatch(href)
    return Member(Path(match["archive"]), match["name"]) if match else None


def label_of(href: str) -> str:
    """Return what a raster is called in messages."""
    member = member_of(href)
    return href if member is None else f"{member.archive}, {member.name}"


def size_of(href: str) -> int:
    """Return the size of a raster's file, unpacked [bytes].

    Raises
    ------
    ProductError
        Its archive is damaged, or no longer holds it.
    """
    member = member_of(href)
    if member is None:
        return Path(href).stat().st_size
    return _entry(open_archive(member.archive), member.name).size


def readable(hrefs: Iterable[str]) -> dict[str, str]:
    """Return what GDAL opens for each raster in this process.

    Members that GDAL cannot read in their archive are unpacked where they have not been, all of one archive in one
    pass. Threads may ask at the same time.

    Raises
    ------
    ProductError
        An archive is damaged, holds what no product holds, or the disk has no room for its rasters.
    """
    opened = {href: href for href in hrefs}
    packed: dict[Path, dict[str, str]] = {}
    for href in opened:
        member = member_of(href)
        if member is None:
            continue
        entry = _entry(open_archive(member.archive), member.name)
        if entry.offset is not None:
            opened[href] = f"/vsisubfile/{entry.offset}_{entry.size},{member.archive}"
        elif not (href.startswith(_IN_ZIP) and _SEEN_BY_GDAL.fullmatch(member.name)):
            packed.setdefault(member.archive, {})[member.name] = href
    for archive, names in packed.items():
        opened |= {names[name]: path for name, path in _unpack(archive, names).items()}
    return opened


def _entry(archive: Archive, name: str) -> Entry:
    try:
        return archive.entries[name]
    except KeyError:
        raise ProductError(f"the archive holds no {name}", where=archive.path, remedy="open the scene again") from None


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
        return decode(read_bounded(self.path / name))

    def hrefs(self, names: Iterable[str]) -> dict[str, str]:
        """Return the paths of files."""
        return {name: str(self.path / name) for name in names}


class TarFiles(ProductFiles):
    """An archive."""

    def __init__(self, path: Path) -> None:
        self._archive = open_archive(path)
        self._members = _by_bare_name(self._archive)
        super().__init__(path, self._members)

    @property
    def in_place(self) -> bool:
        """Whether the archive holds all as it is."""
        return all(self._archive.entries[member].offset is not None for member in self._members.values())

    def text(self, name: str) -> str:
        """Return the content of a text file."""
        return decode(self._archive.content(self._members[name]))

    def hrefs(self, names: Iterable[str]) -> dict[str, str]:
        """Return names of members for `readable`."""
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


def _by_bare_name(archive: Archive) -> dict[str, str]:
    """Return the names within an archive by their bare names; hidden files are left out."""
    members: dict[str, str] = {}
    for name in archive.entries:
        bare = PurePosixPath(name).name
        if bare.startswith("."):
            continue
        if bare in members:
            raise ProductError(
                f"the archive holds {bare} twice", where=archive.path, remedy="unpack it and give the folder to be read"
            )
        members[bare] = name
    return members


def _state_of(path: Path) -> tuple[str, int, int]:
    """Return what tells one state of an archive from another: path, size and time."""
    status = path.stat()
    return str(path.resolve()), status.st_size, status.st_mtime_ns


_unpacked: dict[tuple[str, int, int], Path] = {}
_until_the_end = ExitStack()
atexit.register(_until_the_end.close)
_unpacking = threading.Lock()


def _unpack(path: Path, wanted: Iterable[str]) -> dict[str, str]:
    """Unpack members, and return where they lie; those already unpacked are not again."""
    with _unpacking:
        state = _state_of(path)
        archive = open_archive(path)
        if state not in _unpacked:
            _unpacked[state] = _until_the_end.enter_context(temporary_folder())
        folder = _unpacked[state]
        # Numbered, as two names may be alike once they are shortened.
        numbers = {name: number for number, name in enumerate(archive.entries)}
        targets = {member: folder / f"{numbers[member]}_{safe_name(PurePosixPath(member).name)}" for member in wanted}
        left = {member: target for member, target in targets.items() if not target.exists()}
        if left:
            _copy(archive, left)
        return {member: str(target) for member, target in targets.items()}


def _copy(archive: Archive, targets: Mapping[str, Path]) -> None:
    """Copy members to files, each whole or not at all."""
    folder = next(iter(targets.values())).parent
    free, needed = shutil.disk_usage(folder).free, sum(archive.entries[member].size for member in targets)
    if needed > free:
        raise ProductError(
            f"{len(targets)} rasters need {needed >> 20} MB, and {folder} has {free >> 20} MB left",
            where=archive.path,
            remedy="set TMPDIR to a roomier folder, or unpack the product and give its folder",
        )
    partial = {member: target.with_name(f".{target.name}.{os.getpid()}") for member, target in targets.items()}
    with ExitStack() as stack:
        archive.copy({member: stack.enter_context(path.open("wb")) for member, path in partial.items()})
    for member, target in targets.items():
        partial[member].replace(target)
