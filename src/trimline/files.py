"""Atomic output: files and folders that are whole or absent.

A file is written under a temporary name in the same folder, flushed to the disk, checked, and renamed: a reader finds
the old bytes or the new ones, never a part of them, even if the writer is killed or the disk is full.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from os import PathLike
from pathlib import Path
from typing import Any

from trimline.errors import DiskError
from trimline.foreign import ROOM, disk_error, disk_errors, forbidden, reason
from trimline.workplace import workplace
from trimline.written import NotWhole, require_whole

__all__ = ["StrPath", "json_ready", "made_folder", "put_in_place", "sha256", "whole_file", "whole_folder", "write_json"]

StrPath = str | PathLike[str]
"""What every public function takes where it needs a path."""

_BLOCK_BYTES = 1 << 20


_folders_under_way: set[Path] = set()
"""Hidden folders of outputs under way: what is made whole in them is flushed and checked with the output, once."""


@contextmanager
def whole_file(path: StrPath) -> Iterator[Path]:
    """Give a temporary path in the folder of `path`; rename it to `path` when the block ends without an error.

    The temporary name keeps the suffix, because GDAL and pyogrio choose their driver by it. Before the renaming the
    file is flushed to the disk and read back (`trimline.written`), because GDAL says nothing of a disk that is full
    when it closes a file. A link is replaced by the file, never followed.

    Raises
    ------
    DiskError
        The disk is full, read-only or closed to the user, what was written is not whole, or a folder is in the way.
    """
    path = Path(path)
    if any(folder in _folders_under_way for folder in path.parents):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".", dir=path.parent, ignore_cleanup_errors=True) as name:
            temporary = Path(name) / path.name
            yield temporary
            temporary.replace(path)
        return
    with _place_for(path) as place:
        temporary = place / path.name
        with disk_errors(path, written=place):
            require_no_folder(path)
            with _under_way(place):
                yield temporary
            require_whole_files([temporary], path)
            temporary.replace(path)
            _flush(path.parent)


@contextmanager
def whole_folder(path: StrPath) -> Iterator[Path]:
    """Give a temporary folder beside `path`; it takes the place of `path` when the block ends without an error.

    Its files are flushed and checked as by `whole_file`.

    Raises
    ------
    DiskError
        The disk is full, read-only or closed to the user, or a file is not whole.
    """
    path = Path(path)
    with _place_for(path) as place:
        temporary, retired = place / path.name, place / "retired"
        with disk_errors(path, written=place):
            temporary.mkdir()
            with _under_way(place):
                yield temporary
            put_in_place(temporary, path, retired)


def put_in_place(temporary: StrPath, path: StrPath, retired: StrPath) -> None:
    """Check and flush the files of a finished folder, and let it take the place of `path`.

    Parameters
    ----------
    temporary
        The folder, on the same disk.
    path
        Its place.
    retired
        Where what lies at `path` is moved; it must not be there.

    Raises
    ------
    DiskError
        A file is not whole.
    """
    temporary, path = Path(temporary), Path(path)
    require_whole_files((each for each in sorted(temporary.rglob("*")) if each.is_file()), path)
    if os.path.lexists(path):
        path.replace(retired)
    temporary.replace(path)
    _flush(path.parent)


@contextmanager
def _under_way(place: Path) -> Iterator[None]:
    _folders_under_way.add(place)
    try:
        yield
    finally:
        _folders_under_way.discard(place)


@contextmanager
def _place_for(path: Path) -> Iterator[Path]:
    """Give a hidden folder beside `path`, or say why there is none."""
    with ExitStack() as stack:
        made_folder(path.parent)
        try:
            place = stack.enter_context(workplace(path.parent, path.name))
        except OSError as error:
            of_disk = disk_error(error, path) or forbidden(error, path)
            if of_disk is None:
                raise
            raise of_disk from error
        yield place


def made_folder(path: StrPath) -> Path:
    """Make a folder for output, with those above it, unless it is there.

    Raises
    ------
    DiskError
        It cannot be made: a file is in the way, or the disk is full, read-only or closed to the user.
    """
    path = Path(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        of_disk = disk_error(error, path) or forbidden(error, path)
        if of_disk is None:
            is_in_the_way = isinstance(error, FileExistsError | NotADirectoryError)
            why = "a file is in the way" if is_in_the_way else reason(error)
            of_disk = DiskError(
                f"the output folder cannot be made ({why})", where=path, remedy="move it, or give another output"
            )
        raise of_disk from error
    return path


def require_no_folder(path: Path) -> None:
    """Raise a `DiskError` where a folder has the name of a file that is to be written."""
    if path.is_dir() and not path.is_symlink():
        raise DiskError("a folder is in the way of the file", where=path, remedy="move it away, and run again")


def require_whole_files(files: Iterable[Path], path: Path) -> None:
    """Flush closed files to the disk and raise where one is not whole.

    Parameters
    ----------
    files
        The files.
    path
        The output that they are or belong to, which the message names.

    Raises
    ------
    DiskError
        A file is not whole.
    """
    for each in files:
        try:
            _flush(each)
            require_whole(each)
        except NotWhole as error:
            name = "" if each.name == path.name else f"{each.name}: "
            raise DiskError(
                f"{name}what was written cannot be read back ({error}); the disk is full, or fails",
                where=path,
                remedy=ROOM,
            ) from error


def write_json(path: StrPath, content: Any) -> None:
    """Write `content` as indented JSON, keys in their order, whole or not at all; see `json_ready`."""
    path = Path(path)
    text = json.dumps(json_ready(content), indent=2, allow_nan=False)
    with whole_file(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def json_ready(content: Any) -> Any:
    """Return content for JSON: undefined numbers become null, tuples lists, and other types text."""
    if isinstance(content, Mapping):
        return {str(key): json_ready(value) for key, value in content.items()}
    if isinstance(content, set | frozenset):
        return sorted(json_ready(value) for value in content)
    if isinstance(content, list | tuple):
        return [json_ready(value) for value in content]
    if isinstance(content, float):
        return float(content) if math.isfinite(content) else None
    return content if content is None or isinstance(content, str | int | bool) else str(content)


def sha256(path: StrPath) -> str:
    """Return the hexadecimal SHA-256 of a file, or of a folder's sorted relative names and contents."""
    path = Path(path)
    digest = hashlib.sha256()
    files = [path] if path.is_file() else sorted(each for each in path.rglob("*") if each.is_file())
    for each in files:
        if each != path:
            digest.update(each.relative_to(path).as_posix().encode())
        with each.open("rb") as stream:
            while block := stream.read(_BLOCK_BYTES):
                digest.update(block)
    return digest.hexdigest()


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
