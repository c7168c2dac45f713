"""The files of a product that has folders within: a folder on disk, or a zip archive read in place.

A raster in a zip archive has one name in every process, GDAL's ``/vsizip/{archive}/member``; nothing is unpacked. An
archive that holds links, absolute paths or ``..`` is refused as a whole.
"""

from __future__ import annotations

import os
import stat
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path, PurePosixPath

from trimline.errors import ProductError
from trimline.scenes.product_files import decode, refuse_unsafe

ZIP_SUFFIX = ".zip"
MOST_DEPTH = 6
"""Folders below a product's root that are looked into; Sentinel-2 products have four."""
MOST_TEXT_BYTES = 1 << 28
"""Size of the largest file that is read as metadata [bytes]; the largest of ESA have some 20 MB."""
_NOT_DATA = "__MACOSX"


class ProductTree(ABC):
    """The files of a product, by their paths below its root, with ``/`` between folders."""

    def __init__(self, path: Path, names: Iterable[str]) -> None:
        self.path = path
        """The folder or archive."""
        self.names = tuple(sorted(names))

    def below(self, folder: str) -> tuple[str, ...]:
        """Return the names of the files in a folder and its folders; all for an empty name."""
        return tuple(name for name in self.names if not folder or name.startswith(f"{folder}/"))

    @abstractmethod
    def text(self, name: str) -> str:
        """Return the content of a text file."""

    @abstractmethod
    def href(self, name: str) -> str:
        """Return the name of a file as a raster."""

    @abstractmethod
    def where(self, name: str) -> str:
        """Return the place of a file, for messages."""


class FolderTree(ProductTree):
    """A folder."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, _names_below(path))

    def text(self, name: str) -> str:
        """Return the content of a text file."""
        path = self.path / name
        _check_size(path.stat().st_size, path)
        return decode(path.read_bytes())

    def href(self, name: str) -> str:
        """Return the path of a file."""
        return str(self.path / name)

    def where(self, name: str) -> str:
        """Return the path of a file."""
        return str(self.path / name)


class ZipTree(ProductTree):
    """A zip archive."""

    def __init__(self, path: Path) -> None:
        status = path.stat()
        self._sizes = _members(str(path.resolve()), status.st_size, status.st_mtime_ns)
        super().__init__(path, self._sizes)

    def text(self, name: str) -> str:
        """Return the content of a text file."""
        _check_size(self._sizes[name], self.where(name))
        return decode(read_member(self.path, name))

    def href(self, name: str) -> str:
        """Return GDAL's name of a member."""
        return f"/vsizip/{{{self.path.resolve()}}}/{name}"

    def where(self, name: str) -> str:
        """Return the archive and the member's name."""
        return f"{self.path}, {name}"


def is_zip(path: Path) -> bool:
    """Whether a path is named as a zip archive."""
    return path.suffix.lower() == ZIP_SUFFIX and path.is_file()


def product_tree(path: Path) -> ProductTree:
    """List the files of a folder or a zip archive.

    Raises
    ------
    ProductError
        The archive is damaged, encrypted, or holds what no product holds.
    """
    return ZipTree(path) if path.is_file() else FolderTree(path)


def read_member(path: Path, name: str) -> bytes:
    """Return the content of a member of a zip archive.

    Raises
    ------
    ProductError
        The archive or the member is damaged.
    """
    with _opened(path) as archive:
        return archive.read(name)


def _names_below(root: Path) -> Iterator[str]:
    """Yield the files of a folder; hidden ones, and links to folders, are left out."""
    for folder, folders, files in os.walk(root):
        inside = Path(folder).relative_to(root)
        is_deep = len(inside.parts) >= MOST_DEPTH
        folders[:] = [] if is_deep else [each for each in folders if not each.startswith(".")]
        yield from ((inside / each).as_posix() for each in files if not each.startswith("."))


def _check_size(size: int, where: object) -> None:
    if size > MOST_TEXT_BYTES:
        raise ProductError(
            f"the metadata file has {size >> 20} MB, which none has",
            where=where,
            remedy="do not trust it: fetch the product from its agency",
        )


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    # zipfile raises NotImplementedError for a compression that it does not know, RuntimeError for an encrypted member.
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise ProductError(
            f"the archive cannot be read ({error})", where=path, remedy="it is damaged: fetch it again"
        ) from error


@lru_cache(maxsize=32)
def _members(path: str, _size: int, _modified_ns: int) -> Mapping[str, int]:
    """Return the sizes of members by name [bytes]; size and time make a changed archive another one."""
    members: dict[str, int] = {}
    with _opened(Path(path)) as archive:
        for member in archive.infolist():
            mode = member.external_attr >> 16
            refuse_unsafe(member.filename, path, is_plain=stat.S_IFMT(mode) in (0, stat.S_IFREG, stat.S_IFDIR))
            parts = PurePosixPath(member.filename).parts
            if member.is_dir() or _NOT_DATA in parts or any(part.startswith(".") for part in parts):
                continue
            if member.flag_bits & 1:
                raise ProductError("the archive is encrypted", where=path, remedy="unpack it and give the folder")
            if member.filename in members:
                raise ProductError(
                    f"the archive holds {member.filename} twice",
                    where=path,
                    remedy="unpack it and give the folder to be read",
                )
            members[member.filename] = member.file_size
    return members
