"""Files beside a raster that GDAL reads with it: overviews, masks, and what is noted in an ``.aux.xml``.

GDAL opens them by any of its drivers, so that a ``B2.TIF.msk`` could hold a web service. They are looked at first.
"""

from __future__ import annotations

from pathlib import Path

from trimline.errors import TrimlineError
from trimline.foreign import foreign_errors
from trimline.scenes.metadata_text import read_bounded

_APPENDED, _INSTEAD = (".ovr", ".msk", ".msk.ovr", ".ovr.msk", ".ovr.ovr"), (".ovr", ".msk")
"""Suffixes of rasters that belong to another one: after its whole name, and in place of its own suffix."""
_NOTES = ".aux.xml"
_RASTER_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""First bytes of TIFF and BigTIFF, which GDAL writes such rasters as."""
_LONGEST_START = max(map(len, _RASTER_STARTS))
_LEADS_AWAY = (b"OVERVIEW_FILE", b"<!DOCTYPE", b"<!ENTITY")
"""In an ``.aux.xml``: the name of another file for the overviews, and what expands without end."""


def refuse_odd_companions(path: Path, kind: type[TrimlineError]) -> None:
    """Raise an error where a file beside a raster is not what its name says.

    Parameters
    ----------
    path
        The raster.
    kind
        The error to raise.
    """
    names = {f"{path.name}{suffix}" for suffix in _APPENDED} | {f"{path.stem}{suffix}" for suffix in _INSTEAD}
    names |= {name.upper() for name in names} | {f"{path.stem}{suffix.upper()}" for suffix in _INSTEAD}
    for companion in sorted(path.with_name(name) for name in names - {path.name}):
        if companion.is_file() and not _start_of(companion, kind).startswith(_RASTER_STARTS):
            raise _odd(companion, path, kind)
    for notes in (path.with_name(path.name + _NOTES), path.with_suffix(_NOTES)):
        if notes.is_file():
            content = read_bounded(notes, kind=kind)
            if any(word in content for word in _LEADS_AWAY):
                raise _odd(notes, path, kind)


def _start_of(path: Path, kind: type[TrimlineError]) -> bytes:
    with foreign_errors(kind, path), path.open("rb") as stream:
        return stream.read(_LONGEST_START)


def _odd(companion: Path, path: Path, kind: type[TrimlineError]) -> TrimlineError:
    return kind(
        f"the file beside {path.name} is not what its name says, and GDAL would follow it",
        where=companion,
        remedy="do not trust it: move it away",
    )
