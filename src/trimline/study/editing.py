"""The edits of a project as its stages use them: checked with its periods, told apart, and replayed."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import geopandas as gpd
import shapely

from trimline.files import write_json
from trimline.outlines import EditOutcome, read_edits, read_outlines, replay, require_sound, write_outlines
from trimline.outlines.edit_layer import MARKS, rows_of
from trimline.outlines.edit_periods import holds_for
from trimline.project import Project

_LOG = logging.getLogger(__name__)

TIMELINE = "timeline"
AUTOMATIC, FINAL, OUTCOMES = "automatic.gpkg", "outlines.gpkg", "edits.json"
"""Files of a period: automatic outlines, outlines with edits applied, and the outcome of each edit."""

NOT_REPLAYED = "not replayed yet"
WRONG = "wrong"
"""States of an edit besides those of `trimline.outlines.EditOutcome`."""


def middles_of(project: Project) -> dict[str, float] | None:
    """Return the middle of each period [decimal year], the known periods of `check_edits`; None where there are none.

    Without periods every name of one is accepted.
    """
    return {each.name: each.middle for each in project.periods} or None


def edits_of(project: Project) -> gpd.GeoDataFrame:
    """Return a project's edits.

    Raises
    ------
    EditError
        The layer cannot be read, or an edit is invalid.
    """
    edits = read_edits(project.edits_file)
    require_sound(edits, middles_of(project), where=project.edits_file)
    return edits


def replay_period(
    folder: Path, edits: gpd.GeoDataFrame, period: str, *, middle: float | None = None
) -> list[EditOutcome]:
    """Replay edits on the automatic outlines in the folder of a period, and write the final ones with the outcomes.

    Parameters
    ----------
    folder
        Of the period.
    edits
        Of all periods.
    period, middle
        Its name and its middle [decimal year], as for `trimline.outlines.replay`.
    """
    final, outcomes = replay(read_outlines(folder / AUTOMATIC), edits, period, middle=middle)
    write_outlines(final, folder / FINAL)
    write_json(folder / OUTCOMES, [asdict(each) for each in outcomes])
    return outcomes


def tell_lost(outcomes: Sequence[EditOutcome]) -> list[EditOutcome]:
    """Return the corrections that no longer apply, and log them; of marks their number alone."""
    lost = [each for each in outcomes if each.state == "not applied" and each.operation not in MARKS]
    for each in lost:
        _LOG.warning("%s", each)
    marks = [each for each in outcomes if each.state == "not applied" and each.operation in MARKS]
    if marks:
        _LOG.warning("%s: %d marks of outlines no longer apply, as %s", marks[0].period, len(marks), marks[0])
    return lost


def digest_of(edits: gpd.GeoDataFrame, period: str | None = None, *, middle: float | None = None) -> str:
    """Return a digest of the edits of a period, reverted ones included.

    Parameters
    ----------
    edits
        Of all periods.
    period, middle
        Name and middle of the period [decimal year]; without a name, all edits count.
    """
    rows = [
        [each.wkb_hex if isinstance(each, shapely.Geometry) else each for each in row.values()]
        for row in rows_of(edits)
        if period is None
        or row["reverts"] is not None
        or holds_for(row["period"], period, middle, edit_id=row["edit_id"])
    ]
    return hashlib.sha256(repr((str(edits.crs) if rows else None, rows)).encode()).hexdigest()
