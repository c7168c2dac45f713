"""Version of a remote file: what shows that two answers are of the same bytes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

_RANGE = re.compile(r"^bytes\s+(\d+)-(\d+)/(\d+|\*)$", re.IGNORECASE)


@dataclass(frozen=True)
class Version:
    """Size and validators of a file (RFC 9110, 8.8)."""

    size: int | None
    """[bytes]; None where the server does not say."""
    tag: str | None = None
    """``ETag``, as sent."""
    modified: str | None = None
    """``Last-Modified``, as sent."""

    @property
    def validator(self) -> str | None:
        """What an ``If-Range`` may hold: a strong tag, or the time; None where there is neither."""
        if self.tag is not None and not self.tag.startswith("W/"):
            return self.tag
        return self.modified

    def as_json(self) -> dict[str, Any]:
        """Return its fields."""
        return asdict(self)

    def is_of(self, other: Version) -> bool:
        """Whether another answer may be of the same bytes: what both say is equal."""
        pairs = ((self.size, other.size), (self.tag, other.tag), (self.modified, other.modified))
        return all(a is None or b is None or a == b for a, b in pairs)


def version_of_answer(headers: Mapping[str, str], status: int) -> Version:
    """Return the version that the headers of an answer tell."""
    size: int | None = None
    if status == 206:
        place = content_range(headers.get("Content-Range"))
        size = place[2] if place is not None else None
    elif "Content-Encoding" not in headers and (length := headers.get("Content-Length", "")).isdigit():
        size = int(length)
    return Version(size, headers.get("ETag"), headers.get("Last-Modified"))


def version_of_file(path: Path) -> Version:
    """Return the version of a file on this machine."""
    status = path.stat()
    return Version(status.st_size, f'"{status.st_mtime_ns:x}"')


def content_range(text: str | None) -> tuple[int, int, int | None] | None:
    """Return first byte, the one after the last, and size of the file [bytes] of a ``Content-Range``."""
    found = _RANGE.match((text or "").strip())
    if found is None:
        return None
    return int(found[1]), int(found[2]) + 1, None if found[3] == "*" else int(found[3])
