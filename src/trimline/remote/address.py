"""Addresses of remote files: what may be shown of them, and which lie on this machine's disk."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from trimline.errors import printable

_SCHEME = re.compile(r"^([a-z][a-z0-9+.-]+)://", re.IGNORECASE)
"""A scheme has two letters at least: `C:` is a drive."""


def scheme_of(href: str) -> str:
    """Return the scheme of an address in small letters; ``file`` for a path."""
    found = _SCHEME.match(href)
    if found is not None:
        return found[1].lower()
    return "file"


def shown(href: str) -> str:
    """Return an address as messages show it: without user, password, query and fragment, which may hold secrets.

    Control characters, which a terminal obeys, become spaces.
    """
    scheme, href = scheme_of(href), printable(href)
    if _SCHEME.match(href) is None:
        return href
    rest = re.split(r"[?#]", href[len(scheme) + 3 :], maxsplit=1)[0]
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


def local_path(href: str) -> Path | None:
    """Return the path of an address that is a file on this machine (a path, or ``file://``); None of another."""
    if scheme_of(href) != "file":
        return None
    if _SCHEME.match(href) is None:
        return Path(href)
    return Path(url2pathname(urlsplit(href).path))


def file_name(href: str) -> str:
    """Return the last part of the path of an address, decoded."""
    return unquote(shown(href).rstrip("/").rpartition("/")[2])
