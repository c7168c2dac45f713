"""Glacier outlines as polygons: reading, checking, measuring, rasterising, tracing, editing and writing.

Outlines are a ``GeoDataFrame`` that has passed `check`: a CRS, valid polygons in two dimensions, and columns named
after the published schema (`COLUMNS`). The room hands out `read_outlines`, `write_outlines` and `write_lines` at the
edges, `check` with the `Problem` reports it makes, geodesic `area_km2` and `perimeter_km`, and the two ways between
polygons and pixels, `rasterise` and `trace`, which return each other's input on the same grid. `RowTracer` traces large
masks row by row, and `smooth` smooths traced outlines. Corrections by hand are an append-only layer: `read_edits` and
`append_edits`, `check_edits` for their problems, and `replay`, which gives the final outlines of a period and the
`EditOutcome` of every edit. `Replayed` is a replay that is copied and continued, and `read_corrected_outlines` reads
the outlines before and after edits.
"""

from __future__ import annotations

from trimline.outlines.area import area_and_perimeter_km, area_km2, perimeter_km
from trimline.outlines.check import Kind, Problem, check
from trimline.outlines.checking_edits import EditProblem, check_edits, require_sound
from trimline.outlines.corrected_outlines import read_corrected_outlines
from trimline.outlines.edit_layer import as_edits, no_edits, read_edits
from trimline.outlines.outline_digest import outline_digest
from trimline.outlines.raster import rasterise, trace
from trimline.outlines.reading import read_outlines
from trimline.outlines.replayed import EditOutcome, Replayed
from trimline.outlines.replaying import replay
from trimline.outlines.schema import COLUMNS, Column, conform
from trimline.outlines.smoothing import smooth
from trimline.outlines.tracing import RowTracer
from trimline.outlines.writing import write_lines, write_outlines
from trimline.outlines.writing_edits import append_edits, complete_edits

__all__ = [
    "COLUMNS",
    "Column",
    "EditOutcome",
    "EditProblem",
    "Kind",
    "Problem",
    "Replayed",
    "RowTracer",
    "append_edits",
    "area_and_perimeter_km",
    "area_km2",
    "as_edits",
    "check",
    "check_edits",
    "complete_edits",
    "conform",
    "no_edits",
    "outline_digest",
    "perimeter_km",
    "rasterise",
    "read_corrected_outlines",
    "read_edits",
    "read_outlines",
    "replay",
    "require_sound",
    "smooth",
    "trace",
    "write_lines",
    "write_outlines",
]
