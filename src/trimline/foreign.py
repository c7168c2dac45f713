"""Errors of other libraries at the edges, as errors that a user can correct.

Whatever reads or writes a file for trimline (GDAL, pyogrio, shapely, pyproj, Arrow, Zarr, YAML, the standard library)
has errors of its own. The one place that turns them into a :class:`TrimlineError` is `foreign_errors`; it stands around
the call into the library and around nothing else, because an error of our own code is a bug and keeps its traceback.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from trimline.errors import DiskError, TrimlineError

_BUILT_IN = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    NotImplementedError,
    OSError,
    RecursionError,
    RuntimeError,
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
        if isinstance(error, OSError) and (of_disk := disk_error(error, where)) is not None:
            raise of_disk from error
        if not isinstance(error, _BUILT_IN) and type(error).__module__.split(".")[0] not in _LIBRARIES:
            raise
        raise kind(f"{what} ({reason(error)})", where=where, remedy=remedy) from error


def disk_error(error: OSError, where: object = None) -> DiskError | None:
    """Return the error of a full or read-only disk that an error of the system means, or None."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return DiskError("the disk is full", where=where, remedy="make room, and run again: it goes on there")
    if error.errno == errno.EROFS:
        return DiskError("the disk is read-only", where=where, remedy="give a folder that can be written")
    return None


def reason(error: BaseException) -> str:
    """Return the first line of what an error says, or its name where it says nothing."""
    text = str(error).strip()
    return text.splitlines()[0].rstrip(".") if text else type(error).__name__
