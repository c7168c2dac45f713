"""All kinds, chapter by chapter."""

from __future__ import annotations

from tests.kinds import archives, bad_day, dates, earth, images, outlines, projects
from tests.kinds.kind import Kind

KINDS: tuple[Kind, ...] = (
    *earth.KINDS,
    *outlines.KINDS,
    *dates.KINDS,
    *images.KINDS,
    *projects.KINDS,
    *archives.KINDS,
    *bad_day.KINDS,
)
