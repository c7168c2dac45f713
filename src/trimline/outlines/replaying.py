"""Edits replayed on automatic outlines: the same edits on the same outlines give the same outlines.

Edits refer to ground and to the names of glaciers, not to rows, so that they outlive a mapping with better weights. One
that no longer applies changes nothing and is reported; see `trimline.outlines.edit_operations`.
"""

from __future__ import annotations

import geopandas as gpd

from trimline.outlines.replayed import EditOutcome, Replayed


def replay(
    outlines: gpd.GeoDataFrame,
    edits: gpd.GeoDataFrame,
    period: str | None = None,
    *,
    middle: float | None = None,
) -> tuple[gpd.GeoDataFrame, list[EditOutcome]]:
    """Replay the edits of a period on its automatic outlines, in the order of their time and row.

    Parameters
    ----------
    outlines
        Polygons of one period with a CRS, a row per glacier, its name in `glac_id`.
    edits
        Of all periods, as `trimline.outlines.read_edits` gives them, in any CRS.
    period
        The period; None takes it from the column `period`.
    middle
        Middle of the period [decimal year]; needed where an edit holds from a date on.

    Returns
    -------
    tuple[GeoDataFrame, list[EditOutcome]]
        The outlines with a fresh index and the column `edit_ids`: the edits applied to a row, in their order and
        separated by ``;``, None without any. Geodesic areas and perimeters are measured again where the outline
        changed. Where any outline is marked, the column `review` has ``accepted`` or ``flagged``. And the outcome of
        each edit.

    Raises
    ------
    EditError
        An edit is invalid (see `trimline.outlines.check_edits`), the period is not known, or its middle is needed.
    OutlineError
        The outlines have no CRS or are no polygons, or a `glac_id` is missing or occurs twice.
    """
    replayed = Replayed(outlines, edits, period, middle=middle)
    return replayed.outlines(), list(replayed.outcomes)
