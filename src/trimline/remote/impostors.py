"""Pages that servers send in the place of files: log-in forms, errors in HTML, XML or JSON.

What a file is to be is told by the name that it gets here: the address may end in anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from types import MappingProxyType

_PAGE, _XML, _JSON = "a web page", "an XML text", "a JSON text"
_TILED = (".tif", ".tiff", ".jp2", ".j2k")
_RASTERS = (*_TILED, ".img")
_TEXTS: Mapping[str, str | None] = MappingProxyType({".txt": None, ".xml": _XML, ".gml": _XML, ".json": _JSON})
"""Suffixes of metadata, and which of the texts that servers send instead each may be."""
_TEXT_TYPES = {
    "text/html": _PAGE,
    "application/xhtml+xml": _PAGE,
    "text/xml": _XML,
    "application/xml": _XML,
    "application/json": _JSON,
    "application/problem+json": _JSON,
}
_MAGIC = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
_JPEG2000 = (b"\x00\x00\x00\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51")
"""A JP2 box, and a bare codestream."""


def expects_raster(name: str) -> bool:
    """Whether the name of a file says that it is a raster."""
    return name.lower().endswith(_RASTERS)


def type_instead(content_type: str | None) -> str | None:
    """Return in words what a ``Content-Type`` says that no raster has; None where it says nothing of the sort."""
    return _TEXT_TYPES.get((content_type or "").partition(";")[0].strip().lower())


def text_instead(first: bytes) -> str | None:
    """Return in words what text the first bytes of a file begin; None where they begin none."""
    begin = first.lstrip(b"\xef\xbb\xbf \t\r\n")[:512].lower()
    if begin.startswith((b"<!doctype html", b"<html")) or b"<html" in begin:
        return _PAGE
    if begin.startswith(b"<"):
        return _XML
    if begin.startswith((b"{", b"[")):
        return _JSON
    return None


def sent_instead(first: bytes, name: str) -> str | None:
    """Return in words what a server sends in the place of a file; None where it may be the file.

    Parameters
    ----------
    first
        The first bytes of the file.
    name
        Its name here, which says what it is to be.
    """
    suffix = PurePath(name).suffix.lower()
    found = text_instead(first)
    if found is not None and (suffix in _RASTERS or (suffix in _TEXTS and found != _TEXTS[suffix])):
        return found
    return "neither GeoTIFF nor JPEG 2000" if suffix in _TILED and driver_of(first) is None else None


def driver_of(first: bytes) -> str | None:
    """Return GDAL's driver for a file by its first bytes: GeoTIFF or JPEG 2000; None for any other."""
    if first.startswith(_MAGIC):
        return "GTiff"
    if first.startswith(_JPEG2000):
        return "JP2OpenJPEG"
    return None
