"""Errors of other libraries at the edges, as errors that a user can correct.

Whatever reads or writes a file for trimline (GDAL, pyogrio, shapely, pyproj, Arrow, Zarr, YAML, the standard library)
has errors of its own. The one place that turns them into a `TrimlineError` is `foreign_errors`; it stands around
the call into the library and around nothing else, because an error of our own code is a bug and keeps its traceback.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from trimline.errors import DiskError, TrimlineError

_BUILT_IN = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    NameError,
    NotImplementedError,
    OSError,
    RecursionError,
    RuntimeError,
    SystemError,
    TypeError,
    ValueError,
)
"""Errors of Python by which a library answers a damaged file."""

_LIBRARIES = frozenset(
    {
        "fiona",
        "google",
        "lxml",
        "numcodecs",
        "odc",
        "onnx",
        "openvino",
        "pyarrow",
        "pyexpat",
        "pyogrio",
        "pyproj",
        "pystac",
        "pystac_client",
        "rasterio",
        "safetensors",
        "safetensors_rust",
        "shapely",
        "sqlite3",
        "struct",
        "tarfile",
        "xml",
        "_csv",
        "yaml",
        "zarr",
        "zipfile",
        "zlib",
        "_pickle",
        "pickle",
    }
)
"""Packages whose errors have no built-in base, by the first part of the module of the error."""


@contextmanager
def foreign_errors(
    kind: type[TrimlineError], where: object = None, *, what: str = "cannot be read", remedy: str | None = None
) -> Iterator[None]:
    """Raise what a library raises in the block as an error of trimline, with the library's reason in brackets.

    Parameters
    ----------
    kind
        The error to raise.
    where
        The file, key or layer that was read or written.
    what
        What could not be done, in words that come before the reason.
    remedy
        What to do about it.

    Raises
    ------
    DiskError
        The disk is full or read-only; see `disk_error`.
    TrimlineError
        Of the given kind. An error that is one already passes unchanged.
    """
    try:
        yield
    except TrimlineError:
        raise
    except Exception as error:
        if (of_disk := disk_error(error, where)) is not None:
            raise of_disk from error
        if not isinstance(error, _BUILT_IN) and not _is_of_library(error):
            raise
        raise kind(f"{what} ({reason(error)})", where=where, remedy=remedy) from error


@contextmanager
def disk_errors(where: Path, *, written: Path | None = None) -> Iterator[None]:
    """Raise as `DiskError` what a disk that is full, read-only or closed to the user makes of the block.

    Parameters
    ----------
    where
        The file or folder that the message names where the error itself names none.
    written
        The folder that the block writes in. Given, an error of a library that does not say why it could not write
        counts as a full disk where next to nothing is free there.

    Raises
    ------
    DiskError
        See `disk_error`. Any other error passes unchanged.
    """
    try:
        yield
    except Exception as error:
        of_disk = disk_error(error, where)
        is_vague = of_disk is None or (of_disk is error and _says_not(of_disk))
        if is_vague and written is not None and _is_of_writing(error):
            why = f" ({reason(_first(error))})"
            if _is_full(written):
                of_disk = _full(where, why)
            elif of_disk is None and _says(error, _NOT_WRITTEN_IN_WORDS):
                of_disk = DiskError(f"cannot be written: the disk is full, or fails{why}", where=where, remedy=ROOM)
        if of_disk is None or of_disk is error:
            raise
        raise of_disk from error


def disk_error(error: BaseException, where: object = None) -> DiskError | None:
    """Return the error of a disk that an error means, or its cause; None where it means another.

    Parameters
    ----------
    error
        Of the system, or of a library that passes the system's words on, or of trimline and caused by one of these.
    where
        What was read or written; of the files that the system names, the one of a forbidden file is named instead.
    """
    if isinstance(error, DiskError):
        return error
    for each in _causes(error):
        number = each.errno if isinstance(each, OSError) else None
        if number in _FULL or (not isinstance(each, TrimlineError) and _says(each, _FULL_IN_WORDS)):
            return _full(where)
        if number == errno.EROFS:
            return DiskError("the disk is read-only", where=where, remedy="give a folder that can be written")
        if number == errno.EIO:
            return DiskError(
                "the disk cannot be read or written (input/output error)",
                where=where,
                remedy="check the disk and its connection, and run again",
            )
        if number == errno.ENAMETOOLONG:
            return DiskError("the name of a file is too long", where=where, remedy="give a shorter name or folder")
    return None


def forbidden(error: OSError, where: object = None) -> DiskError | None:
    """Return the error of a file or folder that the user may not read or write, or None where it is another error."""
    if error.errno not in (errno.EACCES, errno.EPERM):
        return None
    return DiskError(
        "this user may not read or write here (permission denied)",
        where=error.filename or where,
        remedy="change the permissions, or give another folder",
    )


_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FULL_IN_WORDS = ("no space left on device", "disk is full", "disk quota exceeded", "file too large")
"""What a library says where it passes on the words of the system but not its number."""
_NOT_WRITTEN_IN_WORDS = (
    "cannot write feature",
    "could not add feature to layer at index",
    "disk i/o error",
    "failed to commit transaction",
    "failed to create",
    "failed to write",
    "failed writing file",
    "seek error",
    "unknown gdal error",
    "write error",
    "write failed",
)
"""What a library says where it could not write and does not know why."""
ROOM = "make room, and run again: it goes on there"
"""What to do about a disk that is full."""
_NEXT_TO_NOTHING = 1 << 20
"""Room below which a disk counts as full [bytes]: GDAL writes blocks of half a megabyte, and removes what it began."""


def _says_not(error: DiskError) -> bool:
    """Whether an error leaves open what the disk has."""
    return (
        not error.what.startswith(("the disk is full (", "the disk is read-only")) and error.what != "the disk is full"
    )


def _full(where: object, why: str = "") -> DiskError:
    return DiskError(f"the disk is full{why}", where=where, remedy=ROOM)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, its cause, and so on."""
    each: BaseException | None = error
    while each is not None:
        yield each
        each = each.__cause__


def _first(error: BaseException) -> BaseException:
    return list(_causes(error))[-1]


def _says(error: BaseException, words: Iterable[str]) -> bool:
    """Whether an error, or what caused it, says one of some words."""
    said = " ".join(str(each).lower() for each in _causes(error))
    return any(each in said for each in words)


def _is_of_library(error: BaseException) -> bool:
    return type(error).__module__.split(".")[0] in _LIBRARIES


def _is_of_writing(error: BaseException) -> bool:
    """Whether an error, or what caused it, is one by which a library says that it could not write, but not why."""
    return any(
        isinstance(each, DiskError)
        or _is_of_library(each)
        or type(each) in (RuntimeError, SystemError)
        or (isinstance(each, OSError) and each.errno is None)
        for each in _causes(error)
    )


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < _NEXT_TO_NOTHING
    except OSError:
        return False


def reason(error: BaseException) -> str:
    """Return the first line of what an error says, or its name where it says nothing."""
    text = str(error).strip()
    return text.splitlines()[0].rstrip(".") if text else type(error).__name__
