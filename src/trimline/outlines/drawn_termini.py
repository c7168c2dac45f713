"""Terminus lines among edits: the one in force of every glacier in a period."""

from __future__ import annotations

from typing import Any

import geopandas as gpd

from trimline.outlines.checking_edits import value_of
from trimline.outlines.edit_layer import in_order, rows_of, taken_back
from trimline.outlines.edit_periods import holds_for

TERMINUS = "terminus"
"""The operation of an edit that is a terminus line."""


def drawn_termini(edits: gpd.GeoDataFrame, period: str, middle: float | None = None) -> gpd.GeoDataFrame:
    """Return the terminus lines of a period.

    Parameters
    ----------
    edits
        Sound ones, see `trimline.outlines.require_sound`.
    period, middle
        Name and middle of the period [decimal year], as for `trimline.outlines.replay`.

    Returns
    -------
    GeoDataFrame
        `glac_id` and a line, in the CRS of the edits: the last one of each glacier that is not reverted. A glacier that
        was renamed by a later edit has its new name.
    """
    dead = taken_back(edits)
    lines: dict[str, Any] = {}
    for edit in rows_of(in_order(edits)):
        if edit["edit_id"] in dead or not holds_for(edit["period"], period, middle, edit_id=edit["edit_id"]):
            continue
        glacier = edit["glac_id"]
        if edit["operation"] == TERMINUS:
            lines.pop(glacier, None)
            lines[glacier] = edit["geometry"]
        elif edit["operation"] == "attribute" and glacier in lines:
            new_name = value_of(edit).get("glac_id")
            if new_name is not None:
                lines[str(new_name)] = lines.pop(glacier)
    names = list(lines)
    return gpd.GeoDataFrame({"glac_id": names}, geometry=[lines[each] for each in names], crs=edits.crs)
