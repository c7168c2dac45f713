"""The bad day: disks, deletions, leftovers."""

from __future__ import annotations

from tests.kinds.kind import Kind

KINDS: tuple[Kind, ...] = ()
