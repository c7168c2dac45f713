"""Pages that servers send in the place of rasters: log-in forms, errors in HTML, XML or JSON."""

from __future__ import annotations

from trimline.remote.address import file_name

_RASTERS = (".tif", ".tiff", ".jp2", ".img", ".j2k")
_TEXT_TYPES = {
    "text/html": "a web page",
    "application/xhtml+xml": "a web page",
    "text/xml": "an XML text",
    "application/xml": "an XML text",
    "application/json": "a JSON text",
    "application/problem+json": "a JSON text",
}
_MAGIC = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
_JPEG2000 = (b"\x00\x00\x00\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51")
"""A JP2 box, and a bare codestream."""


def expects_raster(href: str) -> bool:
    """Whether the name of a file says that it is a raster."""
    return file_name(href).lower().endswith(_RASTERS)


def type_instead(content_type: str | None) -> str | None:
    """Return in words what a ``Content-Type`` says that no raster has; None where it says nothing of the sort."""
    return _TEXT_TYPES.get((content_type or "").partition(";")[0].strip().lower())


def text_instead(first: bytes) -> str | None:
    """Return in words what text the first bytes of a file begin; None where they begin none."""
    begin = first.lstrip(b"\xef\xbb\xbf \t\r\n")[:512].lower()
    if begin.startswith((b"<!doctype html", b"<html")) or b"<html" in begin:
        return "a web page"
    if begin.startswith(b"<"):
        return "an XML text"
    if begin.startswith((b"{", b"[")):
        return "a JSON text"
    return None


def driver_of(first: bytes) -> str | None:
    """Return GDAL's driver for a file by its first bytes: GeoTIFF or JPEG 2000; None for any other."""
    if first.startswith(_MAGIC):
        return "GTiff"
    if first.startswith(_JPEG2000):
        return "JP2OpenJPEG"
    return None
