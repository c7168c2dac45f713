"""One glacier at a time: what its ground is like, where it ends, how long it is, and how that changes.

The room takes outlines keyed by the ids of glaciers and an elevation model, and returns tables keyed the same.
`attributes` gives those of RGI 7.0, and `area_sums` the areas by polygons beside those by pixels; `hypsometry` and
`aspects` give the area by elevation band and by the eight aspects, `band_totals` their sums over glaciers, and
`change_by_band` their change. `divide` splits connected ice along its drainage divides, `copy_divides` along those of
an older inventory; `flow_lines` gives the main flow line. `terminus_change` and `terminus_series` measure how far
termini moved, `retreat_by` means of classes, and `select_glaciers` chooses glaciers by rule. `ElevationModel` reads
heights on the model's own grid.
"""

from __future__ import annotations

from trimline.glaciers.band_change import CHANGE_BY_BAND_COLUMNS, band_totals, change_by_band
from trimline.glaciers.bands_and_aspects import SECTORS, aspects, hypsometry
from trimline.glaciers.copied_divides import copy_divides
from trimline.glaciers.divides import divide
from trimline.glaciers.elevation import Elevation, ElevationModel, open_models
from trimline.glaciers.flow_lines import flow_lines
from trimline.glaciers.rgi_attributes import LEAST_SHARE, area_sums, attributes
from trimline.glaciers.selection import select_glaciers
from trimline.glaciers.terminus import TERMINUS_COLUMNS, TERMINUS_METHODS, retreat_by, terminus_change, terminus_series

__all__ = [
    "CHANGE_BY_BAND_COLUMNS",
    "LEAST_SHARE",
    "SECTORS",
    "TERMINUS_COLUMNS",
    "TERMINUS_METHODS",
    "Elevation",
    "ElevationModel",
    "area_sums",
    "aspects",
    "attributes",
    "band_totals",
    "change_by_band",
    "copy_divides",
    "divide",
    "flow_lines",
    "hypsometry",
    "open_models",
    "retreat_by",
    "select_glaciers",
    "terminus_change",
    "terminus_series",
]
