"""The files of a product that has folders within: a folder on disk, or a zip archive read in place.

A raster in a zip archive has one name in every process, GDAL's ``/vsizip/{archive}/member``; see
`trimline.scenes.product_files` for what GDAL opens. An archive that holds links, absolute paths or ``..`` is refused as
a whole.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from trimline.scenes.archive import ZIP_SUFFIX, open_archive
from trimline.scenes.metadata_text import decode, read_bounded

MOST_DEPTH = 6
"""Folders below a product's root that are looked into; Sentinel-2 products have four."""
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
        return decode(read_bounded(self.path / name))

    def href(self, name: str) -> str:
        """Return the path of a file."""
        return str(self.path / name)

    def where(self, name: str) -> str:
        """Return the path of a file."""
        return str(self.path / name)


class ZipTree(ProductTree):
    """A zip archive."""

    def __init__(self, path: Path) -> None:
        self._archive = open_archive(path)
        super().__init__(path, (name for name in self._archive.entries if _is_data(name)))

    def text(self, name: str) -> str:
        """Return the content of a text file."""
        return decode(self._archive.content(name))

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


def _names_below(root: Path) -> Iterator[str]:
    """Yield the files of a folder; hidden ones, and links to folders, are left out."""
    for folder, folders, files in os.walk(root):
        inside = Path(folder).relative_to(root)
        is_deep = len(inside.parts) >= MOST_DEPTH
        folders[:] = [] if is_deep else [each for each in folders if not each.startswith(".")]
        yield from ((inside / each).as_posix() for each in files if not each.startswith("."))


def _is_data(name: str) -> bool:
    """Whether a member of an archive is neither hidden nor something that a Mac adds."""
    parts = PurePosixPath(name).parts
    return _NOT_DATA not in parts and not any(part.startswith(".") for part in parts)
