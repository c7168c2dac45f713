"""All kinds, chapter by chapter."""

from __future__ import annotations

from tests.kinds import bad_day, earth, images, outlines, projects
from tests.kinds.kind import Kind

KINDS: tuple[Kind, ...] = (*earth.KINDS, *outlines.KINDS, *images.KINDS, *projects.KINDS, *bad_day.KINDS)
