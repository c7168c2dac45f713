"""Images and their numbers."""

from __future__ import annotations

from tests.kinds.kind import Kind

KINDS: tuple[Kind, ...] = ()
