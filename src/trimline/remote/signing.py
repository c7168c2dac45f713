"""Signed addresses: what is sent to a server so that it lets a file be read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from trimline.remote.address import shown


@dataclass(frozen=True, repr=False)
class Signed:
    """An address with what its server wants to see. Its text form holds no secret."""

    url: str
    """What is requested; a token may be in its query."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Sent to the host of `url` only, never to another to which it redirects."""
    remedy: str | None = None
    """What to do where the server refuses all the same."""

    def __repr__(self) -> str:
        return f"Signed({shown(self.url)!r}, {len(self.headers)} headers)"


Signer = Callable[[str], Signed]
"""From the address in a catalogue to what is requested. A signer that keeps a token has a method ``renew()``, which is
called after the server refused (401, 403), and before the address is signed again."""


def unsigned(href: str) -> Signed:
    """Return an address as it is, without headers."""
    return Signed(href)
